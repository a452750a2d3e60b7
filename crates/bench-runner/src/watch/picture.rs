//! Pictures in a terminal: two pixels a cell, one above the other.

use genlab_report::png;
use genlab_results::ImageStrip;
use ratatui::{buffer::Buffer, layout::Rect, style::Color};

/// The upper half of a cell in the colour of its text, the lower one in that of its ground.
const HALF: char = '▀';
/// From dark to light, where there are no colours.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// Pixels of a tile, or of each frame of a row of them, that shows something: more tiles are shown where each has as many, or all
/// of its own.
const LEGIBLE: usize = 12;

/// The colours that a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Palette {
    /// All of them.
    True,
    /// 256: a cube of 6 levels each and 24 greys.
    Indexed,
    /// None, as in a file.
    Shades,
}

impl Palette {
    /// That of this process's terminal, as terminals tell: see <https://no-color.org> for `NO_COLOR`.
    pub(super) fn of_terminal() -> Self {
        let says = |name: &str| std::env::var(name).unwrap_or_default();
        if !says("NO_COLOR").is_empty() {
            return Self::Shades;
        }
        match says("COLORTERM").as_str() {
            "truecolor" | "24bit" => Self::True,
            _ => Self::Indexed,
        }
    }

    fn colour(self, [red, green, blue]: [u8; 3]) -> Color {
        match self {
            Self::True => Color::Rgb(red, green, blue),
            Self::Indexed if red == green && green == blue => Color::Indexed(grey(red)),
            Self::Indexed => {
                let [red, green, blue] = [red, green, blue].map(level);
                Color::Indexed(16 + 36 * red + 6 * green + blue)
            }
            Self::Shades => Color::Reset,
        }
    }
}

/// The nearest of the cube's levels: 0, 95, 135, 175, 215, 255.
fn level(value: u8) -> u8 {
    match value {
        0..48 => 0,
        48..115 => 1,
        115.. => (value - 35) / 40,
    }
}

/// The nearest of 24 greys, which go from 8 to 238 by tens, or black or white of the cube.
fn grey(value: u8) -> u8 {
    match value {
        0..4 => 16,
        4..247 => 232 + ((value - 3) / 10).min(23),
        247.. => 231,
    }
}

/// Draws as many tiles of a grid as are legible in `area`, from its upper left corner.
pub(super) fn draw(strip: &ImageStrip, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let (width, height) = (usize::from(area.width), 2 * usize::from(area.height));
    let Some(canvas) = canvas(strip, width, height) else { return };
    for (y, rows) in canvas.chunks(2 * width).enumerate() {
        for x in 0..width {
            let (upper, lower) = (rows[x], rows[x + width]);
            let at = (area.x + x as u16, area.y + y as u16);
            let Some(cell) = buffer.cell_mut(at) else { continue };
            if palette == Palette::Shades {
                cell.set_char(shade(upper, lower));
            } else if upper.is_some() || lower.is_some() {
                let colour = |pixel: Option<[u8; 3]>| {
                    pixel.map_or(Color::Reset, |pixel| palette.colour(pixel))
                };
                // No colour of text is that of the ground, so where there is no upper pixel the halves change places.
                match upper {
                    Some(_) => cell.set_char(HALF).set_fg(colour(upper)).set_bg(colour(lower)),
                    None => cell.set_char('▄').set_fg(colour(lower)).set_bg(Color::Reset),
                };
            }
        }
    }
}

/// The shade of two pixels together.
fn shade(upper: Option<[u8; 3]>, lower: Option<[u8; 3]>) -> char {
    let light = |pixel: Option<[u8; 3]>| pixel.map_or(0, |p| p.map(usize::from).iter().sum());
    let sum = light(upper) + light(lower);
    // Rounded: 0 and white have half of a level each.
    SHADES[(sum * (SHADES.len() - 1) + 765) / (6 * 255)]
}

/// Pixels row by row, `width` a row and `height` rows; None between tiles and around them.
fn canvas(strip: &ImageStrip, width: usize, height: usize) -> Option<Vec<Option<[u8; 3]>>> {
    let longer = strip.width.max(strip.height);
    if strip.count() == 0 || longer == 0 || width == 0 || height == 0 {
        return None;
    }
    let side = side(strip, width, height);
    let scaled = |length: usize| (length * side / longer).max(1);
    let tile = [scaled(strip.width), scaled(strip.height)];
    let across = ((width + 1) / (tile[0] + 1)).clamp(1, strip.columns.max(1));
    let down = ((height + 1) / (tile[1] + 1)).max(1);
    let mut canvas = vec![None; width * height];
    for (index, image) in strip.images().enumerate() {
        let (column, row) = (index % strip.columns.max(1), index / strip.columns.max(1));
        if column >= across || row >= down {
            continue;
        }
        for y in 0..tile[1] {
            for x in 0..tile[0] {
                let at = [column * (tile[0] + 1) + x, row * (tile[1] + 1) + y];
                if at[0] < width && at[1] < height {
                    canvas[at[1] * width + at[0]] = Some(pixel(strip, image, [x, y], tile));
                }
            }
        }
    }
    Some(canvas)
}

