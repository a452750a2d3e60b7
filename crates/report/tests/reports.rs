//! Reports of fabricated runs: what stands on the page, what is marked, what is refused.

mod fabricate;
mod pasted;
mod side_by_side;

use fabricate::{
    Fake, Noise, add_figures, catalogue, fan, figure, hostile, log_samples, modes, pictures, ring,
    words, write_curves,
};
use genlab_report::run::{write_comparison, write_run_report};
use genlab_report::{RunData, markdown};
use genlab_results::{Event, OpenedRecord, OpenedRole, Plot, RunDir, figure_files};
use std::path::{Path, PathBuf};

fn page(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the report was written")
}

fn compare(dir: &Path, fakes: &[Fake]) -> (String, String) {
    let runs: Vec<PathBuf> = fakes.iter().map(|fake| fake.write(dir)).collect();
    let html =
        page(&write_comparison(dir, "A title", &runs, &catalogue()).expect("the runs compare"));
    (html, page(&dir.join("comparison.md")))
}

/// The Markdown row that starts with `title`.
fn row<'a>(markdown: &'a str, title: &str) -> &'a str {
    let start = format!("| {title}");
    markdown.lines().find(|line| line.starts_with(&start)).expect("the table has the row")
}

#[test]
fn every_chart_of_a_report_is_a_picture_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut noise = Noise::new(1);
    let scalars = [("train/loss", 541.0, 109.0), ("validation/kl", 300.0, 112.0)];
    let runs = ["vae", "gan"].map(|model| {
        let run = Fake::new(model, 0).with("samples/frechet", 21.4).write(dir.path());
        write_curves(&run, 1000, 20, &scalars, &mut noise);
        run
    });
    let pictures = |folder: &Path| {
        let files = std::fs::read_dir(folder.join("figures")).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    };
    let charts = |page: &str| page.matches("<figure class=\"chart\">").count();
    let single = page(&write_run_report(&runs[0], &catalogue()).unwrap());
    assert_eq!(pictures(&runs[0]).len(), 2 * charts(&single));
    let several = page(&write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap());
    assert_eq!(pictures(dir.path()).len(), 2 * charts(&several));
    for file in pictures(dir.path()).iter().chain(&pictures(&runs[0])) {
        let named = file.display();
        if file.extension().is_some_and(|ending| ending == "png") {
            let png = std::fs::read(file).unwrap();
            assert!(png.starts_with(b"\x89PNG") && file.with_extension("svg").exists(), "{named}");
            continue;
        }
        let svg = page(file);
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{named}");
        assert!(svg.contains("<path class=\"line "), "{named}");
    }
    assert!(dir.path().join("figures/objective-vae.svg").exists());
    // As they were after another report, and known for what they are.
    let before = pictures(dir.path()).into_iter().map(|file| (std::fs::read(&file).unwrap(), file));
    let before: Vec<_> = before.collect();
    write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap();
    assert!(before.iter().all(|(bytes, file)| &std::fs::read(file).unwrap() == bytes));
    assert_eq!(figure_files::own(&dir.path().join("figures")).unwrap().len(), before.len());
}

