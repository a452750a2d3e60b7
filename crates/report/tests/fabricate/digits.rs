//! Something that looks like handwritten digits from afar: seven segments with a soft pen.

use genlab_results::ImageStrip;

/// The segments of a pocket calculator, (x, y) from and to, in a box of 1 by 2.
const SEGMENTS: [[f64; 4]; 7] = [
    [0.0, 0.0, 1.0, 0.0],
    [1.0, 0.0, 1.0, 1.0],
    [1.0, 1.0, 1.0, 2.0],
    [0.0, 2.0, 1.0, 2.0],
    [0.0, 1.0, 0.0, 2.0],
    [0.0, 0.0, 0.0, 1.0],
    [0.0, 1.0, 1.0, 1.0],
];
/// Which segments each digit lights, lowest bit first.
const LIT: [u8; 10] = [0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f];

/// A small generator: pictures need no better one.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Even in 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal: the sum of twelve even draws.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// `count` digits of 28 by 28, `columns` in a row; `blur` widens the pen, loses segments and adds
/// grain.
pub(crate) fn digits(count: usize, columns: usize, blur: f64, noise: &mut Noise) -> ImageStrip {
    let mut pixels = Vec::with_capacity(count * 784);
    for _ in 0..count {
        let mut lit = LIT[(noise.unit() * 10.0) as usize % 10];
        let slant = 0.15 + 0.25 * noise.unit();
        let pen = 0.16 + 0.06 * noise.unit() + 0.18 * blur.min(1.0);
        if noise.unit() < blur * 0.5 {
            lit ^= 1 << (noise.unit() * 7.0) as u8;
        }
        for at in 0..784 {
            let (x, y) = (f64::from(at % 28), f64::from(at / 28));
            let v = (y - 5.0) / 9.0;
            let u = (x - 9.0) / 9.0 + slant * (v - 1.0);
            let near = (0..7).filter(|s| lit >> s & 1 == 1).map(|s| distance(u, v, &SEGMENTS[s]));
            let ink = (-(near.fold(9.0, f64::min) / pen).powi(2)).exp();
            let grain = 0.35 * (blur - 0.3).max(0.0) * noise.normal();
            let faded = if blur > 1.0 {
                ink * (1.5 - blur).max(0.0) * 2.0
            } else {
                ink * (1.0 - 0.3 * blur)
            };
            pixels.push((255.0 * (faded + grain).clamp(0.0, 1.0)) as u8);
        }
    }
    ImageStrip { channels: 1, height: 28, width: 28, pixels, columns }
}

fn distance(u: f64, v: f64, [x0, y0, x1, y1]: &[f64; 4]) -> f64 {
    let along = ((u - x0) * (x1 - x0) + (v - y0) * (y1 - y0)).clamp(0.0, 1.0);
    (u - x0 - along * (x1 - x0)).hypot(v - y0 - along * (y1 - y0))
}
