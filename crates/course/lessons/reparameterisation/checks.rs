use crate::tensors::{column, gradient, matrix, numbers, quantiles, tracked};
use genlab::burn::tensor::{Device, Tensor};
use genlab_course::Checks;
use lesson::reparameterise;

const MEAN: [[f64; 2]; 2] = [[0.5, -1.2], [2.0, 0.3]];
const LOG_VAR: [[f64; 2]; 2] = [[0.8, -0.9], [-1.5, 0.4]];
const NOISE: [[f64; 2]; 2] = [[1.1, -0.6], [0.7, -2.0]];

fn each(of: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
    let at = |i: usize| (MEAN[i / 2][i % 2], LOG_VAR[i / 2][i % 2], NOISE[i / 2][i % 2]);
    (0..4).map(at).map(|(m, l, e)| of(m, l, e)).collect()
}

pub fn checks(checks: &mut Checks) {
    let codes = || reparameterise(matrix(MEAN), matrix(LOG_VAR), matrix(NOISE));
    checks
        .figure("codes", || numbers(codes()))
        .mistake(each(|m, l, e| m + l.exp() * e), "the noise is multiplied by σ² = exp(log_var); it should be by σ = exp(log_var / 2)")
        .mistake(each(|m, l, e| m + l * e), "log_var itself multiplies the noise; σ is exp(log_var / 2)")
        .mistake(each(|m, l, e| m + (-l / 2.0).exp() * e), "the noise is divided by σ")
        .mistake(each(|m, l, e| m - (l / 2.0).exp() * e), "the noise is subtracted; the distribution is the same, but not the codes of this noise")
        .mistake(each(|m, _, e| m + e), "σ is missing")
        .mistake(each(|m, _, _| m), "the noise is missing: every code is its mean")
        .mistake(each(|m, l, e| m * (l / 2.0).exp() + e), "σ multiplies the mean; it should multiply the noise")
        .equals(each(|m, l, e| m + (l / 2.0).exp() * e));
    checks
        .figure("silence", || numbers(reparameterise(matrix(MEAN), matrix(LOG_VAR), matrix([[0.0; 2]; 2]))))
        .otherwise("without noise a code is not its mean: do you draw noise of your own? use the one that is given")
        .equals(each(|m, _, _| m));
    checks
        .figure("mean_gradient", || {
            let mean = tracked(matrix(MEAN));
            gradient(&mean, reparameterise(mean.clone(), matrix(LOG_VAR), matrix(NOISE)))
        })
        .mistake([0.0; 4], "no gradient reaches the mean: it is detached, and the encoder would not learn")
        .equals([1.0; 4]);
    checks
        .figure("log_var_gradient", || {
            let log_var = tracked(matrix(LOG_VAR));
            gradient(&log_var, reparameterise(matrix(MEAN), log_var.clone(), matrix(NOISE)))
        })
        .mistake([0.0; 4], "no gradient reaches log_var: σ is detached, and the encoder would not learn how sure it is")
        .equals(each(|_, l, e| (l / 2.0).exp() * e / 2.0));
    checks
        .figure("spread", || {
            let (count, log_var) = (2000, 1.4_f64);
            let ones = Tensor::<2>::ones([count, 1], &Device::flex());
            let noise = column(&quantiles(count));
            let codes = numbers(reparameterise(ones.clone() * 3.0, ones * log_var, noise));
            let mean = codes.iter().sum::<f64>() / count as f64;
            let var = codes.iter().map(|code| (code - mean).powi(2)).sum::<f64>() / count as f64;
            vec![((mean - 3.0).abs()).max((var.sqrt() - (log_var / 2.0).exp()).abs())]
        })
        .otherwise("2,000 codes of one distribution do not have its mean and standard deviation")
        .at_most(0.02);
}
