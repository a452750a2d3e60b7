//! Several runs in one report.

use super::*;

#[test]
fn seeds_are_averaged_with_a_t_interval_and_overlap_forbids_claims() {
    let dir = tempfile::tempdir().unwrap();
    let seeds = |model, values: [f64; 3]| {
        let fake = move |(seed, value)| Fake::new(model, seed).with("samples/frechet", value);
        (0..).zip(values).map(fake).collect::<Vec<_>>()
    };
    // Mean 22, standard deviation 2: 4.3027 * 2 / sqrt(3) = 4.97.
    let clear = [seeds("vae", [20.0, 22.0, 24.0]), seeds("gan", [40.0, 42.0, 44.0])].concat();
    let (html, markdown) = compare(dir.path(), &clear);
    assert!(row(&markdown, "Fréchet").contains("| **22.0 ± 5.0** ★ | 42.0 ± 5.0 |"));
    assert!(html.contains("VAE (22.0 ± 5.0) is better than GAN in Fréchet distance"));
    assert_eq!(row(&markdown, "VAE and GAN"), "| VAE and GAN | VAE better |");
    assert!(html.contains(">VAE better</td>"));
    let close = [seeds("vae", [20.0, 22.0, 24.0]), seeds("gan", [24.0, 26.0, 28.0])].concat();
    let (html, markdown) = compare(dir.path(), &close);
    assert!(row(&markdown, "Fréchet").contains("| 22.0 ± 5.0 ≈ | 26.0 ± 5.0 ≈ |"));
    assert!(html.contains("are not distinguishable in Fréchet distance"));
    assert!(!html.contains("is better than"));
    assert_eq!(row(&markdown, "VAE and GAN"), "| VAE and GAN | not distinguishable |");
}

#[test]
fn what_does_not_match_stands_apart_under_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let sampled = |model, value| Fake::new(model, 0).with("samples/frechet", value);
    let mut judged = sampled("gan", 1.0);
    judged.judge = "ffffeeee";
    let mut longer = sampled("ddpm", 2.0);
    longer.images = 600_000;
    let mut other = sampled("ae", 3.0);
    other.dataset = "fashion-3k";
    let (html, markdown) = compare(dir.path(), &[sampled("vae", 9.0), judged, longer, other]);
    assert_eq!(markdown.matches("## Sample quality").count(), 4);
    for what in ["different judges", "different budgets", "different data sets"] {
        assert!(html.contains(what) && markdown.contains(what), "{what}");
    }
    assert!(!markdown.contains("| **"), "nobody to win against");
    assert!(!markdown.contains("| Pair |"), "no pair shares a table");
}

#[test]
fn a_run_that_is_built_on_another_stands_apart_from_it_and_a_judge_is_no_base() {
    let dir = tempfile::tempdir().unwrap();
    let opened = |role, model: &str| OpenedRecord {
        role,
        model: model.into(),
        dataset: "fashion-3k".into(),
        sha256: "0123456789abcdef".into(),
        ..OpenedRecord::default()
    };
    let sampled = |model, value| Fake::new(model, 0).with("samples/frechet", value);
    let mut tuned = sampled("ddpm", 2.0);
    tuned.opened.push(opened(OpenedRole::Base, "ddpm"));
    let (_, markdown) = compare(dir.path(), &[sampled("gan", 9.0), tuned]);
    for what in [
        "different bases: none and ddpm trained on fashion-3k (01234567)",
        "on top of a run's own data and budget",
    ] {
        assert!(markdown.contains(what), "{what}: {markdown}");
    }
    assert!(!markdown.contains("different data sets"), "{markdown}");

    let mut judged = sampled("ddpm", 2.0);
    judged.judge = "ffffeeee";
    judged.opened.push(opened(OpenedRole::Judge, "classifier"));
    let dir = tempfile::tempdir().unwrap();
    let (_, markdown) = compare(dir.path(), &[sampled("gan", 9.0), judged]);
    assert!(!markdown.contains("built on"), "{markdown}");
    assert!(markdown.contains("different judges"), "{markdown}");
}