#[test]
fn a_full_run_has_every_section_and_needs_no_network() {
    let dir = tempfile::tempdir().unwrap();
    let mut noise = Noise::new(1);
    let run = Fake::new("ddpm", 0)
        .with("samples/frechet", 21.4)
        .with("reconstruction/mse", 0.0123)
        .with("cost/peak_memory_bytes", 734_003_200.0)
        .write(dir.path());
    let scalars = [("train/loss", 541.0, 109.0), ("validation/loss", 300.0, 112.0)];
    write_curves(&run, 100_000, 200, &scalars, &mut noise);
    add_figures(&run, pictures(0.5, true, true, &mut noise));
    log_samples(&run, 0.5);
    let page = page(&write_run_report(&run, &catalogue()).unwrap());
    for id in ["numbers", "curves", "provenance"] {
        assert!(page.contains(&format!("<h2 id=\"{id}\">")), "{id}");
    }
    let place = |what: &str| page.find(what).unwrap_or_else(|| panic!("no {what}"));
    let film = place("<h2 id=\"samples-2\">Samples in training</h2>");
    assert!(place("<h2 id=\"samples\">Samples</h2>") < film && film < place("<h2 id=\"numbers\">"));
    place("data-steps=\"8 6\" data-moments=\"400|800|1\u{202f}200|");
    place("after 400, 800, 1\u{202f}200, ");
    place("data-steps=\"12 4\">");
    for (number, title) in
        ["Nearest training images", "Originals and reconstructions", "Interpolation", "Denoising"]
            .iter()
            .enumerate()
    {
        let heading = format!("<h2 id=\"figures-{}\">{title}</h2>", number + 1);
        assert!(page.contains(&heading), "{heading}");
    }
    assert_eq!(page.matches("src=\"data:image/png;base64,").count(), 7);
    assert_eq!(page.matches("<img ").count(), page.matches(" alt=\"").count());
    for outside in ["http://", "https://", "src=\"/", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<script>").count(), 1);
    for text in ["0.01212 – 0.01248", "700.0", "lower is better", "Real images", "CC BY-SA 3.0"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("--model ddpm") && page.contains("learning_rate = 0.001"));
}

#[test]
fn a_run_with_nothing_but_results_still_has_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let run = Fake::new("vae", 0).write(dir.path());
    for name in ["config.toml", "run.json"] {
        std::fs::remove_file(run.join(name)).unwrap();
    }
    std::fs::remove_dir_all(run.join("samples")).unwrap();
    let page = page(&write_run_report(&run, &catalogue()).unwrap());
    assert!(page.contains("This run reports no metric") && !page.contains("<h2 id=\"figures-1\">"));
}

#[test]
fn texts_from_files_are_escaped_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let runs: Vec<PathBuf> = (0..)
        .zip(words())
        .map(|(number, words)| hostile(&words, &dir.path().join(format!("run-{number}"))))
        .collect();
    for (run, words) in runs.iter().zip(words()) {
        let single = page(&write_run_report(run, &catalogue()).unwrap());
        let several = page(&write_comparison(dir.path(), &words, &runs, &catalogue()).unwrap());
        for page in [&single, &several] {
            assert_eq!(page.matches("<script").count(), 1, "the page's own");
            assert_eq!(page.matches("</style").count(), 1, "the page's own");
            assert_eq!(page.matches("</pre").count(), page.matches("<pre>").count());
            assert!(!page.contains("<img src=x") && !page.contains("\" on"), "{words}");
        }
        for file in std::fs::read_dir(run.join("figures")).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|ending| ending == "svg") {
                let svg = page(&file);
                assert!(!svg.contains("<script") && !svg.contains("<img"), "{svg}");
                assert!(!svg.contains('\u{202e}') && !svg.contains("\" on"), "{svg}");
            }
        }
    }
    let markdown = page(&dir.path().join("comparison.md"));
    assert!(!markdown.contains("<script") && !markdown.contains("<img"));
}

#[test]
fn an_absent_number_is_a_dash_and_is_never_best() {
    let dir = tempfile::tempdir().unwrap();
    let fakes = [
        Fake::new("ae", 0).with("reconstruction/mse", 0.012),
        Fake::new("vae", 0).with("reconstruction/mse", 0.016).with("kl/total", 17.0),
        Fake::new("gan", 0).with("samples/frechet", 20.0),
    ];
    let (html, markdown) = compare(dir.path(), &fakes);
    let mse = "| Reconstruction MSE ↓ (test, per pixel, \\[0,1\\]) | 2\u{202f}000 | **0.01200** | 0.01600 | — |";
    assert_eq!(row(&markdown, "Reconstruction MSE"), mse);
    assert!(
        row(&markdown, "KL to the prior").ends_with("| — | 17.00 | — |"),
        "no direction, no mark"
    );
    assert!(
        row(&markdown, "Fréchet distance").contains("| — | — | 20.00 |"),
        "one value wins nothing"
    );
    assert!(html.contains("Every model has only one seed, so nothing is claimed."));
    assert!(!html.contains("is better than"));
}

