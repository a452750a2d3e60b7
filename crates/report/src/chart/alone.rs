//! A chart as a file of its own: with its style, title, legend and remarks, on white, as papers print it.

use super::drawing::{Chart, Key, Sign};
use crate::error::{ReportError, Result};
use askama::Template;
use genlab_results::text::plain_lines;

/// Around everything.
const MARGIN: f64 = 12.0;
/// From one line of words to the next.
const LINE: f64 = 16.0;
/// What a letter takes across, on average, at the size of the words. Fonts differ, so it is on the safe side.
const LETTER: f64 = 6.2;
/// Before the words of a key: its sign.
const SIGN: f64 = 31.0;
/// Between two keys.
const GAP: f64 = 14.0;

#[derive(Template)]
#[template(path = "alone.svg")]
pub(crate) struct Alone<'a> {
    version: &'static str,
    chart: &'a Chart,
    width: f64,
    height: f64,
    left: f64,
    /// Where the plot begins.
    top: f64,
    words: Vec<Words>,
    keys: Vec<Placed<'a>>,
}

/// A line of text.
struct Words {
    class: &'static str,
    x: f64,
    y: f64,
    text: String,
}

/// A key of the legend.
struct Placed<'a> {
    x: f64,
    y: f64,
    key: &'a Key,
}

impl<'a> Alone<'a> {
    /// `title` stands above it; no two things overlap, whatever their texts are.
    pub(crate) fn new(chart: &'a Chart, title: &str) -> Self {
        let across = chart.frame.width;
        let mut y = MARGIN;
        let mut words = Vec::new();
        // The title's letters are larger than those of other words.
        for text in wrapped(title, across * 0.8) {
            y += LINE;
            words.push(Words { class: "title", x: MARGIN, y, text });
        }
        let mut keys = Vec::new();
        let mut x = 0.0;
        y += LINE / 2.0;
        for key in &chart.legend {
            let takes = SIGN + key.label.chars().count() as f64 * LETTER;
            if x > 0.0 && x + takes > across {
                (x, y) = (0.0, y + LINE);
            }
            keys.push(Placed { x: MARGIN + x, y, key });
            x += takes + GAP;
        }
        let top = if keys.is_empty() { y } else { y + LINE };
        y = top + chart.frame.height;
        for text in chart.remarks.iter().flat_map(|remark| wrapped(remark, across)) {
            y += LINE;
            words.push(Words { class: "words", x: MARGIN, y, text });
        }
        let (width, height) = (across + 2.0 * MARGIN, (y + MARGIN).ceil());
        let version = env!("CARGO_PKG_VERSION");
        Self { version, chart, width, height, left: MARGIN, top, words, keys }
    }

    /// The SVG file.
    ///
    /// # Errors
    /// When the template fails, which is a bug.
    pub(crate) fn svg(&self) -> Result<String> {
        let failed = |error: askama::Error| ReportError::Render {
            page: "a chart",
            reason: error.to_string(),
        };
        self.render().map(|text| plain_xml(&text)).map_err(failed)
    }
}

/// An SVG file in which nothing stands that XML has no place for, or that a reader would obey: names are shown without it.
pub(crate) fn plain_xml(svg: &str) -> String {
    plain_lines(svg).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// Lines of whole words that take no more than `across`; a word that does has a line of its own.
fn wrapped(text: &str, across: f64) -> Vec<String> {
    let letters = (across / LETTER) as usize;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::{Drawn, Tint, Words, plot, raster};
    use super::*;
    use crate::png;
    use genlab_results::{Axes, Plot};

    #[test]
    fn lines_are_broken_between_words_and_none_is_lost() {
        let lines = wrapped("one two  three", 7.0 * LETTER);
        assert_eq!(lines, ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible", LETTER), ["incomprehensible"]);
        assert!(wrapped("", 100.0).is_empty());
    }

    #[test]
    fn a_chart_alone_has_its_namespace_style_words_and_size() {
        let names =
            ["a < b", "a name so long that the two cannot stand beside each other on a line"];
        let series = names.map(|name| (name.to_owned(), vec![(0.0, 1.0), (1.0, 2.0)])).to_vec();
        let (x_label, y_label) = ("seconds".into(), "nats & bits".into());
        let lines = Plot::Lines { series, bands: vec![], x_label, y_label, axes: Axes::Linear };
        let word = |text: &str| text.to_owned();
        let words = Words { id: word("x"), title: word("In"), alt: word("A"), remark: word("So.") };
        let Some(Drawn::Chart(chart)) = plot(words, &lines, Tint::FIRST) else {
            panic!("it is a chart")
        };
        let svg = Alone::new(&chart, "Loss \u{1b}& more\u{ffff}").svg().unwrap();
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"424\" height="));
        for part in [
            "Loss \u{fffd}&#38; more\u{fffd}",
            "a &#60; b",
            "nats &#38; bits",
            ">So.</text>",
            "<style>",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert_eq!(svg.matches("translate(12 36)").count(), 1, "{svg}");
        assert_eq!(svg.matches("translate(12 52)").count(), 1, "the long key has its own line");
        assert!(svg.contains("<g transform=\"translate(12 68)\">"), "the plot is below both");
        assert_eq!(svg.matches("line c").count(), 2);
        let png = raster(&svg).unwrap();
        assert_eq!(png::size(&png).map(|size| size.0), Some(848), "twice as wide");
        assert_eq!(png, raster(&svg).unwrap());
        let picture = image::load_from_memory(&png).unwrap().to_rgb8();
        let has = |colour: [u8; 3]| picture.pixels().any(|pixel| pixel.0 == colour);
        assert!(
            has([0x00, 0x72, 0xb2]) && has([0xd5, 0x5e, 0x00]) && has([0xff; 3]),
            "both curves on white"
        );
        assert!(has([0x1c, 0x21, 0x28]), "and the title in ink");
    }
}
