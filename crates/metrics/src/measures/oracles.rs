//! Values that theory gives for scalars of training: lines beside their curves.

use crate::{
    context::Context,
    numerics::{
        matrix::Rows,
        pca::{MOST_VALUES, Pca},
    },
};
use genlab_core::{Generative, Oracle};
use genlab_data::Values;
use genlab_results::Oracle as Known;

/// Those of `model` that its data allow of.
pub fn of(model: &dyn Generative, context: &Context<'_>) -> Vec<Known> {
    let known = |(scalar, oracle): (&str, Oracle)| {
        let (value, title) = match oracle {
            Oracle::Entropy => {
                let truth = context.dataset.truth.as_ref()?;
                (truth.entropy()?, "entropy of the data".to_owned())
            }
            Oracle::Captions => {
                let scenes = context.dataset.train.scenes.as_ref()?;
                // What is learned from wrong captions has another entropy.
                if scenes.rows().iter().any(|scene| scene.wrong.is_some()) {
                    return None;
                }
                let entropy = scenes.entropy_of_captions()?;
                (entropy, "entropy of captions, given the picture".to_owned())
            }
            Oracle::LinearCode { dimensions } => {
                let error = error_of_linear_codes(&context.dataset.train, dimensions)?;
                (error, format!("best linear code of {dimensions}, by PCA"))
            }
        };
        Some(Known { scalar: scalar.to_owned(), value, title })
    };
    model.oracles().into_iter().filter_map(known).collect()
}

/// The mean squared distance of values from the plane of their first principal components: the variance along all
/// others. None of values that are too many or too large to decompose.
fn error_of_linear_codes(values: &Values, dimensions: usize) -> Option<f64> {
    let (pixels, count) = (values.shape().pixels(), values.len());
    if pixels > MOST_VALUES || count < 2 {
        return None;
    }
    let all = Pca::fit(&Rows::new(pixels, values.to_f64()), pixels)?;
    let beyond: f64 = all.variances.iter().skip(dimensions).sum();
    // Variances are unbiased; the error is over these very values.
    Some(beyond * (count - 1) as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::Space;

    #[test]
    fn what_a_linear_code_leaves_is_the_distance_from_the_plane() {
        // Four points of the plane z = 0 and their mirror images across the line x = y, lifted by ±0.5.
        let rows = [
            [3.0, 1.0, 0.5],
            [3.0, 1.0, -0.5],
            [-3.0, -1.0, 0.5],
            [-3.0, -1.0, -0.5],
            [1.0, -3.0, 0.5],
            [1.0, -3.0, -0.5],
            [-1.0, 3.0, 0.5],
            [-1.0, 3.0, -0.5],
        ];
        let values = Values::floats(Space::points(3, 0.0, 1.0), rows.concat());
        let error = |dimensions| error_of_linear_codes(&values, dimensions).expect("small");
        for (dimensions, expected) in [(0, 10.25), (1, 5.25), (2, 0.25), (3, 0.0)] {
            let found = error(dimensions);
            assert!((found - expected).abs() < 1e-6, "{dimensions}: {found}");
        }
    }
}
