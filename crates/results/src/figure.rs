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
            Plot::Lines { series, bands, .. } => {
                series.iter().all(|(_, points)| finite(points)) && bands.iter().all(Band::is_finite)
            }
            Plot::Scatter { series, density, .. } => {
                series.iter().all(|(_, points)| finite(points))
                    && density.iter().all(Field::is_finite)
            }
            Plot::Paths { paths, arrows, density, .. } => {
                paths.iter().all(|points| finite(points))
                    && arrows.iter().all(|arrow| finite(&[arrow.from, arrow.along]))
                    && density.is_finite()
            }
            Plot::HeatMap { values, .. } => values.iter().all(|v| v.is_finite()),
            Plot::Table { .. } => true,
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
    /// The run's own curves: a comparison draws those of all runs, under one title, into one chart.
    Compared,
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
        /// Areas behind the curves.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bands: Vec<Band>,
        /// Below the axis.
        x_label: String,
        /// Beside the axis.
        y_label: String,
        /// How both axes are divided.
        #[serde(default, skip_serializing_if = "Axes::is_linear")]
        axes: Axes,
    },
    /// Points in a plane.
    Scatter {
        /// Names with points (x, y).
        series: Vec<(String, Vec<(f64, f64)>)>,
        /// What lies under the points. The axes cover its extent and no more, both to one scale;
        /// points beyond it are counted and not drawn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        density: Option<Field>,
        /// Below the axis.
        x_label: String,
        /// Beside the axis.
        y_label: String,
    },
    /// Ways through a plane, each to a dot at its end, over what leads them.
    Paths {
        /// The points of each path in their order.
        paths: Vec<Vec<(f64, f64)>>,
        /// What paths are called: "ways of samples".
        name: String,
        /// A vector at each of some points. Their lengths on the page are the square roots of theirs.
        arrows: Vec<Arrow>,
        /// What arrows are called: "score".
        arrows_name: String,
        /// The part of the plane that is shown, and the density there; paths run in from beyond it.
        density: Field,
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
    /// Texts in rows and columns.
    Table {
        /// Headings; the first is that of the rows' names.
        columns: Vec<String>,
        /// Cells of each row, its name first.
        rows: Vec<Vec<String>>,
    },
    /// Images side by side. They are kept as a picture file, never in JSON.
    #[serde(skip)]
    Strip(ImageStrip),
}

/// How values spread over the axes of a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Axes {
    /// Equal steps are equal distances.
    #[default]
    Linear,
    /// Equal ratios are equal distances, on each axis whose values are all above 0.
    Log,
}

impl Axes {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_linear(&self) -> bool {
        *self == Self::Linear
    }
}

/// The area between two curves: where a share of many curves lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// In the legend. A band has the colour of the curve whose name its own begins with: "samples,
    /// 90 %" that of "samples".
    pub name: String,
    /// (x, low, high), x ascending.
    pub points: Vec<(f64, f64, f64)>,
}

/// A vector at a point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrow {
    /// Where.
    pub from: (f64, f64),
    /// How far it points along both axes.
    pub along: (f64, f64),
}

impl Band {
    fn is_finite(&self) -> bool {
        self.points.iter().flat_map(|(x, low, high)| [x, low, high]).all(|v| v.is_finite())
    }
}

/// A value per cell of a rectangle in a plane: a density on a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Cells in a row.
    pub columns: usize,
    /// Row after row, the top one first; all at least 0.
    pub values: Vec<f64>,
    /// The left and the right edge of the rectangle.
    pub x: [f64; 2],
    /// Its lower and its upper edge.
    pub y: [f64; 2],
}

impl Field {
    /// Rows of cells; None where the cells do not fill whole rows, or the rectangle has no area.
    pub fn rows(&self) -> Option<usize> {
        let rows = self.values.len().checked_div(self.columns)?;
        let has_area = self.x[0] < self.x[1] && self.y[0] < self.y[1];
        (rows > 0 && rows * self.columns == self.values.len() && has_area).then_some(rows)
    }

