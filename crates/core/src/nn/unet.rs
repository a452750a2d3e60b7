//! A small U-Net (Ronneberger et al. 2015) with the residual blocks of Ho et al. 2020.

mod blocks;
mod control;

pub use control::ControlBranch;

use super::{
    backbone::{crop, pad_to_multiple},
    caption_embedding::CaptionEmbedding,
    class_embedding::ClassEmbedding,
    conv::{Activation, Conv2d, Conv2dConfig, GroupNorm},
    interval::{Interval, SpanEmbedding, told},
    linear::Linear,
    low_resolution_channels::LowResolutionChannels,
    patches::{by_pixels, fold_patches, unfold_patches},
    predicted::Predicted,
    time::sinusoidal_embedding,
};
use crate::{
    condition::{Captions, Condition, Conditions},
    params::{named_params, update_params},
    settings::{Check, Fault, even, levels, multiple, size},
    space::Space,
};
use blocks::{AttentionBlock, Encoded, Encoder, ResidualBlock, Told, WayDown};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::{silu, upsample_nearest2x};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Size of a U-Net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UNetConfig {
    /// Channels of each level, from full resolution inwards; each level halves height and width.
    pub channels: Vec<usize>,
    /// Side of the square patches folded into channels before the first level: 1 for none, 2 makes
    /// every level four times cheaper.
    pub patch_size: usize,
    /// Largest number of groups of each group normalisation.
    pub norm_groups: usize,
    /// Size of the time embedding, even and at least 4.
    pub time_embedding_dim: usize,
    /// Levels whose residual blocks end in self-attention, from 0 at full resolution. The block in the middle
    /// belongs to the innermost level. Its cost grows with the square of a level's pixels.
    pub attention: Vec<usize>,
}

impl Default for UNetConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 64],
            patch_size: 1,
            norm_groups: 8,
            time_embedding_dim: 128,
            attention: Vec::new(),
        }
    }
}

impl Check for UNetConfig {
    fn check(&self) -> Result<(), Fault> {
        levels("channels", &self.channels)?;
        size("patch_size", self.patch_size)?;
        size("norm_groups", self.norm_groups)?;
        even("time_embedding_dim", self.time_embedding_dim, 4)?;
        let levels = self.channels.len();
        match self.attention.iter().find(|level| **level >= levels) {
            Some(level) => Err(Fault::new(
                "attention",
                format!("has level {level}; there are {levels}, counted from 0"),
            )),
            None => Ok(()),
        }
    }
}

impl UNetConfig {
    /// # Errors
    /// When its innermost level cannot look at the words of captions; the fault is that of `key`.
    pub fn reads(&self, key: &str, conditions: Conditions) -> Result<(), Fault> {
        let (Some(told), Some(innermost)) = (conditions.captions, self.channels.last()) else {
            return Ok(());
        };
        let heads = format_args!("condition.heads = {}", told.text.heads);
        multiple("channels", *innermost, told.text.heads, heads)
            // Sines and cosines of rows and of columns take a quarter each.
            .and_then(|()| multiple("channels", *innermost, 4, "4"))
            .map_err(|fault| fault.within(key))
    }

