//! `doctor`: whether this machine can train.

use crate::{
    device,
    instruments::judge_of,
    run::{self, provenance, stations::Source},
    terminal,
};
use anyhow::Result;
use burn::tensor::Device;
use genlab_data::{ColourMode, cache_folder};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

/// The datasets that need no file.
const EMBEDDED: [&str; 3] = ["mnist-10k", "fashion-3k", "digits8x8"];
/// What the largest default run takes, with room to spare.
const MEMORY_MIB: u64 = 1024;

/// What was found out about one thing.
struct Finding {
    what: &'static str,
    found: String,
    /// How to mend it, where it is not well.
    cure: Option<String>,
}

fn well(what: &'static str, found: impl Into<String>) -> Finding {
    Finding { what, found: found.into(), cure: None }
}

fn ill(what: &'static str, found: impl Into<String>, cure: impl Into<String>) -> Finding {
    Finding { what, found: found.into(), cure: Some(cure.into()) }
}

/// A line for each thing that was looked at; the status says whether all is well.
pub(crate) fn execute() -> ExitCode {
    let looks: [fn() -> Vec<Finding>; 7] =
        [program, processor, memory, working_folder, cache, embedded, devices];
    let mut healthy = true;
    for look in looks {
        for finding in look() {
            healthy &= finding.cure.is_none();
            let mark = if finding.cure.is_none() { "ok" } else { "!!" };
            terminal::line(&format!("{mark} {:<10} {}", finding.what, finding.found));
            let cure = finding
                .cure
                .map(|cure| terminal::wrapped(&cure, 14, terminal::WIDTH))
                .unwrap_or_default();
            for line in cure {
                terminal::line(&line);
            }
        }
    }
    if healthy {
        terminal::line("All is well. Try: bench-runner --model vae");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

fn program() -> Vec<Finding> {
    let commit = provenance::git().map_or_else(
        || "built outside a checkout".to_owned(),
        |commit| {
            let changed = if commit.dirty { ", with changes" } else { "" };
            format!("commit {}{changed}", commit.hash.chars().take(12).collect::<String>())
        },
    );
    vec![well("genlab", format!("{}, {commit}", env!("CARGO_PKG_VERSION")))]
}

fn processor() -> Vec<Finding> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut instructions: Vec<&str> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let there = [
            ("AVX2", is_x86_feature_detected!("avx2")),
            ("FMA", is_x86_feature_detected!("fma")),
            ("AVX-512", is_x86_feature_detected!("avx512f")),
            ("bf16", is_x86_feature_detected!("avx512bf16")),
        ];
        instructions.extend(there.iter().filter(|(_, is)| *is).map(|(name, _)| *name));
    }
    let threads = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
    if cfg!(target_arch = "x86_64") && instructions.is_empty() {
        let cure = "Without AVX2 training works, but takes several times as long.";
        return vec![well("processor", format!("{threads}; {cure}"))];
    }
    vec![well("processor", [threads, instructions.join(", ")].join("; "))]
}

/// Where the system tells (Linux).
fn memory() -> Vec<Finding> {
    let Ok(text) = fs::read_to_string("/proc/meminfo") else { return Vec::new() };
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let Some(mib) = kib.map(|kib| kib / 1024) else { return Vec::new() };
    let found = format!("{mib} MiB available");
    if mib < MEMORY_MIB {
        let cure = format!("The default runs take up to {MEMORY_MIB} MiB; close other programs.");
        return vec![ill("memory", found, cure)];
    }
    vec![well("memory", found)]
}

fn working_folder() -> Vec<Finding> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let shown = here.display().to_string();
    vec![match writable(&here) {
        Ok(()) => well("folder", format!("{shown}: runs can be written here")),
        Err(error) => ill(
            "folder",
            format!("{shown}: {error}"),
            "Go to a folder that you may write to, or give --out.",
        ),
    }]
}

fn cache() -> Vec<Finding> {
    let Some(folder) = cache_folder() else {
        let cure = "Set HOME; downloads and judges need a place. Embedded data do without.";
        return vec![ill("cache", "this user has no cache folder", cure)];
    };
    let shown = folder.display().to_string();
    let made = fs::create_dir_all(&folder).and_then(|()| writable(&folder));
    vec![match made {
        Ok(()) => well("cache", shown),
        Err(error) => ill(
            "cache",
            format!("{shown}: {error}"),
            "Make it writable, or point XDG_CACHE_HOME elsewhere; downloads and judges need it.",
        ),
    }]
}

/// # Errors
/// The system's, when no file can be made in `folder`.
fn writable(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".genlab-doctor-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)
}

fn embedded() -> Vec<Finding> {
    let one = |name: &str| -> Result<String> {
        let source = Source {
            dataset: name.to_owned(),
            dir: None,
            image_size: None,
            colour: ColourMode::Auto,
        };
        let dataset = run::load(&source)?;
        let judge = judge_of(&dataset, &Device::flex())?;
        let judge = judge.map_or_else(|| "no judge".to_owned(), |judge| judge.info().name);
        Ok(format!("{name}, judge {judge}"))
    };
    let finding = |name: &&str| match one(name) {
        Ok(found) => well("data", found),
        Err(error) => ill("data", format!("{name}: {error:#}"), "Build genlab anew."),
    };
    EMBEDDED.iter().map(finding).collect()
}

fn devices() -> Vec<Finding> {
    let there = device::list().into_iter().filter(|row| row.there);
    there.map(|row| well("device", format!("{} {}", row.name, row.what))).collect()
}
