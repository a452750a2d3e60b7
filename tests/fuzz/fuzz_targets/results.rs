//! Numbers of a run, of which its report is made.
#![no_main]

use genlab::{metrics::CATALOGUE, report::run::write_run_report};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let run = genlab_fuzz::run_with("results.json", bytes);
    drop(write_run_report(&run, &CATALOGUE));
});
