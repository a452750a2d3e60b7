//! Numbers the way people read them: four significant digits, units that fit the size.

use genlab_results::Style;

/// Groups of three digits; narrow and unbreakable, as in print.
const THIN_SPACE: char = '\u{202f}';
/// What a table shows where a model has no such number.
pub(crate) const ABSENT: &str = "—";

/// The unit that stands beside the title, where the numbers have none of their own.
pub(crate) fn unit(style: Style, unit: &str) -> String {
    match (style, unit) {
        (Style::Bytes, _) => "MiB".into(),
        (Style::Seconds, unit) => match unit.strip_prefix("seconds ") {
            Some(of_what) => of_what.into(),
            None => "wall clock".into(),
        },
        (Style::Count, "numbers") => String::new(),
        (_, unit) => unit.into(),
    }
}

/// What stands behind `value`: "call" behind 1, "calls" behind 2.
pub(crate) fn unit_behind(style: Style, value: f64, unit: &str) -> String {
    let ending = if unit.ends_with("sses") { "es" } else { "s" };
    let singular = unit.strip_suffix(ending).filter(|_| style == Style::Count && value == 1.0);
    singular.unwrap_or(unit).to_owned()
}

/// One number.
pub(crate) fn one(style: Style, value: f64) -> String {
    match style {
        Style::Plain => number(value),
        Style::Count => count(value),
        Style::Bytes => mebibytes(value),
        Style::Seconds => seconds(value),
    }
}

/// A mean and the half width of its interval: two digits of the half width decide.
pub(crate) fn mean(style: Style, mean: f64, half_width: f64) -> String {
    let (factor, suffix) = scale(style, mean.abs().max(half_width));
    let (mean, half) = (mean * factor, half_width * factor);
    if half <= 0.0 || !half.is_finite() {
        return one(style, mean / factor);
    }
    let magnitude = half.log10().floor();
    if magnitude < -5.0 || mean.abs() >= 1e7 {
        return format!("{} ± {}{suffix}", number(mean), digits(half, 2));
    }
    let decimals = (1.0 - magnitude).max(0.0) as usize;
    format!("{} ± {}{suffix}", fixed(mean, decimals), fixed(half, decimals))
}

/// Both ends of an interval.
pub(crate) fn interval(style: Style, [low, high]: [f64; 2]) -> String {
    format!("{} – {}", one(style, low), one(style, high))
}

fn scale(style: Style, size: f64) -> (f64, &'static str) {
    match style {
        Style::Bytes => (1.0 / MEBIBYTE, ""),
        Style::Seconds if size < 1e-3 => (1e6, " µs"),
        Style::Seconds if size < 1.0 => (1e3, " ms"),
        Style::Seconds if size < 120.0 => (1.0, " s"),
        Style::Seconds if size < 7200.0 => (1.0 / 60.0, " min"),
        Style::Seconds => (1.0 / 3600.0, " h"),
        Style::Plain | Style::Count => (1.0, ""),
    }
}

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Four significant digits: `0.01234`, `21.40`, `1 234`, `1.234×10⁻⁷`.
pub(crate) fn number(value: f64) -> String {
    digits(value, 4)
}

/// A whole number with thin spaces: `463 105`.
pub(crate) fn count(value: f64) -> String {
    if value.fract() == 0.0 { fixed(value, 0) } else { number(value) }
}

/// The axis label of a count: `50k`, `1.5M`.
pub(crate) fn short_count(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    format!("{}{suffix}", trimmed(scaled, 2))
}

/// Bytes as MiB, without the unit: the table's header names it.
pub(crate) fn mebibytes(value: f64) -> String {
    number(value / MEBIBYTE)
}

/// A span of time: `12.3 ms`, `45.2 s`, `3 min 24 s`, `2 h 05 min`.
pub(crate) fn seconds(value: f64) -> String {
    let whole = value.round();
    match value.abs() {
        0.0 => "0 s".into(),
        size if size < 1e-3 => format!("{} µs", digits(value * 1e6, 3)),
        size if size < 1.0 => format!("{} ms", digits(value * 1e3, 3)),
        size if size < 60.0 => format!("{} s", digits(value, 3)),
        _ if whole < 3600.0 => format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0),
        _ => format!(
            "{:.0} h {:02.0} min",
            (whole / 3600.0).floor(),
            (whole % 3600.0 / 60.0).floor()
        ),
    }
}

