//! Where models look at pictures, drawn. Needs one that has attention to them and tells of it.

use super::descriptions::figure;
use crate::{
    canvas::{Canvas, ENLARGED, shares},
    context::Context,
    features::host,
    letters, picture,
};
use genlab_core::{Classify, Conditions, Denoise, Describe, ImageShape};
use genlab_data::Values;
use genlab_results::{Figure, ImageStrip, Plot, Scope};
use std::iter;

/// Pictures of two objects whose captions are shown, a row each.
const CAPTIONS: usize = 6;
/// Images whose class is shown, and of them in a row.
const IMAGES: usize = 12;
const COLUMNS: usize = 6;
/// The level of places that a shorter caption leaves, which is that between pictures.
const BLANK: u8 = 128;
/// What is to be known of weights wherever they are shown.
const NO_EXPLANATION: &str =
    "weights are no explanation of the answer (Jain & Wallace 2019, arXiv:1902.10186)";

/// The first pictures of two objects, and where the model looks at them as it says each word of what it says of every picture of
/// the split, `texts`. Nothing for pictures that have no colours.
pub(super) fn written(
    describer: &dyn Describe,
    split: &Values,
    texts: &[String],
    context: &Context<'_>,
) -> Option<Figure> {
    let rows = of_two_objects(split)?;
    let shown = split.select(&rows);
    let texts: Vec<String> = rows.iter().map(|row| texts[*row].clone()).collect();
    let captions = shown.scenes.as_ref()?.vocabulary().tensor(&texts, &context.device);
    let values = shown.tensor(0..shown.len(), &context.device);
    let weights = host::floats(describer.attended(values, captions)?);
    let caption = format!(
        "Not picked: the first pictures of two objects, a row each, and beside each where the model looked as it wrote each word. \
         Bright is where the weights of its last attention to the picture are large, the mean over heads: the picture, half way \
         to white, times their share in the largest of the word. Look whether an object lights up at its colour and its digit. \
         A place of the picture knows what is around it, and the {NO_EXPLANATION}. Row by row: {}.",
        texts.join("; "),
    );
    let plot = word_by_word(&shown, &texts, &weights);
    Some(figure("attended", "Where each word was looked for", caption, plot))
}

/// The first pictures of two objects, and where a model that takes noise away from them looks for each word of their captions.
/// Nothing for pictures that have no colours.
pub(super) fn told(
    denoiser: &dyn Denoise,
    conditions: Conditions,
    context: &Context<'_>,
) -> Option<Figure> {
    conditions.captions?;
    let rows = of_two_objects(context.split())?;
    let shown = context.split().select(&rows);
    let values = shown.tensor(0..shown.len(), &context.device);
    let [least, most] = denoiser.levels();
    let sigma = shown.space.sd.clamp(least, most);
    let (rows, shape) = (0..shown.len() as u64, values.dims());
    let noise = context.noise().normal("evaluate/attended", 0, rows, shape, &context.device);
    let condition = context.told(&shown, 0..shown.len(), conditions);
    let weights = host::floats(denoiser.attended(values + noise * sigma, sigma, &condition)?);
    let scenes = shown.scenes.as_ref()?.rows();
    let texts: Vec<String> = scenes.iter().map(|scene| scene.told().text()).collect();
    Some(Figure {
        name: "attended".into(),
        section: "Denoising".into(),
        title: "Where each word of the caption is looked for".into(),
        caption: format!(
            "Not picked: the first pictures of two objects, a row each. The model was given them with noise of the data's standard \
             deviation, and their captions. Bright is where the weights by which places of the innermost level look at the word \
             are large, the mean over heads, on the way up: the picture without noise, half way to white, times their share in \
             the largest of the word. Look whether the word of a digit or of a colour lights up its object alone. A place knows \
             what is around it, and the {NO_EXPLANATION}. Row by row: {}.",
            texts.join("; "),
        ),
        scope: Scope::Run,
        plot: word_by_word(&shown, &texts, &weights),
    })
}

/// The rows of the first pictures of two objects. None where there are none, or pictures have no colours.
fn of_two_objects(split: &Values) -> Option<Vec<usize>> {
    let scenes = split.scenes.as_ref().filter(|_| split.shape().channels == 3)?.rows();
    let of_two = |row: &usize| scenes[*row].objects.len() == 2;
    let rows: Vec<usize> = (0..split.len()).filter(of_two).take(CAPTIONS).collect();
    (!rows.is_empty()).then_some(rows)
}

/// A row for each picture: itself, and then, under each word of its text, itself under `weights` `[n, T, H, W]`.
fn word_by_word(shown: &Values, texts: &[String], weights: &[f32]) -> Plot {
    let ImageShape { channels, height, width } = shown.shape();
    let columns = 1 + texts.iter().map(|text| text.split_whitespace().count()).max().unwrap_or(0);
    let [height_of_tile, width_of_tile] = [height * ENLARGED + letters::HEIGHT, width * ENLARGED];
    let levels = |(row, weights): (usize, &[f32])| {
        let scene = || Canvas::new(shown.image(row), [height, width]);
        let words = texts[row].split_whitespace().zip(weights.chunks(height * width));
        let looks = words.map(|(word, weights)| scene().with_weights(weights).under(word));
        let tiles = iter::once(scene().under("")).chain(looks);
        let mut levels: Vec<u8> = tiles.flat_map(|tile| tile.levels).collect();
        levels.resize(columns * channels * height_of_tile * width_of_tile, BLANK);
        levels
    };
    Plot::Strip(ImageStrip {
        channels,
        height: height_of_tile,
        width: width_of_tile,
        pixels: weights.chunks(weights.len() / texts.len()).enumerate().flat_map(levels).collect(),
        columns,
    })
}

