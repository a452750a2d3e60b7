use crate::tensors::{apart, descend, gradient, matrix, numbers, tracked};
use genlab_course::Checks;
use lesson::{cross_entropy, squared_error};

const GIVEN: [[f64; 3]; 2] = [[0.2, -0.4, 1.3], [0.9, 0.5, -0.7]];
const VALUES: [[f64; 3]; 2] = [[0.1, 0.8, 0.4], [1.0, 0.0, 0.3]];

fn sum(of: impl Fn(f64, f64) -> f64) -> f64 {
    GIVEN.iter().flatten().zip(VALUES.iter().flatten()).map(|(a, b)| of(*a, *b)).sum()
}

pub fn checks(checks: &mut Checks) {
    let square = sum(|a, b| (a - b).powi(2));
    checks
        .figure("squared_error", || numbers(squared_error(matrix(GIVEN), matrix(VALUES))))
        .mistake([square / 6.0], "it is a mean over the numbers of a value; it should be their sum, and a mean over the batch alone")
        .mistake([square], "it is a sum over the batch; it should be a mean over the batch")
        .mistake([square / 4.0], "it has a factor of one half too many")
        .mistake([sum(|a, b| (a - b).abs()) / 2.0], "it is the absolute error; the square is missing")
        .mistake([-square / 2.0], "its sign is wrong: a worse reconstruction costs less")
        .equals([square / 2.0]);
    let p = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    let right = sum(|l, x| -x * p(l).ln() - (1.0 - x) * (1.0 - p(l)).ln());
    checks
        .figure("cross_entropy", || numbers(cross_entropy(matrix(GIVEN), matrix(VALUES))))
        .mistake([right / 6.0], "it is a mean over the numbers of a value; it should be their sum, and a mean over the batch alone")
        .mistake([right], "it is a sum over the batch; it should be a mean over the batch")
        .mistake([-right / 2.0], "its sign is wrong: this is the log-likelihood, and training minimises its negative")
        .mistake([sum(|l, x| -x * p(l).ln()) / 2.0], "the term (1 − x) ln(1 − p) is missing: black pixels cost nothing")
        .mistake([sum(|l, x| -x * p(p(l)).ln() - (1.0 - x) * (1.0 - p(p(l))).ln()) / 2.0], "the sigmoid is taken twice")
        .equals([right / 2.0]);
    checks
        .figure("extreme_logits", || {
            numbers(cross_entropy(matrix([[200.0, -200.0]]), matrix([[0.0, 1.0]])))
        })
        .otherwise("a logit of 200 makes it infinite or no number: take ln p from the logit (log_sigmoid) and not from a p that has been rounded to 0 or 1")
        .equals([400.0]);
    checks
        .figure("gradient", || {
            let given = tracked(matrix(GIVEN));
            gradient(&given, squared_error(given.clone(), matrix(VALUES)))
        })
        .mistake([0.0; 6], "no gradient reaches the reconstruction: it is detached, or read off the device, on the way")
        .equals(GIVEN.iter().flatten().zip(VALUES.iter().flatten()).map(|(a, b)| a - b).collect::<Vec<_>>());
    // Codes c and values X: the decoder W that is best is (cᵀ X) / (cᵀ c).
    let (codes, values) = ([1.0, -0.5, 2.0], [[0.9, 0.1], [1.0, -0.3], [1.5, 0.8]]);
    let square: f64 = codes.iter().map(|c| c * c).sum();
    let best = [0, 1].map(|n| codes.iter().zip(values).map(|(c, x)| c * x[n]).sum::<f64>() / square);
    checks
        .figure("trained", || {
            let codes = matrix(codes.map(|code| [code]));
            let loss = |w| squared_error(codes.clone().matmul(w), matrix(values));
            apart(&descend(matrix([[0.0; 2]]), 0.1, 200, loss), &best)
        })
        .otherwise("a linear decoder that is trained with it does not end at the least squares solution: what it minimises is not the squared error")
        .at_most(0.01);
}
