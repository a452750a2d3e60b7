//! The flags, as keys with values.

use super::{judge::JudgeConfig, layer::Layer};
use crate::cli::SettingArgs;
use anyhow::{Result, bail};
use serde_json::{Value, json};

/// One layer for each flag that is given, so that a fault names its flag.
///
/// # Errors
/// When `--image-size` or `--judge` cannot be read.
pub(super) fn layers(args: &SettingArgs, seed: Option<u64>) -> Result<Vec<Layer>> {
    let size = args.image_size.as_deref().map(image_size).transpose()?;
    let judge = JudgeConfig::from_flags(&args.judge)?;
    let data_dir = args.data_dir.as_ref().map(|dir| dir.to_string_lossy().into_owned());
    let flags: [(&str, &[&str], Option<Value>); 9] = [
        ("--seed", &["seed"], seed.map(Value::from)),
        ("--dataset", &["dataset"], args.dataset.as_deref().map(Value::from)),
        ("--budget-images", &["budget", "images"], args.budget_images.map(Value::from)),
        ("--batch-size", &["batch_size"], args.batch_size.map(Value::from)),
        ("--precision", &["precision"], args.precision.as_deref().map(Value::from)),
        ("--data-dir", &["data", "dir"], data_dir.map(Value::from)),
        ("--judge", &["evaluation", "judge"], judge.map(|judge| json!(judge))),
        ("--colour", &["data", "colour"], args.colour.as_deref().map(Value::from)),
        ("--image-size", &["data", "image_size"], size.map(|size| json!(size))),
    ];
    let given = flags.into_iter().filter_map(|(flag, path, value)| {
        let mut layer = Layer::new(flag);
        layer.put(path.iter().map(|key| (*key).to_owned()).collect(), value?);
        Some(layer)
    });
    Ok(given.collect())
}

/// Height and width of `32` or `112x92`.
fn image_size(text: &str) -> Result<[u16; 2]> {
    let sides: Option<Vec<u16>> = text.split('x').map(|side| side.parse().ok()).collect();
    match sides.as_deref() {
        Some([side]) => Ok([*side, *side]),
        Some([height, width]) => Ok([*height, *width]),
        _ => bail!(
            "--image-size {text} is not a valid size; give SIDE or HEIGHTxWIDTH, such as 32 or 112x92"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_one_side_or_height_and_width() {
        assert_eq!(image_size("32").unwrap(), [32, 32]);
        assert_eq!(image_size("112x92").unwrap(), [112, 92]);
        for text in ["big", "", "x", "1x2x3", "-4", "70000"] {
            let sentence = image_size(text).unwrap_err().to_string();
            assert!(sentence.contains("HEIGHTxWIDTH"), "{sentence}");
        }
    }
}