/// The first images of the split, each beside what its places contribute to what a classifier reads. Nothing for values without
/// labels.
pub(super) fn read(classifier: &dyn Classify, context: &Context<'_>) -> Option<Figure> {
    let shown = context.split().take(IMAGES);
    let ImageShape { height, width, .. } = shown.shape();
    let values = shown.tensor(0..shown.len(), &context.device);
    let weights = host::floats(classifier.attended(values.clone())?);
    let logits = host::floats(classifier.classify(values).logits);
    let labels = shown.labels.as_ref()?;

    let names = context.dataset.classes.as_deref().unwrap_or_default();
    let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let rows = logits.chunks(classifier.classes()).zip(labels).zip(weights.chunks(height * width));
    let words = rows.map(|((logits, label), map)| {
        let (class, label) = (likeliest(logits), *label as usize);
        let said = if class == label { String::new() } else { format!(" for {}", name(label)) };
        format!("{}{said} {:.1}", name(class), concentration(map))
    });
    Some(Figure {
        name: "attended".into(),
        section: "Attention".into(),
        title: "What patches contribute".into(),
        caption: format!(
            "Not picked: the first images, and beside each how much its patches contribute to what is read, by attention rollout \
             (Abnar & Zuidema 2020, arXiv:2005.00928). Bright is where the weights of attention lead from what is read through all \
             blocks, each map over its largest. Look whether strokes are brighter than what is around them. The {NO_EXPLANATION}. \
             Row by row the class that is read, for the true one where that is another, and the largest contribution over the mean, \
             1 where all contribute alike: {}.",
            words.collect::<Vec<_>>().join("; "),
        ),
        scope: Scope::Run,
        plot: beside(&shown, &weights),
    })
}

/// Each image beside its weights `[n, H, W]`, of which all channels, and so all frames of a clip, have the same.
fn beside(shown: &Values, weights: &[f32]) -> Plot {
    let ImageShape { channels, height, width } = shown.shape();
    let bright = |share: f32| (share * f32::from(u8::MAX)).round() as u8;
    let pair = |(row, map): (usize, &[f32])| {
        let plane: Vec<u8> = shares(map).into_iter().map(bright).collect();
        [shown.image(row), &plane.repeat(channels)].concat()
    };
    let levels = weights.chunks(height * width).enumerate().flat_map(pair).collect();
    let columns = 2 * picture::in_a_row(shown.space, COLUMNS);
    Plot::Strip(picture::strip(&Values::images(shown.shape(), levels), columns))
}

/// The class of the largest of these logits.
fn likeliest(logits: &[f32]) -> usize {
    let classes = logits.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    classes.map_or(0, |(class, _)| class)
}

/// The largest weight over the mean.
fn concentration(weights: &[f32]) -> f32 {
    let largest = weights.iter().copied().fold(0.0, f32::max);
    let mean = weights.iter().sum::<f32>() / weights.len().max(1) as f32;
    largest / mean.max(f32::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_logit_is_read_and_weights_all_alike_are_concentrated_nowhere() {
        assert_eq!(likeliest(&[0.5, -2.0, 0.75, 0.0]), 2);
        assert_eq!(concentration(&[0.25; 4]), 1.0);
        assert_eq!(concentration(&[1.0, 0.0, 0.0, 0.0]), 4.0);
        assert_eq!(concentration(&[0.0; 4]), 0.0);
    }

    #[test]
    fn an_image_stands_beside_its_weights_and_so_does_a_clip_with_all_its_frames() {
        let strip = |channels: usize| {
            let shape = ImageShape::new(channels, 1, 2);
            let levels = (0..2 * shape.pixels() as u8).collect();
            let Plot::Strip(strip) = beside(&Values::images(shape, levels), &[0.1, 0.2, 0.0, 0.0])
            else {
                panic!("a strip")
            };
            strip
        };
        let grey = strip(1);
        assert_eq!((grey.channels, grey.columns), (1, 2 * COLUMNS));
        assert_eq!(grey.pixels, [0, 1, 128, 255, 2, 3, 0, 0]);
        let clips = strip(8);
        assert_eq!((clips.channels, clips.height, clips.width), (1, 1, 8 * 3 - 1));
        assert_eq!((clips.columns, clips.count()), (2, 4), "a clip and its weights in a row");
        let without_dividers = |image: &[u8]| -> Vec<u8> {
            image.chunks(3).flat_map(|frame| frame[..2].to_vec()).collect()
        };
        let images: Vec<Vec<u8>> = clips.images().map(without_dividers).collect();
        assert_eq!(images[0], (0..16).collect::<Vec<u8>>());
        assert_eq!(images[1], [128, 255].repeat(8));
        assert_eq!(images[2], (16..32).collect::<Vec<u8>>());
    }
}
