//! Settings of models: the first byte says of which.
#![no_main]

use genlab::{core::Check, models};
use serde::{Serialize, de::DeserializeOwned};

/// What is read and makes sense can be written and read again.
fn read<C: Check + DeserializeOwned + Serialize>(text: &str) {
    let Ok(config) = toml::from_str::<C>(text) else { return };
    if config.check().is_ok() {
        let written = toml::to_string(&config).expect("settings can be written");
        let again: C = toml::from_str(&written).expect("what was written can be read");
        assert!(again.check().is_ok());
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match which % 6 {
        0 => read::<models::ae::AeConfig>(&text),
        1 => read::<models::sparse_ae::SparseAeConfig>(&text),
        2 => read::<models::vae::VaeConfig>(&text),
        3 => read::<models::gan::GanConfig>(&text),
        4 => read::<models::ddpm::DdpmConfig>(&text),
        _ => read::<models::classifier::ClassifierConfig>(&text),
    }
});
