//! What is drawn: how much, the same every time, and from the distribution that it says.

use super::*;
use genlab_core::{ImageShape, Kind, Range};

fn drawn(name: &str) -> Dataset {
    load(name).expect("a drawn dataset").expect("nothing can fail")
}

/// Splits and hash, which never change.
fn check(name: &str, dimensions: usize, classes: usize, sha256: &str) {
    let dataset = drawn(name);
    let splits = [&dataset.train, &dataset.validation, &dataset.test];
    assert_eq!(splits.map(Values::len), [4096, 512, 2048]);
    assert_eq!(dataset.space.kind, Kind::Points);
    assert_eq!(dataset.space.shape, ImageShape::new(dimensions, 1, 1));
    assert_eq!(dataset.classes.expect("classes").len(), classes);
    for values in splits {
        assert_eq!(values.space, dataset.space);
        let labels = values.labels.as_ref().expect("labels");
        for class in 0..classes as u32 {
            assert!(labels.contains(&class), "{name}: a split lacks class {class}");
        }
    }
    assert_eq!(dataset.sha256, sha256, "{name} changed, and with it every result");
}

#[test]
fn ring_8_is_what_results_were_made_with() {
    check("ring-8", 2, 8, "08c2886557265a5bdcd5c580bc2512768c0bfe63f83eb58f97c724883c6df582");
}

#[test]
fn grid_25_is_what_results_were_made_with() {
    check("grid-25", 2, 25, "8979a3ef16298d7817692047815eae018b068fb38868cb004214c5ba43a0bbd7");
}

#[test]
fn mixture_1d_is_what_results_were_made_with() {
    check("mixture-1d", 1, 3, "10bf85446ed1e3af9ef48ea7f190f03237234d416e28b1699f12304c36ce1d8f");
}

#[test]
fn mixture_2d_is_what_results_were_made_with() {
    check("mixture-2d", 2, 5, "94779cbbf68160104cd8ffaf6040ecf3a1c427b7bbe39f6bd3ced2f37eb60425");
}

#[test]
fn uniform_1d_is_what_results_were_made_with() {
    let dataset = drawn("uniform-1d");
    assert_eq!((dataset.classes, dataset.train.labels), (None, None));
    assert_eq!(
        dataset.sha256, "90dc77719c46924fe77198affa7f58859ae4c64f40c678057b78f10fbdff6900",
        "uniform-1d changed, and with it every result"
    );
    assert!((dataset.space.sd - 3.0_f64.sqrt().recip()).abs() < 0.01, "{}", dataset.space.sd);
}

#[test]
fn planes_are_what_results_were_made_with() {
    check("two-moons", 2, 2, "820df1435f5d94f3c4c03e2f39df9350c2a2369d269fb2fca4009810cb8b328e");
    for (name, sha256) in [
        ("gaussian-diagonal", "0976e2c4b05b85ad11128535ad01b550f52f451bcdfe3f800cb49ba296162855"),
        ("gaussian-rotated", "1a6cce5b5b44eb3713720b63acc9d7eac71a3ab8436a09063ac311ff640c8a82"),
        ("swiss-roll", "c509b0a5b8a514cbc43f582f5e019469d2318c5ab39bf4daff03e627ca5a03cb"),
        ("checkerboard", "73e8e7e6a855ad3f0fee86a0b83e558b76562f9c80d41b8dda99dc6672a3d6f0"),
    ] {
        let dataset = drawn(name);
        assert_eq!((dataset.classes, dataset.train.labels), (None, None));
        assert_eq!(dataset.sha256, sha256, "{name} changed, and with it every result");
    }
}

#[test]
fn planted_dictionary_is_what_results_were_made_with() {
    let dataset = drawn("planted-dictionary");
    let splits = [&dataset.train, &dataset.validation, &dataset.test];
    assert_eq!(splits.map(Values::len), [4096, 512, 2048]);
    assert_eq!(dataset.space.shape, ImageShape::new(32, 1, 1));
    assert_eq!(dataset.truth.expect("a truth").atoms().map(<[_]>::len), Some(64));
    assert_eq!(
        dataset.sha256, "f44e93a3d8f7707a0f4c0e6db8433ed93a4faadccf4ebc7dee49977994bd4ae5",
        "planted-dictionary changed, and with it every result"
    );
}

