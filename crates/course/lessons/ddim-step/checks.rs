use crate::tensors::{column, matrix, numbers, quantiles};
use genlab::burn::tensor::Tensor;
use genlab_course::Checks;
use lesson::{Level, ddim_step};

const X_T: [f64; 3] = [0.8, -1.4, 0.3];
const PREDICTED: [f64; 3] = [0.5, -0.9, 1.2];
const FRESH: [f64; 3] = [-0.7, 1.6, 0.4];
const FROM: f64 = 0.3;
const TO: f64 = 0.7;

/// A number for each: of x_t, ε̂ and z.
fn each(of: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
    (0..3).map(|i| of(X_T[i], PREDICTED[i], FRESH[i])).collect()
}

fn start(x: f64, e: f64) -> f64 {
    (x - (1.0 - FROM).sqrt() * e) / FROM.sqrt()
}

fn step(level: Level) -> Vec<f64> {
    numbers(ddim_step(matrix([X_T]), matrix([PREDICTED]), matrix([FRESH]), level))
}

pub fn checks(checks: &mut Checks) {
    let (root, rest) = (TO.sqrt(), (1.0 - TO).sqrt());
    checks
        .figure("deterministic", || step(Level { from: FROM, to: TO, eta: 0.0 }))
        .mistake(each(|x, e, _| root * (x - (1.0 - FROM).sqrt() * e) + rest * e), "x̂_0 is not divided by √ᾱ_t")
        .mistake(each(|x, e, _| TO * (x - (1.0 - FROM) * e) / FROM + (1.0 - TO) * e), "roots are missing: ᾱ is a share of the variance, and values are multiplied by its root")
        .mistake(each(|x, e, _| root * start(x, e)), "the direction √(1 − ᾱ_s) ε̂ is missing: all of the noise is taken away at once")
        .mistake(each(|x, e, _| start(x, e)), "this is x̂_0; the noise that x_s still has is missing")
        .mistake(each(|x, e, z| root * start(x, e) + rest * z), "fresh noise is used where ε̂ should go on: this is no DDIM, although η is 0")
        .mistake(each(|x, e, _| FROM.sqrt() * (x - rest * e) / root + (1.0 - FROM).sqrt() * e), "ᾱ_t and ᾱ_s are swapped")
        .mistake(each(|x, e, _| root * (x + (1.0 - FROM).sqrt() * e) / FROM.sqrt() + rest * e), "noise is added where it should be taken away: x̂_0 is x_t less √(1 − ᾱ_t) ε̂")
        .equals(each(|x, e, _| root * start(x, e) + rest * e));
    let eta = 0.6;
    let sigma = ((1.0 - TO) / (1.0 - FROM)).sqrt() * (1.0 - FROM / TO).sqrt();
    let own = eta * sigma;
    let with = |sigma: f64, fresh: f64| {
        each(move |x, e, z| root * start(x, e) + (1.0 - TO - sigma * sigma).sqrt() * e + fresh * z)
    };
    checks
        .figure("stochastic", || step(Level { from: FROM, to: TO, eta }))
        .mistake(each(|x, e, z| root * start(x, e) + rest * e + own * z), "the direction ε̂ does not give way to the fresh noise: its factor is √(1 − ᾱ_s − σ²)")
        .mistake(with(own, own * own), "fresh noise is multiplied by σ²; it should be by σ")
        .mistake(with(sigma, sigma), "η is missing: σ is proportional to it")
        .mistake(with(eta.sqrt() * sigma, eta.sqrt() * sigma), "σ² is multiplied by η; it should be σ, and so σ² by η²")
        .mistake(with(own, 0.0), "fresh noise is missing: σ z has to be added")
        .mistake(with(0.0, 0.0), "η is ignored: this is the step of η = 0")
        .equals(with(own, own));
    checks
        .figure("last_step", || step(Level { from: FROM, to: 1.0, eta: 1.0 }))
        .otherwise("a step to ᾱ = 1 does not end at x̂_0: is there a division by 1 − ᾱ_s, or the root of a number that rounding made negative?")
        .equals(each(|x, e, _| start(x, e)));
    checks
        .figure("samples", || {
            let (steps, sd) = (100, 0.5_f64);
            let left = |t: f64| (t * std::f64::consts::FRAC_PI_2).cos().powi(2).max(1e-4);
            let mut x: Tensor<2> = column(&quantiles(500));
            for i in (1..=steps).rev() {
                let [from, to] = [i, i - 1].map(|i| left(f64::from(i) / f64::from(steps)));
                // E[ε | x_t] where x_0 ~ N(0, sd²).
                let seen = x.clone() * ((1.0 - from).sqrt() / (from * sd * sd + 1.0 - from));
                x = ddim_step(x.clone(), seen, x.zeros_like(), Level { from, to, eta: 0.0 });
            }
            let end = numbers(x);
            let spread = (end.iter().map(|x| x * x).sum::<f64>() / end.len() as f64).sqrt();
            vec![(spread - sd).abs()]
        })
        .otherwise("100 steps with an exact denoiser do not give samples of the data's standard deviation")
        .at_most(0.02);
}
