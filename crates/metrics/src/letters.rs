//! Words in pictures.

/// Pixels along a side that one of a letter becomes.
const SCALE: usize = 2;
/// Rows of a letter.
const ROWS: usize = 8;
/// Columns from the beginning of a letter to that of the next.
const ADVANCE: usize = 6;
/// Letters side by side below.
const BESIDE: usize = 13;
/// Pixels from top to bottom of a line: the letters, and a row of theirs above and below.
pub(crate) const HEIGHT: usize = SCALE * (ROWS + 2);

/// From a to m, and from n to z.
const LETTERS: [[&str; ROWS]; 2] = [
    [
        "..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #.... .##.. .....",
        "..... #.... ..... ....# ..... .#... ..... #.... ..... ..... #.... ..#.. .....",
        ".###. ####. .#### .#### .###. ####. .#### ####. .##.. ..##. #..#. ..#.. ##.#.",
        "....# #...# #.... #...# #...# .#... #...# #...# ..#.. ...#. #.#.. ..#.. #.#.#",
        ".#### #...# #.... #...# ##### .#... #...# #...# ..#.. ...#. ##... ..#.. #.#.#",
        "#...# #...# #.... #...# #.... .#... .#### #...# ..#.. ...#. #.#.. ..#.. #.#.#",
        ".#### ####. .#### .#### .#### .#... ....# #...# .###. #..#. #..#. .###. #.#.#",
        "..... ..... ..... ..... ..... ..... .###. ..... ..... .##.. ..... ..... .....",
    ],
    [
        "..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... .....",
        "..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... .....",
        "####. .###. ####. .#### #.##. .#### ####. #...# #...# #...# #...# #...# #####",
        "#...# #...# #...# #...# ##..# #.... .#... #...# #...# #...# .#.#. #...# ...#.",
        "#...# #...# #...# #...# #.... .###. .#... #...# #...# #.#.# ..#.. #...# ..#..",
        "#...# #...# ####. .#### #.... ....# .#... #..## .#.#. #.#.# .#.#. .#### .#...",
        "#...# .###. #.... ....# #.... ####. ..##. .##.# ..#.. .#.#. #...# ....# #####",
        "..... ..... #.... ....# ..... ..... ..... ..... ..... ..... ..... .###. .....",
    ],
];

/// The levels of a line that begins with this word, white on black: `[HEIGHT, width]`. What is no letter from a to z is left
/// blank, and what does not fit is cut off.
pub(crate) fn line(word: &str, width: usize) -> Vec<u8> {
    let mark = |row: usize, column: usize| {
        let (row, column) = (row.checked_sub(1)?, column.checked_sub(1)?);
        let letter = word.as_bytes().get(column / ADVANCE)?;
        let place = letter.is_ascii_lowercase().then(|| usize::from(letter - b'a'))?;
        let marks = LETTERS[place / BESIDE].get(row)?.as_bytes();
        marks.get(place % BESIDE * ADVANCE + column % ADVANCE).copied()
    };
    let level = |at: usize| {
        let is_ink = mark(at / width / SCALE, at % width / SCALE) == Some(b'#');
        if is_ink { u8::MAX } else { 0 }
    };
    (0..HEIGHT * width).map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_written_letter_by_letter_and_cut_at_the_edge() {
        // "it" and, of the next letter, the two columns that fit.
        let width = SCALE * 15;
        let line = line("itn", width);
        assert_eq!(line.len(), HEIGHT * width);
        let row = |row: usize| -> String {
            let level = |column: usize| line[row * SCALE * width + column * SCALE];
            (0..15).map(|column| if level(column) == 0 { '.' } else { '#' }).collect()
        };
        let rows: Vec<String> = (0..ROWS + 2).map(row).collect();
        let expected = [
            "...............",
            "...#....#......",
            "........#......",
            "..##...####..##",
            "...#....#....#.",
            "...#....#....#.",
            "...#....#....#.",
            "..###....##..#.",
            "...............",
            "...............",
        ];
        assert_eq!(rows, expected);
        assert!(super::line("?", width).iter().all(|level| *level == 0));
    }

    #[test]
    fn no_two_letters_look_alike() {
        let letter = |letter: u8| line(&char::from(letter).to_string(), SCALE * (ADVANCE + 1));
        for (one, other) in (b'a'..=b'z').flat_map(|one| (b'a'..one).map(move |other| (one, other)))
        {
            assert_ne!(letter(one), letter(other), "{} and {}", one as char, other as char);
        }
    }
}