#[test]
fn the_baseline_without_a_network_is_named_when_it_wins() {
    let dir = tempfile::tempdir().unwrap();
    let fakes = [
        Fake::new("vae", 0).with("samples/frechet", 31.0),
        Fake::new("ddpm", 0).with("samples/frechet", 12.0),
    ];
    let (html, markdown) = compare(dir.path(), &fakes);
    let sentence = "The best baseline without any network, PCA + Gaussian mixture (50), has a lower \
                    Fréchet distance (24.80) than 1 of 2 models: VAE (31.00).";
    assert!(html.contains(sentence) && markdown.contains(sentence));
    let columns = ["Real images", "One Gaussian", "PCA + Gaussian mixture (50)", "Noise"];
    let places = columns.map(|title| markdown.find(&format!("*{title}*")).unwrap());
    assert!(places.is_sorted(), "real images, then baselines, then noise");
}

#[test]
fn the_best_baseline_is_the_best_in_the_direction_of_the_leading_metric() {
    let dir = tempfile::tempdir().unwrap();
    let fakes = [
        Fake::new("vae", 0).with("samples/coverage", 0.6),
        Fake::new("ddpm", 0).with("samples/coverage", 0.9),
    ];
    let (html, _) = compare(dir.path(), &fakes);
    assert!(html.contains(
        "The best baseline without any network, PCA + Gaussian mixture (50), has a higher coverage \
         (0.7130) than 1 of 2 models: VAE (0.6000)."
    ));
}

#[test]
fn a_metric_that_the_catalogue_does_not_know_is_shown_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let fakes = [
        Fake::new("vae", 0).with("quantum/kl_entanglement", 0.5),
        Fake::new("gan", 0).with("quantum/kl_entanglement", 0.25),
    ];
    let (html, markdown) = compare(dir.path(), &fakes);
    assert!(markdown.contains("## Other numbers") && html.contains("Quantum KL entanglement"));
    assert!(row(&markdown, "Quantum KL").contains("| **0.5000** | 0.2500 |"), "{markdown}");
}

#[test]
fn what_runs_share_is_shown_once_and_their_own_figures_under_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let mut runs = Vec::new();
    for model in ["vae", "gan"] {
        let run = Fake::new(model, 0).with("samples/frechet", 9.0).write(dir.path());
        let bars = Plot::Bars { values: vec![1.0, 2.0], x_label: "class".into(), guide: None };
        let mut figures = pictures(0.5, model == "vae", false, &mut Noise::new(3));
        figures.push(figure("classes", "Classes", "A bar per class.", bars));
        add_figures(&run, figures);
        runs.push(run);
    }
    let html = page(&write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap());
    let count = |what: &str| html.matches(what).count();
    // Once among the first samples, once below with all of them.
    assert_eq!(count("<strong>PCA + Gaussian mixture</strong>"), 2);
    assert_eq!(count("alt=\"samples of PCA + Gaussian mixture\""), 1);
    assert_eq!(count("alt=\"samples of VAE\""), 1);
    assert!(
        html.contains("<strong>One seed: differences may be luck.</strong> Train with --seeds 3")
    );
    let first = html.find("id=\"headline\"").expect("headline numbers");
    assert!(first < html.find("id=\"findings\"").unwrap_or(usize::MAX));
    assert_eq!(count("Content-Security-Policy"), 1);
    for link in ["samples", "headline", "tables", "inside", "runs"] {
        assert_eq!(count(&format!("<a href=\"#{link}\">")), 1 + usize::from(link == "inside"));
        assert_eq!(count(&format!("id=\"{link}\"")), 1, "{link} leads nowhere");
    }
    assert_eq!(count("alt=\"Samples of VAE on mnist-10k\""), 1);
    assert_eq!(count("alt=\"Samples of GAN on mnist-10k\""), 1);
    assert_eq!(count("alt=\"Interpolation of "), 1, "only one of them has codes");
    assert_eq!(count("Not picked: the first samples"), 1);
    assert_eq!(count("A bar per class."), 1);
    assert_eq!(count("aria-label=\"Classes of VAE on mnist-10k: 2 bars"), 1);
    let places = ["Samples", "Interpolation", "Classes"].map(|title| {
        html.find(&format!("\">{title}</h2>")).unwrap_or_else(|| panic!("no {title}"))
    });
    assert!(places.is_sorted());
}

