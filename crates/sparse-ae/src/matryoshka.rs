//! Nested codes: the first units alone must already reconstruct.

use burn::tensor::Tensor;
use genlab_core::{Fault, settings::size};

/// Codes `[B, L]` with their first `prefix` units alone: those of the sum Σ_m ‖x − x̂(h_(1:m))‖² over prefixes m of
/// Bussmann et al. 2025 (arXiv:2503.17547), section 3.
pub(crate) fn prefix(codes: &Tensor<2>, prefix: usize) -> Tensor<2> {
    let [batch, units] = codes.dims();
    let rest = Tensor::zeros([batch, units - prefix], &codes.device());
    Tensor::cat(vec![codes.clone().narrow(1, 0, prefix), rest], 1)
}

/// # Errors
/// When prefixes do not ascend, or the last is no shorter than the code.
pub(crate) fn check(key: &str, prefixes: &[usize], latent_dim: usize) -> Result<(), Fault> {
    for pair in prefixes.windows(2) {
        if pair[0] >= pair[1] {
            let problem = format!("has {} before {}; prefixes must ascend", pair[0], pair[1]);
            return Err(Fault::new(key, problem));
        }
    }
    let Some(&longest) = prefixes.last() else { return Ok(()) };
    size(key, prefixes[0])?;
    if longest >= latent_dim {
        let problem = format!(
            "ends with {longest}, but the code has latent_dim = {latent_dim} units, which always count as the last \
             prefix; leave out what is not below {latent_dim}"
        );
        return Err(Fault::new(key, problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_prefix_keeps_the_first_units_and_silences_the_rest() {
        let codes = Tensor::from_floats([[1.0, 2.0, 3.0], [4.0, 0.0, 6.0]], &Device::flex());
        let first = prefix(&codes, 2).into_data();
        assert_eq!(first.as_slice::<f32>().expect("f32"), [1.0, 2.0, 0.0, 4.0, 0.0, 0.0]);
    }

    #[test]
    fn prefixes_ascend_and_are_shorter_than_the_code() {
        let sentence = |prefixes: &[usize]| {
            check("prefixes", prefixes, 8).err().map(|fault| fault.to_string())
        };
        assert_eq!((sentence(&[]), sentence(&[2, 4])), (None, None));
        assert_eq!(
            sentence(&[4, 2]).expect("a fault"),
            "prefixes has 4 before 2; prefixes must ascend"
        );
        assert!(sentence(&[2, 8]).expect("a fault").starts_with("prefixes ends with 8, but"));
        assert_eq!(sentence(&[0, 2]).expect("a fault"), "prefixes is 0; it must be at least 1");
    }
}
