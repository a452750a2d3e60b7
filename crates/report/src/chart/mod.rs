//! Charts as inline SVG. Colours and marks are classes, those of [`Tint`], that the page's style sheet sets for light and
//! dark; dashes tell curves apart without colour.

mod alone;
mod axis;
mod bands;
mod bars;
mod curves;
mod drawing;
mod heat;
mod palette;
mod paths;
mod raster;
mod scatter;
mod series;
mod table;

pub(crate) use alone::{Alone, plain_xml};
pub(crate) use curves::{Series, Stroke, training};
pub(crate) use drawing::{Chart, Words};
pub(crate) use palette::Tint;
pub(crate) use raster::raster;
pub(crate) use scatter::against;
pub(crate) use series::Start;

use genlab_results::Plot;
use std::fmt;
use table::Table;

/// A figure that is data as one `figure` of the page; its texts are escaped.
pub(crate) enum Drawn {
    Chart(Box<Chart>),
    Table(Table),
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chart(chart) => chart.fmt(f),
            Self::Table(table) => table.fmt(f),
        }
    }
}

/// Draws a figure that is data; None for images, and where there is nothing to draw. Several series have a colour each,
/// from the first on; `colour` is that of what is alone.
pub(crate) fn plot(words: Words, plot: &Plot, colour: Tint) -> Option<Drawn> {
    let chart = match plot {
        Plot::Bars { values, x_label, guide } => {
            bars::bars(words, values, x_label, guide.as_ref(), colour)
        }
        Plot::Lines { series, bands, x_label, y_label, axes } => {
            curves::lines(words, series, bands, [x_label, y_label], *axes, colour)
        }
        Plot::Scatter { series, density, x_label, y_label } => {
            scatter::scatter(words, series, density.as_ref(), [x_label, y_label], colour)
        }
        Plot::Paths { paths: ways, name, arrows, arrows_name, density, x_label, y_label } => {
            let names = [name.as_str(), arrows_name];
            paths::paths(words, ways, arrows, names, density, [x_label, y_label], colour)
        }
        Plot::HeatMap { columns, values, label } => {
            heat::heat_map(words, *columns, values, label, colour)
        }
        Plot::Table { columns, rows } => {
            return table::table(words, columns, rows).map(Drawn::Table);
        }
        Plot::Strip(_) => None,
    };
    chart.map(|chart| Drawn::Chart(Box::new(chart)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_results::{Arrow, Axes, Band, Field};

    fn drawn(figure: &Plot) -> Option<String> {
        let [id, title, alt] = ["figure-1", "Title", "Codes of VAE"].map(str::to_owned);
        let words = Words { id, title, alt, remark: "A <remark>.".into() };
        plot(words, figure, Tint::nth(2)).map(|drawn| drawn.to_string())
    }

    /// A scatter of one series over a density of one row.
    fn scatter(points: &[(f64, f64)], density: Option<(Vec<f64>, [f64; 2], [f64; 2])>) -> Plot {
        let field =
            |(values, x, y): (Vec<f64>, _, _)| Field { columns: values.len(), values, x, y };
        Plot::Scatter {
            series: series(&[points]),
            density: density.map(field),
            x_label: "first".into(),
            y_label: "second".into(),
        }
    }

    fn series(points: &[&[(f64, f64)]]) -> Vec<(String, Vec<(f64, f64)>)> {
        let named =
            |(index, points): (usize, &&[(f64, f64)])| (format!("s{index}"), points.to_vec());
        points.iter().enumerate().map(named).collect()
    }

    #[test]
    fn bars_have_a_height_each_and_a_guide() {
        let guide = Some((1.0, "even".to_owned()));
        let svg = drawn(&Plot::Bars { values: vec![2.0, 0.0], x_label: "class".into(), guide });
        let svg = svg.unwrap();
        assert!(svg.contains("aria-label=\"Codes of VAE: 2 bars, the largest is 2.000 at 0.\""));
        assert_eq!(svg.matches("class=\"bar c3\"").count(), 2);
        assert!(svg.contains("Dashed: even (1.000).") && svg.contains("A &#60;remark&#62;."));
        assert!(svg.contains("height=\"0.0\"") && svg.contains(">class</text>"));
    }

    #[test]
    fn lines_run_from_the_least_to_the_greatest_x_in_colours_of_their_own() {
        let series = series(&[&[(1.0, 0.0), (3.0, 4.0)], &[(1.0, 4.0), (3.0, 0.0)]]);
        let (x_label, y_label) = ("frequency".into(), "power".into());
        let svg =
            drawn(&Plot::Lines { series, bands: vec![], x_label, y_label, axes: Axes::Linear })
                .unwrap();
        let paths: Vec<&str> = svg.lines().filter(|line| line.contains("class=\"line ")).collect();
        assert_eq!(paths.len(), 2);
        assert!(paths[0].contains("line c1\" d=\"M48.0 ") && paths[0].contains("L384.0 "));
        assert!(paths[1].contains("line c2\""));
        assert!(svg.contains("s0 ends at 4.000; s1 ends at 0.") && svg.contains(">power</text>"));
    }

    #[test]
    fn on_log_axes_equal_ratios_are_equal_distances() {
        let drawn_on = |points: &[(f64, f64)], axes| {
            let (series, label) = (series(&[points]), String::new);
            let plot =
                Plot::Lines { series, bands: vec![], x_label: label(), y_label: label(), axes };
            drawn(&plot).unwrap()
        };
        // 48 to 384 across, 192 to 12 up: the middle ratio lies in the middle.
        let points = [(5.0, 400.0), (50.0, 20.0), (500.0, 1.0)];
        let svg = drawn_on(&points, Axes::Log);
        assert!(svg.contains("L216.0 102.0L384.0 "), "{svg}");
        assert!(svg.contains("Log scales.") && svg.contains(">50</text>"), "{svg}");
        let with_zero = [(0.0, 400.0), (50.0, 20.0), (500.0, 1.0)];
        let svg = drawn_on(&with_zero, Axes::Log);
        assert!(svg.contains("L81.6 102.0L384.0 ") && svg.contains("Log scale up."), "{svg}");
        assert!(!drawn_on(&points, Axes::Linear).contains("Log scale"));
    }

    #[test]
    fn scattered_points_stand_where_their_values_are() {
        let svg = drawn(&scatter(&[(0.0, 0.0), (10.0, 10.0), (5.0, 5.0)], None)).unwrap();
        // Axes from 0 to 10.6, 48 to 384 across and 192 to 28 up.
        assert!(
            svg.contains("class=\"dots c3\" d=\"M48.0 192.0h0M365.0 37.3h0M206.5 114.6h0\""),
            "{svg}"
        );
        assert!(svg.contains("Codes of VAE: 3 points."));
    }

    #[test]
    fn over_a_density_both_axes_have_one_scale_and_end_where_it_ends() {
        let values = vec![4.0, 4.0, 0.04, 1.0];
        let points = [(-2.0, -2.0), (2.0, 2.0)];
        let svg = drawn(&scatter(&points, Some((values.clone(), [-2.0, 2.0], [-2.0, 2.0]))));
        let svg = svg.unwrap();
        // 336 across, from 48; as much down, from 28.
        assert!(svg.contains("viewBox=\"0 0 400 402\""), "{svg}");
        assert!(svg.contains("class=\"dots c3\" d=\"M48.0 364.0h0M384.0 28.0h0\""), "{svg}");
        let shades: Vec<&str> = svg.lines().filter(|line| line.contains("field tile")).collect();
        assert_eq!(shades.len(), 2, "next to nothing is not drawn: {svg}");
        assert!(shades[0].contains("d=\"M300.0 28.0h84.0v336.0h-84.0z\""), "{}", shades[0]);
        assert!(shades[1].contains("d=\"M48.0 28.0h168.0v336.0h-168.0z\""), "equal ones are one");
        assert!(svg.contains("s0") && svg.contains("2 points over a density."));
        assert!(!svg.contains("outside"));
        // Half as high as wide: a circle stays one.
        let svg = drawn(&scatter(&points, Some((values, [-2.0, 2.0], [-1.0, 1.0])))).unwrap();
        assert!(svg.contains("viewBox=\"0 0 400 234\""), "{svg}");
    }

    #[test]
    fn paths_run_in_from_outside_over_arrows_that_point_where_their_vectors_do() {
        let arrow = |from, along| Arrow { from, along };
        let plot = |columns: usize| Plot::Paths {
            paths: vec![vec![(-6.0, 0.0), (0.0, 0.0), (2.0, 2.0)], vec![(0.0, 9.0), (0.0, -2.0)]],
            name: "steps".into(),
            // As many as leave them 168 apart: the longest has 0.9 of that, one of a quarter of its size the half.
            arrows: vec![
                arrow((0.0, 0.0), (0.0, 8.0)),
                arrow((-1.0, -1.0), (2.0, 0.0)),
                arrow((1.0, 1.0), (0.0, 0.0)),
                arrow((5.0, 0.0), (1.0, 0.0)),
            ],
            arrows_name: "score".into(),
            density: Field { columns, values: vec![1.0; columns], x: [-2.0, 2.0], y: [-2.0, 2.0] },
            x_label: "first".into(),
            y_label: "second".into(),
        };
        let svg = drawn(&plot(1)).unwrap();
        // 336 across, from 48; as much down, from 28.
        assert!(svg.contains("line way c3\" d=\"M-288.0 196.0L216.0 196.0L384.0 28.0\""), "{svg}");
        assert!(svg.contains("class=\"dots c3\" d=\"M384.0 28.0h0M216.0 364.0h0\""), "{svg}");
        let arrows = svg.lines().find(|line| line.contains("class=\"arrows\" d=")).unwrap();
        assert!(arrows.contains("d=\"M216.0 271.6L216.0 120.4M"), "up: {arrows}");
        assert!(arrows.contains("M94.2 280.0L169.8 280.0M"), "to the right: {arrows}");
        assert_eq!(arrows.matches('M').count(), 4, "of no length, or outside, is none: {arrows}");
        assert!(svg.contains("Codes of VAE: 2 paths over 4 arrows and a density."), "{svg}");
        assert!(drawn(&plot(0)).is_none(), "without a plane there is nothing to draw in");
    }

    #[test]
    fn points_beyond_a_density_are_counted_and_not_drawn() {
        let field = |columns| Some((vec![1.0; columns], [0.0, 1.0], [0.0, 1.0]));
        let points = [(0.5, 0.5), (1.5, 0.5), (0.5, -0.1)];
        let svg = drawn(&scatter(&points, field(1))).unwrap();
        assert_eq!(svg.matches("h0M").count() + 1, 1, "{svg}");
        assert!(svg.contains("2 of 3 points lie outside."));
        let svg = drawn(&scatter(&points[..2], field(1))).unwrap();
        assert!(svg.contains("1 of 2 points lies outside."));
        assert!(drawn(&scatter(&[], field(1))).is_some(), "a density alone is a figure");
        // Without a cell there is no density.
        assert!(drawn(&scatter(&points, field(0))).unwrap().contains("3 points."));
    }

    #[test]
    fn bands_lie_behind_the_lines_in_their_colours_the_widest_first() {
        let band = |name: &str, half: f64| Band {
            name: name.into(),
            points: vec![(0.0, -half, half), (1.0, 1.0 - half, 1.0 + half)],
        };
        let series = series(&[&[(0.0, 0.0), (1.0, 1.0)], &[(0.0, 2.0), (1.0, 3.0)]]);
        let bands = vec![band("s1, half", 0.5), band("s1, 90 %", 1.0), band("other", 0.25)];
        let (x_label, y_label) = ("step".into(), String::new());
        let svg =
            drawn(&Plot::Lines { series, bands, x_label, y_label, axes: Axes::Linear }).unwrap();
        let paths: Vec<&str> = svg.lines().filter(|line| line.contains(" d=\"M48.0 ")).collect();
        let [wide, half, other, ..] = paths[..] else { panic!("{svg}") };
        assert!(wide.contains("class=\"bar c2\"") && half.contains("class=\"bar c2\""), "{svg}");
        assert!(other.contains("class=\"bar c5\""), "after the two lines and the two bands");
        assert!(paths[3].contains("line c1"), "lines come last: {svg}");
        assert!(wide.ends_with("z\"/>"), "{wide}");
        assert_eq!(wide.matches('L').count(), 3, "there and back");
        let legend: Vec<&str> = svg.lines().filter(|line| line.contains("class=\"key\"")).collect();
        assert_eq!(legend.len(), 5);
        assert!(legend[2].contains("fill-opacity=\"0.17\"") && legend[2].contains("s1, 90 %"));
        assert!(legend[3].contains("fill-opacity=\"0.31\"") && legend[3].contains("s1, half"));
        assert!(svg.contains("s1, 90 % ends between 0 and 2.000"), "{svg}");
    }

    #[test]
    fn a_table_is_one_of_the_page_with_headings_on_both_sides() {
        let texts = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let columns = texts(&["<rule>", "share", "what"]);
        let rows = vec![texts(&["a & b", "—", "<b>x</b>"]), texts(&["c", "12.5 %"])];
        let html = drawn(&Plot::Table { columns, rows }).unwrap();
        for cell in [
            "<th scope=\"col\" class=\"number\">share</th>",
            "<th scope=\"row\">a &#38; b</th>",
            "<td class=\"number\">12.5 %</td>",
            "<td class=\"text\">&#60;b&#62;x&#60;/b&#62;</td>",
            "<td class=\"text\"></td>",
            "role=\"region\" aria-label=\"Codes of VAE\"",
            "A &#60;remark&#62;.",
        ] {
            assert!(html.contains(cell), "{cell}: {html}");
        }
        assert!(!html.contains("<rule>") && !html.contains("whole"));
        let five = Plot::Table { columns: vec![String::new(); 5], rows: vec![vec![]] };
        assert!(drawn(&five).unwrap().contains("class=\"chart whole\""));
    }

    #[test]
    fn a_heat_map_has_a_strength_per_value_and_its_first_row_on_top() {
        let (columns, values) = (2, vec![0.0, 1.0, 1.0, 0.5]);
        let svg = drawn(&Plot::HeatMap { columns, values, label: "share".into() }).unwrap();
        let tiles: Vec<&str> =
            svg.lines().filter(|line| line.contains("fill-opacity")).map(str::trim).collect();
        assert_eq!(tiles.len(), 3, "three values, three strengths");
        assert!(
            tiles[0].contains("fill-opacity=\"0.06\"") && tiles[0].contains("d=\"M48.0 12.0h168.0")
        );
        assert!(tiles[1].contains("d=\"M216.0 102.0h168.0"));
        assert!(tiles[2].contains("fill-opacity=\"1.00\""));
        assert!(tiles[2].contains("d=\"M216.0 12.0h168.0v90.0h-168.0zM48.0 102.0h168.0"));
        assert!(svg.contains("Pale: 0; strong: 1.000.") && svg.contains(">share</text>"));
    }

    #[test]
    fn there_is_no_chart_of_nothing() {
        let label = String::new;
        let nothing = [
            Plot::Bars { values: vec![], x_label: label(), guide: None },
            Plot::Lines {
                series: vec![],
                bands: vec![],
                x_label: label(),
                y_label: label(),
                axes: Axes::Linear,
            },
            scatter(&[], None),
            Plot::HeatMap { columns: 0, values: vec![], label: label() },
            Plot::Table { columns: vec![label()], rows: vec![] },
            Plot::Table { columns: vec![], rows: vec![vec![label()]] },
        ];
        for figure in nothing {
            assert!(drawn(&figure).is_none(), "{figure:?}");
        }
        let equal = Plot::HeatMap { columns: 0, values: vec![1.0], label: label() };
        assert!(drawn(&equal).is_some());
    }
}
