//! Values to look at: images side by side, clips with their frames side by side, points in their plane over the density that
//! they should have, series as lines.

use genlab_core::{ImageShape, Kind, Space};
use genlab_data::{Truth, Values};
use genlab_results::{Axes, Band, Field, ImageStrip, Plot};

/// Points in a chart, at most.
const MOST_POINTS: usize = 1000;
/// Cells along a side of a field of densities.
const CELLS: usize = 60;
/// Bars of a histogram.
const BARS: usize = 60;
/// Side of a raster of points, in pixels.
const SIDE: usize = 160;
/// Width of the bar of colours beside a raster of points, and of the gap before it, in pixels.
const BAR: usize = 12;
const GAP: usize = 4;
/// The level of the line between frames: neither that of the gutter between images nor black.
const DIVIDER: u8 = 64;
/// The level of a colour's strongest channel.
const LIGHT: f64 = 220.0;
/// Series that are drawn one by one.
const SHOWN_SERIES: usize = 3;
/// Share of the series that lie within the band around their median.
const BAND: f64 = 0.8;

/// Images with `columns` in a row. Of images that are neither grey nor in colour, such as clips, each is one grey picture of its
/// channels side by side.
///
/// # Panics
/// For values that are not kept as levels.
pub fn strip(images: &Values, columns: usize) -> ImageStrip {
    let levels = images.bytes().expect("images are kept as levels");
    let shape = shown_shape(images.shape());
    let pixels = if shape == images.shape() {
        levels.to_vec()
    } else {
        levels
            .chunks(images.shape().pixels())
            .flat_map(|clip| frames(clip, images.shape()))
            .collect()
    };
    let ImageShape { channels, height, width } = shape;
    ImageStrip { channels, height, width, pixels, columns }
}

/// Of what size an image is in a [`strip`].
pub fn shown_shape(shape: ImageShape) -> ImageShape {
    let ImageShape { channels, height, width } = shape;
    match channels {
        1 | 3 => shape,
        frames => ImageShape::new(1, height, frames * (width + 1) - 1),
    }
}

/// The channels of an image side by side, row by row, with a line between each two.
fn frames(levels: &[u8], shape: ImageShape) -> Vec<u8> {
    let ImageShape { height, width, .. } = shape;
    let row = |row: usize| {
        let parts = levels.chunks(height * width).map(|frame| &frame[row * width..][..width]);
        parts.collect::<Vec<_>>().join(&DIVIDER)
    };
    (0..height).flat_map(row).collect()
}

/// Values in a row that has room for `columns` images. A clip takes the room of its frames.
pub fn in_a_row(space: Space, columns: usize) -> usize {
    match (space.kind, space.shape.channels) {
        (Kind::Images, frames) if ![1, 3].contains(&frames) => (columns / frames.max(1)).max(1),
        _ => columns,
    }
}

/// Values as a figure: images in a strip with `columns` in a row, points over the density of `truth`
/// where it is known, series as their median with a band and the first of them.
pub fn plot(values: &Values, columns: usize, truth: Option<&Truth>) -> Plot {
    match values.space.kind {
        Kind::Images => Plot::Strip(strip(values, columns)),
        Kind::Points if values.shape().pixels() == 1 => histogram(values, truth),
        Kind::Points => scatter(values, truth),
        Kind::Series => fan(values),
    }
}

/// Values as a picture of pixels, for files and boards that know nothing else. Points of several classes have a
/// colour for each, and a bar of these colours beside them, class 0 on top.
pub fn raster(values: &Values, columns: usize) -> ImageStrip {
    match values.space.kind {
        Kind::Images => strip(values, columns),
        Kind::Points => match several_classes(values) {
            Some(labels) => coloured_dots(&points(values), labels),
            None => dots(&points(values)),
        },
        Kind::Series => dots(&over_time(values)),
    }
}

/// The first two coordinates of each point; a point of a line lies at height 0.
fn points(values: &Values) -> Vec<(f64, f64)> {
    let row = |index| {
        let row = values.row_f64(index);
        (row[0], row.get(1).copied().unwrap_or(0.0))
    };
    (0..values.len()).map(row).collect()
}

