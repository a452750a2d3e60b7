//! Expectation maximisation, with the defaults of scikit-learn's `GaussianMixture`.

use super::{
    kmeans::kmeans,
    mixture::{Mixture, log_sum_exp},
};
use crate::numerics::matrix::{Rows, cholesky, columns, divide, gram, values};
use genlab_core::Seed;
use rayon::prelude::*;

/// Responsibilities below this are dropped from a component's moments. In many dimensions almost
/// all are far below, so a row costs as much as the one or two components that it belongs to; what
/// is dropped is at most 1e-12 of a row per component.
const NEGLIGIBLE: f64 = 1e-12;

/// How a mixture is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitSettings {
    /// Number of Gaussians.
    pub components: usize,
    /// Added to the diagonal of every covariance.
    pub reg_covar: f64,
    /// Stop when the mean log-density changes by less, in nats.
    pub tolerance: f64,
    /// Stop after this many rounds.
    pub max_iter: usize,
    /// Rounds of k-means that make the first responsibilities.
    pub kmeans_rounds: usize,
}

impl FitSettings {
    /// scikit-learn's defaults, and ten rounds of k-means.
    pub fn new(components: usize) -> Self {
        Self { components, reg_covar: 1e-6, tolerance: 1e-3, max_iter: 100, kmeans_rounds: 10 }
    }
}

/// How many Gaussians some vectors are enough for: `wanted`, or what leaves each twice as many vectors as
/// it has dimensions, lest a component is a few vectors and the noise between them.
pub fn affordable_components(wanted: usize, rows: &Rows) -> usize {
    wanted.min(rows.len() / (2 * rows.dim)).max(1)
}

/// Why there is no mixture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// Fewer vectors than components.
    #[error(
        "a mixture of {components} Gaussians needs at least {} vectors, and there are {n}: take \
         fewer components", 2 * components
    )]
    TooFew {
        /// Components asked for.
        components: usize,
        /// Vectors given.
        n: usize,
    },
    /// Too few vectors for kernels and for others to choose their bandwidth by.
    #[error("a kernel density needs at least 20 vectors, and there are {n}: take a Gaussian")]
    TooFewKernels {
        /// Vectors given.
        n: usize,
    },
    /// One Gaussian per class, of data without classes.
    #[error("one Gaussian per class needs labels, and there are none: take a mixture")]
    NoClasses,
    /// None of the kinds of densities that are to be tried.
    #[error(
        "none of evaluation.prior.candidates is for codes without classes: add one such as {{ kind = \"gaussian\" }}"
    )]
    NoCandidate,
    /// A covariance has no Cholesky factor.
    #[error(
        "component {component} of the mixture has a covariance that is not positive definite: the \
         vectors hold something that is not finite, or reg_covar is too small for their scale"
    )]
    NotPositiveDefinite {
        /// The component.
        component: usize,
    },
}

impl Mixture {
    /// A mixture fitted to rows by EM from a seeded k-means.
    ///
    /// # Errors
    /// When there are fewer than two rows per component, or the rows are not finite.
    pub fn fit(rows: &Rows, settings: &FitSettings, seed: Seed) -> Result<Self, FitError> {
        let components = settings.components;
        if components == 0 || rows.len() < 2 * components {
            return Err(FitError::TooFew { components, n: rows.len() });
        }
        let nearest = kmeans(rows, components, settings.kmeans_rounds, seed);
        Self::fit_from(rows, settings, &nearest)
    }

    /// The same from a given first cluster of each row.
    ///
    /// # Errors
    /// When the rows are not finite.
    pub fn fit_from(
        rows: &Rows,
        settings: &FitSettings,
        nearest: &[usize],
    ) -> Result<Self, FitError> {
        let mut first = vec![0.0; rows.len() * settings.components];
        for (row, &k) in first.chunks_mut(settings.components).zip(nearest) {
            row[k] = 1.0;
        }
        let mut mixture = maximise(rows, &first, settings)?;
        let mut before = f64::NEG_INFINITY;
        for _ in 0..settings.max_iter {
            let Expectation { log_likelihood, responsibilities } = mixture.expect(rows);
            mixture = maximise(rows, &responsibilities, settings)?;
            if (log_likelihood - before).abs() < settings.tolerance {
                break;
            }
            before = log_likelihood;
        }
        Ok(mixture)
    }

    fn expect(&self, rows: &Rows) -> Expectation {
        let mut joint = self.joint_log_densities(rows);
        let least = NEGLIGIBLE.ln();
        let densities: Vec<f64> = joint
            .par_chunks_mut(self.components())
            .map(|row| {
                let density = log_sum_exp(row);
                for v in row {
                    // Too small to count (see NEGLIGIBLE), and exp costs.
                    *v = if *v - density < least { 0.0 } else { (*v - density).exp() };
                }
                density
            })
            .collect();
        Expectation {
            log_likelihood: densities.iter().sum::<f64>() / rows.len() as f64,
            responsibilities: joint,
        }
    }
}

