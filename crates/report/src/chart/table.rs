//! Texts in rows and columns.

use super::drawing::Words;
use askama::Template;

/// A table of more columns than this needs the width of the page.
const NARROW: usize = 4;

/// A table with its title and remark: one `figure`.
#[derive(Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    title: String,
    description: String,
    remark: String,
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    wide: bool,
}

struct Column {
    heading: String,
    /// Numbers stand at the right of their column.
    class: &'static str,
}

/// Sets the cells; the first of each row is its heading. None without a row or a column. A row that is
/// too short is filled up, and what it has too much is left out.
pub(super) fn table(words: Words, columns: &[String], rows: &[Vec<String>]) -> Option<Table> {
    if columns.is_empty() || rows.is_empty() {
        return None;
    }
    let Words { title, alt: description, remark, .. } = words;
    let filled = |row: &Vec<String>| {
        let cells = row.iter().cloned().chain(std::iter::repeat(String::new()));
        cells.take(columns.len()).collect()
    };
    let column = |(index, heading): (usize, &String)| {
        let numbers = rows.iter().filter_map(|row| row.get(index)).any(|cell| is_number(cell));
        Column { heading: heading.clone(), class: if numbers { "number" } else { "text" } }
    };
    Some(Table {
        title,
        description,
        remark,
        columns: columns.iter().enumerate().map(column).collect(),
        rows: rows.iter().map(filled).collect(),
        wide: columns.len() > NARROW,
    })
}

/// Whether a text is a number, perhaps with a unit or a spread: "−1.5", "2 000", "3.1 ± 0.2 ms", "12 %".
fn is_number(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    let first = first.split('×').next().unwrap_or_default();
    let plain: String =
        first.chars().filter(|c| !matches!(c, '\u{202f}' | ',' | '%' | '±')).collect();
    let plain = plain.replace('−', "-");
    plain.contains(|c: char| c.is_ascii_digit()) && plain.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_words() {
        for number in ["0", "−1.5", "-2", "2\u{202f}000", "2,000", "3.1 ± 0.2 ms", "12%", "1e-3"]
        {
            assert!(is_number(number), "{number}");
        }
        assert!(is_number("1.5×10⁻⁷"));
        for word in ["", "—", "nan", "inf", "3-layer", "x 3", "class 7"] {
            assert!(!is_number(word), "{word}");
        }
    }
}