/// Each number of each series at its time.
fn over_time(values: &Values) -> Vec<(f64, f64)> {
    let series = |index| {
        let row = values.row_f64(index);
        row.into_iter().take(values.shape().width).enumerate().map(|(t, x)| (t as f64, x))
    };
    (0..values.len()).flat_map(series).collect()
}

/// Dark dots on a white square that holds all of them.
fn dots(points: &[(f64, f64)]) -> ImageStrip {
    let mut pixels = vec![255_u8; SIDE * SIDE];
    for (column, row) in places(points) {
        let pixel = &mut pixels[row * SIDE + column];
        *pixel = pixel.saturating_sub(85); // three dots in one place are black
    }
    ImageStrip { channels: 1, height: SIDE, width: SIDE, pixels, columns: 1 }
}

/// Column and row of each point in a square that holds all of them.
fn places(points: &[(f64, f64)]) -> Vec<(usize, usize)> {
    let [x, y] = [extent(points.iter().map(|p| p.0)), extent(points.iter().map(|p| p.1))];
    let place = |value: f64, [low, high]: [f64; 2]| {
        let share = (value - low) / (high - low).max(f64::MIN_POSITIVE);
        ((share * (SIDE - 1) as f64).round() as usize).min(SIDE - 1)
    };
    points.iter().map(|point| (place(point.0, x), SIDE - 1 - place(point.1, y))).collect()
}

/// The labels of values that are not all of one class.
fn several_classes(values: &Values) -> Option<&[u32]> {
    let labels = values.labels.as_deref()?;
    labels.iter().any(|label| *label != labels[0]).then_some(labels)
}

/// Dots in the colours of their classes, and a bar of the colours of all classes on the right.
fn coloured_dots(points: &[(f64, f64)], labels: &[u32]) -> ImageStrip {
    let width = SIDE + GAP + BAR;
    let mut pixels = vec![255_u8; 3 * SIDE * width];
    let mut paint = |column: usize, row: usize, colour: [u8; 3]| {
        for (channel, level) in colour.into_iter().enumerate() {
            pixels[(channel * SIDE + row) * width + column] = level;
        }
    };
    let classes = labels.iter().max().map_or(1, |last| *last as usize + 1);
    for ((column, row), label) in places(points).into_iter().zip(labels) {
        paint(column, row, colour(*label as usize, classes));
    }
    for row in 0..SIDE {
        for column in SIDE + GAP..width {
            paint(column, row, colour(row * classes / SIDE, classes));
        }
    }
    ImageStrip { channels: 3, height: SIDE, width, pixels, columns: 1 }
}

/// One of `classes` hues, evenly spaced around the circle of colours: dark enough to be seen on white.
fn colour(class: usize, classes: usize) -> [u8; 3] {
    let hue = 6.0 * class as f64 / classes as f64;
    // How far red, green and blue lie from the hue, on a circle of length 6.
    [0.0, 2.0, 4.0].map(|own| {
        let apart = (hue - own).abs().min(6.0 - (hue - own).abs());
        (LIGHT * (2.0 - apart).clamp(0.0, 1.0)).round() as u8
    })
}

/// The least and the greatest value, with a tenth of air on both sides.
fn extent(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return [0.0, 1.0];
    }
    let air = if high > low { 0.1 * (high - low) } else { 1.0 };
    [low - air, high + air]
}

/// The square around the modes of `truth`, with six standard deviations of air.
fn around_modes(truth: &Truth) -> Option<[[f64; 2]; 2]> {
    let modes = truth.modes()?;
    let side = |axis: usize| {
        let ends = modes.iter().map(|mode| (mode.centre[axis], 6.0 * mode.sd));
        let low = ends.clone().map(|(c, air)| c - air).fold(f64::INFINITY, f64::min);
        [low, ends.map(|(c, air)| c + air).fold(f64::NEG_INFINITY, f64::max)]
    };
    let [x, y] = [side(0), side(1)];
    let half = (x[1] - x[0]).max(y[1] - y[0]) / 2.0;
    Some(
        [x, y]
            .map(|[low, high]| [f64::midpoint(low, high) - half, f64::midpoint(low, high) + half]),
    )
}