#[test]
fn pairs_are_told_apart_where_intervals_of_three_seeds_separate_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let runs = |model, frechet: &[f64], coverage: &[f64]| -> Vec<Fake> {
        let fake = |(seed, (a, b)): (usize, (&f64, &f64))| {
            let fake = Fake::new(model, seed as u64).with("samples/frechet", *a);
            fake.with("samples/coverage", *b).with("samples/precision", *a)
        };
        frechet.iter().zip(coverage).enumerate().map(fake).collect()
    };
    let fakes = [
        runs("vae", &[20.0, 22.0, 24.0], &[0.30, 0.31, 0.32]),
        runs("gan", &[40.0, 42.0, 44.0], &[0.29, 0.31, 0.33]),
        runs("ddpm", &[5.0, 5.1], &[0.90, 0.91]),
        vec![Fake::new("ae", 0).with("reconstruction/mse", 0.01)],
    ];
    let (html, markdown) = compare(dir.path(), &fakes.concat());
    let pairs: Vec<&str> = markdown.lines().filter(|line| line.contains(" and ")).collect();
    let pairs: Vec<&str> = pairs.into_iter().filter(|line| line.starts_with("| ")).collect();
    assert!(markdown.contains("| Pair | Fréchet distance | Coverage |"), "{markdown}");
    assert_eq!(
        pairs,
        [
            "| VAE and GAN | VAE better | not distinguishable |",
            "| VAE and DDPM | not distinguishable | not distinguishable |",
            "| GAN and DDPM | not distinguishable | not distinguishable |",
        ]
    );
    assert!(markdown.contains("A model with fewer seeds is not distinguishable from any other."));
    assert_eq!(html.matches(">not distinguishable</td>").count(), 5);
    let json = std::fs::read_to_string(dir.path().join("comparison.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let first = &json["tables"][0]["pairs"][0];
    assert_eq!((&first["left"], &first["verdict"]), (&"VAE".into(), &"left_better".into()));
}

#[test]
fn what_one_word_measures_in_two_ways_is_never_held_against_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut runs = Vec::new();
    for (model, pixels, value) in [("vae", "grey pixels", 100.0), ("gan", "binarised pixels", 20.0)]
    {
        for seed in 0..3 {
            let fake = Fake::new(model, seed).with("negative_elbo", value + seed as f64);
            let run = RunDir::new(fake.write(dir.path()));
            let mut results = run.read_results().unwrap().unwrap();
            let metrics = std::mem::take(&mut results.metrics);
            results.metrics = metrics.into_iter().map(|metric| metric.qualified(pixels)).collect();
            run.write_results(&results).unwrap();
            runs.push(run.path().to_owned());
        }
    }
    let html = page(&write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap());
    let markdown = page(&dir.path().join("comparison.md"));
    let rows = markdown.lines().filter(|line| line.contains(" pixels") && line.starts_with('|'));
    assert_eq!(rows.count(), 2, "{markdown}");
    assert!(!html.contains("is better than") && !markdown.contains('★'), "{markdown}");
}

#[test]
fn unfinished_runs_are_shown_and_never_best() {
    let dir = tempfile::tempdir().unwrap();
    let mut fakes: Vec<Fake> = [("ae", 1.0), ("vae", 2.0), ("gan", 3.0)]
        .into_iter()
        .map(|(model, value)| Fake::new(model, 0).with("samples/frechet", value))
        .collect();
    fakes[0].status = "diverged";
    let mut runs: Vec<PathBuf> = fakes.iter().map(|fake| fake.write(dir.path())).collect();
    runs.push(dir.path().join("nothing-here"));
    let html = page(&write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap());
    let markdown = page(&dir.path().join("comparison.md"));
    assert!(row(&markdown, "Fréchet").contains("| 1.000 | **2.000** | 3.000 |"));
    assert!(html.contains("seed 0 (diverged) did not finish; its numbers are shown"));
    assert!(html.contains("the run is not finished; run the same command again to resume"));
    assert!(page(&write_run_report(&runs[0], &catalogue()).unwrap()).contains("This run diverged"));
    let error =
        write_comparison(dir.path(), "x", &runs[3..], &catalogue()).unwrap_err().to_string();
    assert!(error.starts_with("no results.json in 1 run;"), "{error}");
}

#[test]
fn one_model_with_two_settings_makes_two_named_columns_in_the_order_of_their_values() {
    let dir = tempfile::tempdir().unwrap();
    let plain = Fake::new("vae", 0).with("kl/total", 20.0).write(dir.path());
    let heavy = Fake::new("vae", 1).with("kl/total", 10.0).write(dir.path());
    for (run, beta) in [(&plain, 4), (&heavy, 10)] {
        let config =
            format!("seed = {beta}\n[budget]\nimages = 100000\n[model.vae]\nbeta = {beta}\n");
        std::fs::write(run.join("config.toml"), config).unwrap();
    }
    // The other way round: the folders of a sweep have an order of their own.
    let runs = [&heavy, &plain].map(|run| RunData::read(run).unwrap());
    let markdown = markdown::comparison(&runs, &catalogue());
    assert!(
        markdown.contains("VAE (beta = 4)<br>seed 0 | VAE (beta = 10)<br>seed 1"),
        "{markdown}"
    );
    let html = write_comparison(dir.path(), "x", &[heavy, plain], &catalogue()).unwrap();
    let html = std::fs::read_to_string(html).unwrap();
    let row = html.split("<tr>").find(|row| row.contains("<code>model.vae.beta</code>")).unwrap();
    let row = row.replace(" data-label=\"VAE (beta = 4)\"", "");
    assert!(row.contains("<td>4</td><td data-label=\"VAE (beta = 10)\">10</td>"), "{row}");
    assert!(!html.contains("<code>budget.images</code>"), "it does not differ");
}