/// At most `decimals` digits after the point, without trailing zeros; for axis labels.
pub(crate) fn trimmed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

fn digits(value: f64, significant: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !value.is_finite() {
        return ABSENT.into();
    }
    let rounded = format!("{value:.*e}", significant - 1);
    let (mantissa, exponent) = rounded.split_once('e').expect("the e format writes an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a whole number");
    if (-4..=6).contains(&exponent) {
        let decimals = (significant as i32 - 1 - exponent).max(0) as usize;
        return fixed(value, decimals);
    }
    format!("{}×10{}", mantissa.replace('-', "−"), superscript(exponent))
}

fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    exponent.to_string().chars().map(raise).collect()
}

/// Fixed decimals, thin spaces between thousands, a true minus sign.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((&text[..], None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    if value < 0.0 && text.contains(|c: char| ('1'..='9').contains(&c)) {
        out.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(THIN_SPACE);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_significant_digits() {
        let cases = [
            (0.0, "0"),
            (0.012_345, "0.01235"),
            (21.4, "21.40"),
            (-1234.56, "−1\u{202f}235"),
            (9999.96, "10\u{202f}000"),
            (1.5e-7, "1.500×10⁻⁷"),
            (-2.5e9, "−2.500×10⁹"),
            (f64::NAN, "—"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn sizes_and_times_take_units_that_fit() {
        assert_eq!(count(463_105.0), "463\u{202f}105");
        assert_eq!(mebibytes(734_003_200.0), "700.0");
        assert_eq!(short_count(1_500_000.0), "1.5M");
        assert_eq!(short_count(50_000.0), "50k");
        let cases = [
            (0.000_25, "250 µs"),
            (0.0123, "12.3 ms"),
            (59.96, "60.0 s"),
            (204.4, "3 min 24 s"),
            (3599.7, "1 h 00 min"),
            (7500.0, "2 h 05 min"),
        ];
        for (value, text) in cases {
            assert_eq!(seconds(value), text);
        }
    }

    #[test]
    fn a_unit_is_left_out_where_the_numbers_have_it() {
        let cases = [
            (Style::Bytes, "bytes", "MiB"),
            (Style::Seconds, "seconds", "wall clock"),
            (Style::Seconds, "seconds per sample", "per sample"),
            (Style::Count, "numbers", ""),
            (Style::Count, "calls", "calls"),
            (Style::Plain, "seconds per sample", "seconds per sample"),
        ];
        for (style, given, shown) in cases {
            assert_eq!(unit(style, given), shown);
        }
    }

    #[test]
    fn behind_one_a_unit_is_in_the_singular() {
        let one = |unit| unit_behind(Style::Count, 1.0, unit);
        assert_eq!(["calls", "classes", ""].map(one), ["call", "class", ""]);
        assert_eq!(unit_behind(Style::Count, 50.0, "calls"), "calls");
        assert_eq!(unit_behind(Style::Plain, 1.0, "judge features"), "judge features");
    }

    #[test]
    fn the_half_width_decides_the_digits_of_the_mean() {
        assert_eq!(mean(Style::Plain, 21.4372, 0.8731), "21.44 ± 0.87");
        assert_eq!(mean(Style::Plain, 0.012_341, 0.000_12), "0.01234 ± 0.00012");
        assert_eq!(mean(Style::Count, 13_100.0, 412.0), "13\u{202f}100 ± 412");
        assert_eq!(mean(Style::Seconds, 180.0, 6.0), "3.00 ± 0.10 min");
        assert_eq!(mean(Style::Bytes, MEBIBYTE * 700.0, MEBIBYTE), "700.0 ± 1.0");
        assert_eq!(mean(Style::Plain, 4.0, 0.0), "4.000");
    }
}
