//! Scenes with something drawn over them.

use crate::letters;

/// Pixels along a side that one of the scene becomes, so that a click or a frame can be drawn.
pub(crate) const ENLARGED: usize = 3;
/// Two colours that no objects have.
pub(crate) const CYAN: [u8; 3] = [0, 255, 255];
pub(crate) const ORANGE: [u8; 3] = [255, 128, 0];

/// A scene in the making, enlarged: `[3, H, W]` levels.
pub(crate) struct Canvas {
    pub(crate) levels: Vec<u8>,
    height: usize,
    width: usize,
}

impl Canvas {
    /// Of `[3, height, width]` levels.
    pub(crate) fn new(levels: &[u8], [height, width]: [usize; 2]) -> Self {
        let (rows, columns) = (height * ENLARGED, width * ENLARGED);
        let at = |place: usize| {
            let (plane, y, x) = (place / (rows * columns), place / columns % rows, place % columns);
            levels[(plane * height + y / ENLARGED) * width + x / ENLARGED]
        };
        let levels = (0..3 * rows * columns).map(at).collect();
        Self { levels, height: rows, width: columns }
    }

    /// Half of the mask's pixels cyan, all others half as bright.
    pub(crate) fn with_mask(mut self, mask: impl Fn(usize) -> bool) -> Self {
        let pixels = self.height * self.width;
        for at in 0..pixels {
            let (y, x) = (at / self.width / ENLARGED, at % self.width / ENLARGED);
            let inside = mask(y * (self.width / ENLARGED) + x);
            for (channel, full) in CYAN.into_iter().enumerate() {
                let level = &mut self.levels[channel * pixels + at];
                *level = u8::midpoint(*level, if inside { full } else { 0 });
            }
        }
        self
    }

    /// Half way to white, times the share of each pixel's weight in the largest: black without weight, also where the scene is
    /// bright, and grey with the most of it, also where the scene is dark.
    pub(crate) fn with_weights(mut self, weights: &[f32]) -> Self {
        let (shares, pixels) = (shares(weights), self.height * self.width);
        for (at, level) in self.levels.iter_mut().enumerate() {
            let (y, x) = (at % pixels / self.width / ENLARGED, at % self.width / ENLARGED);
            let share = shares[y * (self.width / ENLARGED) + x];
            *level = (share * f32::from(u8::midpoint(*level, u8::MAX))).round() as u8;
        }
        self
    }

    /// The finished canvas below a line of [`letters::HEIGHT`] pixels with this word.
    pub(crate) fn under(self, word: &str) -> Self {
        let line = letters::line(word, self.width);
        let planes = self.levels.chunks(self.height * self.width);
        let levels = planes.flat_map(|plane| [&line[..], plane].concat()).collect();
        Self { levels, height: self.height + letters::HEIGHT, width: self.width }
    }

    /// A cross over pixel `click` of the scene, which reaches into its neighbours.
    pub(crate) fn with_click(mut self, click: usize, colour: [u8; 3]) -> Self {
        let scene = self.width / ENLARGED;
        let middle = |place: usize| place * ENLARGED + ENLARGED / 2;
        let (x, y) = (middle(click % scene), middle(click / scene));
        let near = |at: usize, of: usize| at.abs_diff(of) <= ENLARGED;
        let pixels = self.height * self.width;
        for at in 0..pixels {
            let (row, column) = (at / self.width, at % self.width);
            if (row == y && near(column, x)) || (column == x && near(row, y)) {
                for (channel, level) in colour.into_iter().enumerate() {
                    self.levels[channel * pixels + at] = level;
                }
            }
        }
        self
    }

