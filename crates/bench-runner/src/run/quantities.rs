//! What the scalars of a model are called on TensorBoard, which draws all runs into one chart by tag.
//!
//! `metrics.jsonl` calls what a model minimises `loss`, whatever that is. Here a tag is one quantity: what several models
//! have alike has a name of its own and one chart for all, and everything else bears its model's name, and the kinds of
//! settings that decide what it is.

use crate::registry::ModelConfig;
use serde_json::Value;

/// A scalar as a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quantity {
    /// The tag: `train/bernoulli_nll`, `validation/vae/loss/elbo-bernoulli`.
    pub(super) tag: String,
    /// What it means, for who looks at its chart.
    pub(super) meaning: String,
}

/// Keys of a line of `metrics.jsonl` that are no scalars.
const COUNTERS: [&str; 3] = ["step", "images", "seconds"];

/// What a key of `metrics.jsonl` is; None where it only says where the run stands.
pub(super) fn of(model: &ModelConfig, key: &str) -> Option<Quantity> {
    if COUNTERS.contains(&key) {
        return None;
    }
    let told = |tag: &str, meaning: &str| Quantity { tag: tag.into(), meaning: meaning.into() };
    Some(match key.split_once('/') {
        Some((split @ ("train" | "validation"), scalar)) => {
            let Quantity { tag, meaning } = scalar_of(model, scalar);
            let over = match split {
                "train" => "mean over the steps since the point before",
                _ => "mean over the first validation values",
            };
            Quantity { tag: format!("{split}/{tag}"), meaning: format!("{meaning}; {over}") }
        }
        _ if key == "images_per_second" => {
            told("cost/images_per_second", "Training values per second, since the run began.")
        }
        _ => told(key, ""),
    })
}

/// What models of pictures and captions have alike.
const CONTRASTIVE: (&str, &str) =
    ("contrastive", "Symmetric InfoNCE of pictures and captions, nats; it grows with the batch");

/// The quantity without its split.
fn scalar_of(model: &ModelConfig, scalar: &str) -> Quantity {
    let kind = |setting: &str| kind_of(&model.settings()[setting]);
    let shared = match (model.name(), scalar) {
        ("ae", "loss") if kind("variant") == "plain" => error(&kind("loss")),
        ("ae" | "sparse-ae", "reconstruction") => error(&kind("loss")),
        ("vae", "reconstruction") => likelihood(&kind("likelihood")),
        ("vae", "kl") => Some(("kl", "KL divergence of posteriors from the prior, nats per value")),
        ("clip", "loss") if kind("hard_negatives") == "none" => Some(CONTRASTIVE),
        ("captioner", "contrastive") => Some(CONTRASTIVE),
        _ => None,
    };
    if let Some((tag, meaning)) = shared {
        return Quantity { tag: tag.to_owned(), meaning: meaning.to_owned() };
    }
    // What decides which quantity it is.
    let settings: &[&str] = match (model.name(), scalar) {
        ("ae", "loss") => &["variant", "loss"],
        ("sparse-ae", "loss") => &["sparsity", "loss"],
        ("sparse-ae", "gate_reconstruction" | "auxiliary") => &["loss"],
        ("vae", "loss") => &["objective", "likelihood"],
        ("vae", "negative_elbo") => &["likelihood"],
        ("clip", "loss") => &["hard_negatives"],
        ("gan", "critic_loss" | "generator_loss" | "score_of_real" | "score_of_fake") => {
            &["objective"]
        }
        ("gan", scalar) if scalar.starts_with("critic/") => &["objective"],
        ("ddpm", "loss") => &["target", "weighting", "times"],
        _ => &[],
    };
    let kinds: Vec<String> = settings.iter().map(|setting| kind(setting)).collect();
    let (name, title) = (model.name(), model.title());
    let tag = [name, scalar].into_iter().map(str::to_owned);
    let tag: Vec<String> = tag.chain((!kinds.is_empty()).then(|| kinds.join("-"))).collect();
    let with: Vec<String> =
        settings.iter().zip(&kinds).map(|(setting, kind)| format!("{setting} {kind}")).collect();
    let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
    Quantity {
        tag: tag.join("/"),
        meaning: format!("`{scalar}` of {title}{with}, which no other model has"),
    }
}

/// Errors of reconstructions, by the setting `loss`.
fn error(loss: &str) -> Option<(&'static str, &'static str)> {
    match loss {
        "mse" => Some((
            "squared_error",
            "Squared error of reconstructions, summed over a value's numbers",
        )),
        "l1" => Some((
            "absolute_error",
            "Absolute error of reconstructions, summed over a value's numbers",
        )),
        "bce" => likelihood("bernoulli"),
        _ => None,
    }
}

