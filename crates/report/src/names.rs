//! What things are called on the page.

use genlab_metrics::CATALOGUE;

/// Models whose names are abbreviations.
const ABBREVIATIONS: [&str; 10] =
    ["ae", "vae", "iwae", "gan", "wgan", "ddpm", "ddim", "dit", "pca", "kl"];

/// `sparse-ae` becomes "Sparse AE", `vae` becomes "VAE"; a name with capitals or spaces stays.
pub(crate) fn model(name: &str) -> String {
    if name.contains(|c: char| c.is_uppercase() || c.is_whitespace()) {
        return name.to_owned();
    }
    let word = |(index, word): (usize, &str)| match word {
        word if ABBREVIATIONS.contains(&word) => word.to_uppercase(),
        word if index == 0 => capitalised(word),
        word => word.to_owned(),
    };
    name.split('-').enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// The title of a metric: the registry's, or its name made readable.
pub(crate) fn metric(name: &str) -> String {
    CATALOGUE.get(name).map_or_else(|| sentence(name), |kind| kind.title.to_owned())
}

/// One line on what a metric says; empty for a metric that the registry does not know.
pub(crate) fn meaning(name: &str) -> &'static str {
    CATALOGUE.get(name).map_or("", |kind| kind.meaning)
}

/// `images_per_second` becomes "Images per second".
pub(crate) fn sentence(name: &str) -> String {
    capitalised(&name.replace(['_', '/'], " "))
        .split(' ')
        .map(|word| if word.eq_ignore_ascii_case("kl") { "KL" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_titles() {
        assert_eq!(model("sparse-ae"), "Sparse AE");
        assert_eq!(model("ddpm"), "DDPM");
        assert_eq!(model("ae + Gaussian prior"), "ae + Gaussian prior");
        assert_eq!(metric("samples/frechet"), "Fréchet distance");
        assert_eq!(metric("kl/free_bits"), "KL free bits");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
