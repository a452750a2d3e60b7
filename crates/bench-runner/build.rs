//! Tells the program which commit and which versions it is built from.

use std::{path::Path, process::Command};

fn git(args: &[&str]) -> Option<String> {
    let out = Command::new("git").args(args).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn main() {
    // That of the workspace; a package has one of its own.
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = ["../../Cargo.lock", "Cargo.lock"].map(|lock| own.join(lock));
    if let Some(lock) = lock.iter().find(|lock| lock.is_file()) {
        println!("cargo::rustc-env=GENLAB_LOCK={}", lock.display());
    }
    // Sources, and what a commit moves. Outside a checkout there is nothing to tell.
    println!("cargo::rerun-if-changed=..");
    for path in ["HEAD", "index", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--path-format=absolute", "--git-path", path]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let changes = ["status", "--porcelain", "--untracked-files=no"];
    if let Some((hash, changes)) = git(&["rev-parse", "HEAD"]).zip(git(&changes)) {
        println!("cargo::rustc-env=GENLAB_COMMIT={hash}");
        println!("cargo::rustc-env=GENLAB_CHANGED={}", !changes.is_empty());
    }
}