fn scatter(values: &Values, truth: Option<&Truth>) -> Plot {
    let plane = values.shape().pixels() == 2;
    let density = truth.filter(|_| plane).and_then(|truth| {
        let [x, y] = around_modes(truth)?;
        let along =
            |[low, high]: [f64; 2], i: usize| low + (high - low) * (i as f64 + 0.5) / CELLS as f64;
        let cell = |index: usize| {
            let (row, column) = (index / CELLS, index % CELLS);
            let point = [along(x, column), along(y, CELLS - 1 - row)];
            Some(rounded(truth.log_density(&point)?.exp()))
        };
        let values = (0..CELLS * CELLS).map(cell).collect::<Option<Vec<f64>>>()?;
        Some(Field { columns: CELLS, values, x, y })
    });
    let shown = points(&values.take(MOST_POINTS));
    let shown = shown.into_iter().map(|(x, y)| (rounded(x), rounded(y))).collect();
    let of = if plane { String::new() } else { format!(" of {}", values.shape().pixels()) };
    let label = |axis: usize| format!("coordinate {axis}{of}");
    Plot::Scatter {
        series: vec![(String::new(), shown)],
        x_label: label(1),
        y_label: label(2),
        density,
    }
}

/// Four digits behind the point: less than a chart can show.
pub fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// How often points of a line fall where, beside the density that they should have.
fn histogram(values: &Values, truth: Option<&Truth>) -> Plot {
    let numbers = values.to_f64();
    let [low, high] = extent(numbers.iter().copied());
    let width = (high - low) / BARS as f64;
    let mut counts = vec![0_usize; BARS];
    for value in &numbers {
        counts[(((value - low) / width) as usize).min(BARS - 1)] += 1;
    }
    let middle = |bar: usize| rounded(low + width * (bar as f64 + 0.5));
    let share = |count: usize| rounded(count as f64 / numbers.len().max(1) as f64 / width);
    let samples = counts.iter().enumerate().map(|(bar, count)| (middle(bar), share(*count)));
    let mut series = vec![("samples".to_owned(), samples.collect())];
    let density = truth.and_then(|truth| {
        let at = |bar| Some((middle(bar), rounded(truth.log_density(&[middle(bar)])?.exp())));
        (0..BARS).map(at).collect::<Option<Vec<_>>>()
    });
    series.extend(density.map(|density| ("true density".to_owned(), density)));
    let (x_label, y_label) = ("value".into(), "density".into());
    Plot::Lines { series, x_label, y_label, bands: Vec::new(), axes: Axes::Linear }
}