    /// The edges of a frame of the scene, left, top, right and bottom in its pixels, as lines of one pixel of the canvas.
    pub(crate) fn with_frame(mut self, frame: [f64; 4], colour: [u8; 3]) -> Self {
        let last = [self.width, self.height, self.width, self.height].map(|end| end as f64 - 1.0);
        let place = |edge: usize| {
            // The last pixel that belongs to the frame, not the first beyond it.
            let beyond = if edge < 2 { 0.0 } else { 1.0 };
            let at = (frame[edge] * ENLARGED as f64).round() - beyond;
            at.clamp(0.0, last[edge]) as usize
        };
        let [left, top, right, bottom] = [0, 1, 2, 3].map(place);
        let pixels = self.height * self.width;
        for at in 0..pixels {
            let (row, column) = (at / self.width, at % self.width);
            let beside = (column == left || column == right) && (top..=bottom).contains(&row);
            let above = (row == top || row == bottom) && (left..=right).contains(&column);
            if beside || above {
                for (channel, level) in colour.into_iter().enumerate() {
                    self.levels[channel * pixels + at] = level;
                }
            }
        }
        self
    }
}

/// Weights over the largest of them; nothing of any where none is above 0.
pub(crate) fn shares(weights: &[f32]) -> Vec<f32> {
    let largest = weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    weights.iter().map(|weight| weight / largest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_brightness_on_dark_scenes_and_bright_ones() {
        let scene = [[0_u8, 0, 255], [0, 0, 255], [100, 100, 255]].concat();
        let canvas = Canvas::new(&scene, [1, 3]).with_weights(&[0.2, 0.1, 0.0]);
        let at = |at: usize| [0, 1, 2].map(|channel| canvas.levels[channel * 27 + at]);
        assert_eq!(at(0), [127, 127, 177]);
        assert_eq!((at(2), at(18)), (at(0), at(0)), "a pixel of the scene is three by three");
        assert_eq!((at(3), at(6)), ([64, 64, 89], [0; 3]));
        assert_eq!(shares(&[0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn a_word_stands_above_each_plane() {
        let scene = [[10_u8; 4], [20; 4], [30; 4]].concat();
        let canvas = Canvas::new(&scene, [2, 2]);
        let (width, plane) = (canvas.width, canvas.levels.len() / 3);
        let canvas = canvas.under("a");
        let line = letters::line("a", width);
        assert!(line.contains(&255));
        for (channel, levels) in canvas.levels.chunks(line.len() + plane).enumerate() {
            assert_eq!(levels[..line.len()], line);
            assert_eq!(levels[line.len()..], vec![10 * (channel as u8 + 1); plane]);
        }
        assert_eq!((canvas.height, canvas.width), (6 + letters::HEIGHT, 6));
    }

    #[test]
    fn a_mask_is_cyan_and_what_it_leaves_out_is_dark() {
        let canvas = Canvas::new(&[[100_u8, 200], [100, 200], [100, 200]].concat(), [1, 2]);
        let canvas = canvas.with_mask(|at| at == 1);
        let pixels = canvas.height * canvas.width;
        assert_eq!((canvas.height, canvas.width), (3, 6));
        let at = |at: usize| [0, 1, 2].map(|channel| canvas.levels[channel * pixels + at]);
        assert_eq!((at(0), at(2), at(3)), ([50; 3], [50; 3], [100, 227, 227]));
        let clicked = canvas.with_click(0, ORANGE);
        let at = |at: usize| [0, 1, 2].map(|channel| clicked.levels[channel * pixels + at]);
        assert_eq!((at(7), at(1), at(0)), (ORANGE, ORANGE, [50; 3]));
    }

    #[test]
    fn a_frame_has_its_edges_drawn_and_nothing_else() {
        let canvas = Canvas::new(&[7; 12], [2, 2]);
        let framed = canvas.with_frame([0.0, 0.0, 1.0, 2.0], CYAN);
        let pixels = framed.height * framed.width;
        let drawn = |row: usize, column: usize| {
            let at = row * framed.width + column;
            [0, 1, 2].map(|channel| framed.levels[channel * pixels + at]) == CYAN
        };
        for (row, column) in (0..6).flat_map(|row| (0..6).map(move |column| (row, column))) {
            let inside = column < 3 && !(column == 1 && (1..5).contains(&row));
            assert_eq!(drawn(row, column), inside, "row {row}, column {column}");
        }
    }
}
