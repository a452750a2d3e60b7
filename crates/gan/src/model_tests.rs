use crate::{
    Augmentation, GanConfig, Objective, Regularisers,
    augmentation::{DiffAugment, InstanceNoise},
    critic::MinibatchSd,
    objective::{Hinge, LeastSquares, Minimax, NonSaturating, Relativistic, Wasserstein},
    regulariser::{GradientPenalty, SlopePenalty, SpectralNorm, WeightClip},
};
use genlab_core::{
    CaptionConfig, Check, ConditionConfig, ImageShape, OptimizerConfig, Space, Train,
    nn::{BackboneConfig, ConvBackbone},
    params::named_params,
    testing::{batch, context, contract, contract_on_points, encoders_begin_with_a_run, progress},
};

fn small() -> GanConfig {
    let config = GanConfig::default();
    let conv = |norm_groups, negative_slope| {
        let channels = vec![8, 16];
        BackboneConfig::Conv(ConvBackbone {
            channels,
            norm_groups,
            negative_slope,
            ..ConvBackbone::default()
        })
    };
    GanConfig {
        generator: conv(Some(8), 0.0),
        critic: conv(None, 0.2),
        minibatch_sd: None,
        // Fast enough for a critic to win within the few steps of a test.
        critic_optimizer: OptimizerConfig { learning_rate: 2e-3, ..config.critic_optimizer },
        ..config
    }
}

fn conditional(config: GanConfig) -> GanConfig {
    GanConfig { condition: ConditionConfig::Class, ..config }
}

fn slopes(weight: f64) -> Regularisers {
    let penalty = Some(SlopePenalty { weight, ..SlopePenalty::default() });
    Regularisers { real_slope: penalty, fake_slope: penalty, ..Regularisers::default() }
}

/// The scalars of `steps` steps on small images.
fn train(config: &GanConfig, steps: u64) -> Vec<Vec<(&'static str, f64)>> {
    let context = context(Space::images(ImageShape::new(1, 8, 8)));
    let mut model = config.init(&context).expect("it fits");
    let mut step = |step| model.step(&batch(context.space, 8, step * 8), progress(step)).read();
    (0..steps).map(&mut step).collect()
}

