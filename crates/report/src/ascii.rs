//! Texts in the characters that every program reads.

/// `text` with numbers that paste: no space between thousands, `-3`, `1.2e-7`, `21.4 +/- 0.9`; an absent one is `-`.
pub(crate) fn numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{202f}' => {}
            '\u{a0}' => out.push(' '),
            '−' | '—' => out.push('-'),
            '±' => out.push_str("+/-"),
            'µ' => out.push('u'),
            '×' => match rest.as_str().strip_prefix("10").map(raised) {
                Some((exponent, behind)) if !exponent.is_empty() => {
                    out.push('e');
                    out.push_str(&exponent);
                    rest = behind.chars();
                }
                _ => out.push(c),
            },
            c => out.push(c),
        }
    }
    out
}

/// The exponent that `text` begins with, and what follows it.
fn raised(text: &str) -> (String, &str) {
    let end = text.find(|c| plain(c).is_none()).unwrap_or(text.len());
    (text[..end].chars().filter_map(plain).collect(), &text[end..])
}

/// What stands for a raised digit or minus sign on the line.
pub(crate) fn plain(c: char) -> Option<char> {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = DIGITS.iter().position(|digit| *digit == c);
    digit.map(|digit| char::from(b'0' + digit as u8)).or((c == '⁻').then_some('-'))
}

/// `text` in ASCII: signs by their names, letters without accents, anything else by its code.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::new();
    for c in numbers(text).chars() {
        match c {
            c if c.is_ascii() && !c.is_ascii_control() => out.push(c),
            c if c.is_whitespace() => out.push(' '),
            '…' => out.push_str("..."),
            '–' => out.push('-'),
            '×' => out.push('x'),
            'é' | 'è' => out.push('e'),
            'ö' => out.push('o'),
            'β' => out.push_str("beta"),
            'σ' => out.push_str("sigma"),
            'η' => out.push_str("eta"),
            'λ' => out.push_str("lambda"),
            '₂' => out.push('2'),
            '≈' => out.push('~'),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_table_are_read_back_as_they_are() {
        for value in [-1234.5, 1.5e-7, -2.5e12, 10_000.0, 0.25] {
            let written = numbers(&crate::format::number(value));
            let read: f64 = written.parse().unwrap_or_else(|_| panic!("{written}"));
            assert!((read - value).abs() <= 5e-4 * value.abs(), "{value} as {written}");
        }
        assert_eq!(numbers("13\u{202f}100 ± 412"), "13100 +/- 412");
        assert_eq!(numbers("| — | 250 µs |"), "| - | 250 us |");
        assert_eq!(numbers("m² of Fréchet"), "m² of Fréchet", "words stay");
    }

    #[test]
    fn a_text_in_ascii_still_says_which_it_is() {
        assert_eq!(text("VAE (β = 4, …)"), "VAE (beta = 4, ...)");
        assert_eq!(text("a\nb"), "a b");
        assert_ne!(text("漢"), text("字"));
        assert!(text("漢字 ∞ ü").is_ascii());
    }
}
