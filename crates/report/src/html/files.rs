//! The charts and strips of a page as files of their own.

use super::figures::{Image, Section};
use super::page::VERSION;
use crate::chart::{Alone, Chart, Drawn, plain_xml, raster};
use crate::error::{ReportError, Result};
use crate::png;
use askama::Template;
use genlab_results::FigureFile;

/// Pictures with names that no two of them share.
#[derive(Default)]
pub(super) struct Files(Vec<FigureFile>);

/// A strip as an SVG file: its pixels, framed.
#[derive(Template)]
#[template(path = "strip.svg")]
struct Strip<'a> {
    version: &'static str,
    image: &'a Image,
}

impl Files {
    /// Charts under one heading. Where a chart has a title, it is named and headed by both.
    ///
    /// # Errors
    /// When one cannot be drawn, which is a bug.
    pub(super) fn add<'a>(
        &mut self,
        heading: &str,
        charts: impl IntoIterator<Item = &'a Chart>,
    ) -> Result<()> {
        for chart in charts {
            let title = joined(heading, &chart.title);
            let svg = Alone::new(chart, &title).svg()?;
            let png = png::signed(&raster(&svg)?);
            self.put(&title, svg, png);
        }
        Ok(())
    }

    /// The charts and strips of these sections; tables are in the page alone.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(super) fn add_sections(&mut self, sections: &[Section]) -> Result<()> {
        for section in sections {
            let charts = section.charts.iter().filter_map(|drawn| match drawn {
                Drawn::Chart(chart) => Some(&**chart),
                Drawn::Table(_) => None,
            });
            self.add(&section.title, charts)?;
            for image in &section.images {
                let title = joined(&section.title, &image.head.title);
                let strip = Strip { version: VERSION, image }.render();
                let failed = |error: askama::Error| ReportError::Render {
                    page: "a strip",
                    reason: error.to_string(),
                };
                self.put(&title, plain_xml(&strip.map_err(failed)?), png::signed(&image.png));
            }
        }
        Ok(())
    }

    fn put(&mut self, title: &str, svg: String, png: Vec<u8>) {
        let stem = self.free(&stem(title));
        self.0.push(FigureFile { stem, svg, png });
    }

    pub(super) fn into_inner(self) -> Vec<FigureFile> {
        self.0
    }

    /// `stem`, with a number behind it where it is taken.
    fn free(&self, stem: &str) -> String {
        let taken = |name: &str| self.0.iter().any(|file| file.stem == name);
        let numbered = (2..).map(|number| format!("{stem}-{number}"));
        let mut names = std::iter::once(stem.to_owned()).chain(numbered);
        names.find(|name| !taken(name)).expect("there are more numbers than charts")
    }
}

fn joined(heading: &str, title: &str) -> String {
    if title.is_empty() { heading.to_owned() } else { format!("{heading}: {title}") }
}

/// "Inside the critic: D(x)" becomes `inside-the-critic-d-x`. Letters of any alphabet stay.
fn stem(title: &str) -> String {
    // Fréchet: LaTeX finds no file with an accent.
    let lower = title.to_lowercase().replace('é', "e");
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let stem: String = words.join("-").chars().take(80).collect();
    if stem.is_empty() { "chart".to_owned() } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_never_the_same() {
        assert_eq!(stem("Inside the critic: D(x)"), "inside-the-critic-d-x");
        assert_eq!(stem("../../etc"), "etc");
        assert_eq!(stem("%"), "chart");
        let mut files = Files::default();
        for expected in ["loss", "loss-2", "loss-3"] {
            let stem = files.free("loss");
            assert_eq!(stem, expected);
            files.0.push(FigureFile { stem, svg: String::new(), png: Vec::new() });
        }
    }
}
