//! Text that others chose: names of files and folders, of classes, of columns.

/// The same without what a terminal or a reader would obey instead of showing: control characters, and those that turn the
/// direction of writing.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for text of several lines and columns, which stay.
pub fn plain_lines(text: &str) -> String {
    let parts = text.split_inclusive(['\n', '\t']);
    let part = |part: &str| match part.strip_suffix(['\n', '\t']) {
        Some(words) => plain(words) + &part[words.len()..],
        None => plain(part),
    };
    parts.map(part).collect()
}

fn is_obeyed(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_obeyed_is_shown_as_something_that_is_missing() {
        assert_eq!(
            plain("Müller\u{1b}[31m, \u{202e}gnp.\n"),
            "Müller\u{fffd}[31m, \u{fffd}gnp.\u{fffd}"
        );
        assert_eq!(plain_lines("one\ntwo\tthree\r\n│ü→"), "one\ntwo\tthree\u{fffd}\n│ü→");
        assert_eq!(plain("T-shirt/top, 東京"), "T-shirt/top, 東京");
    }
}