    /// A network from images of `space` around zero to as many numbers, told what `conditions` say: a class, an
    /// image at a lower resolution, a caption. Blocks at the innermost level look at a caption's words, and all are
    /// told their sum.
    pub fn init(&self, conditions: Conditions, space: Space, device: &Device) -> UNet {
        let (first, folded) = (self.first(), self.folded(space.shape.channels));
        let WayDown { down, downsample, middle } = self.way_down(conditions, device);
        let mut previous = self.channels.last().copied().unwrap_or(first);
        let mut up = Vec::new();
        let mut upsample = Vec::new();
        for (level, &channels) in self.channels.iter().enumerate().rev() {
            up.push(self.block(conditions, level, [previous + channels, channels], device));
            previous = channels;
            if level > 0 {
                // Already to the finer level's channels: half the work at the finer resolution.
                previous = self.channels[level - 1];
                upsample.push(Conv2dConfig::same3([channels, previous]).init(device));
            }
        }
        UNet {
            time_in: Linear::new(self.time_embedding_dim, self.time_embedding_dim, device),
            time_out: Linear::new(self.time_embedding_dim, self.time_embedding_dim, device),
            stem: self.stem(conditions, space, device),
            down,
            downsample,
            middle,
            up,
            upsample,
            norm: GroupNorm::new(self.norm_groups, first, device),
            head: Conv2dConfig::same3([first, folded]).init_zeros(device),
            variance: None,
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, self.time_embedding_dim, 1.0, device)),
            span: None,
            caption: conditions.captions.map(|captions| {
                CaptionEmbedding::new(captions, self.time_embedding_dim, 1.0, device)
            }),
            low: conditions.low_resolution.map(|_| LowResolutionChannels::new(space)),
            control: None,
            time_embedding_dim: self.time_embedding_dim,
            patch_size: self.patch_size,
        }
    }

    /// What controls a network of this size that is told what `conditions` say, by pictures of one channel.
    pub fn control(&self, conditions: Conditions, space: Space, device: &Device) -> ControlBranch {
        let stem = self.stem(conditions, space, device);
        let way_down = self.way_down(conditions, device);
        ControlBranch::new(stem, way_down, &self.channels, self.folded(1), device)
    }

    /// Channels of the first level.
    fn first(&self) -> usize {
        self.channels.first().copied().unwrap_or(32)
    }

    /// Channels of a folded image of so many.
    fn folded(&self, channels: usize) -> usize {
        channels * self.patch_size * self.patch_size
    }

    fn stem(&self, conditions: Conditions, space: Space, device: &Device) -> Conv2d {
        let low = conditions.low_resolution.map(|_| LowResolutionChannels::new(space).count());
        let read = self.folded(space.shape.channels + low.unwrap_or(0));
        Conv2dConfig::same3([read, self.first()]).init(device)
    }

    fn way_down(&self, conditions: Conditions, device: &Device) -> WayDown {
        let mut down = Vec::new();
        let mut downsample = Vec::new();
        let mut previous = self.first();
        for (level, &channels) in self.channels.iter().enumerate() {
            if level > 0 {
                let halve = Conv2dConfig::same3([previous, previous]).with_stride([2, 2]);
                downsample.push(halve.init(device));
            }
            down.push(self.block(conditions, level, [previous, channels], device));
            previous = channels;
        }
        let middle = self.block(conditions, self.innermost(), [previous, previous], device);
        WayDown { down, downsample, middle }
    }

    fn innermost(&self) -> usize {
        self.channels.len().saturating_sub(1)
    }

    /// A block of that level, from so many channels to so many.
    fn block(
        &self,
        conditions: Conditions,
        level: usize,
        [inputs, outputs]: [usize; 2],
        device: &Device,
    ) -> ResidualBlock {
        let groups = self.norm_groups;
        let attention = |seen, heads| AttentionBlock::new(outputs, seen, heads, groups, device);
        let own = self.attention.contains(&level).then(|| attention(outputs, 1));
        let captions = conditions.captions.filter(|_| level == self.innermost());
        let words = captions.map(|Captions { text, .. }| attention(text.width, text.heads));
        ResidualBlock::new(inputs, outputs, self.time_embedding_dim, groups, device)
            .with_attention(own, words)
    }
}

/// Images and times to images.
#[derive(Module, Debug)]
pub struct UNet {
    time_in: Linear,
    time_out: Linear,
    stem: Conv2d,
    down: Vec<ResidualBlock>,
    downsample: Vec<Conv2d>,
    middle: ResidualBlock,
    up: Vec<ResidualBlock>,
    upsample: Vec<Conv2d>,
    norm: GroupNorm,
    head: Conv2d,
    variance: Option<Conv2d>,
    class: Option<ClassEmbedding>,
    span: Option<SpanEmbedding>,
    caption: Option<CaptionEmbedding>,
    low: Option<LowResolutionChannels>,
    control: Option<ControlBranch>,
    time_embedding_dim: usize,
    patch_size: usize,
}

impl UNet {
    /// The same, told of spans of time as well.
    pub fn with_spans(self, device: &Device) -> Self {
        let size = self.time_embedding_dim;
        Self { span: Some(SpanEmbedding::new(size, size, device)), ..self }
    }

    /// The same, which also says how sure it is: by a second last layer, which starts at zero.
    pub fn with_variance(self, device: &Device) -> Self {
        let [folded, first, _, _] = self.head.weight.lazy_shape().dims();
        let variance = Conv2dConfig::same3([first, folded]).init_zeros(device);
        Self { variance: Some(variance), ..self }
    }

    /// The same, controlled by `branch`, whose copies begin with the weights of what they are copies of.
    pub fn with_control(self, branch: ControlBranch) -> Self {
        let own: BTreeMap<String, Tensor<1>> =
            named_params(&self).into_iter().map(|param| (param.name, param.value)).collect();
        let copied =
            update_params(branch, &mut |name, _, value| own.get(name).cloned().unwrap_or(value));
        Self { control: Some(copied), ..self }
    }

