//! What a chart is made of, in the picture's coordinates.

use super::axis::{Axis, Tick};
use askama::Template;

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 38.0;
/// Above the plot, for what the vertical axis is called.
const Y_LABEL: f64 = 16.0;

/// The words around a chart.
pub(crate) struct Words {
    /// Unique within the page.
    pub(crate) id: String,
    /// Above the chart; may be empty.
    pub(crate) title: String,
    /// What is shown, for those who do not see it.
    pub(crate) alt: String,
    /// Below the chart; may be empty.
    pub(crate) remark: String,
}

/// A chart with its title, legend and remarks: one `figure`.
#[derive(Template)]
#[template(path = "chart.html")]
pub(crate) struct Chart {
    pub(super) id: String,
    pub(crate) title: String,
    pub(super) description: String,
    pub(super) legend: Vec<Key>,
    pub(super) remarks: Vec<String>,
    pub(super) frame: Frame,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) x_ticks: Vec<Tick>,
    pub(super) y_ticks: Vec<Tick>,
    /// Heights of faint horizontal lines.
    pub(super) gridlines: Vec<f64>,
    pub(super) bars: Vec<Bar>,
    /// Areas in a colour of their own strength, below all lines.
    pub(super) areas: Vec<Area>,
    /// Curves, and points as lines of no length.
    pub(super) lines: Vec<Line>,
    /// A horizontal line across the plot, for comparison.
    pub(super) guide: Option<f64>,
    /// Across and up, where the lines are curves that the page's script may draw anew.
    pub(super) axes: Option<[Axis; 2]>,
}

/// What lies in the frame, without what stands around it: the inside of an SVG picture.
#[derive(Template)]
#[template(path = "plot.svg")]
pub(super) struct Plotted<'a> {
    chart: &'a Chart,
}

pub(super) struct Key {
    pub(super) label: String,
    pub(super) class: String,
    pub(super) sign: Sign,
}

/// What stands for a series in the legend.
pub(super) enum Sign {
    /// A stroke.
    Stroke,
    /// A point.
    Dot,
    /// An area of this opacity.
    Area(f64),
}

pub(super) struct Line {
    pub(super) class: String,
    pub(super) path: String,
}

pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) class: String,
    pub(super) title: String,
}

pub(super) struct Area {
    pub(super) class: String,
    /// 0 to 1.
    pub(super) opacity: f64,
    pub(super) path: String,
}

/// The plot within the picture.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    /// A plot with room for `y_label` above it, unless that is empty.
    pub(super) fn below(y_label: &str) -> Self {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let top = if y_label.is_empty() { TOP } else { TOP + Y_LABEL };
        Self { left: LEFT, top, right, bottom, width: WIDTH, height: HEIGHT }
    }

    /// As [`Frame::below`], as high as it must be for `width` by `height` of the data's units to have
    /// one scale; never higher than the usual plot is wide.
    pub(super) fn to_scale(y_label: &str, width: f64, height: f64) -> Self {
        let usual = Self::below(y_label);
        let scale = (usual.right - usual.left) / width.max(height);
        let (right, bottom) = (usual.left + scale * width, usual.top + scale * height);
        Self { right, bottom, height: bottom + BOTTOM, ..usual }
    }
}

impl Chart {
    /// An empty plot. `what` goes on from the words for those who do not see it.
    pub(super) fn empty(words: Words, frame: Frame, what: &str) -> Self {
        let Words { id, title, alt, remark } = words;
        Self {
            id,
            title,
            description: format!("{alt}: {what}"),
            legend: Vec::new(),
            remarks: if remark.is_empty() { Vec::new() } else { vec![remark] },
            frame,
            x_label: String::new(),
            y_label: String::new(),
            x_ticks: Vec::new(),
            y_ticks: Vec::new(),
            gridlines: Vec::new(),
            bars: Vec::new(),
            areas: Vec::new(),
            lines: Vec::new(),
            guide: None,
            axes: None,
        }
    }

    pub(super) fn plot(&self) -> Plotted<'_> {
        Plotted { chart: self }
    }

    /// With numbers beside the vertical axis and a faint line at each.
    pub(super) fn with_grid(self, y_ticks: Vec<Tick>) -> Self {
        let gridlines = y_ticks.iter().map(|tick| tick.at).collect();
        Self { y_ticks, gridlines, ..self }
    }
}
