//! A small U-Net (Ronneberger et al. 2015) with the residual blocks of Ho et al. 2020.

use super::{
    attention::Attention,
    backbone::{crop, pad_to_multiple},
    caption_embedding::CaptionEmbedding,
    class_embedding::ClassEmbedding,
    conv::{Activation, Conv2d, Conv2dConfig, GroupNorm},
    interval::{Interval, SpanEmbedding, told},
    linear::Linear,
    low_resolution_channels::LowResolutionChannels,
    patches::{fold_patches, unfold_patches},
    predicted::Predicted,
    time::sinusoidal_embedding,
};
use crate::{
    condition::{Captions, Condition, Conditions},
    settings::{Check, Fault, even, levels, multiple, size},
    space::Space,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::{silu, upsample_nearest2x};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
        multiple("channels", *innermost, told.text.heads, heads).map_err(|fault| fault.within(key))
    }

    /// A network from images of `space` around zero to as many numbers, told what `conditions` say: a class, an
    /// image at a lower resolution, a caption. Blocks at the innermost level look at a caption's words, and all are
    /// told their mean.
    pub fn init(&self, conditions: Conditions, space: Space, device: &Device) -> UNet {
        let low = conditions.low_resolution.map(|_| LowResolutionChannels::new(space));
        let folded = space.shape.channels * self.patch_size * self.patch_size;
        let read = folded + low.as_ref().map_or(0, |low| low.count() * self.patch_size.pow(2));
        let innermost = self.channels.len().saturating_sub(1);
        let block = |level, inputs, outputs| ResidualBlock {
            attention: (self.attention.contains(&level))
                .then(|| AttentionBlock::new(outputs, outputs, 1, self.norm_groups, device)),
            words: conditions.captions.filter(|_| level == innermost).map(
                |Captions { text, .. }| {
                    AttentionBlock::new(outputs, text.width, text.heads, self.norm_groups, device)
                },
            ),
            ..ResidualBlock::new(inputs, outputs, self.time_embedding_dim, self.norm_groups, device)
        };
        let first = self.channels.first().copied().unwrap_or(32);
        let mut down = Vec::new();
        let mut downsample = Vec::new();
        let mut previous = first;
        for (level, &channels) in self.channels.iter().enumerate() {
            if level > 0 {
                let halve = Conv2dConfig::same3([previous, previous]).with_stride([2, 2]);
                downsample.push(halve.init(device));
            }
            down.push(block(level, previous, channels));
            previous = channels;
        }
        let middle = block(innermost, previous, previous);
        let mut up = Vec::new();
        let mut upsample = Vec::new();
        for (level, &channels) in self.channels.iter().enumerate().rev() {
            up.push(block(level, previous + channels, channels));
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
            stem: Conv2dConfig::same3([read, first]).init(device),
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
            low,
            time_embedding_dim: self.time_embedding_dim,
            patch_size: self.patch_size,
        }
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
        let Interval { time, span } = times.into();
        let time = sinusoidal_embedding(time, self.time_embedding_dim);
        let mut time = self.time_out.forward(silu(self.time_in.forward(time)));
        let words = self.caption.as_ref().map(|caption| caption.words(condition, batch));
        if let (Some(caption), Some(words)) = (&self.caption, &words) {
            time = time + caption.summary(words.clone());
        }
        let time = told(time, (self.class.as_ref(), condition), (self.span.as_ref(), span));

        let images = match &self.low {
            Some(low) => low.beside(images, condition),
            None => images,
        };
        let x = pad_to_multiple(images, self.patch_size << self.downsample.len());
        let mut x = self.stem.forward(fold_patches(x, self.patch_size));
        let mut skips = Vec::new();
        for (level, block) in self.down.iter().enumerate() {
            if level > 0 {
                x = self.downsample[level - 1].forward(x);
            }
            x = block.forward(x, time.clone(), words.clone());
            skips.push(x.clone());
        }
        x = self.middle.forward(x, time.clone(), words.clone());
        for (level, block) in self.up.iter().enumerate() {
            let skip = skips.pop().expect("one skip per level");
            x = block.forward(Tensor::cat(vec![x, skip], 1), time.clone(), words.clone());
            if let Some(conv) = self.upsample.get(level) {
                x = conv.forward(upsample_nearest2x(x));
            }
        }
        let x = self.norm.forward(x, Activation::Silu);
        let variance = self.variance.as_ref().map(|head| head.forward(x.clone()));
        Predicted { target: self.head.forward(x), variance }
            .map(|y| crop(unfold_patches(y, self.patch_size), [height, width]))
    }
}

