use crate::tensors::{apart, descend, matrix, numbers, vector};
use genlab_course::Checks;
use lesson::{kl, negative_elbo};

const MEAN: [[f64; 3]; 2] = [[0.5, -1.2, 0.0], [2.0, 0.3, -0.7]];
const LOG_VAR: [[f64; 3]; 2] = [[0.4, -0.9, 1.1], [-1.5, 0.2, -0.3]];

/// A number for each value: the sum over its code.
fn summed(of: impl Fn(f64, f64) -> f64) -> [f64; 2] {
    [0, 1].map(|b| MEAN[b].iter().zip(LOG_VAR[b]).map(|(m, l)| of(*m, l)).sum())
}

pub fn checks(checks: &mut Checks) {
    let right = summed(|m, l| (m * m + l.exp() - 1.0 - l) / 2.0);
    let whole = right[0] + right[1];
    checks
        .figure("kl", || numbers(kl(matrix(MEAN), matrix(LOG_VAR))))
        .mistake(right.map(|kl| -kl), "its sign is wrong: a KL is never negative")
        .mistake(right.map(|kl| kl / 3.0), "it is a mean over the numbers of a code; the KL of a code is their sum")
        .mistake(right.map(|kl| kl * 2.0), "the factor of one half is missing")
        .mistake(summed(|m, l| (m * m + (2.0 * l).exp() - 1.0 - 2.0 * l) / 2.0), "log_var is read as ln σ; it is ln σ², so that σ² = exp(log_var)")
        .mistake(summed(|m, l| (m * m + (l / 2.0).exp() - 1.0 - l) / 2.0), "exp(log_var / 2) is σ; the KL has σ², which is exp(log_var)")
        .mistake(summed(|m, l| (m * m + l.exp() - 1.0 + l) / 2.0), "the sign of ln σ² is wrong: a small variance costs, too")
        .mistake(summed(|m, l| (m + l.exp() - 1.0 - l) / 2.0), "the mean is not squared")
        .mistake([whole], "it is a sum over the batch; there should be a number for each value")
        .mistake([whole / 2.0], "it is a mean over the batch; there should be a number for each value")
        .mistake([whole / 6.0], "it is one mean over everything; there should be a number for each value, the sum over its code")
        .equals(right);
    checks
        .figure("prior", || numbers(kl(matrix([[0.0; 3]; 2]), matrix([[0.0; 3]; 2]))))
        .otherwise("N(0, I) is not at distance 0 from itself: is the −1 missing?")
        .equals([0.0, 0.0]);
    let (nll, of_codes) = ([3.0, 5.0, 1.0], [0.5, 1.0, 2.25]);
    let of = |f: fn(f64, f64) -> f64| -> f64 { nll.iter().zip(of_codes).map(|(n, k)| f(*n, k)).sum() };
    checks
        .figure("negative_elbo", || numbers(negative_elbo(vector(&nll), vector(&of_codes))))
        .mistake([of(|n, k| n - k) / 3.0], "the KL is subtracted: codes would be pushed away from the prior")
        .mistake([of(|n, k| -n - k) / 3.0], "this is the ELBO, which grows as models become better; training minimises its negative")
        .mistake([of(|n, k| k - n) / 3.0], "its sign is wrong: −ln p(x | z) is given already, as a cost")
        .mistake([of(|n, k| n + k)], "it is a sum over the batch; it should be a mean over the batch")
        .mistake([of(|n, _| n) / 3.0], "the KL is missing")
        .equals([of(|n, k| n + k) / 3.0]);
    // p(z) = N(0, 1), p(x | z) = N(z, 1): p(z | x) = N(x / 2, 1 / 2), and E_q −ln p(x | z) is ((x − μ)² + σ²) / 2.
    let x = [-1.0, 0.5, 3.0];
    let truth: Vec<f64> = x.iter().flat_map(|x| [x / 2.0, 0.5_f64.ln()]).collect();
    checks
        .figure("posterior", || {
            let values = matrix(x.map(|x| [x]));
            let loss = |q: genlab::burn::tensor::Tensor<2>| {
                let (mean, log_var) = (q.clone().narrow(1, 0, 1), q.narrow(1, 1, 1));
                let nll = ((values.clone() - mean.clone()).square() + log_var.clone().exp()) / 2.0;
                negative_elbo(nll.squeeze_dim(1), kl(mean, log_var))
            };
            apart(&descend(matrix([[0.0; 2]; 3]), 0.5, 300, loss), &truth)
        })
        .otherwise("training with this loss does not find the posterior where it is known")
        .at_most(0.02);
}
