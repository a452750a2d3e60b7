//! Values that no run can have. One walk over the settings serves every model.

use super::RunConfig;
use anyhow::{Result, bail};
use toml::{Table, Value};

/// Whole numbers that may be zero.
const MAY_BE_ZERO: [&str; 4] = ["seed", "norm_groups", "importance_samples", "inverted_images"];
/// Numbers in [0, 1).
const SHARES: [&str; 5] = ["warmup", "kl_warmup", "decay", "beta1", "beta2"];
/// Numbers above zero.
const POSITIVE: [&str; 3] = ["learning_rate", "sigma", "epsilon"];
/// Beyond this a size is a slip of the finger.
const LARGEST_SIZE: i64 = 1_000_000;
/// Whole numbers that are no sizes.
const MAY_BE_LARGE: [&str; 2] = ["seed", "images"];

/// # Errors
/// Names the first setting whose value makes no sense.
pub(crate) fn check(config: &RunConfig) -> Result<()> {
    let table = Table::try_from(config).expect("a config of plain values serialises");
    walk("", &Value::Table(table))?;
    if !matches!(config.data.image_size.len(), 0 | 2) {
        bail!("data.image_size needs two numbers, height and width, or none");
    }
    config.evaluation.judge.check()
}

fn walk(path: &str, value: &Value) -> Result<()> {
    let key = path.rsplit('.').next().unwrap_or_default();
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(&path, value)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(path, item)?;
            }
        }
        Value::Integer(n) => {
            let least = i64::from(!MAY_BE_ZERO.contains(&key));
            if *n < least {
                bail!("{path} is {n}; it must be at least {least}");
            }
            if *n > LARGEST_SIZE && !MAY_BE_LARGE.contains(&key) {
                bail!("{path} is {n}; it must be at most {LARGEST_SIZE}");
            }
            if key == "time_features" && (*n < 4 || n % 2 != 0) {
                bail!("{path} is {n}; it must be an even number from 4");
            }
        }
        Value::Float(x) => {
            if !x.is_finite() || *x < 0.0 {
                bail!("{path} is {x}; it must be a number from 0");
            }
            if SHARES.contains(&key) && *x >= 1.0 {
                bail!("{path} is {x}; it must be below 1");
            }
            if POSITIVE.contains(&key) && *x == 0.0 {
                bail!("{path} is 0; it must be above 0");
            }
        }
        Value::String(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
    Ok(())
}
