//! What the real TensorBoard reads back from a run. Set GENLAB_TENSORBOARD_PYTHON to a Python that
//! has the `tensorboard` package; .ci/run does.

use crate::support::{log_without_times, quick, quick_file, repository, succeed};
use serde_json::Value;
use std::process::Command;

#[test]
fn tensorboard_reads_every_scalar_and_picture() {
    let Some(python) = std::env::var_os("GENLAB_TENSORBOARD_PYTHON") else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: GENLAB_TENSORBOARD_PYTHON is not set");
        }
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "vae", &["--out", "run"]));
    let run = folder.path().join("run");
    let output = Command::new(python)
        .arg(repository("tests/oracles/tensorboard_read.py"))
        .arg(run.join("tensorboard"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["damaged_files"], serde_json::json!([]), "{read}");

    // Its reader stops silently at a broken record, so counts and last values must agree.
    let log = log_without_times(&run);
    for name in ["train/loss", "train/kl", "validation/loss"] {
        let expected: Vec<_> = log.iter().filter(|line| line.get(name).is_some()).collect();
        let scalar = &read["scalars"][name];
        assert_eq!(scalar["count"], expected.len(), "{name}: {scalar}");
        let last = expected.last().unwrap();
        assert_eq!(scalar["last_step"], last["step"], "{name}");
        let (a, b) = (scalar["last_value"].as_f64().unwrap(), last[name].as_f64().unwrap());
        assert!((a - b).abs() <= 1e-6 * b.abs(), "{name}: {a} and {b}");
    }
    for name in ["samples", "final/grid", "final/reconstructions"] {
        assert!(read["images"].get(name).is_some(), "no picture {name}: {}", read["images"]);
    }
    assert!(read["histograms"].get("codes/mean").is_some());
}