/// Pixels along the longer side of a tile: of as many tiles as are legible, enlarged by whole factors alone.
fn side(strip: &ImageStrip, width: usize, height: usize) -> usize {
    let longer = strip.width.max(strip.height);
    let rows = strip.count().div_ceil(strip.columns.max(1));
    let room = |tiles: usize| {
        let of = |length: usize, own: usize| {
            ((length + 1) / tiles).saturating_sub(1) * longer / own.max(1)
        };
        of(width, strip.width).min(of(height, strip.height))
    };
    let frames = png::frames(strip.height, strip.width);
    let legible = |tiles: &usize| room(*tiles) >= longer.min(frames * LEGIBLE);
    let tiles = (1..=strip.columns.max(rows)).rev().find(legible).unwrap_or(1);
    let room = room(tiles).max(1);
    if room >= longer { room / longer * longer } else { room }
}

/// What the pixel at `at` of a tile of that size shows of an image: the mean of what lies below it.
fn pixel(strip: &ImageStrip, image: &[u8], at: [usize; 2], tile: [usize; 2]) -> [u8; 3] {
    let size = [strip.width, strip.height];
    let from = [0, 1].map(|axis| at[axis] * size[axis] / tile[axis]);
    let to = [0, 1].map(|axis| {
        ((at[axis] + 1) * size[axis]).div_ceil(tile[axis]).clamp(from[axis] + 1, size[axis])
    });
    [0, 1, 2].map(|channel| {
        let plane = channel % strip.channels * size[0] * size[1];
        let rows = from[1]..to[1];
        let row = |y: usize| &image[plane + y * size[0] + from[0]..plane + y * size[0] + to[0]];
        let sum: usize = rows.clone().flat_map(row).map(|value| usize::from(*value)).sum();
        (sum / (rows.len() * (to[0] - from[0]))) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(side: usize, columns: usize, count: usize, value: u8) -> ImageStrip {
        let pixels = vec![value; count * side * side];
        ImageStrip { channels: 1, height: side, width: side, pixels, columns }
    }

    #[test]
    fn as_many_tiles_are_shown_as_are_legible() {
        for (image, [width, height], expected) in [
            (strip(8, 4, 16, 9), [35, 35], 8),
            (strip(8, 4, 16, 9), [71, 71], 16),
            (strip(28, 4, 16, 9), [31, 31], 15),
            (strip(28, 4, 16, 9), [200, 200], 28),
            (strip(160, 1, 1, 9), [32, 30], 30),
            (strip(28, 4, 16, 9), [5, 4], 4),
            (strip(28, 4, 16, 9), [1, 1], 1),
        ] {
            assert_eq!(side(&image, width, height), expected, "{width}x{height}");
            let canvas = canvas(&image, width, height).unwrap();
            assert_eq!(canvas.len(), width * height);
            assert!(canvas.contains(&Some([9; 3])));
        }
        assert!(canvas(&strip(8, 4, 0, 9), 9, 9).is_none());
    }

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers_and_channels_stay_apart() {
        let pixels = vec![0, 100, 50, 250, 10, 10, 10, 10, 0, 0, 0, 255];
        let image = ImageStrip { channels: 3, height: 2, width: 2, pixels, columns: 1 };
        let pixels = &image.pixels;
        assert_eq!(pixel(&image, pixels, [0, 0], [1, 1]), [100, 10, 63]);
        assert_eq!(pixel(&image, pixels, [1, 1], [2, 2]), [250, 10, 255]);
        assert_eq!(pixel(&image, pixels, [3, 0], [4, 4]), [100, 10, 0], "enlarged");
    }

    #[test]
    fn two_pixels_share_a_cell_in_the_colours_that_there_are() {
        let pixels = vec![0, 255, 128, 128];
        let image = ImageStrip { channels: 1, height: 2, width: 2, pixels, columns: 1 };
        let drawn = |palette| {
            let area = Rect::new(0, 0, 2, 1);
            let mut buffer = Buffer::empty(area);
            draw(&image, palette, area, &mut buffer);
            [0, 1].map(|x| {
                let cell = buffer.cell((x, 0)).unwrap();
                (cell.symbol().to_owned(), cell.fg, cell.bg)
            })
        };
        let half = |fg, bg| ("▀".to_owned(), fg, bg);
        let [black, grey, white] = [0, 128, 255].map(|value| Color::Rgb(value, value, value));
        assert_eq!(drawn(Palette::True), [half(black, grey), half(white, grey)]);
        let [black, grey, white] = [16, 244, 231].map(Color::Indexed);
        assert_eq!(drawn(Palette::Indexed), [half(black, grey), half(white, grey)]);
        let shades = drawn(Palette::Shades).map(|(symbol, ..)| symbol);
        assert_eq!(shades, ["░", "▓"]);
    }

    #[test]
    fn a_colour_is_near_to_what_it_stands_for() {
        for value in 0..=255_u8 {
            let shown = match grey(value) {
                16 => 0,
                231 => 255,
                index => 8 + 10 * i32::from(index - 232),
            };
            assert!((shown - i32::from(value)).abs() <= 8, "{value} is shown as {shown}");
        }
        assert_eq!(Palette::Indexed.colour([255, 0, 0]), Color::Indexed(196));
        assert_eq!([0, 47, 95, 135, 175, 215, 255].map(level), [0, 0, 1, 2, 3, 4, 5]);
    }
}
