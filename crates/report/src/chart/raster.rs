//! Charts that stand alone as pictures of pixels, for where SVG cannot be shown.

use crate::error::{ReportError, Result};
use crate::png;
use image::{DynamicImage, RgbImage};
use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{Options, Tree},
};
use std::sync::LazyLock;

/// Pixels along each side of one of the chart's own.
const SCALE: f32 = 2.0;
/// Parts of DejaVu Sans Condensed; `subset.sh` beside them says which. Fonts of the machine are not asked, so that the same
/// chart is the same picture everywhere; a letter that neither font has becomes a box.
const FONTS: [&[u8]; 2] = [
    include_bytes!("../../fonts/DejaVuSansCondensed.ttf"),
    include_bytes!("../../fonts/DejaVuSansCondensed-Bold.ttf"),
];

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut options = Options::default();
    for font in FONTS {
        options.fontdb_mut().load_font_data(font.to_vec());
    }
    options
});

/// The bytes of a PNG file of a chart of [`super::Alone`], twice as large, on white.
///
/// # Errors
/// When the picture cannot be drawn or encoded, which is a bug.
pub(crate) fn raster(svg: &str) -> Result<Vec<u8>> {
    let failed = |reason: String| ReportError::Encode { reason };
    let tree = Tree::from_str(svg, &OPTIONS).map_err(|error| failed(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(SCALE);
    let canvas = size.and_then(|size| Pixmap::new(size.width(), size.height()));
    let mut canvas = canvas.ok_or_else(|| failed("a chart has no size".to_owned()))?;
    canvas.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut canvas.as_mut());
    // White shines through nothing: the fourth byte of every pixel says so.
    let colours = canvas.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    let picture = RgbImage::from_vec(canvas.width(), canvas.height(), colours.collect());
    png::encode(&DynamicImage::ImageRgb8(picture.expect("three bytes a pixel")))
}
