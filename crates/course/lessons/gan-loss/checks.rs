use crate::tensors::{apart, column, descend, gradient, matrix, numbers, quantiles, tracked};
use genlab::burn::tensor::Tensor;
use genlab_course::Checks;
use lesson::{critic_loss, generator_loss};

const WEIGHTS: [f64; 2] = [0.7, -1.1];
const REAL: [[f64; 2]; 2] = [[1.0, 0.2], [0.4, -0.9]];
const FAKE: [[f64; 2]; 2] = [[-0.6, 0.3], [1.5, 0.8]];

/// A critic without a hidden layer, `[2, 1]`.
fn weights() -> Tensor<2> {
    matrix(WEIGHTS.map(|weight| [weight]))
}

fn logits(values: Tensor<2>, weights: Tensor<2>) -> Tensor<1> {
    values.matmul(weights).squeeze_dim(1)
}

/// ln of the sigmoid.
fn ln_d(logit: f64) -> f64 {
    -(-logit).exp().ln_1p()
}

fn d(logit: f64) -> f64 {
    ln_d(logit).exp()
}

/// Logits on the host.
fn of(values: [[f64; 2]; 2]) -> [f64; 2] {
    values.map(|value| value[0] * WEIGHTS[0] + value[1] * WEIGHTS[1])
}

fn mean(numbers: [f64; 2]) -> f64 {
    (numbers[0] + numbers[1]) / 2.0
}

/// The gradient with respect to fake values, where `slope` is that with respect to a logit.
fn to_fake(slope: impl Fn(f64) -> f64) -> Vec<f64> {
    of(FAKE).iter().flat_map(|&c| WEIGHTS.map(|weight| slope(c) * weight / 2.0)).collect()
}

pub fn checks(checks: &mut Checks) {
    let critic = |values: Tensor<2>| logits(values, weights());
    let (real, fake) = (of(REAL), of(FAKE));
    let right = -mean(real.map(ln_d)) - mean(fake.map(|c| ln_d(-c)));
    checks
        .figure("critic", || numbers(critic_loss(&critic, matrix(REAL), matrix(FAKE))))
        .mistake([-right], "its sign is wrong: this is what the critic should maximise")
        .mistake([-mean(real.map(|c| ln_d(-c))) - mean(fake.map(ln_d))], "real and generated values are swapped: D is the probability that a value is real")
        .mistake([right * 2.0], "it is a sum over the batch; it should be the mean over real values plus the mean over generated ones")
        .mistake([right / 2.0], "it is half as large: the two means are added, not averaged")
        .mistake([-mean(real.map(ln_d)) - mean(fake.map(ln_d))], "generated values are taken for real ones: their term is −ln(1 − D)")
        .mistake([-mean(real.map(ln_d))], "generated values cost nothing: the term −ln(1 − D(fake)) is missing")
        .mistake([-mean(real.map(|c| ln_d(d(c)))) - mean(fake.map(|c| ln_d(-d(c))))], "the sigmoid is taken twice")
        .equals([right]);
    let right = -mean(fake.map(ln_d));
    checks
        .figure("generator", || numbers(generator_loss(&critic, matrix(FAKE))))
        .mistake([mean(fake.map(|c| ln_d(-c)))], "this is the saturating loss ln(1 − D), whose gradient vanishes while the critic is sure; the assignment asks for −ln D")
        .mistake([-mean(fake.map(|c| ln_d(-c)))], "this is what the critic pays for generated values; the generator wants the opposite, −ln D")
        .mistake([-right], "its sign is wrong: the generator would want to be found out")
        .mistake([right * 2.0], "it is a sum over the batch; it should be a mean over the batch")
        .equals([right]);
    checks
        .figure("extreme_logits", || {
            let blind = |values: Tensor<2>| logits(values, matrix([[200.0], [0.0]]));
            let (real, fake) = (matrix([[-1.0, 0.0]]), matrix([[1.0, 0.0]]));
            let critic = numbers(critic_loss(&blind, real.clone(), fake));
            [critic, numbers(generator_loss(&blind, real))].concat()
        })
        .otherwise("a logit of 200 makes a loss infinite or no number: take ln D from the logit (log_sigmoid) and not from a D that has been rounded to 0 or 1")
        .equals([400.0, 200.0]);
    checks
        .figure("fake_gradient", || {
            let fake = tracked(matrix(FAKE));
            gradient(&fake, critic_loss(&critic, matrix(REAL), fake.clone()))
        })
        .otherwise("the critic's loss sends a gradient to the generator: fake.detach() is missing")
        .equals([0.0; 4]);
    checks
        .figure("critic_gradient", || {
            let own = tracked(weights());
            let critic = |values: Tensor<2>| logits(values, own.clone());
            gradient(&own, critic_loss(&critic, matrix(REAL), matrix(FAKE)))
        })
        .mistake([0.0; 2], "no gradient reaches the critic: detach what the generator made, not what the critic says of it")
        .equals([0, 1].map(|n| {
            let of_real = [0, 1].map(|b| (d(real[b]) - 1.0) * REAL[b][n]);
            mean(of_real) + mean([0, 1].map(|b| d(fake[b]) * FAKE[b][n]))
        }));
    checks
        .figure("generator_gradient", || {
            let fake = tracked(matrix(FAKE));
            gradient(&fake, generator_loss(&critic, fake.clone()))
        })
        .mistake([0.0; 4], "no gradient reaches the generator: here generated values must not be detached")
        .mistake(to_fake(|c| -d(c)), "this is the gradient of ln(1 − D), which vanishes while the critic is sure; the assignment asks for −ln D")
        .equals(to_fake(|c| d(c) - 1.0));
    checks
        .figure("trained", || {
            let normal = quantiles(400);
            let [high, low] = [1.0, -1.0].map(|at| {
                column(&normal.iter().map(|x| x + at).collect::<Vec<_>>())
            });
            let slope = descend(matrix([[0.0]]), 0.5, 300, |slope| {
                critic_loss(&|values| logits(values, slope.clone()), high.clone(), low.clone())
            });
            apart(&slope, &[2.0])
        })
        .otherwise("a critic that is trained with it does not find the logit 2x between N(1, 1) and N(−1, 1)")
        .at_most(0.05);
}
