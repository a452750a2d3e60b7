//! What tells series apart: seven colours, and from the eighth series on a second mark beside the colour.

use std::fmt;

/// Okabe and Ito's palette, safe for colour-blind readers.
const COLOURS: usize = 7;
/// Marks: strokes of lines, shapes of dots and swatches. The first is none.
const MARKS: usize = 6;

/// The colour and the mark of a series, as the classes that style sheets know: `c3`, `c3 m2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tint(usize);

impl Tint {
    /// That of what is alone.
    pub(crate) const FIRST: Self = Self(0);

    /// That of series `index`, from 0. The first 42 are all different.
    pub(crate) fn nth(index: usize) -> Self {
        Self(index % (COLOURS * MARKS))
    }

    /// The colour of the palette that is `index` places from its end, without a mark.
    pub(crate) fn nth_back(index: usize) -> Self {
        Self(COLOURS - 1 - index % COLOURS)
    }

    /// That of series `index` of `count`: `own` where it is the only one.
    pub(super) fn of(index: usize, count: usize, own: Self) -> Self {
        if count == 1 { own } else { Self::nth(index) }
    }
}

impl fmt::Display for Tint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0 % COLOURS + 1)?;
        match self.0 / COLOURS {
            0 => Ok(()),
            mark => write!(f, " m{}", mark + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_of_the_first_forty_two_look_the_same() {
        let all: HashSet<String> = (0..42).map(|index| Tint::nth(index).to_string()).collect();
        assert_eq!(all.len(), 42);
        assert_eq!(Tint::nth(6).to_string(), "c7");
        assert_eq!(Tint::nth(9).to_string(), "c3 m2");
        assert_eq!(Tint::nth(42), Tint::FIRST);
        assert_eq!(Tint::nth_back(0).to_string(), "c7");
    }
}