    /// `images` `[B, C, H, W]`, `times` `[B]` (the step number, any real) and what is told of each image,
    /// to `[B, C, H, W]`.
    pub fn forward(
        &self,
        images: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Tensor<4> {
        self.predict(images, times, condition).target
    }

    /// The same with its variance, where it was built with one.
    pub fn predict(
        &self,
        images: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Predicted<4> {
        let [batch, _, height, width] = images.dims();
        let told = self.told(times.into(), condition, batch);
        let encoded = self.encoded(images, &told, condition);
        let x = self.norm.forward(self.decoded(encoded, &told), Activation::Silu);
        let variance = self.variance.as_ref().map(|head| head.forward(x.clone()));
        Predicted { target: self.head.forward(x), variance }
            .map(|y| crop(unfold_patches(y, self.patch_size), [height, width]))
    }

    /// How much the place of each pixel looks at each word of the caption that is told of its image, at the innermost level of the
    /// way up, the mean over heads: `[B, T, H, W]`, with sum 1 over the T words, those that are padding among them. None of a
    /// network that reads no captions.
    pub fn attended(
        &self,
        images: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Option<Tensor<4>> {
        let [batch, _, height, width] = images.dims();
        let told = self.told(times.into(), condition, batch);
        let Encoded { mut levels, middle } = self.encoded(images, &told, condition);
        let (innermost, skip) = self.up.first().zip(levels.pop())?;
        let weights = innermost.weights(Tensor::cat(vec![middle, skip], 1), &told)?;
        Some(by_pixels(weights.swap_dims(1, 2), self.scale(), [height, width]))
    }

    /// The way down.
    fn encoded(&self, images: Tensor<4>, told: &Told, condition: &Condition) -> Encoded {
        let images = match &self.low {
            Some(low) => low.beside(images, condition),
            None => images,
        };
        let x = self.folded(images);
        let encoded = self.encoder().forward(self.stem.forward(x.clone()), told);
        match (&self.control, &condition.control) {
            (Some(branch), Some(control)) => {
                encoded.plus(branch.forward(x, self.folded(control.clone()), told))
            }
            _ => encoded,
        }
    }

    fn told(&self, Interval { time, span }: Interval, condition: &Condition, batch: usize) -> Told {
        let time = sinusoidal_embedding(time, self.time_embedding_dim);
        let mut time = self.time_out.forward(silu(self.time_in.forward(time)));
        let words = self.caption.as_ref().map(|caption| caption.words(condition, batch));
        if let (Some(caption), Some(words)) = (&self.caption, &words) {
            time = time + caption.summary(words.clone());
        }
        let time = told(time, (self.class.as_ref(), condition), (self.span.as_ref(), span));
        Told { time, words }
    }

    /// Images as the stem reads them.
    fn folded(&self, images: Tensor<4>) -> Tensor<4> {
        fold_patches(pad_to_multiple(images, self.scale()), self.patch_size)
    }

    /// Pixels of images along the side of a place of the innermost level.
    fn scale(&self) -> usize {
        self.patch_size << self.downsample.len()
    }

    fn encoder(&self) -> Encoder<'_> {
        Encoder { down: &self.down, downsample: &self.downsample, middle: &self.middle }
    }

    /// The way up.
    fn decoded(&self, Encoded { mut levels, middle }: Encoded, told: &Told) -> Tensor<4> {
        let mut x = middle;
        for (level, block) in self.up.iter().enumerate() {
            let skip = levels.pop().expect("one skip per level");
            x = block.forward(Tensor::cat(vec![x, skip], 1), told);
            if let Some(conv) = self.upsample.get(level) {
                x = conv.forward(upsample_nearest2x(x));
            }
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{condition::Words, nn::TextConfig, shape::ImageShape};
    use burn::tensor::{Distribution, Int};

    #[test]
    fn any_image_size_keeps_its_size() {
        let device = Device::flex();
        for (config, [c, h, w]) in [
            (UNetConfig { channels: vec![8, 8], ..UNetConfig::default() }, [1, 23, 17]),
            (
                UNetConfig { channels: vec![8, 8], patch_size: 2, ..UNetConfig::default() },
                [3, 9, 8],
            ),
        ] {
            let space = Space::images(ImageShape::new(c, h, w));
            let net = config.init(Conditions::default(), space, &device);
            let y = net.forward(
                Tensor::ones([2, c, h, w], &device),
                Tensor::from_floats([1.0, 9.0], &device),
                &Condition::default(),
            );
            assert_eq!(y.dims(), [2, c, h, w]);
        }
    }

    #[test]
    fn attention_belongs_to_its_levels() {
        let device = Device::flex();
        let plain = UNetConfig { channels: vec![8, 16], ..UNetConfig::default() };
        let space = Space::images(ImageShape::new(1, 8, 8));
        let names = |attention: &[usize]| -> Vec<String> {
            let config = UNetConfig { attention: attention.to_vec(), ..plain.clone() };
            let params = named_params(&config.init(Conditions::default(), space, &device));
            let queries = |name: &String| name.ends_with("attention.q.weight");
            params.into_iter().map(|param| param.name).filter(queries).collect()
        };
        let place = |block: &str| format!("{block}.attention.attention.q.weight");
        assert_eq!(names(&[]), [""; 0]);
        assert_eq!(names(&[1]), ["down.1", "middle", "up.0"].map(place));
        assert_eq!(names(&[0]), ["down.0", "up.1"].map(place));
    }

    #[test]
    fn attention_at_a_level_that_is_not_there_is_refused() {
        let config = UNetConfig { attention: vec![0, 3], ..UNetConfig::default() };
        let fault = config.check().expect_err("refused").to_string();
        assert_eq!(fault, "attention has level 3; there are 3, counted from 0");
    }

    #[test]
    fn every_row_follows_its_own_caption() {
        let device = Device::flex();
        let text = TextConfig { width: 8, heads: 2, ..TextConfig::default() };
        let captions = Some(Captions { words: Words { numbers: 7, length: 3 }, text });
        let told = Conditions { captions, ..Conditions::default() };
        let config = UNetConfig { channels: vec![8, 16], norm_groups: 2, ..UNetConfig::default() };
        let space = Space::images(ImageShape::new(1, 8, 8));
        // Layers that start at zero do not.
        let net = update_params(config.init(told, space, &device), &mut |_, _, value| {
            let places = Tensor::<1, Int>::arange(0..value.dims()[0] as i64, &device);
            value + (places.float() * 0.7).sin() * 0.1
        });
        let names: Vec<String> = named_params(&net).into_iter().map(|param| param.name).collect();
        for block in ["down.1", "middle", "up.0"] {
            assert!(names.contains(&format!("{block}.words.attention.k.weight")), "{block}");
        }
        assert!(!names.iter().any(|name| name.starts_with("down.0.words")), "{names:?}");
        let image = Tensor::<4>::random([1, 1, 8, 8], Distribution::Default, &device);
        let made = |words: [[i32; 3]; 2]| -> Vec<f32> {
            let condition = Condition::of_captions(Tensor::from_ints(words, &device));
            let times = Tensor::from_floats([5.0, 5.0], &device);
            let y = net.forward(image.clone().repeat_dim(0, 2), times, &condition);
            y.into_data().try_into_vec().expect("f32")
        };
        let apart =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let (one, other) = (made([[2, 3, 4]; 2]), made([[2, 3, 4], [2, 4, 3]]));
        assert!(apart(&one[..64], &other[..64]) < 1e-5, "a row follows another's caption");
        let changed = apart(&one[64..], &other[64..]);
        assert!(changed > 1e-4, "the order of words changes only {changed}");
    }

    #[test]
    fn places_share_their_attention_among_the_words_that_they_are_told() {
        let device = Device::flex();
        let text = TextConfig { width: 8, heads: 2, ..TextConfig::default() };
        let captions = Some(Captions { words: Words { numbers: 7, length: 3 }, text });
        let told = Conditions { captions, ..Conditions::default() };
        let config = UNetConfig { channels: vec![8, 16], norm_groups: 2, ..UNetConfig::default() };
        let space = Space::images(ImageShape::new(1, 7, 8));
        let image = Tensor::<4>::random([2, 1, 7, 8], Distribution::Default, &device);
        let attended = |conditions: Conditions| {
            let words = Tensor::from_ints([[2, 3, 4], [2, 3, 5]], &device);
            let times = Tensor::from_floats([5.0, 5.0], &device);
            let net = config.init(conditions, space, &device);
            net.attended(image.clone(), times, &Condition::of_captions(words))
        };
        assert!(attended(Conditions::default()).is_none());
        let weights = attended(told).expect("it reads captions");
        assert_eq!(weights.dims(), [2, 3, 7, 8]);
        let weights: Vec<f32> = weights.into_data().try_into_vec().expect("f32");
        let of = |row: usize, word: usize, y: usize, x: usize| {
            weights[((row * 3 + word) * 7 + y) * 8 + x]
        };
        let mut most = 0.0_f32;
        for (row, at) in (0..2).flat_map(|row| (0..56).map(move |at| (row, at))) {
            let (y, x) = (at / 8, at % 8);
            let words = [0, 1, 2].map(|word| of(row, word, y, x));
            assert!((words.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{words:?}");
            // A place is two pixels wide.
            assert_eq!(words, [0, 1, 2].map(|word| of(row, word, y / 2 * 2, x / 2 * 2)));
            most = words.into_iter().fold(most, f32::max);
        }
        assert!(most > 0.334, "all words are looked at alike: {most}");
    }
}
