//! How many units of a code are on.

use crate::matrix::Rows;

/// A unit is on for an image when its size exceeds this share of the largest size any unit reaches
/// on any image. Relative, so that it means the same for codes of any scale; above zero, because a
/// sigmoid never reaches it and f32 rounding may miss it.
pub const ON_SHARE: f64 = 0.01;

/// How sparse a set of codes is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sparsity {
    /// Mean share of units that are on, in [0, 1].
    pub active_fraction: f64,
    /// Units that are off for every image.
    pub dead_units: usize,
}

/// Active fraction and dead units of codes `[images, units]`.
pub fn sparsity(codes: &Rows) -> Sparsity {
    let largest = codes.values.iter().fold(0.0_f64, |max, v| max.max(v.abs()));
    let mut counts = vec![0_usize; codes.dim];
    for row in codes.iter() {
        for (count, value) in counts.iter_mut().zip(row) {
            *count += usize::from(value.abs() > ON_SHARE * largest);
        }
    }
    Sparsity {
        active_fraction: counts.iter().sum::<usize>() as f64 / codes.values.len() as f64,
        dead_units: counts.iter().filter(|&&count| count == 0).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_by_hand() {
        let codes = Rows::new(4, vec![0.0, 1.0, 0.0, -2.0, 0.0, 0.5, 0.0, 0.01]);
        assert_eq!(sparsity(&codes), Sparsity { active_fraction: 3.0 / 8.0, dead_units: 2 });
    }

    #[test]
    fn a_code_of_zeros_is_dead_altogether() {
        let codes = Rows::new(2, vec![0.0; 6]);
        assert_eq!(sparsity(&codes), Sparsity { active_fraction: 0.0, dead_units: 2 });
    }
}
