use crate::tensors::{column, matrix, numbers, quantiles, vector};
use genlab_course::Checks;
use lesson::{alpha_bars, noised};

const VALUES: [[f64; 2]; 2] = [[0.5, -1.2], [2.0, 0.3]];
const NOISE: [[f64; 2]; 2] = [[1.1, -0.6], [0.7, -2.0]];
const LEFT: [f64; 2] = [0.81, 0.3];

/// A number for each of a batch: of its value, its noise and its ᾱ.
fn each(of: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
    (0..4).map(|i| of(VALUES[i / 2][i % 2], NOISE[i / 2][i % 2], LEFT[i / 2])).collect()
}

fn running(of: impl Fn(f64, f64) -> f64, start: f64, betas: &[f64]) -> Vec<f64> {
    let mut at = start;
    betas.iter().map(|beta| { at = of(at, *beta); at }).collect()
}

pub fn checks(checks: &mut Checks) {
    let betas = [0.1, 0.2, 0.4];
    let right = running(|left, beta| left * (1.0 - beta), 1.0, &betas);
    checks
        .figure("alpha_bars", || alpha_bars(&betas))
        .mistake(running(|left, beta| left * beta, 1.0, &betas), "β is multiplied up; it should be 1 − β")
        .mistake(running(|left, beta| left - beta, 1.0, &betas), "β is summed up; shares of what is left multiply")
        .mistake(betas.map(|beta| 1.0 - beta), "this is α, what each step keeps; ᾱ is the product of all steps up to it")
        .mistake([1.0, right[0], right[1]], "it is one step late: the first ᾱ is 1 − β_1, and not 1")
        .mistake([&[1.0], right.as_slice()].concat(), "there is one number too many: the first ᾱ is 1 − β_1, and not 1")
        .mistake(right.iter().map(|left| left.sqrt()).collect::<Vec<_>>(), "this is √ᾱ; the root is taken where noise is added")
        .equals(right.clone());
    checks
        .figure("noised", || numbers(noised(matrix(VALUES), matrix(NOISE), vector(&LEFT))))
        .mistake(each(|x, e, a| a * x + (1.0 - a) * e), "both roots are missing: ᾱ is a share of the variance, and values are multiplied by its root")
        .mistake(each(|x, e, a| a * x + (1.0 - a).sqrt() * e), "the root of ᾱ is missing: values are multiplied by √ᾱ")
        .mistake(each(|x, e, a| a.sqrt() * x + (1.0 - a) * e), "the root of 1 − ᾱ is missing: noise is multiplied by √(1 − ᾱ)")
        .mistake(each(|x, e, a| (1.0 - a).sqrt() * x + a.sqrt() * e), "value and noise are swapped: √ᾱ belongs to the value")
        .mistake(each(|x, e, a| a.sqrt() * x + (1.0 - a.sqrt()) * e), "noise is multiplied by 1 − √ᾱ; it should be √(1 − ᾱ), so that variances add up to 1")
        .mistake(each(|x, e, a| a.sqrt() * x + e), "the noise is not scaled: it is multiplied by √(1 − ᾱ)")
        .mistake((0..4).map(|i| { let a = LEFT[i % 2]; a.sqrt() * VALUES[i / 2][i % 2] + (1.0 - a).sqrt() * NOISE[i / 2][i % 2] }).collect::<Vec<_>>(), "ᾱ runs along the numbers of a value instead of along the batch: make it [B, 1]")
        .equals(each(|x, e, a| a.sqrt() * x + (1.0 - a).sqrt() * e));
    checks
        .figure("variance", || {
            // Values and noise that are independent: every pair of two sets of quantiles.
            let normal = quantiles(100);
            let pairs: Vec<(f64, f64)> =
                normal.iter().flat_map(|x| normal.iter().map(move |e| (*x, *e))).collect();
            let (x, e): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let own = normal.iter().map(|x| x * x).sum::<f64>() / 100.0;
            let variance = |left: f64| {
                let all = vec![left; x.len()];
                let noised = numbers(noised(column(&x), column(&e), vector(&all)));
                noised.iter().map(|x| x * x).sum::<f64>() / noised.len() as f64 / own
            };
            let apart = [0.9, 0.5, 0.1].map(|left| (variance(left) - 1.0).abs());
            vec![apart.into_iter().fold(0.0, f64::max)]
        })
        .otherwise("the variance of standardised data does not stay 1: the squares of the two factors must add up to 1")
        .at_most(0.01);
    checks
        .figure("end", || {
            let betas: Vec<f64> =
                (0..1000).map(|t| 1e-4 + (0.02 - 1e-4) * f64::from(t) / 999.0).collect();
            vec![alpha_bars(&betas).last().map_or(f64::NAN, |left| left.sqrt())]
        })
        .otherwise("after 1,000 steps too much is left of a value, or what is left is no number")
        .at_most(0.01);
}
