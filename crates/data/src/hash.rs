//! The hash of what a dataset holds.

use crate::{
    scenes::Scenes,
    values::{Numbers, Pasts, Values},
};
use genlab_core::{ImageShape, Kind, Range, digest::hex};
use sha2::{Digest, Sha256};

/// SHA-256 of all splits' numbers and labels and of their shape, in lower-case hex. Sizes are u64,
/// everything is little-endian.
///
/// Images of bytes whose labels are below 256: the tag `genlab-data/1` and a newline, C, H, W, then for
/// train, validation and test the number of values, their levels, the number of labels (0 without
/// labels), the labels as one byte each.
///
/// Everything else: the tag `genlab-data/2` and a newline; kind, range and type in words, `points real
/// floats` and a newline; then the same with floats as f32 and labels as u32, and
/// after each split's labels, where it has pasts, their length and their numbers as f32, and where it is of scenes, the number
/// of bytes of the caption that it has of each, and its text.
pub(crate) fn content_hash(splits: [&Values; 3]) -> String {
    let mut hasher = Sha256::new();
    let narrow = splits.iter().all(|values| is_narrow(values));
    if narrow {
        hasher.update(b"genlab-data/1\n");
    } else {
        hasher.update(b"genlab-data/2\n");
        hasher.update(words(splits[0]));
    }
    let ImageShape { channels, height, width } = splits[0].shape();
    for size in [channels, height, width] {
        number(&mut hasher, size);
    }
    for values in splits {
        number(&mut hasher, values.len());
        match &values.numbers {
            Numbers::Bytes(bytes) => hasher.update(bytes),
            Numbers::Floats(floats) => floats.iter().for_each(|v| hasher.update(v.to_le_bytes())),
        }
        let labels = values.labels.as_deref().unwrap_or_default();
        number(&mut hasher, labels.len());
        for label in labels {
            let bytes = label.to_le_bytes();
            hasher.update(if narrow { &bytes[..1] } else { &bytes });
        }
        if let Some(Pasts { length, numbers }) = &values.pasts {
            number(&mut hasher, *length);
            for v in numbers {
                hasher.update(v.to_le_bytes());
            }
        }
        for scene in values.scenes.iter().flat_map(Scenes::rows) {
            let caption = scene.told().text();
            number(&mut hasher, caption.len());
            hasher.update(caption);
        }
    }
    hex(&hasher.finalize())
}

/// Whether the layout of version 1 can hold it.
fn is_narrow(values: &Values) -> bool {
    let labels = values.labels.as_deref().unwrap_or_default();
    values.space.kind == Kind::Images
        && values.scenes.is_none()
        && values.bytes().is_some()
        && labels.iter().all(|&label| u8::try_from(label).is_ok())
}

fn words(values: &Values) -> String {
    let kind = match values.space.kind {
        Kind::Images => "images",
        Kind::Points => "points",
        Kind::Series => "series",
    };
    let range = match values.space.range {
        Range::Unit => "unit",
        Range::Real => "real",
    };
    let numbers = match values.numbers {
        Numbers::Bytes(_) => "bytes",
        Numbers::Floats(_) => "floats",
    };
    format!("{kind} {range} {numbers}\n")
}

fn number(hasher: &mut Sha256, value: usize) {
    hasher.update((value as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::Space;

    fn images(count: usize, labels: Option<Vec<u32>>) -> Values {
        let bytes = (0..count * 2).map(|i| i as u8).collect();
        Values::images(ImageShape::new(1, 1, 2), bytes).with_labels(labels)
    }

    fn points(floats: &[f32], labels: Option<Vec<u32>>) -> Values {
        Values::floats(Space::points(2, 0.0, 1.0), floats.to_vec()).with_labels(labels)
    }

    /// Every one of `others` differs from `base`, and so do the splits in another order.
    fn check(base: &Values, empty: &Values, others: &[Values]) {
        let hash = |a: &Values, b: &Values| content_hash([a, b, empty]);
        let reference = hash(base, empty);
        for changed in others {
            assert_ne!(hash(changed, empty), reference, "{changed:?}");
        }
        assert_ne!(hash(empty, base), reference);
        assert_eq!(hash(&base.clone(), empty), reference);
    }

    #[test]
    fn the_hash_covers_levels_labels_shape_and_splits() {
        let base = images(4, Some(vec![0; 4]));
        let pixel =
            Values { numbers: Numbers::Bytes(vec![0, 1, 2, 3, 4, 5, 6, 0]), ..base.clone() };
        let label = base.clone().with_labels(Some(vec![0, 0, 0, 1]));
        let wide = base.clone().with_labels(Some(vec![0, 0, 0, 256]));
        let shape = Values { space: Space::images(ImageShape::new(1, 2, 1)), ..base.clone() };
        let floats = Values::floats(base.space, base.to_f32()).with_labels(base.labels.clone());
        check(&base, &images(0, None), &[pixel, label, wide, shape, floats, images(4, None)]);
    }

    #[test]
    fn the_hash_covers_floats_labels_kind_and_range() {
        let base = points(&[0.0, 1.0, 2.0, 3.0], Some(vec![0, 1]));
        let sign = points(&[-0.0, 1.0, 2.0, 3.0], Some(vec![0, 1]));
        let label = base.clone().with_labels(Some(vec![0, 257]));
        let series = Values { space: Space { kind: Kind::Series, ..base.space }, ..base.clone() };
        let unit = Values { space: Space { range: Range::Unit, ..base.space }, ..base.clone() };
        let unlabelled = base.clone().with_labels(None);
        check(&base, &points(&[], None), &[sign, label, series, unit, unlabelled]);
    }

    #[test]
    fn the_hash_is_that_of_the_documented_bytes() {
        // sha256 of the layout written out in Python with struct.pack("<Q", ..) and hashlib.
        let train = images(2, Some(vec![7, 8]));
        let hash = content_hash([&train, &images(0, None), &images(1, None)]);
        assert_eq!(hash, "a57e9c16bdcf6ddbecba0472c81a6b3842284a7e891bb8cd68d9c2c900be20c1");
        let train = images(2, Some(vec![7, 800]));
        let hash = content_hash([&train, &images(0, None), &images(1, None)]);
        assert_eq!(hash, "109da2daca33b1b064cac2ff42ea22d3def320528879c0132a4156244e67594f");
        let train = points(&[0.5, -1.25, 3.0, 1e-3], Some(vec![7, 800]));
        let hash = content_hash([&train, &points(&[], None), &points(&[2.0, 0.0], None)]);
        assert_eq!(hash, "503bf4746402c2fbb2f9ccfed28ae09e07f1053414f9166dad4cf9a286a283cb");
    }
}
