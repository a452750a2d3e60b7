//! A sweep as a Slurm job array: a task for each run.

use super::plan::{self, Entry};
use crate::{cli::SweepArgs, terminal};
use anyhow::{Context, Result, bail};
use genlab_report::counted;
use genlab_results::atomic;
use std::{
    fmt::Write as _,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// Seconds before its end at which Slurm warns a task: enough to finish a step and save.
const WARNING: u32 = 120;

/// Writes the job and the settings of its runs, and submits it; with `--dry-run` prints it instead.
///
/// # Errors
/// When files cannot be written, or Slurm is not here or refuses.
pub(super) fn execute(args: &SweepArgs, plan: &[Entry], runs: &Path) -> Result<ExitCode> {
    let home = runs.join(plan::name(plan));
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let job = Job { args, plan, runs, home: &home, program: &program };
    if args.dry_run {
        terminal::line(job.script().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    atomic::write(&home.join("plan.jsonl"), plan::lines(plan).as_bytes())?;
    for entry in plan {
        atomic::write(&job.settings(entry), entry.config.to_toml().as_bytes())?;
    }
    let path = home.join("job.sh");
    atomic::write(&path, job.script().as_bytes())?;
    match Command::new("sbatch").arg(&path).output() {
        Ok(output) if output.status.success() => {
            terminal::line(String::from_utf8_lossy(&output.stdout).trim());
            terminal::note(&format!(
                "{}; job: {}; see how far it is with sweep status and the same settings",
                counted(plan.len(), "run"),
                path.display()
            ));
            Ok(ExitCode::SUCCESS)
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("sbatch refused {}: {}", path.display(), terminal::plain(said.trim()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "there is no sbatch here; submit {} where Slurm is, from this same folder",
            path.display()
        ),
        Err(error) => Err(error).context("cannot start sbatch"),
    }
}

struct Job<'a> {
    args: &'a SweepArgs,
    plan: &'a [Entry],
    /// The folder of the run directories.
    runs: &'a Path,
    /// The sweep's own folder.
    home: &'a Path,
    program: &'a Path,
}

impl Job<'_> {
    fn settings(&self, entry: &Entry) -> PathBuf {
        self.home.join(format!("{}.toml", entry.config.run_name()))
    }

    fn script(&self) -> String {
        let (runs, last) = (counted(self.plan.len(), "run"), self.plan.len() - 1);
        let mut text = format!(
            "#!/bin/bash\n\
             # {runs}, a task each. It can be submitted again at any time: a finished run is left as it is, and one that\n\
             # was stopped goes on.\n\
             #SBATCH --job-name={}\n\
             #SBATCH --array=0-{last}%{}\n\
             #SBATCH --requeue\n\
             #SBATCH --signal=B:USR1@{WARNING}\n\
             #SBATCH --open-mode=append\n\
             #SBATCH --output={}\n",
            plan::name(self.plan),
            self.args.jobs,
            self.home.join("task-%a.log").display(),
        );
        for option in &self.args.sbatch {
            let _ = writeln!(text, "#SBATCH {option}");
        }
        text.push_str("runs=(\n");
        for entry in self.plan {
            let _ = writeln!(text, "  {}", quoted(&entry.config.run_name()));
        }
        let _ = write!(
            text,
            ")\n\
             run=${{runs[$SLURM_ARRAY_TASK_ID]}}\n\
             export RAYON_NUM_THREADS=${{SLURM_CPUS_PER_TASK:-1}}\n\
             {} --experiment {}/\"$run\".toml --out {}/\"$run\" --device {}{} &\n\
             child=$!\n\
             # Slurm warns this shell {WARNING} s before time is up; the run saves and ends with status 75, and is queued again.\n\
             trap 'kill -USR1 $child' USR1\n\
             trap 'kill -TERM $child' TERM\n\
             wait $child; status=$?\n\
             while kill -0 $child 2>/dev/null; do wait $child; status=$?; done\n\
             if [ $status = 75 ]; then\n  \
               scontrol requeue \"${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID\"\n\
             fi\n\
             exit $status\n",
            quoted(&self.program.display().to_string()),
            quoted(&self.home.display().to_string()),
            quoted(&self.runs.display().to_string()),
            quoted(&self.args.settings.device),
            [vec![String::new()], self.args.saving.flags()].concat().join(" "),
        );
        text
    }
}

/// A word as a shell takes it, whatever is in it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell_stay_one_word() {
        assert_eq!(quoted("runs/vae-s0"), "runs/vae-s0");
        assert_eq!(quoted("my runs"), "'my runs'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