#[test]
fn columns_are_named_by_the_settings_that_tell_them_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mut runs = Vec::new();
    // By the first two settings alone two of them would have one name.
    for (seed, (batch, beta, condition)) in
        [(32, 1, "none"), (64, 4, "none"), (64, 4, "class")].into_iter().enumerate()
    {
        let run = Fake::new("vae", seed as u64).with("kl/total", 20.0).write(dir.path());
        let config = format!(
            "batch_size = {batch}\n[budget]\nimages = 100000\n[model.vae]\nbeta = {beta}\n\
             [model.vae.condition]\nkind = \"{condition}\"\n"
        );
        std::fs::write(run.join("config.toml"), config).unwrap();
        runs.push(RunData::read(&run).unwrap());
    }
    let markdown = markdown::comparison(&runs, &catalogue());
    for name in [
        r"VAE (batch\_size = 32, beta = 1, …)",
        r"VAE (batch\_size = 64, condition = none, …)",
        r"VAE (batch\_size = 64, condition = class, …)",
    ] {
        assert!(markdown.contains(name), "{name}: {markdown}");
    }
}

#[test]
fn the_copy_for_programs_is_unrounded() {
    let dir = tempfile::tempdir().unwrap();
    compare(dir.path(), &[Fake::new("vae", 0).with("samples/frechet", 1.0 / 3.0)]);
    let json = std::fs::read_to_string(dir.path().join("comparison.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let row = &json["tables"][0]["rows"][0];
    assert_eq!(row["name"], "samples/frechet");
    assert_eq!(row["models"][0]["mean"], 1.0 / 3.0);
    assert_eq!(row["references"][0]["column"], "real");
}

#[test]
fn of_many_settings_each_is_a_row_in_the_order_of_its_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let mut runs = Vec::new();
    for latent in [128, 2, 64, 4, 32, 16, 8, 256, 512] {
        for (seed, off) in [(0, -0.1), (1, 0.0), (2, 0.1)] {
            let value = 10.0 + (f64::from(latent) - 32.0).abs() + off;
            let mut fake = Fake::new("vae", seed).with("samples/frechet", value);
            fake.latent = latent;
            runs.push(fake.write(dir.path()));
        }
    }
    let html = page(&write_comparison(dir.path(), "x", &runs, &catalogue()).unwrap());
    let table = html.split("id=\"headline\"").nth(1).unwrap();
    let table = table.split("</table>").next().unwrap();
    let widths: Vec<&str> = table
        .split("data-label=\"latent\">")
        .skip(1)
        .map(|rest| rest.split("</td>").next().unwrap())
        .collect();
    assert_eq!(widths[..9], ["2", "4", "8", "16", "32", "64", "128", "256", "512"]);
    assert_eq!(widths[9..], ["", ""], "a baseline and real images stand below them");
    assert!(table.contains(">10.00<small>± 0.25</small>"), "{table}");
    assert!(html.contains("Of 9 settings 5 are shown in pictures and curves, those best in"));
    assert!(html.contains("c1 m2\""), "the eighth has a second mark");
    // All pairs would be 36.
    let pairs = html.split("class=\"pairs\"").nth(1).unwrap().split("</table>").next().unwrap();
    assert_eq!(pairs.matches("<th scope=\"row\">").count(), 8);
    assert!(!html.contains("id=\"settings\""));
}

#[test]
fn what_models_draw_of_captions_stands_near_the_top_and_against_what_it_costs() {
    let dir = tempfile::tempdir().unwrap();
    let told = |model, seed, all, seconds, calls| {
        Fake::new(model, seed)
            .with("captions/all", all)
            .with("captions/digit", 0.8)
            .with("samples/frechet", 10.0)
            .with("cost/train_seconds", seconds)
            .with("cost/network_calls_per_sample", calls)
    };
    let fakes = [
        told("vae", 0, 0.1, 60.0, 1.0),
        told("gan", 0, 0.2, 90.0, 1.0),
        told("ddpm", 0, 0.4, 300.0, 40.0),
        told("ddpm", 1, 0.5, 310.0, 40.0),
    ];
    let (html, markdown) = compare(dir.path(), &fakes);
    let table =
        html.split("id=\"told\"").nth(1).expect("a table").split("</table>").next().unwrap();
    assert_eq!(table.matches("<th scope=\"row\">").count(), 3, "a row for each model: {table}");
    assert!(table.contains(">0.1000<small>0.09850 – 0.1015</small>"), "{table}");
    assert!(table.contains(">0.45<small>± 0.64</small>"), "{table}");
    assert!(html.find("id=\"told\"") < html.find("id=\"findings\""));
    assert!(html.contains("DDPM in captions drawn in full"), "what it leads in is said");
    // No baseline draws captions, and what there is to say of baselines is said all the same.
    assert!(markdown.contains("than the best baseline without any network"), "{markdown}");
    let charts = [
        "Captions drawn in full against seconds of training",
        "Captions drawn in full against network calls per sample",
        "Fréchet distance against seconds of training",
    ];
    let places = charts.map(|title| html.find(title).unwrap_or_else(|| panic!("no {title}")));
    assert!(places.is_sorted(), "{places:?}");
    assert!(dir.path().join("figures").read_dir().unwrap().count() > 0);

    let dir = tempfile::tempdir().unwrap();
    let untold = ["vae", "gan"].map(|model| Fake::new(model, 0).with("samples/frechet", 10.0));
    assert!(!compare(dir.path(), &untold).0.contains("id=\"told\""));
}
