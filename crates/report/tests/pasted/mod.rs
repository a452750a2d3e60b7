//! Comparisons for spreadsheets, papers and other programs.

use super::{compare, page};
use crate::fabricate::Fake;
use genlab_report::run::Format;
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