    fn is_finite(&self) -> bool {
        self.values.iter().chain(&self.x).chain(&self.y).all(|v| v.is_finite())
    }
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
        let lines = |y, low| Plot::Lines {
            series: points(y),
            bands: vec![Band { name: label(), points: vec![(0.0, low, 1.0)] }],
            x_label: label(),
            y_label: label(),
            axes: Axes::Linear,
        };
        let scatter = |y, value| Plot::Scatter {
            series: points(y),
            density: Some(field(vec![value])),
            x_label: label(),
            y_label: label(),
        };
        let paths = |x, along, value| Plot::Paths {
            paths: vec![vec![(0.0, 0.0), (x, 1.0)]],
            name: label(),
            arrows: vec![Arrow { from: (0.0, 0.0), along: (1.0, along) }],
            arrows_name: label(),
            density: field(vec![value]),
            x_label: label(),
            y_label: label(),
        };
        let map = |value| Plot::HeatMap { columns: 1, values: vec![value], label: label() };
        for value in [1.0, f64::NAN, f64::INFINITY] {
            let plots = [
                bars(vec![value]),
                lines(value, 0.0),
                lines(0.0, value),
                scatter(value, 0.0),
                scatter(0.0, value),
                paths(value, 0.0, 0.0),
                paths(0.0, value, 0.0),
                paths(0.0, 0.0, value),
                map(value),
            ];
            for plot in plots {
                assert_eq!(figure(plot).is_data(), value.is_finite());
            }
        }
        let table = Plot::Table { columns: vec![label()], rows: vec![vec!["NaN".into()]] };
        assert!(figure(table).is_data());
        let (channels, height, width, pixels) = (1, 1, 1, vec![0]);
        let strip = ImageStrip { channels, height, width, pixels, columns: 1 };
        assert!(!figure(Plot::Strip(strip)).is_data());
    }

    fn field(values: Vec<f64>) -> Field {
        Field { columns: 1, values, x: [0.0, 1.0], y: [0.0, 1.0] }
    }

    #[test]
    fn a_field_has_whole_rows_and_an_area_or_none() {
        let two = field(vec![0.0, 1.0]);
        assert_eq!(two.rows(), Some(2));
        assert_eq!(Field { columns: 2, ..two.clone() }.rows(), Some(1));
        for columns in [0, 3] {
            assert_eq!(Field { columns, ..two.clone() }.rows(), None);
        }
        assert_eq!(Field { y: [1.0, 1.0], ..two }.rows(), None);
        assert_eq!(field(vec![]).rows(), None);
    }

    #[test]
    fn figures_from_before_there_were_bands_and_densities_are_read_and_written_as_they_were() {
        let around = |kind: &str, more: &str| {
            format!(
                r#"{{"kind":"{kind}","series":[["a",[[0.0,1.0]]]],{more}"x_label":"x","y_label":"y"}}"#
            )
        };
        let density = r#""density":{"columns":1,"values":[1.0],"x":[0.0,1.0],"y":[0.0,1.0]},"#;
        let bands = r#""bands":[{"name":"b","points":[[0.0,1.0,2.0]]}],"#;
        for (kind, more) in [("lines", ""), ("scatter", ""), ("lines", bands), ("scatter", density)]
        {
            let json = around(kind, more);
            let plot: Plot = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&plot).unwrap(), json);
        }
        let json = around("lines", "").replace('}', r#","axes":"log"}"#);
        let plot: Plot = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&plot).unwrap(), json);
        let json = r#"{"kind":"table","columns":["rule","share"],"rows":[["a","0.5"]]}"#;
        let plot: Plot = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&plot).unwrap(), json);
    }

    #[test]
    fn a_strip_counts_its_images() {
        let strip =
            ImageStrip { channels: 3, height: 2, width: 1, pixels: vec![7; 12], columns: 2 };
        assert_eq!((strip.image_len(), strip.count(), strip.images().count()), (6, 2, 2));
    }
}
