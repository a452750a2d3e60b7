//! Writes a TensorBoard log with known contents: `cargo run -p genlab-report --example tb_demo -- DIR`.
//! `tests/oracles/tensorboard_read.py DIR` must find in it: `train/loss` 100 times, last step 99 with
//! 0.01; `validation/loss` 10 times, last step 90 with 0.1; one image `samples/grid` of 118 by 60
//! pixels at step 99; one histogram `codes` of 1001 values at step 99; one text `config`.

use genlab_report::tensorboard::{EventWriter, Holding, Rewrite};
use genlab_report::{Result, png};
use genlab_results::ImageStrip;
use std::path::PathBuf;

fn main() -> Result<()> {
    let dir = PathBuf::from(std::env::args().nth(1).expect("usage: tb_demo DIR"));
    let mut log = EventWriter::create(&dir)?;
    for step in 0..100 {
        log.scalar("train/loss", step, 1.0 / (step + 1) as f64)?;
        if step % 10 == 0 {
            log.scalar("validation/loss", step, 1.0 - step as f64 / 100.0)?;
        }
    }
    // As after an interruption: one file takes the place of the first, and every step counts once.
    drop(log);
    let mut again = Rewrite::begin(&dir, None, Holding::Training)?;
    for step in 0..90 {
        again.writer().scalar("train/loss", step, 1.0 / (step + 1) as f64)?;
        if step % 10 == 0 {
            again.writer().scalar("validation/loss", step, 1.0 - step as f64 / 100.0)?;
        }
    }
    let mut log = again.publish()?;
    for step in 90..100 {
        log.scalar("train/loss", step, 1.0 / (step + 1) as f64)?;
    }
    log.scalar("validation/loss", 90, 0.1)?;
    let pixels = (0..2 * 784).map(|i| (i % 256) as u8).collect();
    let images = ImageStrip { channels: 1, height: 28, width: 28, pixels, columns: 2 };
    log.image("samples/grid", 99, &png::encode_grid(&images)?)?;
    let codes: Vec<f64> = (-500..=500).map(|i| f64::from(i) / 250.0).collect();
    log.histogram("codes", 99, &codes)?;
    log.text("config", 0, "```toml\nseed = 0\n```")?;
    log.flush()
}
