//! The files of a checkpoint: the first byte says whether it is the state or the weights, and the manifest knows of it.
#![no_main]

use genlab::{burn::tensor::Device, core::checkpoint};
use std::fs;

const FILES: [&str; 4] =
    ["state.json", "weights.safetensors", "ema.safetensors", "optimizer.safetensors"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let changed = FILES[usize::from(which) % FILES.len()];
    let run = genlab_fuzz::run_with("notes", b"");
    let newest = checkpoint::list(&run.join("checkpoints")).pop().expect("the run is sound");
    let path = run.join("changed");
    fs::create_dir_all(&path).expect("a temporary folder can be made");
    let mut manifest = String::new();
    for name in FILES {
        let Ok(sound) = fs::read(newest.join(name)) else { continue };
        let bytes = if name == changed { bytes } else { &sound };
        fs::write(path.join(name), bytes).expect("a temporary file can be written");
        manifest += &genlab_fuzz::listed(name, bytes);
    }
    fs::write(path.join("MANIFEST"), manifest).expect("a temporary file can be written");
    drop(checkpoint::read(&path, &Device::flex()));
});