#[test]
fn data_that_are_no_images_are_called_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut noise = Noise::new(4);
    let mut runs = Vec::new();
    for model in ["flow", "gan"] {
        let mut fake = Fake::new(model, 0).with("samples/frechet", 0.9);
        (fake.dataset, fake.kind) = ("ring-8", "points");
        let [path, model] = ["runs/base", "flow"].map(str::to_owned);
        let sha256 = "0123456789abcdef".to_owned();
        fake.opened.push(OpenedRecord { path, model, sha256, ..OpenedRecord::default() });
        let run = fake.write(dir.path());
        write_curves(&run, 100_000, 50, &[("train/kl", 5.0, 1.0)], &mut noise);
        let figures = vec![ring(200, 1, 0.5, &mut noise), modes(0.5, &mut noise), fan(0.5)];
        add_figures(&run, figures);
        runs.push(run);
    }
    let single = page(&write_run_report(&runs[0], &catalogue()).unwrap());
    for text in [
        "<dt>Points</dt><dd>8\u{202f}000 training, 500 validation, 2\u{202f}000 test</dd>",
        ">training points seen</text>",
        "KL over points seen: ",
        "<dt>Built on</dt><dd>flow, runs/base (SHA-256 0123456789ab)</dd>",
        "Samples in the plane of FLOW on ring-8: 200 points over a density.",
        "aria-label=\"Modes of FLOW on ring-8\"",
        "Real points",
    ] {
        assert!(single.contains(text), "{text}");
    }
    let several = page(&write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap());
    assert!(several.contains("100\u{202f}000 training points each"));
    assert!(several.contains("<strong>GAN</strong>") && several.contains("Modes of GAN on ring-8"));
    for page in [&single, &several] {
        // Before the settings, whose keys are the same for all data.
        let text =
            page.split("</style>").nth(1).and_then(|rest| rest.split("<pre>").next()).unwrap();
        assert!(!text.contains("image") && !text.contains("pixel"), "{text}");
    }
    // Budgets of different data are counted in what holds for both.
    let mut fake = Fake::new("vae", 0).with("samples/frechet", 9.0);
    fake.images = 600_000;
    runs.push(fake.write(dir.path()));
    let mixed = page(&write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap());
    assert!(mixed.contains("different budgets: 100k examples and 600k examples."), "{mixed}");
    assert!(mixed.contains("100k points") && mixed.contains("600k images"));
}

#[test]
fn a_report_with_five_clouds_over_a_density_can_be_mailed() {
    let dir = tempfile::tempdir().unwrap();
    let run = Fake::new("flow", 0).write(dir.path());
    let mut noise = Noise::new(2);
    let clouds = (0..5).map(|_| ring(2000, 8, 0.5, &mut noise)).collect();
    add_figures(&run, clouds);
    let page = page(&write_run_report(&run, &catalogue()).unwrap());
    assert_eq!(page.matches("class=\"dots").count(), 40);
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn what_happened_to_a_run_is_told_with_its_step() {
    let dir = tempfile::tempdir().unwrap();
    let mut fake = Fake::new("vae", 0).with("samples/frechet", 9.0);
    let quiet = page(&write_run_report(&fake.write(dir.path()), &catalogue()).unwrap());
    assert!(!quiet.contains("<h2 id=\"events\">"));
    fake.events = vec![Event::new(1200, "resumed after an interruption")];
    let run = fake.write(dir.path());
    let line = "Step 1\u{202f}200: resumed after an interruption";
    let single = page(&write_run_report(&run, &catalogue()).unwrap());
    assert!(single.contains("<h2 id=\"events\">") && single.contains(line));
    let several = page(&write_comparison(dir.path(), "x", &[run], &catalogue()).unwrap());
    assert!(several.contains(line));
}
