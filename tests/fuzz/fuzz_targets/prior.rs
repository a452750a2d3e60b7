//! Densities that were fitted on codes.
#![no_main]

use genlab::{core::Seed, metrics::generators::latent::Prior};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(prior) = Prior::from_json(bytes) {
        let drawn = prior.sample(Seed(0), 0..5);
        assert_eq!((drawn.len(), drawn.dim), (5, prior.latent_dim()));
    }
});
