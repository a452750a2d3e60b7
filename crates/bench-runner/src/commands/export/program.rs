//! `genlab.py`: the models in PyTorch, one file made of three.

/// Networks and diffusion, which genlab.py imports here and contains in an export.
const PARTS: [(&str, &str); 2] = [
    ("networks", include_str!("python/networks.py")),
    ("diffusion", include_str!("python/diffusion.py")),
];
const WHOLE: &str = include_str!("python/genlab.py");

/// What stands between imports and what comes after them.
const APART: &str = "\n\n\n";

/// The whole program: imports of all parts, then the parts, then the models.
pub(super) fn text() -> String {
    let (head, models) = split(WHOLE);
    let of_part = |line: &&str| {
        PARTS.iter().any(|(name, _)| line.starts_with(&format!("from {name} import ")))
    };
    let head: Vec<&str> = head.lines().filter(|line| !of_part(line)).collect();
    let parts = PARTS.map(|(_, part)| split(part).1);
    [&head.join("\n"), parts[0], parts[1], models].join(APART) + "\n"
}

/// Imports, and the rest.
fn split(part: &str) -> (&str, &str) {
    let (head, rest) = part.split_once(APART).expect("imports, two blank lines, the rest");
    (head, rest.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_imports_nothing_of_its_parts_and_all_that_they_import() {
        let text = text();
        for (name, part) in PARTS {
            assert!(!text.contains(&format!("from {name} import")), "{name} is imported");
            for line in split(part).0.lines().filter(|line| line.contains("import ")) {
                let of_other =
                    PARTS.iter().any(|(other, _)| line.starts_with(&format!("from {other} ")));
                assert!(
                    of_other || text.contains(&format!("{line}\n")),
                    "{name}: {line} is missing"
                );
            }
        }
    }
}