/// The median over time with a band of most series around it, and the first few series.
fn fan(values: &Values) -> Plot {
    let times = values.shape().width;
    let rows: Vec<Vec<f64>> = (0..values.len()).map(|index| values.row_f64(index)).collect();
    let at = |time: usize, share: f64| {
        let mut column: Vec<f64> = rows.iter().map(|row| row[time]).collect();
        column.sort_by(f64::total_cmp);
        let place = share * (column.len() - 1) as f64;
        let (below, above) = (column[place.floor() as usize], column[place.ceil() as usize]);
        rounded(below + (above - below) * place.fract())
    };
    let line =
        |row: &[f64]| (0..times).map(|time| (time as f64, rounded(row[time]))).collect::<Vec<_>>();
    let median = (0..times).map(|time| (time as f64, at(time, 0.5))).collect();
    let mut series = vec![("median".to_owned(), median)];
    let first = rows.iter().take(SHOWN_SERIES).enumerate();
    series.extend(first.map(|(number, row)| (format!("sample {}", number + 1), line(row))));
    let [low, high] = [(1.0 - BAND) / 2.0, f64::midpoint(1.0, BAND)];
    let band = (0..times).map(|time| (time as f64, at(time, low), at(time, high))).collect();
    let bands =
        vec![Band { name: format!("median, {:.0} % of the samples", 100.0 * BAND), points: band }];
    let (x_label, y_label) = ("time".into(), "value".into());
    Plot::Lines { series, x_label, y_label, bands, axes: Axes::Linear }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{Range, Space};

    fn series(rows: &[[f32; 2]]) -> Values {
        let space = Space {
            shape: ImageShape::new(1, 1, 2),
            kind: Kind::Series,
            range: Range::Real,
            mean: 0.0,
            sd: 1.0,
        };
        Values::floats(space, rows.concat())
    }

    #[test]
    fn frames_of_a_clip_stand_side_by_side_in_one_picture() {
        let shape = ImageShape::new(2, 2, 3);
        let clips = Values::images(shape, (1..=24).collect());
        let strip = strip(&clips, 1);
        assert_eq!((strip.channels, strip.height, strip.width, strip.count()), (1, 2, 7, 2));
        assert_eq!(strip.pixels[..7], [1, 2, 3, DIVIDER, 7, 8, 9]);
        assert_eq!(strip.pixels[7..14], [4, 5, 6, DIVIDER, 10, 11, 12]);
        assert_eq!(strip.pixels[14..17], [13, 14, 15]);
    }

    #[test]
    fn a_row_has_room_for_fewer_clips_than_images() {
        let row = |channels| in_a_row(Space::images(ImageShape::new(channels, 4, 4)), 16);
        assert_eq!([1, 3, 8, 32].map(row), [16, 16, 2, 1]);
        assert_eq!(in_a_row(Space::points(2, 0.0, 1.0), 16), 16);
    }

    #[test]
    fn a_fan_has_the_median_and_the_quantiles_of_each_time() {
        let rows: Vec<[f32; 2]> = (0..11_u8).map(|i| [f32::from(i), -f32::from(i)]).collect();
        let Plot::Lines { series, bands, .. } = plot(&series(&rows), 1, None) else {
            panic!("lines")
        };
        assert_eq!(series[0], ("median".to_owned(), vec![(0.0, 5.0), (1.0, -5.0)]));
        assert_eq!(series.len(), 1 + SHOWN_SERIES);
        assert_eq!(bands[0].points, [(0.0, 1.0, 9.0), (1.0, -9.0, -1.0)]);
    }

    #[test]
    fn points_stand_over_the_density_that_they_should_have() {
        let ring = genlab_data::load("ring-8", &genlab_data::LoadOptions::default()).unwrap();
        let Plot::Scatter { series, density, .. } = plot(&ring.test, 1, ring.truth.as_ref()) else {
            panic!("a scatter plot")
        };
        assert_eq!(series[0].1.len(), MOST_POINTS);
        let Field { columns, values, x, y } = density.expect("a known density");
        // The mass of the field is all there is.
        let cell = (x[1] - x[0]) * (y[1] - y[0]) / (columns * columns) as f64;
        assert!((values.iter().sum::<f64>() * cell - 1.0).abs() < 0.02);
        assert!((x[1] - x[0] - (y[1] - y[0])).abs() < 1e-9, "a square");
    }

    #[test]
    fn points_of_several_classes_have_colours_and_a_bar_of_them() {
        let points = Values::floats(Space::points(2, 0.0, 1.0), vec![0.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
        let grey = raster(&points.clone().with_labels(Some(vec![1, 1, 1])), 1);
        assert_eq!(grey.channels, 1, "one class needs no colours");
        let strip = raster(&points.with_labels(Some(vec![0, 1, 2])), 1);
        let at = |column: usize, row: usize| {
            [0, 1, 2].map(|c| strip.pixels[(c * SIDE + row) * strip.width + column])
        };
        let colours = [[220, 0, 0], [0, 220, 0], [0, 0, 220]];
        let last = strip.width - 1;
        assert_eq!([at(last, 0), at(last, SIDE / 2), at(last, SIDE - 1)], colours);
        let square = (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (column, row)));
        let dots: Vec<_> = square.map(|(x, y)| at(x, y)).filter(|rgb| *rgb != [255; 3]).collect();
        // From the top: (0, 1) of class 2, (1, 1) of class 1, (0, 0) of class 0.
        assert_eq!(dots, [colours[2], colours[1], colours[0]]);
    }

    #[test]
    fn a_raster_has_a_dark_dot_for_each_point() {
        let points = Values::floats(Space::points(2, 0.0, 1.0), vec![0.0, 0.0, 1.0, 1.0]);
        let strip = raster(&points, 1);
        assert_eq!(strip.pixels.iter().filter(|pixel| **pixel < 255).count(), 2);
        let images = Values::images(ImageShape::new(1, 1, 1), vec![3, 4]);
        assert_eq!(raster(&images, 2).pixels, [3, 4]);
    }
}
