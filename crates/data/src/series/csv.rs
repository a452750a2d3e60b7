//! One column of numbers of a CSV file.

use crate::error::DataError;
use genlab_core::files;
use std::path::Path;

/// Bytes of a file at most.
const MAX_BYTES: u64 = 256 << 20;
/// Rows at most: training windows take 36 numbers a row.
const MAX_ROWS: usize = 2_000_000;
/// Names of columns that a refusal lists.
const LISTED: usize = 12;

/// The numbers of the column of that name, which stands in the first line, from top to bottom. Fields are
/// separated by commas and may stand in double quotes; lines that are empty are passed over.
///
/// # Errors
/// Names the file, and the line where one is at fault.
pub(super) fn column(path: &Path, name: &str) -> Result<Vec<f64>, DataError> {
    let file = path.display().to_string();
    let unreadable = |reason| DataError::Io {
        action: "read",
        path: path.to_owned(),
        reason,
        cure: super::CURE.to_owned(),
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
        let fault = format!("is larger than {} MiB", MAX_BYTES >> 20);
        return Err(DataError::malformed(file, fault).with_cure("cut out the column that is meant"));
    }
    let text = files::read(path, MAX_BYTES).map_err(unreadable)?;
    let Ok(text) = String::from_utf8(text) else {
        return Err(
            DataError::malformed(file, "is not text in UTF-8").with_cure("save it as CSV in UTF-8")
        );
    };
    numbers(&text, name).map_err(|(fault, cure)| DataError::malformed(file, fault).with_cure(&cure))
}

/// What is wrong with a text, and how to mend it.
type Fault = (String, String);

fn numbers(text: &str, name: &str) -> Result<Vec<f64>, Fault> {
    // Spreadsheets put a byte-order mark in front.
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, head)) = lines.next() else {
        return Err(("is empty".into(), "its first line should name the columns".into()));
    };
    let names = fields(head);
    let Some(place) = names.iter().position(|known| known == name) else {
        let mut known: Vec<&str> = names.iter().map(String::as_str).take(LISTED).collect();
        if names.len() > LISTED {
            known.push("...");
        }
        let cure = format!("the columns that its first line names are {}", known.join(", "));
        return Err((format!("has no column {name}"), cure));
    };
    let mut numbers = Vec::new();
    for (index, line) in lines {
        let row = fields(line);
        let field = row.get(place).map_or("", String::as_str);
        let number = field.parse::<f64>().ok().filter(|number| (*number as f32).is_finite());
        let Some(number) = number else {
            let what = if field.is_empty() { "nothing" } else { field };
            let fault = format!("has {what} in column {name} on line {}", index + 1);
            return Err((fault, "every row needs a finite number there, such as 3.5".into()));
        };
        if numbers.len() == MAX_ROWS {
            let fault = format!("has more than {MAX_ROWS} rows");
            return Err((fault, "cut out the stretch that is meant".into()));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

/// The fields of a line without the quotes and the space around them; a doubled quote within quotes is one.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field).trim().to_owned()),
            _ => field.push(c),
        }
    }
    fields.push(field.trim().to_owned());
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_read_by_its_name_whatever_stands_beside_it() {
        let text = "\u{feff}day,\"load, MW\",x\r\n1,2.5,a\r\n\r\n2,\"-1e3\",\"b\"\"c\"\r\n";
        assert_eq!(numbers(text, "load, MW"), Ok(vec![2.5, -1000.0]));
        assert_eq!(numbers(text, "day"), Ok(vec![1.0, 2.0]));
        assert_eq!(fields("a,\"b\"\"c\", d "), ["a", "b\"c", "d"]);
    }

    #[test]
    fn each_fault_of_a_text_is_one_sentence_with_its_cure() {
        let check = |text: &str, fault: &str, cure: &str| {
            let found = numbers(text, "x").expect_err("a fault");
            assert!(found.0.contains(fault) && found.1.contains(cure), "{found:?}");
        };
        check(" \n", "is empty", "name the columns");
        check("a,b\n1,2", "has no column x", "first line names are a, b");
        check("x\n1\nhigh\n", "has high in column x on line 3", "finite number");
        check("a,x\n1,2\n3\n", "has nothing in column x on line 3", "finite number");
        check("x\n1e300\n", "has 1e300 in column x on line 2", "finite number");
        check("x\nNaN\n", "has NaN in column x on line 2", "finite number");
    }
}