struct Expectation {
    /// Mean log-density of the rows.
    log_likelihood: f64,
    /// `[rows, components]`.
    responsibilities: Vec<f64>,
}

/// The mixture that explains the rows best when they belong to components in these shares.
/// Parallel over components; each adds up its own rows in order.
fn maximise(rows: &Rows, shares: &[f64], settings: &FitSettings) -> Result<Mixture, FitError> {
    let count = settings.components;
    let parts: Vec<Component> = (0..count)
        .into_par_iter()
        .map(|k| Component::from_shares(rows, shares, k, settings))
        .collect::<Result<_, _>>()?;
    let total: f64 = parts.iter().map(|part| part.mass).sum();
    Ok(Mixture {
        weights: parts.iter().map(|part| part.mass / total).collect(),
        means: Rows::new(rows.dim, parts.iter().flat_map(|part| part.mean.clone()).collect()),
        factors: parts.into_iter().map(|part| part.factor).collect(),
    })
}

struct Component {
    mass: f64,
    mean: Vec<f64>,
    factor: Vec<f64>,
}

impl Component {
    fn from_shares(
        rows: &Rows,
        shares: &[f64],
        k: usize,
        settings: &FitSettings,
    ) -> Result<Self, FitError> {
        let share = |i: usize| shares[i * settings.components + k];
        let members: Vec<usize> = (0..rows.len()).filter(|&i| share(i) > NEGLIGIBLE).collect();
        // As scikit-learn does, so that a component without members divides by something.
        let mass = 10.0 * f64::EPSILON + members.iter().map(|&i| share(i)).sum::<f64>();
        let mut mean = vec![0.0; rows.dim];
        for &i in &members {
            let share = share(i);
            mean.iter_mut().zip(rows.row(i)).for_each(|(m, x)| *m += share * x);
        }
        divide(&mut mean, mass);

        let mut scaled = Vec::with_capacity(members.len() * rows.dim);
        for &i in &members {
            let root = (share(i) / mass).sqrt();
            scaled.extend(rows.row(i).iter().zip(&mean).map(|(x, m)| root * (x - m)));
        }
        let mut covariance = gram(columns(&scaled, rows.dim));
        for i in 0..rows.dim {
            covariance[(i, i)] += settings.reg_covar;
        }
        let factor = cholesky(covariance).ok_or(FitError::NotPositiveDefinite { component: k })?;
        Ok(Self { mass, mean, factor: values(&factor) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn() -> (Mixture, Rows) {
        let truth = Mixture {
            weights: vec![0.3, 0.7],
            means: Rows::new(2, vec![-4.0, 0.0, 4.0, 1.0]),
            factors: vec![vec![1.0, 0.5, 0.0, 0.5], vec![0.7, 0.0, 0.0, 2.0]],
        };
        let rows = truth.sample(Seed(9), 0..4000);
        (truth, rows)
    }

    #[test]
    fn a_mixture_is_recovered_from_its_samples() {
        let (truth, rows) = drawn();
        let found = Mixture::fit(&rows, &FitSettings::new(2), Seed(0)).unwrap();
        assert!(found.log_likelihood(&rows) >= truth.log_likelihood(&rows) - 1e-3);
        let light = usize::from(found.weights[0] > found.weights[1]);
        assert!((found.weights[light] - 0.3).abs() < 0.02, "{:?}", found.weights);
        assert!((found.means.row(light)[0] + 4.0).abs() < 0.1, "{:?}", found.means);
    }

    #[test]
    fn one_component_is_the_gaussian_of_the_moments() {
        let (_, rows) = drawn();
        let settings = FitSettings { reg_covar: 0.0, ..FitSettings::new(1) };
        let found = Mixture::fit(&rows, &settings, Seed(0)).unwrap();
        let moments = rows.moments();
        assert!((found.means.row(0)[0] - moments.mean[0]).abs() < 1e-9);
        let biased = moments.covariance[(0, 0)] * 3999.0 / 4000.0;
        assert!((found.factors[0][0].powi(2) - biased).abs() < 1e-9);
    }

    #[test]
    fn a_fit_does_not_depend_on_the_number_of_threads() {
        let (_, rows) = drawn();
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Mixture::fit(&rows, &FitSettings::new(5), Seed(2)).unwrap())
        };
        assert_eq!(fit(1), fit(3));
    }

    #[test]
    fn too_few_vectors_are_refused_with_the_numbers() {
        let error = Mixture::fit(&Rows::new(1, vec![0.0; 5]), &FitSettings::new(3), Seed(0));
        assert_eq!(
            error.unwrap_err().to_string(),
            "a mixture of 3 Gaussians needs at least 6 vectors, and there are 5: take fewer components"
        );
    }
}
