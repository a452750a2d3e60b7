//! How large a classifier's network is.

use genlab_core::{
    Check, Fault, ImageShape,
    nn::VitConfig,
    settings::{at_most, optional_within, size, sizes},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Enough to build a classifier's network: a transformer or 3×3 convolutions, affine layers, the hidden layer of the
/// features, one linear classifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Size of its values.
    pub shape: ImageShape,
    /// Number of classes.
    pub classes: usize,
    /// The transformer that reads the values; None: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transformer: Option<VitConfig>,
    /// Output channels and stride of each 3×3 convolution; none beside a transformer.
    pub convolutions: Cow<'static, [(usize, usize)]>,
    /// Widths of the affine layers between those and the hidden layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<usize>,
    /// Dimension of the features.
    pub features: usize,
}

/// Longest side, in pixels, that the wide layers are given: larger images are halved before.
const WIDE_SIDE: usize = 32;
/// Longest side of images that get the small network.
const SMALL_SIDE: usize = 12;
/// Channels of a layer that only halves an image.
const HALVING: (usize, usize) = (16, 2);

const SMALL: &[(usize, usize)] = &[(24, 1), (48, 2), (48, 1)];
const WIDE: &[(usize, usize)] = &[(24, 1), (32, 2), (48, 1), (64, 2), (64, 2)];

impl Architecture {
    /// Three convolutions and 32 features, for images of about 8x8.
    pub const fn small(shape: ImageShape, classes: usize) -> Self {
        Self {
            shape,
            classes,
            transformer: None,
            convolutions: Cow::Borrowed(SMALL),
            layers: Vec::new(),
            features: 32,
        }
    }

    /// Five convolutions and 64 features, for images of about 28x28.
    pub const fn wide(shape: ImageShape, classes: usize) -> Self {
        Self {
            shape,
            classes,
            transformer: None,
            convolutions: Cow::Borrowed(WIDE),
            layers: Vec::new(),
            features: 64,
        }
    }

    /// The network for images of any shape: small up to 12 pixels a side, wide up to 32, and beyond
    /// that wide behind layers that halve, so that an image costs about the same whatever its size.
    pub fn of(shape: ImageShape, classes: usize) -> Self {
        let mut longest = shape.height.max(shape.width);
        if longest <= SMALL_SIDE {
            return Self::small(shape, classes);
        }
        let mut out = Self::wide(shape, classes);
        while longest > WIDE_SIDE {
            out.convolutions.to_mut().insert(0, HALVING);
            longest = longest.div_ceil(2);
        }
        out
    }

    /// Numbers that the transformer or the convolutions leave of a value: a padded 3×3 convolution rounds up.
    pub fn flat_width(&self) -> usize {
        if let Some(transformer) = &self.transformer {
            return transformer.width;
        }
        let (mut height, mut width) = (self.shape.height, self.shape.width);
        let mut channels = self.shape.channels;
        for &(outputs, stride) in self.convolutions.iter() {
            (height, width) = (height.div_ceil(stride), width.div_ceil(stride));
            channels = outputs;
        }
        channels * height * width
    }
}

/// Numbers of a network at most: several hundred times those of the largest judge.
const MOST_WEIGHTS: usize = 1 << 26;
/// Longest side of its values, and their channels at most.
const MOST_SIDE: usize = 8192;

impl Check for Architecture {
    fn check(&self) -> Result<(), Fault> {
        let ImageShape { channels, height, width } = self.shape;
        for (key, side) in [("channels", channels), ("height", height), ("width", width)] {
            size(key, side)
                .and_then(|()| at_most(key, side, MOST_SIDE))
                .map_err(|f| f.within("shape"))?;
        }
        size("classes", self.classes)?;
        size("features", self.features)?;
        sizes("layers", &self.layers)?;
        optional_within("transformer", self.transformer.as_ref())?;
        if self.transformer.is_some() && !self.convolutions.is_empty() {
            return Err(Fault::new("convolutions", "must be none beside a transformer"));
        }
        let mut weights = self.transformer.map_or(0, |config| config.weights(channels));
        let mut inputs = channels;
        for &(outputs, stride) in self.convolutions.iter() {
            let within = |fault: Fault| fault.within("convolutions");
            size("channels", outputs).map_err(within)?;
            size("stride", stride).map_err(within)?;
            weights =
                weights.saturating_add(9_usize.saturating_mul(inputs).saturating_mul(outputs));
            inputs = outputs;
        }
        let widths = [&[self.flat_width()], &self.layers[..], &[self.features, self.classes]];
        for pair in widths.concat().windows(2) {
            weights = weights.saturating_add(pair[0].saturating_mul(pair[1]));
        }
        if weights <= MOST_WEIGHTS {
            return Ok(());
        }
        let problem = format!("give {weights} weights; there must be at most {MOST_WEIGHTS}");
        Err(Fault::new("its layers", problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_images_are_halved_until_they_fit() {
        for (side, layers, width) in [
            (8, 3, 48 * 16),
            (28, 5, 64 * 16),
            (32, 5, 64 * 16),
            (33, 6, 64 * 9),
            (112, 7, 64 * 16),
        ] {
            let architecture = Architecture::of(ImageShape::new(3, side, side / 2 + 1), 4);
            assert_eq!(architecture.convolutions.len(), layers, "{side}");
            let square = Architecture::of(ImageShape::new(3, side, side), 4);
            assert_eq!(square.flat_width(), width, "{side}");
        }
    }

    #[test]
    fn a_transformer_is_bounded_and_stands_alone() {
        let of = |transformer| Architecture {
            transformer: Some(transformer),
            convolutions: Cow::Borrowed(&[]),
            ..Architecture::wide(ImageShape::new(1, 28, 28), 10)
        };
        let fault = |architecture: Architecture| architecture.check().expect_err("refused");
        let sound = of(VitConfig::default());
        assert_eq!(sound.check(), Ok(()));
        assert_eq!(sound.flat_width(), VitConfig::default().width);
        let path = fault(of(VitConfig { heads: 0, ..VitConfig::default() })).path;
        assert_eq!(path, "transformer.heads");
        let large = fault(of(VitConfig { depth: 1_000_000, ..VitConfig::default() })).to_string();
        assert!(large.ends_with("there must be at most 67108864"), "{large}");
        let both = Architecture { convolutions: Cow::Borrowed(SMALL), ..sound };
        assert_eq!(fault(both).to_string(), "convolutions must be none beside a transformer");
    }

    #[test]
    fn what_is_written_without_a_transformer_says_nothing_of_it() {
        let architecture = Architecture::small(ImageShape::new(1, 8, 8), 10);
        let text = serde_json::to_string(&architecture).expect("plain values");
        assert!(!text.contains("transformer"), "{text}");
        assert_eq!(serde_json::from_str::<Architecture>(&text).expect("its own"), architecture);
    }
}
