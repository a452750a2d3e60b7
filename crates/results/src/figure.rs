//! Figures as data, and the manifest of the pictures that were made of them.

use serde::{Deserialize, Serialize};

/// A figure: what is shown, and the words around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stem of its file and key among a run's figures: `grid`.
    pub name: String,
    /// The heading that it stands under: "Samples". Figures of one section stand together.
    pub section: String,
    /// Its own title; empty where the section's says enough. The captions of figures without a title
    /// explain their section.
    pub title: String,
    /// How to read it, in a sentence or two.
    pub caption: String,
    /// Whether every run of a comparison has its own.
    #[serde(default)]
    pub scope: Scope,
    /// What is shown.
    pub plot: Plot,
}

impl Figure {
    /// Whether it is data that JSON can hold: no picture, and every value finite.
    pub fn is_data(&self) -> bool {
        let finite =
            |points: &[(f64, f64)]| points.iter().all(|(x, y)| x.is_finite() && y.is_finite());
        match &self.plot {
            Plot::Bars { values, guide, .. } => {
                values.iter().chain(guide.iter().map(|(value, _)| value)).all(|v| v.is_finite())
            }
            Plot::Lines { series, .. } | Plot::Scatter { series, .. } => {
                series.iter().all(|(_, points)| finite(points))
            }
            Plot::HeatMap { values, .. } => values.iter().all(|v| v.is_finite()),
            Plot::Strip(_) => false,
        }
    }

    /// Its line of the manifest once it is a picture in `file`, relative to the run directory.
    pub fn artefact(&self, file: impl Into<String>) -> Artefact {
        Artefact {
            file: file.into(),
            section: self.section.clone(),
            title: self.title.clone(),
            caption: self.caption.clone(),
            scope: self.scope,
        }
    }
}

/// Whose a figure is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The run's own.
    #[default]
    Run,
    /// The same for every run on the same data: a comparison shows it once.
    Shared,
}

/// What a figure shows. All numbers are finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Plot {
    /// One bar per value, all at least 0.
    Bars {
        /// Heights.
        values: Vec<f64>,
        /// Below the axis.
        x_label: String,
        /// A value to hold the bars against, with its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guide: Option<(f64, String)>,
    },
    /// Curves over one axis.
    Lines {
        /// Names with points (x, y), x ascending.
        series: Vec<(String, Vec<(f64, f64)>)>,
        /// Below the axis.
        x_label: String,
        /// Beside the axis.
        y_label: String,
    },
    /// Points in a plane.
    Scatter {
        /// Names with points (x, y).
        series: Vec<(String, Vec<(f64, f64)>)>,
        /// Below the axis.
        x_label: String,
        /// Beside the axis.
        y_label: String,
    },
    /// A colour per cell of a table.
    HeatMap {
        /// Cells in a row.
        columns: usize,
        /// Row after row, the top one first.
        values: Vec<f64>,
        /// What a value is.
        label: String,
    },
    /// Images side by side. They are kept as a picture file, never in JSON.
    #[serde(skip)]
    Strip(ImageStrip),
}

/// Images of one shape as bytes, and how many stand in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageStrip {
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// `[count, channels, height, width]`, row-major, 0 = black, 255 = white.
    pub pixels: Vec<u8>,
    /// Images in a row.
    pub columns: usize,
}

impl ImageStrip {
    /// Bytes of one image.
    pub fn image_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// How many images.
    pub fn count(&self) -> usize {
        self.pixels.len().checked_div(self.image_len()).unwrap_or(0)
    }

    /// The images one after the other, each `[channels, height, width]`.
    pub fn images(&self) -> impl Iterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.image_len().max(1))
    }
}

/// A picture in a run directory: a line of its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artefact {
    /// Where it lies, relative to the run directory: `samples/grid.png`.
    pub file: String,
    /// As [`Figure::section`].
    pub section: String,
    /// As [`Figure::title`].
    pub title: String,
    /// As [`Figure::caption`].
    pub caption: String,
    /// As [`Figure::scope`].
    #[serde(default)]
    pub scope: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(plot: Plot) -> Figure {
        let text = String::new;
        Figure {
            name: text(),
            section: text(),
            title: text(),
            caption: text(),
            scope: Scope::Run,
            plot,
        }
    }

    #[test]
    fn pictures_and_values_that_json_cannot_hold_are_no_data() {
        let label = String::new;
        let bars = |values| Plot::Bars { values, x_label: label(), guide: None };
        let points = |y| vec![("a".to_owned(), vec![(0.0, 1.0), (1.0, y)])];
        let lines = |y| Plot::Lines { series: points(y), x_label: label(), y_label: label() };
        let scatter = |y| Plot::Scatter { series: points(y), x_label: label(), y_label: label() };
        let map = |value| Plot::HeatMap { columns: 1, values: vec![value], label: label() };
        for value in [1.0, f64::NAN, f64::INFINITY] {
            for plot in [bars(vec![value]), lines(value), scatter(value), map(value)] {
                assert_eq!(figure(plot).is_data(), value.is_finite());
            }
        }
        let (channels, height, width, pixels) = (1, 1, 1, vec![0]);
        let strip = ImageStrip { channels, height, width, pixels, columns: 1 };
        assert!(!figure(Plot::Strip(strip)).is_data());
    }

    #[test]
    fn a_strip_counts_its_images() {
        let strip =
            ImageStrip { channels: 3, height: 2, width: 1, pixels: vec![7; 12], columns: 2 };
        assert_eq!((strip.image_len(), strip.count(), strip.images().count()), (6, 2, 2));
    }
}
