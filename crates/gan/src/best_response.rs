//! What a critic wins by training on alone.

use crate::{
    critic::Critic,
    model::{FrozenGan, Judgement, codes},
};
use burn::module::Module;
use genlab_core::{
    Batch, BestResponse, Condition, EmaConfig, LearningRateSchedule, Noise, Optimized,
    OptimizerConfig, Phase, Progress, Seed,
};

/// Steps between two looks at held-out values.
const BETWEEN: u64 = 25;
/// Looks without a lower loss after which the critic counts as converged.
const PATIENCE: u64 = 6;

/// Trains the critic of `gan` on against its frozen generator, without warm-up or decay, until its loss on
/// `held_out` stops falling or `most` steps are taken. The difference is the critic's half of the duality gap
/// of Grnarova et al. 2019 (arXiv:1811.05512, Eq. 2): 0 where no critic of this network does better. It is
/// a lower bound, as a search is.
pub(crate) fn search(
    gan: &FrozenGan,
    training: &dyn Fn(u64) -> Batch,
    held_out: &Batch,
    most: u64,
    seed: Seed,
) -> BestResponse {
    let optimizer = OptimizerConfig {
        warmup: 0.0,
        schedule: LearningRateSchedule::Constant,
        ..gan.config.critic_optimizer
    };
    let mut critic = Optimized::new(gan.weights.clone().train(), optimizer, EmaConfig::Off);
    let noise = seed.during(Phase::Evaluate);
    let before = held_out_loss(gan, &critic, held_out, noise);
    let mut best = BestResponse { before, after: before, steps: 0 };
    for step in 0..most {
        let batch = training(step);
        let at = Progress { step, images: batch.first, total_images: u64::MAX, seed };
        let judgement = judgement(gan, critic.net(), &batch, noise, "gan/response-latent");
        critic.descend(judgement.loss, at);
        gan.config.regularisers.confine(&mut critic);
        let done = step + 1;
        if done.is_multiple_of(BETWEEN) || done == most {
            let loss = held_out_loss(gan, &critic, held_out, noise);
            if loss < best.after {
                best = BestResponse { before, after: loss, steps: done };
            } else if done >= best.steps + PATIENCE * BETWEEN {
                break;
            }
        }
    }
    best
}

fn judgement(
    gan: &FrozenGan,
    critic: &Critic,
    batch: &Batch,
    noise: Noise,
    name: &str,
) -> Judgement {
    let condition: Condition = gan.config.condition.of(batch);
    let codes = codes(&gan.config, batch, noise, name);
    let generated = gan.generator.forward(codes, &condition);
    let critic = gan.config.regularisers.applied_to(critic.clone());
    let read = |centred, _| centred;
    let wrong = condition.others();
    let told = (&condition, wrong.as_ref());
    Judgement::of(&gan.config, &critic, batch, generated, told, noise, &read)
}

/// The game's loss alone, the first of the scalars.
fn held_out_loss(
    gan: &FrozenGan,
    critic: &Optimized<Critic>,
    held_out: &Batch,
    noise: Noise,
) -> f64 {
    let judged = judgement(gan, &critic.raw(), held_out, noise, "gan/response-held-out");
    judged.scalars.read().first().map_or(f64::NAN, |(_, loss)| *loss)
}

#[cfg(test)]
mod tests {
    use crate::GanConfig;
    use genlab_core::{
        OptimizerConfig, Seed, Space,
        nn::BackboneConfig,
        testing::{batch, context},
    };

    #[test]
    fn against_a_fresh_generator_a_critic_wins_what_there_is_to_win() {
        let space = Space::points(2, 0.0, 1.0);
        let mlp = BackboneConfig::mlp([32]);
        let config = GanConfig::default();
        let optimizer = OptimizerConfig { learning_rate: 5e-3, ..config.critic_optimizer };
        let config = GanConfig {
            generator: mlp.clone(),
            critic: mlp,
            critic_optimizer: optimizer,
            ..config
        };
        let gan = config.init(&context(space)).expect("it fits").freeze();
        let critic = gan.critic().expect("a critic");
        let training = |step| batch(space, 64, 64 * step);
        let held_out = batch(space, 256, 1 << 20);
        let found = critic.best_response(&training, &held_out, 400, Seed(3));
        // A critic that cannot tell pays 2 ln 2, and one that can tell all nothing: a fresh generator's points
        // lie in the middle of the circle of real ones.
        assert!((found.before - 2.0 * 2.0_f64.ln()).abs() < 0.2, "{found:?}");
        assert!(found.after < 0.6 * found.before && found.steps > 0, "{found:?}");
        assert_eq!(found, critic.best_response(&training, &held_out, 400, Seed(3)));
        let none = critic.best_response(&training, &held_out, 0, Seed(3));
        assert_eq!((none.before, none.after), (found.before, found.before));
    }
}