#[test]
fn other_names_are_not_drawn() {
    assert!(load("digits8x8").is_none() && kind_of("digits8x8").is_none());
}

#[test]
fn no_point_is_in_two_splits_or_twice_in_one() {
    for Drawn { name, .. } in &DATASETS {
        let dataset = drawn(name);
        let splits = [&dataset.train, &dataset.validation, &dataset.test];
        let rows = splits.iter().flat_map(|values| (0..values.len()).map(|i| values.row_f64(i)));
        let mut rows: Vec<Vec<f64>> = rows.collect();
        rows.sort_by(|a, b| a.partial_cmp(b).expect("finite"));
        let count = rows.len();
        rows.dedup();
        // In one dimension 6,656 draws of 24 bits now and then fall on the same number.
        assert!(count - rows.len() <= if dataset.space.shape.channels == 1 { 20 } else { 0 });
    }
}

#[test]
fn points_lie_where_their_labels_say_as_often_as_their_modes_weigh() {
    for Drawn { name, .. } in &DATASETS {
        let Dataset { train, truth, .. } = drawn(name);
        let truth = truth.expect("a truth");
        let Some(modes) = truth.modes() else { continue };
        let labels = train.labels.as_ref().expect("labels");
        for (class, mode) in modes.iter().enumerate() {
            let rows: Vec<usize> =
                (0..train.len()).filter(|&row| labels[row] == class as u32).collect();
            let (count, share) = (rows.len() as f64, rows.len() as f64 / train.len() as f64);
            let error = (mode.weight * (1.0 - mode.weight) / train.len() as f64).sqrt();
            assert!((share - mode.weight).abs() < 4.0 * error, "{name} {class}: {share}");
            for (axis, centre) in mode.centre.iter().enumerate() {
                let offsets: Vec<f64> =
                    rows.iter().map(|&row| train.row_f64(row)[axis] - centre).collect();
                let mean = offsets.iter().sum::<f64>() / count;
                assert!(mean.abs() < 4.0 * mode.sd / count.sqrt(), "{name} {class}: {mean}");
                let sd = (offsets.iter().map(|v| v.powi(2)).sum::<f64>() / count).sqrt();
                let error = mode.sd / (2.0 * count).sqrt();
                assert!((sd - mode.sd).abs() < 4.0 * error, "{name} {class}: {sd}");
            }
        }
    }
}

#[test]
fn the_mean_log_density_of_the_test_split_is_minus_the_entropy() {
    for Drawn { name, .. } in &DATASETS {
        let Dataset { test, truth, .. } = drawn(name);
        let truth = truth.expect("a truth");
        if truth.atoms().is_some() {
            continue; // a sum over sets of atoms that nobody adds up
        }
        let logs: Vec<f64> = (0..test.len())
            .map(|row| truth.log_density(&test.row_f64(row)).expect("a density"))
            .collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let variance = logs.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        let entropy = truth.entropy().expect("one or two dimensions");
        assert!(
            (mean + entropy).abs() < 4.0 * (variance / count).sqrt() + 1e-9,
            "{name}: {mean} {entropy}"
        );
    }
}

#[test]
fn the_range_is_that_of_the_known_distribution() {
    // Σ w (m² + s²) over both coordinates, around a mean of 0.
    let Space { range, mean, sd, .. } = drawn("ring-8").space;
    assert_eq!(range, Range::Real);
    assert!(mean.abs() < 0.05, "{mean}");
    assert!((sd - (2.0_f64 + 0.01).sqrt()).abs() < 0.02, "{sd}");
}

#[test]
fn classes_are_named_after_where_they_lie() {
    let names = |name: &str| drawn(name).classes.expect("classes");
    assert_eq!(names("ring-8")[..3], ["0°", "45°", "90°"]);
    assert_eq!(names("grid-25")[..2], ["(-4, -4)", "(-4, -2)"]);
    let Some(truth) = drawn("ring-8").truth else { panic!("a truth") };
    for (i, mode) in truth.modes().expect("modes").iter().enumerate() {
        let (sin, cos) = (std::f64::consts::FRAC_PI_4 * i as f64).sin_cos();
        assert!((mode.centre[0] - 2.0 * cos).abs() < 1e-12, "{i}");
        assert!((mode.centre[1] - 2.0 * sin).abs() < 1e-12, "{i}");
    }
}
