//! A run whose every text is what somebody else chose.

use super::{Fake, Noise, add_figures, digits};
use genlab_results::{Figure, Plot, RunDir, Scope};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Words that a page must show and never obey, or that need more room than there is.
pub(crate) fn words() -> [String; 7] {
    let obeyed = "document.title = 'obeyed'";
    [
        format!("<script>{obeyed}</script>"),
        format!("</style></pre><img src=x onerror=\"{obeyed}\">"),
        format!("\" onmouseover=\"{obeyed}\" ' onfocus='{obeyed}' autofocus='"),
        format!("javascript:{obeyed}"),
        "\u{202e}fdp.exe\u{202c} \u{200f}שלום عالم".to_owned(),
        "👩‍👩‍👧 🇺🇳 漢字 e\u{301}\u{302}\u{303}".to_owned(),
        "W".repeat(300),
    ]
}

/// Writes a run into `folder` with `words` in the place of every text: of model, dataset, class, metric, setting, figure
/// and event.
pub(crate) fn hostile(words: &str, folder: &Path) -> PathBuf {
    let parent = folder.parent().expect("a folder in a folder");
    let written = Fake::new("x", 0).with("samples/frechet", 1.0).write(parent);
    std::fs::rename(written, folder).expect("the name is free");
    let strip = Figure {
        name: "strip".to_owned(),
        section: "Samples".to_owned(),
        title: words.to_owned(),
        caption: words.to_owned(),
        scope: Scope::Run,
        plot: Plot::Strip(digits(12, 6, 0.3, &mut Noise::new(2))),
    };
    let grid = Figure { name: "grid".to_owned(), title: String::new(), ..strip.clone() };
    add_figures(folder, vec![grid, strip]);
    let dir = RunDir::new(folder);
    let edited = |path: &Path, edit: &dyn Fn(&mut Value)| {
        let text = std::fs::read_to_string(path).expect("it was written");
        let mut value = serde_json::from_str(&text).expect("as JSON");
        edit(&mut value);
        std::fs::write(path, value.to_string()).expect("the folder takes files");
    };
    edited(&dir.results(), &|results| {
        for key in ["model", "model_title", "dataset", "status"] {
            results[key] = words.into();
        }
        results["notes"] = json!([words]);
        results["figures"] = figures(words);
        results["references"][1]["title"] = words.into();
        let mut unknown = results["metrics"][0].clone();
        (unknown["name"], unknown["unit"]) = (format!("own/{words}").into(), words.into());
        results["metrics"].as_array_mut().expect("a list").push(unknown);
    });
    edited(&dir.record(), &|record| {
        record["argv"] = json!([words]);
        record["dataset"] = json!({"kind": words, "name": words, "test": 1});
        record["opened"] = json!([{"path": words, "model": words, "sha256": words}]);
        record["events"] = json!([{"step": 1, "text": words}]);
    });
    // A string of JSON is one of TOML.
    let quoted = json!(words).to_string();
    let config = format!("{quoted} = {quoted}\n[model]\n{quoted} = {quoted}\n");
    std::fs::write(dir.config(), config).expect("the folder takes files");
    let scalar = format!("train/{words}");
    let lines = [1, 2].map(|step| json!({"step": step, (scalar.clone()): 1}).to_string());
    std::fs::write(dir.metrics(), lines.join("\n") + "\n").expect("the folder takes files");
    folder.to_owned()
}

/// One of every kind.
fn figures(words: &str) -> Value {
    let bars = json!({
        "kind": "bars", "values": [1.0], "x_label": words, "guide": [0.5, words],
    });
    let points = json!([[words, [[0.0, 0.0], [1.0, 1.0]]], [words, []]]);
    let fan = json!({
        "kind": "lines", "series": points, "x_label": words, "y_label": words,
        "bands": [{"name": words, "points": [[0.0, 0.0, 1.0]]}],
    });
    let cloud = json!({
        "kind": "scatter", "series": points, "x_label": words, "y_label": words,
        "density": {"columns": 1, "values": [1.0], "x": [0.0, 1.0], "y": [0.0, 0.5]},
    });
    let table = json!({"kind": "table", "columns": [words, words], "rows": [[words, words]]});
    let figure = |title: &str, plot: &Value| json!({"name": words, "section": words, "title": title, "caption": words, "plot": plot});
    json!([
        figure("", &bars),
        figure("a", &fan),
        figure("b", &cloud),
        figure(words, &table),
        figure(words, &bars),
    ])
}
