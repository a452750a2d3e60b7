//! Charts as inline SVG. Colours are classes `c1` to `c7` (Okabe and Ito's palette) that the page's
//! style sheet sets for light and dark; dashes tell curves apart without colour.

mod axis;
mod bars;
mod curves;
mod drawing;
mod heat;
mod scatter;
mod series;

pub(crate) use curves::{Series, Stroke, training};
pub(crate) use drawing::{Chart, Words};
pub(crate) use series::Start;

use genlab_results::Plot;

/// Draws a figure that is data; None for images, and where there is nothing to draw. `colour` is the
/// palette's, 1 to 7; several series have one each, from the first on.
pub(crate) fn plot(words: Words, plot: &Plot, colour: usize) -> Option<Chart> {
    match plot {
        Plot::Bars { values, x_label, guide } => {
            bars::bars(words, values, x_label, guide.as_ref(), colour)
        }
        Plot::Lines { series, x_label, y_label } => {
            curves::lines(words, series, [x_label, y_label], colour)
        }
        Plot::Scatter { series, x_label, y_label } => {
            scatter::scatter(words, series, [x_label, y_label], colour)
        }
        Plot::HeatMap { columns, values, label } => {
            heat::heat_map(words, *columns, values, label, colour)
        }
        Plot::Strip(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use askama::Template;

    fn drawn(figure: &Plot) -> Option<String> {
        let [id, title, alt] = ["figure-1", "Title", "Codes of VAE"].map(str::to_owned);
        let words = Words { id, title, alt, remark: "A <remark>.".into() };
        plot(words, figure, 3).map(|chart| chart.render().unwrap())
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
        let svg = drawn(&Plot::Lines { series, x_label, y_label }).unwrap();
        let paths: Vec<&str> = svg.lines().filter(|line| line.contains("class=\"line ")).collect();
        assert_eq!(paths.len(), 2);
        assert!(paths[0].contains("line c1\" d=\"M48.0 ") && paths[0].contains("L384.0 "));
        assert!(paths[1].contains("line c2\""));
        assert!(svg.contains("s0 ends at 4.000; s1 ends at 0.") && svg.contains(">power</text>"));
    }

    #[test]
    fn scattered_points_stand_where_their_values_are() {
        let series = series(&[&[(0.0, 0.0), (10.0, 10.0), (5.0, 5.0)]]);
        let (x_label, y_label) = ("first".into(), "second".into());
        let svg = drawn(&Plot::Scatter { series, x_label, y_label }).unwrap();
        // Axes from 0 to 10.6, 48 to 384 across and 192 to 28 up.
        assert!(
            svg.contains("class=\"dots c3\" d=\"M48.0 192.0h0M365.0 37.3h0M206.5 114.6h0\""),
            "{svg}"
        );
        assert!(svg.contains("Codes of VAE: 3 points."));
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
            Plot::Lines { series: vec![], x_label: label(), y_label: label() },
            Plot::Scatter { series: series(&[&[]]), x_label: label(), y_label: label() },
            Plot::HeatMap { columns: 0, values: vec![], label: label() },
        ];
        for figure in nothing {
            assert!(drawn(&figure).is_none(), "{figure:?}");
        }
        let equal = Plot::HeatMap { columns: 0, values: vec![1.0], label: label() };
        assert!(drawn(&equal).is_some());
    }
}
