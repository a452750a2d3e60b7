//! What settings mean: the documentation of their fields, by way of a schema that is made from it.

use super::{census::Word, draft::Draft, run_config::RunConfig, words::KIND};
use serde_json::Value;

/// The schema of all settings.
pub(super) struct Meanings {
    schema: Value,
}

impl Meanings {
    pub(super) fn new() -> Self {
        Self { schema: schemars::schema_for!(RunConfig).to_value() }
    }

    /// The sentences at the setting at `path`; empty where there are none.
    pub(super) fn of(&self, draft: &Draft<RunConfig>, path: &[String]) -> String {
        let Some(field) = self.field(draft, path) else { return String::new() };
        let mut own = std::iter::once(field).chain(self.ways(field));
        sentences(own.find_map(|node| node["description"].as_str()))
    }

    /// Those at the variant `kind` of the setting at `path`.
    pub(super) fn of_kind(&self, draft: &Draft<RunConfig>, path: &[String], kind: &str) -> String {
        let Some(field) = self.field(draft, path) else { return String::new() };
        let mut variants = self.ways(field).into_iter().filter(|way| is_kind(way, kind));
        sentences(variants.find_map(|way| way["description"].as_str()))
    }

    /// The words that the setting at `path` can be, with their sentences.
    pub(super) fn words(&self, draft: &Draft<RunConfig>, path: &[String]) -> Vec<Word> {
        let Some(field) = self.field(draft, path) else { return Vec::new() };
        let mut words = Vec::new();
        for way in self.ways(field) {
            let one = way["const"].as_str().into_iter();
            let several = way["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
            words.extend(one.map(|word| (word, sentences(way["description"].as_str()))));
            words.extend(several.map(|word| (word, String::new())));
        }
        let word = |(name, meaning): (&str, String)| Word { name: name.to_owned(), meaning };
        words.into_iter().map(word).collect()
    }

    fn field(&self, draft: &Draft<RunConfig>, path: &[String]) -> Option<&Value> {
        let mut node = &self.schema;
        for (depth, key) in path.iter().enumerate() {
            let kind = draft.at(&path[..depth]).get(KIND).and_then(Value::as_str);
            let mut ways = self.ways(node).into_iter();
            node = ways.find_map(|way| {
                let fits =
                    kind.is_none_or(|kind| way["properties"][KIND].is_null() || is_kind(way, kind));
                way["properties"].get(key).filter(|_| fits)
            })?;
        }
        Some(node)
    }

    /// `node`, what it refers to, and its alternatives.
    fn ways<'a>(&'a self, node: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![node];
        let referred = node["$ref"].as_str().and_then(|name| self.schema.pointer(&name[1..]));
        let alternatives = ["oneOf", "anyOf", "allOf"].iter();
        let alternatives = alternatives.filter_map(|key| node[*key].as_array()).flatten();
        for inner in referred.into_iter().chain(alternatives) {
            // A variant with fields of its own refers to them beside its kind.
            let ways = self.ways(inner);
            found.extend(ways);
        }
        found
    }
}

fn is_kind(way: &Value, kind: &str) -> bool {
    way["properties"][KIND]["const"] == kind || way["const"] == kind
}

/// Lines as sentences, without what only rustdoc reads.
fn sentences(text: Option<&str>) -> String {
    let first = text.unwrap_or_default().split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    words.join(" ").replace("[`", "").replace("`]", "").replace('`', "").replace("None", "none")
}
