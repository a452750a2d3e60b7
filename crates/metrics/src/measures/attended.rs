//! Where models look at pictures, drawn. Needs one that has attention to them and tells of it.

use super::descriptions::figure;
use crate::{
    canvas::{Canvas, ENLARGED, shares},
    context::Context,
    features::host,
    letters,
};
use genlab_core::{Classify, Describe, ImageShape};
use genlab_data::{Values, scenes::Scenes};
use genlab_results::{Figure, ImageStrip, Plot, Scope};
use std::iter;

/// Pictures of two objects whose captions are shown, a row each.
const CAPTIONS: usize = 6;
/// Images whose class is shown, and of them in a row.
const IMAGES: usize = 12;
const COLUMNS: usize = 6;
/// The level of places that a shorter caption leaves, which is that between pictures.
const BLANK: u8 = 128;

/// The first pictures of two objects, and where the model looks at them as it says each word of what it says of every picture of
/// the split, `texts`. Nothing for pictures that have no colours.
pub(super) fn written(
    describer: &dyn Describe,
    split: &Values,
    scenes: &Scenes,
    texts: &[String],
    context: &Context<'_>,
) -> Option<Figure> {
    let ImageShape { channels, height, width } = split.shape();
    let of_two = |row: &usize| scenes.rows()[*row].objects.len() == 2;
    let rows: Vec<usize> = (0..split.len()).filter(of_two).take(CAPTIONS).collect();
    if rows.is_empty() || channels != 3 {
        return None;
    }
    let shown = split.select(&rows);
    let texts: Vec<String> = rows.iter().map(|row| texts[*row].clone()).collect();
    let captions = scenes.vocabulary().tensor(&texts, &context.device);
    let values = shown.tensor(0..rows.len(), &context.device);
    let weights = host::floats(describer.attended(values, captions)?);

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
    let rows = weights.chunks(weights.len() / rows.len()).enumerate();
    let plot = Plot::Strip(ImageStrip {
        channels,
        height: height_of_tile,
        width: width_of_tile,
        pixels: rows.flat_map(levels).collect(),
        columns,
    });
    let caption = format!(
        "Not picked: the first pictures of two objects, a row each, and beside each where the model looked as it wrote each word. \
         Bright is where the weights of its last attention to the picture are large, the mean over heads: the picture, half way \
         to white, times their share in the largest of the word. Look whether an object lights up at its colour and its digit. \
         A place of the picture knows what is around it, and the weights are no explanation of the answer (Jain & Wallace 2019, \
         arXiv:1902.10186). Row by row: {}.",
        texts.join("; "),
    );
    Some(figure("attended", "Where each word was looked for", caption, plot))
}

/// The first images of the split, each beside what its places contribute to what a classifier reads. Nothing for values without
/// labels.
pub(super) fn read(classifier: &dyn Classify, context: &Context<'_>) -> Option<Figure> {
    let shown = context.split().take(IMAGES);
    let ImageShape { channels, height, width } = shown.shape();
    let values = shown.tensor(0..shown.len(), &context.device);
    let weights = host::floats(classifier.attended(values.clone())?);
    let logits = host::floats(classifier.classify(values).logits);
    let labels = shown.labels.as_ref()?;

    let maps = || weights.chunks(height * width);
    let pair = |(row, map): (usize, &[f32])| {
        let bright = |share: f32| (share * f32::from(u8::MAX)).round() as u8;
        let plane: Vec<u8> = shares(map).into_iter().map(bright).collect();
        [shown.image(row), &plane.repeat(channels)].concat()
    };
    let names = context.dataset.classes.as_deref().unwrap_or_default();
    let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let rows = logits.chunks(classifier.classes()).zip(labels).zip(maps());
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
             blocks, each map over its largest. Look whether strokes are brighter than what is around them. The weights are no \
             explanation of the answer (Jain & Wallace 2019, arXiv:1902.10186). Row by row the class that is read, for the true \
             one where that is another, and the largest contribution over the mean, 1 where all contribute alike: {}.",
            words.collect::<Vec<_>>().join("; "),
        ),
        scope: Scope::Run,
        plot: Plot::Strip(ImageStrip {
            channels,
            height,
            width,
            pixels: maps().enumerate().flat_map(pair).collect(),
            columns: 2 * COLUMNS,
        }),
    })
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
}
