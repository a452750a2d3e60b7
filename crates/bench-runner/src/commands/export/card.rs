//! `README.md`: a model card (Mitchell et al. 2019, arXiv:1810.03993) with the header that model hubs read.

use crate::{config::RunConfig, terminal};
use genlab_core::Range;
use genlab_data::Dataset;
use genlab_metrics::CATALOGUE;
use genlab_results::{Metric, Rank, Results, RunRecord, Section};
use std::fmt::Write as _;

/// A run as its card describes it.
pub(super) struct Card<'a> {
    pub(super) config: &'a RunConfig,
    pub(super) results: &'a Results,
    pub(super) record: &'a RunRecord,
    pub(super) dataset: &'a Dataset,
}

/// Terms of data by what their line of credit says, as hubs call them.
const LICENCES: [(&str, &str); 3] =
    [("CC BY-SA 3.0", "cc-by-sa-3.0"), ("CC BY 4.0", "cc-by-4.0"), ("MIT", "mit")];

impl Card<'_> {
    /// The whole file.
    pub(super) fn text(&self) -> String {
        [self.header(), self.what(), self.numbers(), self.training(), self.use_of(), self.limits()]
            .join("\n")
    }

    /// YAML, with every text in quotes that JSON and YAML share.
    fn header(&self) -> String {
        let terms = &self.dataset.licence;
        let known = LICENCES.iter().find(|(told, _)| terms.ends_with(told));
        let licence = known.map_or_else(
            || format!("license: other\nlicense_name: {}", quoted(terms)),
            |(_, id)| format!("license: {id}"),
        );
        let dataset = quoted(&self.dataset_name());
        let (model, run) = (self.config.model.name(), quoted(&self.config.run_name()));
        let results: String = self.splits().into_iter().map(|split| self.found(split)).collect();
        let index = if results.is_empty() {
            String::new()
        } else {
            format!("model-index:\n- name: {run}\n  results:\n{results}")
        };
        format!(
            "---\n{licence}\nlibrary_name: genlab\ntags:\n- genlab\n- {model}\n- pytorch\n- safetensors\ndatasets:\n- \
             {dataset}\n{index}---\n"
        )
    }

    /// An entry of the header's results.
    fn found(&self, split: &str) -> String {
        let (dataset, (kind, task)) = (quoted(&self.dataset_name()), self.task());
        let mut entry = format!(
            "  - task:\n      type: {kind}\n      name: {}\n    dataset:\n      name: {dataset}\n      type: {dataset}\n      \
             split: {split}\n    metrics:\n",
            quoted(task)
        );
        for metric in self.quality().filter(|metric| metric.split == split) {
            let (kind, name, value) = (quoted(&metric.name), quoted(&title(metric)), metric.value);
            writeln!(entry, "    - type: {kind}\n      name: {name}\n      value: {value}")
                .expect("text takes all");
        }
        entry
    }

    fn what(&self) -> String {
        let (title, dataset) = (self.results.title(), self.dataset_name());
        let shape = self.dataset.space.shape;
        let (noun, seed) = (self.record.dataset.noun(), self.config.seed);
        format!(
            "# {title} on {dataset}\n\nA {title} that genlab trained on {} {noun} of {dataset} \
             ({}x{}x{}), seed {seed}: run `{}`.\n",
            self.dataset.train.len(),
            shape.channels,
            shape.height,
            shape.width,
            self.config.run_name(),
        )
    }

    fn numbers(&self) -> String {
        let mut text = String::from(
            "## Numbers\n\n| metric | value | 95 % | unit | split | n |\n|---|---|---|---|---|---|\n",
        );
        for metric in self.headline() {
            let interval = metric.ci95.map_or_else(String::new, |[low, high]| {
                format!("{} to {}", terminal::number(low), terminal::number(high))
            });
            let arrow = terminal::arrow(metric.better);
            let Metric { unit, split, n, .. } = metric;
            let (title, value) = (title(metric), terminal::number(metric.value));
            writeln!(text, "| {title}{arrow} | {value} | {interval} | {unit} | {split} | {n} |")
                .expect("text takes all");
        }
        if let Some(judge) = &self.results.judge {
            let hash: String = judge.sha256.chars().take(12).collect();
            writeln!(
                text,
                "\nSample metrics are in the features of the judge `{}` (SHA-256 {hash}...); they are not those of Inception.",
                judge.name
            )
            .expect("text takes all");
        }
        for note in &self.results.notes {
            writeln!(text, "\n{note}").expect("text takes all");
        }
        text
    }

    fn training(&self) -> String {
        let RunRecord { argv, git, genlab_version, device, threads, .. } = self.record;
        let arguments = argv.iter().skip(1).map(|argument| word(argument));
        let command: Vec<String> =
            ["bench-runner".to_owned()].into_iter().chain(arguments).collect();
        let commit = git.as_ref().map_or_else(
            || "commit unknown".to_owned(),
            |git| {
                let changed = if git.dirty { ", with changes" } else { "" };
                format!("commit {}{changed}", git.hash)
            },
        );
        let (images, batch) = (self.config.budget.images, self.config.batch_size);
        let sha: String = self.dataset.sha256.chars().take(12).collect();
        let noun = self.record.dataset.noun();
        format!(
            "## Training\n\n```\n{}\n```\n\n- genlab {genlab_version}, {commit}\n- seed {}; it decides initial weights, the \
             order of {noun} and all noise\n- {images} {noun} in batches of {batch}\n- on {device}, {threads} threads\n- data: {} \
             (SHA-256 {sha}...), {}\n\n`config.json` has every setting.\n",
            command.join(" "),
            self.config.seed,
            self.dataset_name(),
            self.dataset.licence,
        )
    }

    fn use_of(&self) -> String {
        let shape = self.dataset.space.shape;
        let value = format!("{}, {}, {}", shape.channels, shape.height, shape.width);
        let numbers = match self.dataset.space.range {
            Range::Unit => "numbers from 0 to 1",
            Range::Real => "numbers in the units of the data",
        };
        let (setup, classes) = if self.classes_told() {
            ("classes = torch.arange(8) % model.classes\n", ", classes")
        } else {
            ("", "")
        };
        let codes = format!(
            "x = torch.rand(8, {value})\ncodes = model.encode(x{classes})\nmodel.decode(codes{classes})\n\
             model.reconstruct(x{classes})"
        );
        let samples = format!("model.sample(model.noise(8){classes})");
        let lines = match self.config.model.name() {
            "ae" | "sparse-ae" => codes,
            "vae" => format!("{codes}\n{samples}"),
            "gan" => samples,
            _ => format!(
                "{samples}  # by the sampler of the run\nddim = {{\"kind\": \"ddim\", \"eta\": 0.0}}\n\
                 model.sample(model.noise(8){classes}, solver=ddim, steps=50)"
            ),
        };
        format!(
            "## Use\n\n`genlab.py` is the model in PyTorch. It needs torch and safetensors. Run in this folder it compares \
             itself with what genlab computed (`check.safetensors`):\n\n```\npython genlab.py\n```\n\nValues are `[B, \
             {value}]`, {numbers}.\n\n```python\nimport genlab, torch\n\nmodel = genlab.load(\".\")\n{setup}{lines}\n```\n"
        )
    }

    fn limits(&self) -> String {
        let mut limits = vec![
            "- One run of one seed: its numbers say nothing about the method in general."
                .to_owned(),
            format!(
                "- It knows {} and nothing else, within a budget made for comparisons, not for the best model.",
                self.dataset_name()
            ),
        ];
        match self.config.model.name() {
            "ae" | "sparse-ae" => limits.push(
                "- It has no prior of its own: genlab draws its samples through a density fitted on codes, which is not part of \
                 this folder."
                    .to_owned(),
            ),
            "gan" => limits.push("- The critic is not part of this folder.".to_owned()),
            _ => {}
        }
        format!("## Limits\n\n{}\n", limits.join("\n"))
    }

    /// The leading numbers of the run.
    fn headline(&self) -> impl Iterator<Item = &Metric> {
        let leads = |metric: &&Metric| {
            CATALOGUE.get(&metric.name).is_some_and(|entry| entry.rank != Rank::Detail)
        };
        self.results.metrics.iter().filter(leads)
    }

    /// Those that say how good it is, and not what it cost.
    fn quality(&self) -> impl Iterator<Item = &Metric> {
        self.headline().filter(|metric| CATALOGUE.section(&metric.name) != Section::Cost)
    }

    /// The splits that those were measured on.
    fn splits(&self) -> Vec<&str> {
        let mut splits: Vec<&str> = self.quality().map(|metric| metric.split.as_str()).collect();
        splits.sort_unstable();
        splits.dedup();
        splits
    }

    /// What hubs call what it does.
    fn task(&self) -> (&'static str, &'static str) {
        let images = self.record.dataset.noun() == "images";
        match (self.config.model.name(), images) {
            ("ae" | "sparse-ae", _) => ("feature-extraction", "Codes and reconstructions"),
            (_, true) => ("unconditional-image-generation", "Image generation"),
            (_, false) => ("other", "Generation of points and series"),
        }
    }

    fn classes_told(&self) -> bool {
        let settings = self.config.model.settings();
        settings["condition"]["kind"] == "class"
    }

    /// Without the path of a folder, which says nothing elsewhere.
    fn dataset_name(&self) -> String {
        self.config.dataset_slug()
    }
}

fn title(metric: &Metric) -> String {
    CATALOGUE.get(&metric.name).map_or_else(|| metric.name.clone(), |entry| entry.title.to_owned())
}

/// In double quotes, as JSON and YAML read them alike.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text serialises")
}

/// As a shell reads it as one word.
fn word(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/+@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}
