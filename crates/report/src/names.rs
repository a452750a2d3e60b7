//! What things are called on the page.

use genlab_results::{Catalogue, Role};

/// What data of any kind are.
const EXAMPLES: &str = "examples";

/// What a reference stands for, below its title.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Real => "real",
        Role::Baseline => "no network",
        Role::Noise => "noise",
    }
}

/// The title of a metric: the catalogue's, or its name made readable.
pub(crate) fn metric(name: &str, catalogue: &Catalogue) -> String {
    catalogue.get(name).map_or_else(|| sentence(name, catalogue), |entry| entry.title.to_owned())
}

/// `learning_rate` becomes "Learning rate". A word that the catalogue writes in capitals is
/// written so.
pub(crate) fn sentence(name: &str, catalogue: &Catalogue) -> String {
    let titles = || catalogue.iter().flat_map(|entry| entry.title.split(' '));
    let word = |word: &str| {
        let same = |known: &&str| is_abbreviation(known) && known.eq_ignore_ascii_case(word);
        titles().find(same).unwrap_or(word).to_owned()
    };
    let words: Vec<String> = name.split(['_', '/', ' ']).map(word).collect();
    capitalised(&words.join(" "))
}

/// A title within a sentence: "Mean error" loses its capital, "RGB error" does not.
pub(crate) fn within_a_sentence(title: &str) -> String {
    if title.split(' ').next().is_some_and(is_abbreviation) {
        return title.to_owned();
    }
    let mut letters = title.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// Whether a word is written in capitals: RGB.
fn is_abbreviation(word: &str) -> bool {
    word.chars().filter(|c| c.is_uppercase()).count() > 1
}

/// "1 model", "2 models".
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// What the data of several runs are called: "images"; "examples" where they differ.
pub(crate) fn common<'a>(nouns: impl IntoIterator<Item = &'a str>) -> &'a str {
    let mut nouns = nouns.into_iter();
    let first = nouns.next().unwrap_or(EXAMPLES);
    if nouns.all(|noun| noun == first) { first } else { EXAMPLES }
}

pub(crate) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_results::Entry;

    static DISTANCE: Entry = Entry { name: "a/distance", title: "A distance", ..Entry::BASE };
    static TOTAL: Entry = Entry { name: "kl/total", title: "KL to the prior", ..Entry::BASE };

    #[test]
    fn a_metric_has_the_catalogues_title_or_its_own_name_made_readable() {
        let catalogue = Catalogue::new([&DISTANCE, &TOTAL]);
        assert_eq!(metric("a/distance", &catalogue), "A distance");
        assert_eq!(metric("images_per_second", &catalogue), "Images per second");
        assert_eq!(metric("kl/free_bits", &catalogue), "KL free bits");
        assert_eq!(metric("kl/free_bits", &Catalogue::new([])), "Kl free bits");
    }

    #[test]
    fn a_title_keeps_the_capitals_of_an_abbreviation_within_a_sentence() {
        assert_eq!(within_a_sentence("Reconstruction MSE"), "reconstruction MSE");
        assert_eq!(within_a_sentence("KL to the prior"), "KL to the prior");
        assert_eq!(within_a_sentence(""), "");
    }

    #[test]
    fn a_single_thing_is_in_the_singular() {
        assert_eq!(counted(1, "run"), "1 run");
        assert_eq!(counted(2, "run"), "2 runs");
    }

    #[test]
    fn what_differs_has_a_name_that_holds_for_all() {
        assert_eq!(common(["points", "points"]), "points");
        assert_eq!(common(["points", "images"]), "examples");
    }

    #[test]
    fn lists_read_as_in_a_sentence() {
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