/// Normalise, activate, convolve, twice, with the time added in between and a skip around.
#[derive(Module, Debug)]
struct ResidualBlock {
    norm_in: GroupNorm,
    conv_in: Conv2d,
    time: Linear,
    norm_out: GroupNorm,
    conv_out: Conv2d,
    skip: Option<Conv2d>,
    attention: Option<AttentionBlock>,
    words: Option<AttentionBlock>,
}

impl ResidualBlock {
    fn new(inputs: usize, outputs: usize, time: usize, groups: usize, device: &Device) -> Self {
        Self {
            norm_in: GroupNorm::new(groups, inputs, device),
            conv_in: Conv2dConfig::same3([inputs, outputs]).init(device),
            time: Linear::new(time, outputs, device),
            norm_out: GroupNorm::new(groups, outputs, device),
            conv_out: Conv2dConfig::same3([outputs, outputs]).init_zeros(device),
            skip: (inputs != outputs)
                .then(|| Conv2dConfig::new([inputs, outputs], [1, 1]).init(device)),
            attention: None,
            words: None,
        }
    }

    /// `x` `[B, C_in, H, W]`, `time` `[B, D]` already activated, `words` `[B, T, width]` where there are any, to
    /// `[B, C_out, H, W]`.
    fn forward(&self, x: Tensor<4>, time: Tensor<2>, words: Option<Tensor<3>>) -> Tensor<4> {
        let h = self.conv_in.forward(self.norm_in.forward(x.clone(), Activation::Silu));
        let [batch, channels, _, _] = h.dims();
        let h = h + self.time.forward(time).reshape([batch, channels, 1, 1]);
        let h = self.conv_out.forward(self.norm_out.forward(h, Activation::Silu));
        let y = match &self.skip {
            Some(skip) => h + skip.forward(x),
            None => h + x,
        };
        let y = match &self.attention {
            Some(attention) => attention.forward(y),
            None => y,
        };
        match (&self.words, words) {
            (Some(attention), Some(words)) => attention.toward(y, words),
            _ => y,
        }
    }
}

/// Attention between a normalisation and a skip around. Its last layer starts at zero. To the places themselves, with
/// one head, as in section 3.3 and appendix B of Ho et al. 2020 (arXiv:2006.11239); or to the words of a caption, as in
/// section 3.3 of Rombach et al. 2022 (arXiv:2112.10752).
#[derive(Module, Debug)]
struct AttentionBlock {
    norm: GroupNorm,
    attention: Attention,
}

impl AttentionBlock {
    /// Maps of `channels` look at vectors of `seen` numbers.
    fn new(channels: usize, seen: usize, heads: usize, groups: usize, device: &Device) -> Self {
        Self {
            norm: GroupNorm::new(groups, channels, device),
            attention: Attention::zeros(channels, seen, heads, device),
        }
    }

    /// `[B, C, H, W]` to the same.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.around(x, |h| self.attention.forward(h))
    }

    /// The same, looking at words `[B, T, seen]`.
    fn toward(&self, x: Tensor<4>, words: Tensor<3>) -> Tensor<4> {
        self.around(x, |h| self.attention.toward(h, words))
    }

    fn around(&self, x: Tensor<4>, look: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Tensor<4> {
        let shape = x.dims();
        let h = self.norm.forward(x.clone(), Activation::Identity);
        let h = look(h.flatten::<3>(2, 3).swap_dims(1, 2));
        x + h.swap_dims(1, 2).reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        condition::Words,
        nn::TextConfig,
        params::{named_params, update_params},
        shape::ImageShape,
    };
    use burn::tensor::{Distribution, Int, Tolerance};

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
    fn attention_starts_as_nothing_and_belongs_to_its_levels() {
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

        let block = AttentionBlock::new(8, 8, 1, 8, &device);
        let x = Tensor::<4>::random([2, 8, 3, 5], Distribution::Default, &device);
        assert_eq!(block.forward(x.clone()).into_data(), x.into_data());
    }

    #[test]
    fn attention_moves_with_the_places_that_it_looks_at() {
        let device = Device::flex();
        let mut block = AttentionBlock::new(8, 8, 1, 8, &device);
        block.attention = Attention::new(8, 8, 1, &device);
        let x = Tensor::<4>::random([1, 8, 2, 3], Distribution::Default, &device);
        let there = block.forward(x.clone().flip([3])).flip([3]);
        let here = block.forward(x.clone());
        there.into_data().assert_approx_eq::<f32>(&here.clone().into_data(), Tolerance::default());
        let changed = (here - x).abs().max().into_data().as_slice::<f32>().expect("f32")[0];
        assert!(changed > 1e-3, "{changed}");
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
}
