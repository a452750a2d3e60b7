//! What is cut out of a column, and what is refused.

use super::*;
use std::fs;

fn refusal(numbers: &[f64]) -> String {
    split(numbers, "a.csv", "x").expect_err("refused").to_string()
}

fn ramp(count: usize) -> Vec<f64> {
    (0..count).map(|i| i as f64).collect()
}

#[test]
fn no_number_is_in_two_splits_and_windows_are_whole() {
    let splits = split(&ramp(1000), "a.csv", "x").expect("windows");
    let ends = [0.0, 700.0, 800.0, 1000.0];
    for (number, values) in splits.iter().enumerate() {
        let pasts = values.pasts.as_ref().expect("pasts");
        assert_eq!((pasts.length, values.shape().width), (PAST, HORIZON));
        for row in 0..values.len() {
            let future = values.row_f64(row);
            let past = pasts.row(row);
            let first = f64::from(past[0]);
            assert!(first >= ends[number] && future[HORIZON - 1] < ends[number + 1]);
            let window = past.iter().map(|x| f64::from(*x)).chain(future);
            assert!(window.enumerate().all(|(i, x)| x == first + i as f64), "row {row}");
        }
    }
    // 700 - 36 + 1; (100 - 36) / 12 + 1; (200 - 36) / 12 + 1, rounded down.
    assert_eq!(splits.each_ref().map(Values::len), [665, 6, 14]);
}

#[test]
fn futures_of_measured_windows_share_nothing() {
    let [_, _, test] = split(&ramp(1000), "a.csv", "x").expect("windows");
    let ends: Vec<f64> = (0..test.len()).map(|row| test.row_f64(row)[HORIZON - 1]).collect();
    for (row, end) in ends.iter().enumerate().skip(1) {
        assert!(test.row_f64(row)[0] > ends[row - 1], "{end}");
    }
}

#[test]
fn a_short_and_a_constant_column_are_refused() {
    assert_eq!(
        refusal(&ramp(359)),
        "a.csv has 359 numbers in column x, too few to cut; windows of 36 in three stretches take at \
         least 360 rows"
    );
    assert!(split(&ramp(360), "a.csv", "x").is_ok());
    let fault = refusal(&[2.0; 400]);
    assert!(fault.starts_with("a.csv has a column x that never changes"), "{fault}");
}

#[test]
fn a_column_of_a_file_is_a_dataset_of_series_in_its_own_units() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a:b.csv");
    let rows: Vec<String> = (0..500).map(|i| format!("{i},{}\n", 100 + i % 7)).collect();
    let rows = rows.concat();
    fs::write(&file, format!("t,x\n{rows}")).expect("written");
    let name = |column: &str| format!("series:{}:{column}", file.display());
    let options = crate::LoadOptions::default();
    let dataset = crate::load(&name("x"), &options).expect("a dataset");
    assert_eq!(crate::kind_of(&name("x")), genlab_core::Kind::Series);
    assert_eq!((dataset.past(), dataset.truth, dataset.classes), (Some(PAST), None, None));
    let genlab_core::Space { mean, sd, .. } = dataset.space;
    assert!((mean - 103.0).abs() < 0.1 && (sd - 2.0).abs() < 0.1, "{mean} {sd}");
    let refusal = |name: &str| crate::load(name, &options).expect_err("refused").to_string();
    assert!(
        refusal(&name("y"))
            .ends_with("has no column y; the columns that its first line names are t, x")
    );
    assert!(refusal("series:none.csv:x").starts_with("cannot read none.csv: "));
    for bad in ["series:", "series:a.csv", "series:a.csv:", "series"] {
        assert!(refusal(bad).ends_with(CURE), "{bad}: {}", refusal(bad));
    }
}
