//! The log of a run, whose curves its report draws.
#![no_main]

use genlab::{metrics::CATALOGUE, report::run::write_run_report};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let run = genlab_fuzz::run_with("metrics.jsonl", bytes);
    drop(write_run_report(&run, &CATALOGUE));
});
