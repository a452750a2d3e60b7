//! `README.md`: a model card (Mitchell et al. 2019, arXiv:1810.03993) with the header that model hubs read.

use crate::{config::RunConfig, terminal};
use genlab_data::Dataset;
use genlab_metrics::CATALOGUE;
use genlab_results::{Metric, Rank, Results, RunRecord};
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
        let licence = LICENCES.iter().find(|(told, _)| self.dataset.licence.contains(told));
        let mut lines = vec!["---".to_owned()];
        match licence {
            Some((_, id)) => lines.push(format!("license: {id}")),
            None => {
                lines.push("license: other".to_owned());
                lines.push(format!("license_name: {}", quoted(&self.dataset.licence)));
            }
        }
        lines.push("library_name: genlab".to_owned());
        lines.push("tags:".to_owned());
        let tags = ["genlab", self.config.model.name(), "pytorch", "safetensors"];
        lines.extend(tags.map(|tag| format!("- {tag}")));
        lines.push(format!("datasets:\n- {}", quoted(&self.dataset_name())));
        lines
            .push(format!("model-index:\n- name: {}\n  results:", quoted(&self.config.run_name())));
        for split in self.splits() {
            let (kind, name) = self.task();
            lines.push(format!("  - task:\n      type: {kind}\n      name: {}", quoted(name)));
            let dataset = quoted(&self.dataset_name());
            lines.push(format!(
                "    dataset:\n      name: {dataset}\n      type: {dataset}\n      split: {split}"
            ));
            lines.push("    metrics:".to_owned());
            for metric in self.headline().filter(|metric| metric.split == split) {
                let (name, value) = (quoted(&title(metric)), metric.value);
                lines.push(format!(
                    "    - type: {}\n      name: {name}\n      value: {value}",
                    quoted(&metric.name)
                ));
            }
        }
        lines.push("---\n".to_owned());
        lines.join("\n")
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
        let told = if self.classes_told() { ", classes=torch.arange(8)" } else { "" };
        let lines = match self.config.model.name() {
            "ae" | "sparse-ae" => {
                "codes = model.encode(x)\nmodel.decode(codes), model.reconstruct(x)".to_owned()
            }
            "vae" => format!(
                "mean = model.encode(x)           # model.posterior(x) gives the variances as well\nmodel.decode(mean), \
                 model.reconstruct(x)\nsamples = model.sample(model.noise(8){told})"
            ),
            "gan" => format!("samples = model.sample(model.noise(8){told})"),
            _ => format!(
                "samples = model.sample(model.noise(8){told})                 # by the run's own sampler\nsamples = \
                 model.sample(model.noise(8){told}, solver={{\"kind\": \"ddim\", \"eta\": 0.0}})"
            ),
        };
        let [channels, height, width] = {
            let shape = self.dataset.space.shape;
            [shape.channels, shape.height, shape.width]
        };
        let numbers = match self.dataset.space.range {
            genlab_core::Range::Unit => "numbers from 0 to 1",
            genlab_core::Range::Real => "numbers in the units of the data",
        };
        format!(
            "## Use\n\n`genlab.py` is the model in PyTorch. It needs torch and safetensors; run in this folder it compares \
             itself with what genlab computed (`check.safetensors`):\n\n```\npython genlab.py\n```\n\nA value x is `[B, \
             {channels}, {height}, {width}]`, {numbers}.\n\n```python\nimport genlab\n\nmodel = genlab.load(\".\")\n{lines}\n```\n"
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

    /// The splits that they were measured on.
    fn splits(&self) -> Vec<&str> {
        let mut splits: Vec<&str> = self.headline().map(|metric| metric.split.as_str()).collect();
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
