//! Comparisons for spreadsheets, papers and other programs.

use super::{compare, page};
use crate::fabricate::{Fake, catalogue};
use genlab_report::run::{Format, foreign, write_judged_comparison};
use genlab_results::{Agreement, JudgeInfo, JudgedRun, Metric, Panel, Place};
use std::path::Path;

/// Three seeds of two models, the better one clear of the other, and a model with one.
fn several(dir: &Path) {
    let fakes = |model, values: &[f64]| -> Vec<Fake> {
        let fake = |(seed, value): (usize, &f64)| {
            Fake::new(model, seed as u64)
                .with("samples/frechet", *value)
                .with("cost/peak_memory_bytes", 734_003_200.0)
        };
        values.iter().enumerate().map(fake).collect()
    };
    let all = [fakes("vae", &[20.0, 22.0, 24.0]), fakes("gan", &[90.0, 91.0, 92.0])];
    compare(dir, &all.concat());
}

/// The fields of each line, of a text whose fields hold no comma in quotes.
fn fields(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn the_table_for_spreadsheets_has_a_line_per_column_and_metric() {
    let dir = tempfile::tempdir().unwrap();
    several(dir.path());
    let csv = page(&dir.path().join("comparison.csv"));
    assert!(csv.is_ascii(), "{csv}");
    let lines = fields(&csv);
    let header = "model,role,metric,split,mean,half_width_95,seeds,n,unit,better,protocol";
    assert_eq!(lines[0].join(","), header);
    assert!(lines.iter().all(|line| line.len() == 11), "{csv}");
    let of = |model: &str, metric: &str| {
        let found = lines.iter().find(|line| line[0] == model && line[2] == metric);
        found.unwrap_or_else(|| panic!("no {metric} of {model}: {csv}")).clone()
    };
    let frechet = of("VAE", "samples/frechet");
    assert_eq!(frechet[1], "model");
    assert_eq!([frechet[3], frechet[4], frechet[6], frechet[7]], ["test", "22", "3", "2000"]);
    // Mean 22, standard deviation 2: 4.3027 * 2 / sqrt(3), by hand.
    assert!((frechet[5].parse::<f64>().unwrap() - 4.9683).abs() < 1e-3, "{frechet:?}");
    assert_eq!(frechet[9], "lower");
    // In bytes, as in results.json, and not in the MiB of the page.
    let memory = of("GAN", "cost/peak_memory_bytes");
    assert_eq!([memory[4], memory[8]], ["734003200", "bytes"]);
    assert_eq!(of("Real images", "samples/frechet")[1], "real");
    assert!(!lines.iter().any(|line| line[2] == "samples/coverage"), "no model has it");
}

#[test]
fn the_table_for_papers_marks_the_best_and_pastes() {
    let dir = tempfile::tempdir().unwrap();
    several(dir.path());
    let tex = page(&dir.path().join("comparison.tex"));
    assert!(tex.is_ascii(), "{tex}");
    let line = |start: &str| {
        let found = tex.lines().find(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| panic!("no line {start}: {tex}")).trim()
    };
    let frechet = line("Fr\\'echet distance");
    assert!(
        frechet.contains("$\\downarrow$ & \\textbf{22.0 $\\pm$ 5.0} & 91.0 $\\pm$ 2.5 &"),
        "{frechet}"
    );
    assert!(frechet.ends_with("\\\\"), "{frechet}");
    assert!(tex.contains("Bold: best, its interval clear of all others."), "{tex}");
    assert!(tex.contains("Each model: 3 seeds."), "{tex}");
    // As many cells in every line as there are columns.
    let columns =
        line("\\begin{tabular}").matches('r').count() - "\\begin{tabular}".matches('r').count();
    for row in tex.lines().filter(|line| line.ends_with("\\\\")) {
        assert_eq!(row.matches('&').count(), columns, "{row}");
    }
    assert_eq!(tex.matches('{').count(), tex.matches('}').count());
}

#[test]
fn columns_that_may_not_stand_in_one_table_do_not_in_a_paper() {
    let dir = tempfile::tempdir().unwrap();
    let fake = |model, dataset| Fake {
        dataset,
        ..Fake::new(model, 0).with("samples/frechet", 5.0).with("samples/coverage", 0.5)
    };
    compare(dir.path(), &[fake("vae", "mnist-10k"), fake("gan", "fashion-3k")]);
    let tex = page(&dir.path().join("comparison.tex"));
    assert_eq!(tex.matches("\\begin{tabular}").count(), 2, "{tex}");
    assert!(tex.contains("tab:genlab-1") && tex.contains("tab:genlab-2"));
    let heads: Vec<&str> = tex.lines().filter(|line| line.contains("Metric &")).collect();
    assert!(heads.iter().all(|head| head.contains("VAE") != head.contains("GAN")), "{heads:?}");
    let csv = page(&dir.path().join("comparison.csv"));
    assert!(csv.lines().any(|line| line.contains("fashion-3k")), "the protocol is told: {csv}");
}

#[test]
fn what_is_pasted_has_numbers_in_ascii() {
    let dir = tempfile::tempdir().unwrap();
    several(dir.path());
    let markdown = Format::Markdown.read(dir.path()).unwrap();
    assert!(markdown.contains("| **22.0 +/- 5.0** ★ | 91.0 +/- 2.5 |"), "{markdown}");
    assert!(!markdown.contains(['\u{202f}', '−', '±']), "{markdown}");
    assert!(page(&dir.path().join("comparison.md")).contains("22.0 ± 5.0"), "the file stays");
    let missing = Format::Csv.read(&dir.path().join("nowhere")).unwrap_err().to_string();
    assert!(missing.contains("comparison.csv"), "{missing}");
}

#[test]
fn what_others_wrote_is_told_from_what_a_killed_comparison_left() {
    let dir = tempfile::tempdir().unwrap();
    let other = |name: &str| std::fs::write(dir.path().join(name), "name,age\nAda,36\n").unwrap();
    let found =
        || foreign(dir.path()).map(|path| path.strip_prefix(dir.path()).unwrap().to_owned());
    assert_eq!(found(), None, "an empty folder");
    other("notes.txt");
    assert_eq!(found(), None, "nothing takes its place");
    for name in ["curves.csv", "comparison.md", "comparison.csv", "report.html"] {
        other(name);
        assert_eq!(found(), Some(name.into()));
    }
    compare(dir.path(), &[Fake::new("vae", 0).with("samples/frechet", 21.4)]);
    other("comparison.csv");
    assert_eq!(found(), None, "the page says whose all of it is");
    compare(dir.path(), &[Fake::new("vae", 0).with("samples/frechet", 21.4)]);
    std::fs::remove_file(dir.path().join("report.html")).unwrap();
    assert_eq!(found(), None, "the comparison was killed before its page");
    std::fs::remove_file(dir.path().join("comparison.csv")).unwrap();
    assert!(found().is_some(), "nobody knows whose the rest is");
}

/// Two runs before three judges, of which the last has no number for one of them.
fn panel() -> Panel {
    let catalogue = catalogue();
    let distance = catalogue.get("samples/frechet").expect("a known metric");
    let place = |value, rank| {
        Some(Place { metric: Metric::new(distance, "test", value, 2000).expect("a number"), rank })
    };
    let run = |run: &str, places| JudgedRun { run: run.into(), places };
    let judge = |(name, sha256): (&str, &str)| JudgeInfo {
        name: name.into(),
        sha256: sha256.into(),
        accuracy: None,
    };
    Panel {
        judges: [("mnist-28", "0011"), ("vit", "2233"), ("random", "445566778899")]
            .map(judge)
            .into(),
        runs: vec![
            run("vae_s0", vec![place(21.5, 2.0), place(30.0, 1.0), place(7.0, 1.0)]),
            run("gan-s0", vec![place(1234.5, 1.0), place(40.0, 2.0), None]),
        ],
        agreements: vec![Agreement { judges: [0, 1], tau_b: Some(-1.0), runs: 2 }],
        apart: false,
        notes: vec!["cnn is left out.".into()],
    }
}

#[test]
fn what_several_judges_say_stands_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let runs = ["vae", "gan"]
        .map(|model| Fake::new(model, 0).with("samples/frechet", 5.0).write(dir.path()));
    let html = write_judged_comparison(dir.path(), "x", &runs, &catalogue(), &panel()).unwrap();
    let html = page(&html);
    let read = |format: Format| format.read(dir.path()).unwrap();
    let sentence =
        "Which run comes first depends on the judge: gan-s0 by mnist-28; vae_s0 by vit and random.";
    assert!(html.contains(sentence) && html.contains("cnn is left out."), "{html}");
    assert!(html.contains("<h2 id=\"judges\">") && html.contains("href=\"#judges\""), "{html}");
    assert!(html.contains("1\u{202f}234 (1)") || html.contains("1\u{202f}235 (1)"), "{html}");

    let markdown = read(Format::Markdown);
    assert!(markdown.contains("| Run | mnist-28 | vit | random |"), "{markdown}");
    assert!(markdown.contains("| vae\\_s0 | 21.50 (2) | 30.00 (1) | 7.000 (1) |"), "{markdown}");
    assert!(markdown.contains("| vit | -1 | 1 | - |"), "{markdown}");

    let tex = read(Format::Latex);
    assert_eq!(tex.matches("\\begin{tabular}").count(), 3, "{tex}");
    assert!(tex.contains("vae\\_s0 & 21.50 (2) & 30.00 (1) & 7.000 (1) \\\\"), "{tex}");
    assert!(tex.contains("tab:genlab-judges-2"), "{tex}");

    let csv = read(Format::Csv);
    let lines = fields(&csv);
    let judged: Vec<_> = lines.iter().filter(|line| line[1] == "run").collect();
    assert_eq!(judged.len(), 5, "what is absent has no line: {csv}");
    assert_eq!(judged[2][..5], ["vae_s0", "run", "samples/frechet", "test", "7"]);
    assert_eq!(judged[2][9..], ["lower", "judge random (44556677)"]);

    let json: serde_json::Value = serde_json::from_str(&read(Format::Json)).unwrap();
    let places = &json["panel"]["runs"][1]["places"];
    assert_eq!((&places[0]["metric"]["value"], &places[2]), (&1234.5.into(), &().into()));
    assert!(json["findings"].to_string().contains(sentence));
    assert!(json["warnings"].to_string().contains("cnn is left out."));
}

/// Set GENLAB_PDFLATEX to a pdflatex that has the package booktabs.
#[test]
fn latex_takes_the_table() {
    let Some(latex) = std::env::var_os("GENLAB_PDFLATEX") else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: GENLAB_PDFLATEX is not set");
        }
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    several(dir.path());
    let paper = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{comparison}\
                 \\end{document}\n";
    std::fs::write(dir.path().join("paper.tex"), paper).unwrap();
    let output = std::process::Command::new(latex)
        .args(["-interaction=nonstopmode", "-halt-on-error", "paper.tex"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(dir.path().join("paper.pdf").exists());
}
