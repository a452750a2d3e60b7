//! Ways from one image to another through a model's codes.

use super::{COLUMNS, across, figure, strip};
use burn::tensor::Tensor;
use genlab_core::{Condition, Decode, Encode, Generative, Invert};
use genlab_metrics::{context::Context, features::host::floats};
use genlab_results::Figure;

const NAME: &str = "interpolation";
const SECTION: &str = "Interpolation";

/// Along a straight line between codes, or, without an encoder, along an arc between the noise that images come
/// from. None with fewer than two images: a way has two ends.
pub(super) fn interpolation(model: &dyn Generative, context: &Context<'_>) -> Option<Figure> {
    let (caption, images) = match (model.encoder(), model.decoder(), model.inverter()) {
        (Some(encoder), Some(decoder), _) => along_lines(encoder, decoder, model, context),
        (None, _, Some(inverter)) => along_arcs(inverter, model, context),
        _ => None,
    }?;
    Some(figure(NAME, SECTION, caption, strip(images, across(context), context)))
}

/// The first values of the split in pairs, and how many pairs.
fn pairs(context: &Context<'_>) -> Option<(Tensor<4>, usize)> {
    let pairs = (context.split().len() / 2).min(COLUMNS);
    (pairs > 0).then(|| (context.split().tensor(0..2 * pairs, &context.device), pairs))
}

/// What the model is told along the way of a pair: what its first image is.
fn told(pair: usize, count: usize, model: &dyn Generative, context: &Context<'_>) -> Condition {
    let first = 2 * pair..2 * pair + 1;
    context.told(context.split(), first, model.conditions()).repeated(count)
}

/// What a reader must know of a model that is told classes.
fn to_whom(model: &dyn Generative) -> &'static str {
    match model.conditions().classes {
        Some(_) => {
            " The model is told the class of the left one all the way, so the right one is not reached where theirs differ."
        }
        None => "",
    }
}

/// From 0 to 1 in `count` even steps.
fn shares(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |index| index as f64 / (count - 1) as f64)
}

/// Straight lines between the codes of pairs of images, decoded: one row a pair.
fn along_lines(
    encoder: &dyn Encode,
    decoder: &dyn Decode,
    model: &dyn Generative,
    context: &Context<'_>,
) -> Option<(String, Tensor<4>)> {
    let (images, pairs) = pairs(context)?;
    let all = context.told(context.split(), 0..2 * pairs, model.conditions());
    let codes = encoder.encode(images, &all).mean;
    let steps = across(context);
    let row = |pair: usize| {
        let [from, to] = [0, 1].map(|end| codes.clone().narrow(0, 2 * pair + end, 1));
        let point = |share: f64| from.clone() * (1.0 - share) + to.clone() * share;
        let points = shares(steps).map(point).collect();
        decoder.decode(Tensor::cat(points, 0), &told(pair, steps, model, context))
    };
    let split = context.settings.split.name();
    let caption = format!(
        "Each row walks from the code of one {split} image to that of another and is decoded on the way.{}",
        to_whom(model)
    );
    Some((caption, Tensor::cat((0..pairs).map(row).collect(), 0)))
}

/// Arcs between the noise that pairs of images come from, with the images themselves at both ends: one row a pair.
fn along_arcs(
    inverter: &dyn Invert,
    model: &dyn Generative,
    context: &Context<'_>,
) -> Option<(String, Tensor<4>)> {
    let (images, pairs) = pairs(context)?;
    let all = context.told(context.split(), 0..2 * pairs, model.conditions());
    let noise = inverter.noise_of(images.clone(), &all);
    let between = across(context) - 2;
    let row = |pair: usize| {
        let [from, to] = [0, 1].map(|end| noise.clone().narrow(0, 2 * pair + end, 1));
        let arc = shares(between).map(|share| spherical(&from, &to, share)).collect();
        let made = inverter.values_of(Tensor::cat(arc, 0), &told(pair, between, model, context));
        let [first, last] = [0, 1].map(|end| images.clone().narrow(0, 2 * pair + end, 1));
        Tensor::cat(vec![first, made, last], 0)
    };
    let split = context.settings.split.name();
    let caption = format!(
        "Two {split} images, left and right, and between them what the noise that they come from makes on its way from one \
         to the other along an arc ({}).{}",
        inverter.method(),
        to_whom(model)
    );
    Some((caption, Tensor::cat((0..pairs).map(row).collect(), 0)))
}

/// sin((1 − a)θ) / sin θ · x + sin(aθ) / sin θ · y of rows x and y at the angle θ to each other (Shoemake 1985; Eq. 67
/// of Song et al. 2021, arXiv:2010.02502): as long as normal noise is, where the middle of a straight line is
/// shorter by a factor of √2.
fn spherical(from: &Tensor<2>, to: &Tensor<2>, share: f64) -> Tensor<2> {
    let dot = |a: &Tensor<2>, b: &Tensor<2>| f64::from(floats((a.clone() * b.clone()).sum())[0]);
    let cosine = dot(from, to) / (dot(from, from) * dot(to, to)).sqrt();
    let angle = cosine.clamp(-1.0, 1.0).acos();
    let part = |share: f64| {
        // In the limit of no angle, and of the opposite one, whose arc could be any, it is a straight line.
        if angle.sin() > 1e-6 { (share * angle).sin() / angle.sin() } else { share }
    };
    from.clone() * part(1.0 - share) + to.clone() * part(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn row(values: [f32; 3]) -> Tensor<2> {
        Tensor::<1>::from_floats(values, &Device::flex()).reshape([1, 3])
    }

    fn close(found: Tensor<2>, expected: [f64; 3]) {
        let found = floats(found);
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn an_arc_has_evenly_spaced_angles_and_keeps_its_length() {
        let (x, y) = (row([2.0, 0.0, 0.0]), row([0.0, 2.0, 0.0]));
        for share in [0.0, 0.25, 0.5, 1.0] {
            let angle = share * std::f64::consts::FRAC_PI_2;
            close(spherical(&x, &y, share), [2.0 * angle.cos(), 2.0 * angle.sin(), 0.0]);
        }
        // SciPy 1.17, geometric_slerp of (1, 2, 2)/3 and (2, −1, 2)/3 at 0.3.
        let third = |v: [f32; 3]| row(v.map(|v| v / 3.0));
        let found = spherical(&third([1.0, 2.0, 2.0]), &third([2.0, -1.0, 2.0]), 0.3);
        close(found, [0.504_261_2, 0.400_228_0, 0.765_204_7]);
        close(spherical(&x, &x, 0.3), [2.0, 0.0, 0.0]);
    }
}
