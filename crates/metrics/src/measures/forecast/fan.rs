//! Pictures of forecasts: where most of what is foretold of a window lies, and what came.

use super::Forecasts;
use genlab_data::Values;
use genlab_results::{Axes, Band, Figure, Plot, Scope};

/// Windows that are drawn.
const SHOWN: usize = 4;
/// Shares of what is foretold that lie within the bands, the wider first.
const BANDS: [f64; 2] = [0.8, 0.5];

/// One figure for each of a few windows that stand far apart in the split.
pub fn fans(forecasts: &Forecasts, outcomes: &Values) -> Vec<Figure> {
    let shown = SHOWN.min(forecasts.len());
    let fan = |number: usize| {
        let index = number * forecasts.len() / shown;
        Figure {
            name: format!("fan-{}", number + 1),
            section: "Forecasts".into(),
            title: format!("Window {}", index + 1),
            caption: "A past that the model is told, what it then foretells, and what came. The bands hold 50 % \
                      and 80 % of the futures that it draws. Not picked: windows at even distances in the split."
                .into(),
            scope: Scope::Run,
            plot: fan(index, forecasts, outcomes),
        }
    };
    (0..shown).map(fan).collect()
}

fn fan(index: usize, forecasts: &Forecasts, outcomes: &Values) -> Plot {
    let forecast = &forecasts[index];
    let ahead = |step: usize| (step + 1) as f64;
    let past: Vec<f64> = outcomes
        .pasts
        .as_ref()
        .map_or_else(Vec::new, |pasts| pasts.row(index).iter().map(|x| f64::from(*x)).collect());
    let before = |place: usize| place as f64 - (past.len() as f64 - 1.0);
    let known = past.iter().enumerate().map(|(place, x)| (before(place), *x)).collect();
    let median = forecast.iter().enumerate().map(|(h, f)| (ahead(h), f.quantile(0.5))).collect();
    let came = outcomes.row_f64(index).into_iter().enumerate().map(|(h, x)| (ahead(h), x));
    let band = |share: f64| Band {
        name: format!("median, {:.0} %", 100.0 * share),
        points: forecast
            .iter()
            .enumerate()
            .map(|(h, f)| {
                let [low, high] = f.central(share);
                (ahead(h), low, high)
            })
            .collect(),
    };
    Plot::Lines {
        series: vec![
            ("median".into(), median),
            ("past".into(), known),
            ("what came".into(), came.collect()),
        ],
        bands: BANDS.map(band).to_vec(),
        x_label: "steps ahead".into(),
        y_label: "value".into(),
        axes: Axes::Linear,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::distribution::Distribution, *};
    use genlab_core::Space;
    use genlab_data::{Normal, Pasts};

    #[test]
    fn a_fan_begins_where_the_past_ends_and_its_bands_are_quantiles() {
        let pasts = Pasts { length: 3, numbers: vec![7.0, 8.0, 9.0] };
        let outcomes = Values::floats(Space::series(2, 0.0, 1.0), vec![10.0, 11.0]);
        let outcomes = outcomes.with_pasts(Some(pasts));
        let at = |mean| Distribution::Normal(Normal { mean, sd: 1.0 });
        let figures = fans(&vec![vec![at(10.0), at(12.0)]], &outcomes);
        assert_eq!(figures.len(), 1, "no more than there are windows");
        let Plot::Lines { series, bands, .. } = &figures[0].plot else { panic!("lines") };
        assert_eq!(series[1].1, [(-2.0, 7.0), (-1.0, 8.0), (0.0, 9.0)]);
        assert_eq!(series[2].1, [(1.0, 10.0), (2.0, 11.0)]);
        let (x, low, high) = bands[0].points[1];
        assert!((x, low + high) == (2.0, 24.0) && (high - 13.28).abs() < 0.01, "{low} {high}");
    }
}
