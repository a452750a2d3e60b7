//! Figures as data, and the manifest of the pictures that were made of them.

use serde::{Deserialize, Serialize};

/// A figure: what is shown, and the words around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stem of its file and key among a run's figures: `grid`, `kl_per_dimension`.
    pub name: String,
    /// The heading that it stands under: "Samples". Figures of one section stand together.
    pub section: String,
    /// Its own title; empty where the section's says enough.
    pub title: String,
    /// How to read it, in a sentence or two.
    pub caption: String,
    /// Whether every run of a comparison has its own.
    #[serde(default)]
    pub scope: Scope,
    /// What is shown.
    pub plot: Plot,
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

/// What a figure shows.
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
