//! What real images, the two baselines and noise score on a dataset: the rows that every report
//! carries beside its models.
//!
//! ```text
//! cargo run -p genlab-metrics --example references -- mnist-10k [--data-dir DIR]
//! ```

use burn::tensor::Device;
use genlab_core::Seed;
use genlab_data::{LoadOptions, load};
use genlab_metrics::{Evaluator, Judge, Settings};
use std::{
    env,
    error::Error,
    io::{Write, stdout},
    time::Instant,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "mnist-10k".into());
    let data_dir = arguments.nth(1).map(Into::into);
    let data = load(&name, &LoadOptions { data_dir, ..LoadOptions::default() })?;
    let device = Device::flex();
    let judge = Judge::for_dataset(&data.name, data.space.shape, &device);
    let start = Instant::now();
    let evaluator = Evaluator::new(&data, judge, &device, Seed(0), Settings::default());
    let mut out = stdout();
    for reference in evaluator.references() {
        writeln!(out, "{}: {}", reference.name, reference.title)?;
        for metric in &reference.metrics {
            let interval =
                metric.ci95.map_or(String::new(), |[a, b]| format!("  [{a:.4}, {b:.4}]"));
            writeln!(
                out,
                "  {:26} {:12.4}{interval}  n = {}",
                metric.name, metric.value, metric.n
            )?;
        }
    }
    writeln!(out, "{name}: {:.1} s", start.elapsed().as_secs_f64())?;
    Ok(())
}
