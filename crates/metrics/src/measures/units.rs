//! Words for values that are not images: units, and what one value is called.

use genlab_core::Kind;
use genlab_results::Metric;

/// Units that are about images, with what they are for points and for series.
const UNITS: [(&str, &str, &str); 9] = [
    ("per pixel, [0,1]", "per coordinate, squared", "per number, squared"),
    ("nats per image", "nats per point", "nats per series"),
    ("fraction of images", "fraction of points", "fraction of series"),
    ("fraction of real images", "fraction of real points", "fraction of real series"),
    (
        "ratio, about 1 for real images",
        "ratio, about 1 for real points",
        "ratio, about 1 for real series",
    ),
    (
        "fraction of samples, 0.05 for fresh real images",
        "fraction of samples, 0.05 for fresh real points",
        "fraction of samples, 0.05 for fresh real series",
    ),
    ("images per second", "points per second", "series per second"),
    ("judge features", "coordinates", "numbers of a series"),
    ("pixels, [0,1]", "coordinates", "numbers of a series"),
];

/// The metric with a unit that is true of values of this kind.
pub fn of(metric: Metric, kind: Kind) -> Metric {
    let found = UNITS.iter().find(|(images, ..)| *images == metric.unit);
    match (kind, found) {
        (Kind::Points, Some((_, points, _))) => metric.in_unit(points),
        (Kind::Series, Some((.., series))) => metric.in_unit(series),
        _ => metric,
    }
}

/// What several values are called.
pub fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Images => "images",
        Kind::Points => "points",
        Kind::Series => "series",
    }
}