/// What a reconstruction costs under a likelihood.
fn likelihood(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "bernoulli" => Some((
            "bernoulli_nll",
            "−log p(x | z) of Bernoulli pixels, nats per value; a cross-entropy on grey ones",
        )),
        "gaussian" | "gaussian-shared" | "gaussian-per-value" => {
            Some(("gaussian_nll", "−log p(x | z) of Gaussian numbers, nats per value"))
        }
        "logistic" => {
            Some(("logistic_nll", "−log p(x | z) of pixels of 256 levels, nats per value"))
        }
        _ => None,
    }
}

/// The variant of a setting: the word that it is, or the kind that its table names.
fn kind_of(setting: &Value) -> String {
    let word = setting.as_str().or_else(|| setting.get("kind").and_then(Value::as_str));
    word.unwrap_or("none").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::Kind;
    use serde_json::json;
    use std::collections::BTreeSet;

    /// The model of that name with its defaults on images, but for these settings.
    fn model(name: &str, settings: &[(&str, Value)]) -> ModelConfig {
        let mut model = serde_json::to_value(ModelConfig::by_name(name, Kind::Images)).unwrap();
        for (setting, value) in settings {
            model[name][*setting] = value.clone();
        }
        serde_json::from_value(model).unwrap()
    }

    fn tag(model: &ModelConfig, key: &str) -> String {
        of(model, key).unwrap().tag
    }

    #[test]
    fn no_two_models_share_a_loss_that_is_not_the_same_quantity() {
        let losses: BTreeSet<String> = ModelConfig::known_names()
            .into_iter()
            .map(|name| tag(&model(name, &[]), "train/loss"))
            .collect();
        assert_eq!(losses.len(), ModelConfig::known_names().len(), "{losses:?}");
        assert_eq!(
            tag(&model("gan", &[]), "train/critic_loss"),
            "train/gan/critic_loss/non-saturating"
        );
        assert_eq!(
            tag(&model("ddpm", &[]), "validation/loss"),
            "validation/ddpm/loss/v-simple-log-normal"
        );
        // The KL of the sparse one is about how often units are on.
        assert_eq!(tag(&model("vae", &[]), "train/kl"), "train/kl");
        assert_eq!(tag(&model("sparse-ae", &[]), "train/kl"), "train/sparse-ae/kl");
    }

    #[test]
    fn what_models_have_alike_has_one_tag() {
        let contrastive = [("clip", "train/loss"), ("captioner", "train/contrastive")];
        let [one, other] = contrastive.map(|(name, key)| tag(&model(name, &[]), key));
        assert_eq!((one.as_str(), other.as_str()), ("train/contrastive", "train/contrastive"));
        let [squared, cross] = ["mse", "bce"].map(|loss| [("loss", json!(loss))]);
        for settings in [&squared, &cross] {
            let tags = [("ae", "train/loss"), ("sparse-ae", "train/reconstruction")]
                .map(|(name, key)| tag(&model(name, settings), key));
            assert_eq!(tags[0], tags[1]);
        }
        assert_eq!(tag(&model("ae", &squared), "validation/loss"), "validation/squared_error");
        assert_eq!(
            tag(&model("vae", &[]), "train/reconstruction"),
            tag(&model("ae", &cross), "train/loss")
        );
    }

    #[test]
    fn a_setting_that_makes_another_quantity_makes_another_tag() {
        let vae = |likelihood: &str| model("vae", &[("likelihood", json!({ "kind": likelihood }))]);
        for key in ["train/loss", "train/negative_elbo", "train/reconstruction"] {
            assert_ne!(tag(&vae("bernoulli"), key), tag(&vae("gaussian"), key), "{key}");
        }
        let turned = model("clip", &[("hard_negatives", json!("turned"))]);
        assert_eq!(tag(&turned, "train/loss"), "train/clip/loss/turned");
        let denoising = model("ae", &[("variant", json!({ "kind": "denoising" }))]);
        assert_eq!(tag(&denoising, "train/loss"), "train/ae/loss/denoising-mse");
    }

    #[test]
    fn counters_are_no_scalars_and_other_keys_keep_their_names() {
        let gan = model("gan", &[]);
        for key in COUNTERS {
            assert_eq!(of(&gan, key), None);
        }
        assert_eq!(tag(&gan, "images_per_second"), "cost/images_per_second");
        assert_eq!(tag(&gan, "modes"), "modes");
    }
}