fn names(scalars: &[(&'static str, f64)]) -> Vec<&'static str> {
    scalars.iter().map(|(name, _)| *name).collect()
}

#[test]
fn the_non_saturating_gan_keeps_the_contract() {
    contract(&|context| small().init(context), Some(("critic_loss", 20, 0.9)));
}

#[test]
fn the_gan_with_smoothed_labels_keeps_the_contract() {
    let objective = Objective::NonSaturating(NonSaturating { label_smoothing: 0.1 });
    let config = GanConfig { objective, ..small() };
    contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
}

#[test]
fn the_minimax_gan_with_two_critic_steps_keeps_the_contract() {
    let objective = Objective::Minimax(Minimax {});
    let config = GanConfig { objective, critic_steps: 2, ..small() };
    contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
}

#[test]
fn the_gan_with_penalties_on_both_slopes_keeps_the_contract() {
    let config = GanConfig { regularisers: slopes(0.1), ..small() };
    contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
}

#[test]
fn the_spectrally_normalised_gan_keeps_the_contract() {
    let spectral_norm = Some(SpectralNorm::default());
    let regularisers = Regularisers { spectral_norm, ..Regularisers::default() };
    let config = GanConfig { regularisers, ..small() };
    contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
}

#[test]
fn every_objective_keeps_the_contract() {
    let slope_penalty = Regularisers {
        gradient_penalty: Some(GradientPenalty { weight: 1.0, ..GradientPenalty::default() }),
        ..Regularisers::default()
    };
    let clipped =
        Regularisers { weight_clip: Some(WeightClip::default()), ..Regularisers::default() };
    let none = Regularisers::default();
    let falls = Some(("critic_loss", 20, 0.9));
    for (objective, regularisers, falls) in [
        (Objective::Hinge(Hinge {}), none, falls),
        (Objective::LeastSquares(LeastSquares {}), none, falls),
        (Objective::Relativistic(Relativistic {}), slopes(0.1), falls),
        (Objective::Wasserstein(Wasserstein {}), slope_penalty, None),
        (Objective::Wasserstein(Wasserstein {}), clipped, None),
    ] {
        let config = GanConfig { objective, regularisers, ..small() };
        contract(&|context| config.init(context), falls);
    }
}

#[test]
fn augmentation_packs_and_deviations_keep_the_contract() {
    let augmentation = Augmentation {
        diff_augment: Some(DiffAugment::default()),
        instance_noise: Some(InstanceNoise::default()),
    };
    let falls = Some(("critic_loss", 30, 0.95));
    for config in [
        GanConfig { augmentation, ..small() },
        GanConfig { pack: 2, ..small() },
        GanConfig { minibatch_sd: Some(MinibatchSd::default()), ..small() },
        GanConfig { pack: 3, objective: Objective::Relativistic(Relativistic {}), ..small() },
    ] {
        let stable = config.minibatch_sd.is_none();
        let falls = falls.filter(|_| stable);
        contract(&|context| config.init(context), falls);
    }
}

#[test]
fn clipped_weights_stay_in_their_box() {
    let clip = WeightClip { limit: 0.02 };
    let config = GanConfig {
        objective: Objective::Wasserstein(Wasserstein {}),
        regularisers: Regularisers { weight_clip: Some(clip), ..Regularisers::default() },
        ..small()
    };
    let space = Space::images(ImageShape::new(1, 8, 8));
    let mut gan = config.build(&context(space)).expect("it fits");
    gan.step(&batch(space, 8, 0), progress(0)).read();
    let largest = named_params(gan.critic.net()).into_iter().map(|param| {
        let largest = param.value.abs().max().into_data();
        largest.as_slice::<f32>().expect("f32")[0]
    });
    assert!(largest.fold(0.0, f32::max) <= 0.02);
}

#[test]
fn settings_that_do_not_go_together_are_refused_in_one_sentence() {
    let unbounded =
        GanConfig { objective: Objective::Wasserstein(Wasserstein {}), ..GanConfig::default() };
    assert_eq!(
        unbounded.check().expect_err("no bound").to_string(),
        "objective is wasserstein, whose critic has no best scores unless its slope is bounded; switch on \
         regularisers.gradient_penalty, weight_clip, spectral_norm, or both real_slope and fake_slope"
    );
    let refused = |config: GanConfig, space| {
        config.init(&context(space)).err().expect("it does not fit").to_string()
    };
    let images = Space::images(ImageShape::new(1, 8, 8));
    assert_eq!(
        refused(conditional(GanConfig { pack: 2, ..small() }), images),
        "pack is 2, but the critic is told something of each value; set it to 1, or condition to none"
    );
    let mlp = BackboneConfig::mlp([8]);
    let diff_augment = Some(DiffAugment::default());
    let moved = GanConfig {
        generator: mlp.clone(),
        critic: mlp,
        augmentation: Augmentation { diff_augment, ..Augmentation::default() },
        ..small()
    };
    assert_eq!(
        refused(moved, Space::points(2, 0.0, 1.0)),
        "augmentation.diff_augment is on, but the values are points, whose coordinates have no neighbours; \
         set it to none"
    );
}

#[test]
fn the_class_conditional_gan_keeps_the_contract() {
    let config = conditional(small());
    contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
}

#[test]
fn the_gan_that_is_told_captions_keeps_the_contract() {
    let condition = ConditionConfig::Caption(CaptionConfig::default());
    let config = GanConfig { condition, ..small() };
    contract(&|context| config.init(context), Some(("critic_loss", 20, 0.95)));
}

#[test]
fn both_encoders_of_captions_begin_with_that_of_a_run_and_learn() {
    let run = Some("clip".into());
    let condition = ConditionConfig::Caption(CaptionConfig { run, ..CaptionConfig::default() });
    let config = GanConfig { condition, ..small() };
    encoders_begin_with_a_run(&|context| config.init(context), 2);
}

#[test]
fn the_mlp_gan_keeps_the_contract_on_points_with_and_without_classes() {
    let mlp = BackboneConfig::mlp([32]);
    let config = GanConfig { generator: mlp.clone(), critic: mlp, latent_dim: 4, ..small() };
    contract_on_points(&|context| config.init(context), Some(("critic_loss", 60, 0.9)));
    let config = conditional(config);
    contract_on_points(&|context| config.init(context), Some(("critic_loss", 60, 0.9)));
}

#[test]
fn by_default_nothing_is_penalised() {
    let expected =
        ["critic_loss", "critic/real", "critic/fake", "critic/equilibrium", "generator_loss"];
    assert_eq!(names(&train(&small(), 1)[0]), expected);
}

#[test]
fn penalties_are_logged_beside_a_loss_that_does_not_contain_them() {
    let [plain, penalised] = [Regularisers::default(), slopes(10.0)]
        .map(|regularisers| train(&GanConfig { regularisers, ..small() }, 1).remove(0));
    let expected = [
        "critic_loss",
        "critic/real",
        "critic/fake",
        "critic/equilibrium",
        "real_slope",
        "fake_slope",
        "generator_loss",
    ];
    assert_eq!(names(&penalised), expected);
    assert_eq!(penalised[..4], plain[..4]);
}

#[test]
fn a_penalty_flattens_the_critic() {
    let squared_slope = |weight| {
        let config = GanConfig { regularisers: slopes(weight), ..small() };
        let last = train(&config, 40).pop().expect("a step");
        last.iter().find(|(name, _)| *name == "real_slope").expect("a penalty that is on").1
    };
    let (free, held) = (squared_slope(1e-6), squared_slope(100.0));
    assert!(held < 0.5 * free, "a squared slope of {held} beside one of {free}");
}
