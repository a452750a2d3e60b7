//! Tells the program which commit it is built from.

use std::process::Command;

fn git(args: &[&str]) -> Option<String> {
    let out = Command::new("git").args(args).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn main() {
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
