//! The record of a run, as its report reads it.
#![no_main]

use genlab::{metrics::CATALOGUE, report::run::write_run_report};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let run = genlab_fuzz::run_with("run.json", bytes);
    drop(write_run_report(&run, &CATALOGUE));
});
