//! The command line.

mod course;
mod machine;
mod saving;
mod sweep;

use crate::commands::export::ExportArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use course::{CourseArgs, CourseCommand};
pub(crate) use machine::{CompletionsArgs, ConfigArgs, FetchArgs, ListArgs, WatchArgs};
pub(crate) use saving::{Keep, SaveEvery, SavingArgs};
use std::{path::PathBuf, time::Duration};
pub(crate) use sweep::{SweepArgs, SweepWhat};

/// Train, evaluate and compare generative models under one budget and one judge.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  bench-runner --model vae                     train, evaluate, report; embedded data, no network
  bench-runner --model all                     all five models and one side-by-side report
  bench-runner --model ae,vae --dataset fashion-3k --seeds 3
  bench-runner --experiment experiments/mnist-10k/vae.toml --set model.vae.beta=4
  bench-runner --model ddpm --set model.ddpm.base.run=runs/RUN      go on from a finished run
The same command finds the same run: interrupted it resumes, finished it prints the results."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
}

/// What can be done besides training.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train, evaluate and report: what is done without a command as well.
    Train(RunArgs),
    /// Put finished runs side by side in one report.
    #[command(
        after_help = "Examples:\n  bench-runner compare runs/vae-* runs/gan-* --out comparison\n  \
                      bench-runner compare runs/vae-* --format latex\n  \
                      bench-runner compare runs/GROUP --judge random --judge run=runs/vit"
    )]
    Compare(CompareArgs),
    /// Train many runs: models by values of settings by seeds.
    #[command(after_help = "Examples:
  bench-runner sweep --model ae,vae --seeds 0..5 --set model.vae.beta=0.5,1,4 --dry-run
  bench-runner sweep --model all --dataset digits8x8 --seeds 3 --jobs 2
  bench-runner sweep --model vae --set model.vae.beta=0.5,1,4 --index $INDEX
  bench-runner sweep --model vae --set model.vae.beta=0.1..10 --trials 18 --halving --jobs 2
  bench-runner sweep slurm --model all --seeds 5 --jobs 20 --sbatch=--time=01:00:00
  bench-runner sweep status --model all --seeds 5
Runs are named after their settings, so the same sweep, and any other, finds those that are finished and goes on with \
those that are not. The table and the report compare settings over their seeds.")]
    Sweep(SweepArgs),
    /// Draw samples from a finished run.
    #[command(after_help = "Examples:
  bench-runner sample runs/vae-mnist-10k-s0-1a2b3c4d --count 100
  bench-runner sample runs/ddpm-mnist-10k-s0-5e6f7a8b --class each --count 8 --guidance 2")]
    Sample(SampleArgs),
    /// Score the samples of a finished diffusion run by solver, spacing and network calls.
    #[command(after_help = "Examples:
  bench-runner samplers runs/ddpm-mnist-10k-s0-5e6f7a8b --calls 5,10,20,50
  bench-runner samplers runs/RUN --solver ddim,ancestral:variance=fixed-large --spacing trailing,karras
  bench-runner samplers runs/RUN --solver dpmpp-2m:eta=1 --calls 50 --guidance 0,1,2,4
Writes samplers/ in the run directory (samplers.csv, samplers.json) and a chart into report.html. What is there is not \
computed again, so that a command that was interrupted goes on and another adds to it.")]
    Samplers(SamplersArgs),
    /// Make values out of given ones with a finished run of a diffusion model.
    #[command(after_help = "Examples:
  bench-runner edit runs/RUN --task vary --strength 0.5 --input test:8
  bench-runner edit runs/RUN --task inpaint --mask left --input digit.png --count 6
  bench-runner edit runs/RUN --task denoise --noise 0.3 --input noisy.npz --out clean.npz
  bench-runner edit runs/RUN --task super-resolve --input test:8      of a run that is told low resolutions")]
    Edit(EditArgs),
    /// Score a finished run again.
    #[command(
        after_help = "Example:\n  bench-runner evaluate runs/vae-mnist-10k-s0-1a2b3c4d --json"
    )]
    Evaluate(EvaluateArgs),
    /// Score one set of images against another.
    #[command(after_help = "Examples:
  bench-runner metrics runs/vae-mnist-10k-s0-1a2b3c4d mnist-10k:test
  bench-runner metrics samples.npz fashion-mnist:test --json
  bench-runner metrics folder-of-pngs other.npz --judge mnist-28
  bench-runner metrics points.npz ring-8:test
Each side is a run directory (its samples), a folder of PNG files, an .npz file with an array images
([N, H, W] or [N, C, H, W]; uint8, or floats from 0 to 1), or a split such as mnist-10k:test. Against a run or a
split of points the array holds points: floats, [N, D].
Nothing is rescaled: a range or type that cannot be interpreted is refused.")]
    Metrics(MetricsArgs),
    /// Watch runs that train elsewhere, on a screen: curves, newest samples, numbers, time left.
    #[command(after_help = "Examples:
  bench-runner watch                               the runs in ./runs, the newest first
  bench-runner watch runs/vae-mnist-10k-s0-1a2b3c4d
  bench-runner watch runs/GROUP --once             one frame as text, for files and programs
It reads the run's files and writes nothing, so that the run may train in another process or on another machine with the \
same disk.")]
    Watch(WatchArgs),
    /// List the runs that are here: how far they are, and their first numbers.
    #[command(after_help = "Example:\n  bench-runner list runs")]
    List(ListArgs),
    /// Print settings: their defaults, what they mean and what they can be.
    #[command(after_help = "Examples:
  bench-runner config vae
  bench-runner config model.gan.objective
  bench-runner config batch_size --dataset ring-8")]
    Config(ConfigArgs),
    /// Get a dataset's files now, check them and say what they hold.
    #[command(after_help = "Example:\n  bench-runner fetch mnist")]
    Fetch(FetchArgs),
    /// Check that this machine can train: processor, folders, embedded data, judges, devices.
    Doctor,
    /// Print a script that completes commands and flags in a shell.
    #[command(
        after_help = "Example:\n  bench-runner completions bash > ~/.local/share/bash-completion/completions/bench-runner"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page.
    #[command(after_help = "Example:\n  bench-runner man > ~/.local/share/man/man1/bench-runner.1")]
    Man,
    /// Write the weights of a finished run for other programs, with the model in PyTorch.
    #[command(after_help = "Examples:
  bench-runner export runs/vae-mnist-10k-s0-1a2b3c4d
  bench-runner export runs/RUN --out my-model && cd my-model && python genlab.py
Writes model.safetensors (the weights that the run is judged by), config.json (every setting), README.md (a model card), \
genlab.py (the model in PyTorch) and check.safetensors (what genlab computed, for genlab.py to compare itself with).")]
    Export(ExportArgs),
    /// Lessons: write one function of a generative model, and be told what is wrong with it.
    #[command(after_help = "Examples:
  bench-runner course list
  bench-runner course new vae-loss my-vae-loss && cd my-vae-loss && cargo test
  bench-runner course check my-vae-loss --json")]
    Course(CourseArgs),
    /// List the devices that this build can train on.
    #[command(after_help = "Example:\n  bench-runner devices")]
    Devices,
}

/// Which runs to make.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags that can be given together")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub settings: SettingArgs,
    /// Seed of the run: initial weights, order of images, all noise.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Train each model with this many seeds, counting up from --seed.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// The run directory itself (or the group's, for several runs).
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Discard what the run directory holds and start anew.
    #[arg(long)]
    pub fresh: bool,
    /// Stop training and save after this long, such as 90s, 20min or 1h30m; evaluation comes on top. The exit status is
    /// then 75, and the same command goes on.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_time: Option<Duration>,
    /// Several runs: so many at a time, each in a process of its own with its share of the processors. By default two at a time on
    /// the CPU, and one on other devices.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    #[command(flatten)]
    pub saving: SavingArgs,
    /// Print results as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print every number of several runs, not only the first.
    #[arg(long, conflicts_with = "json")]
    pub all: bool,
    /// Print results and errors alone, no progress.
    #[arg(long)]
    pub quiet: bool,
    /// Show curves, newest samples and time left on a screen while it trains; its last line says which keys there are.
    #[arg(long, conflicts_with = "quiet")]
    pub tui: bool,
    /// Open the report in a browser at the end.
    #[arg(long)]
    pub open: bool,
    /// Say which runs there would be, where, and how far they are, or that one does not fit its data or the runs that it is
    /// built on. Nothing is trained, written or downloaded.
    #[arg(long, conflicts_with = "json")]
    pub dry_run: bool,
}

/// What runs are made of, but for their seeds.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SettingArgs {
    /// Models to train: ae, sparse-ae, vae, gan, ddpm, several with commas, or all; or classifier or vit, which judge
    /// the samples of others; or clip, which holds pictures beside captions, or captioner, which writes them, or
    /// segmenter, which cuts objects out, or grounder, which finds them by what captions say.
    #[arg(long, value_delimiter = ',')]
    pub model: Vec<String>,
    /// mnist-10k, fashion-3k, digits8x8 (embedded), mnist, fashion-mnist, cifar10, folder:PATH, stacked-mnist,
    /// scenes-32, scenes-48, scenes-32-noisy, scenes-32-subject, moving-digits (drawn), and points that are drawn: ring-8, grid-25, mixture-1d, mixture-2d, gaussian-diagonal,
    /// gaussian-rotated, uniform-1d, two-moons, swiss-roll,
    /// checkerboard, planted-dictionary; or series: ar1, sines (drawn), series:FILE.csv:COLUMN.
    #[arg(long)]
    pub dataset: Option<String>,
    /// Folder with the files of mnist, fashion-mnist or cifar10.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Size that a folder's images are resized to: SIDE or HEIGHTxWIDTH.
    #[arg(long, value_name = "SIZE")]
    pub image_size: Option<String>,
    /// Channels of a folder's images: auto, grey or rgb.
    #[arg(long)]
    pub colour: Option<String>,
    /// Experiment file: only what differs from the defaults.
    #[arg(long, value_name = "FILE")]
    pub experiment: Option<PathBuf>,
    /// Override one setting, for example model.vae.beta=4. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Training images in the whole run.
    #[arg(long, value_name = "N")]
    pub budget_images: Option<u64>,
    /// Images per optimisation step.
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,
    /// f32 or bf16: numbers in which training computes its linear layers and convolutions.
    /// Evaluation is in f32.
    #[arg(long)]
    pub precision: Option<String>,
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// auto, flex, and what this build has of wgpu, cuda, tch and tch:cuda; wgpu:1 is the second of its kind.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// Which network judges samples.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct JudgeArgs {
    /// dataset, the default, for the dataset's own judge, run=DIR for a finished run of --model classifier,
    /// vit, clip or captioner, or inception=FILE for pytorch-fid's Inception network with these weights
    /// (crates/metrics/judges/convert.py makes the file).
    #[arg(long, value_name = "JUDGE")]
    pub judge: Option<String>,
    /// SHA-256 that the judge's FILE must have.
    #[arg(long, value_name = "HEX", requires = "judge")]
    pub judge_sha256: Option<String>,
}

/// `compare RUN...`
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Run directories, or group directories that hold some.
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,
    /// Folder for report.html, comparison.md, .csv, .tex and .json, and curves.csv.
    #[arg(long, value_name = "DIR", default_value = "comparison")]
    pub out: PathBuf,
    /// Print the comparison in this form, several with commas, instead of a table for the terminal.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT")]
    pub format: Vec<TableFormat>,
    /// Another judge of the samples that the runs have left behind, beside their own, to say how much their order depends on
    /// who judges: random for a network that has learned nothing, run=DIR for a finished run of --model classifier, vit,
    /// clip or captioner, dataset for the dataset's own judge, or inception=FILE. May be repeated.
    #[arg(long, value_name = "JUDGE")]
    pub judge: Vec<String>,
    /// SHA-256 that the FILE of inception=FILE must have.
    #[arg(long, value_name = "HEX", requires = "judge")]
    pub judge_sha256: Option<String>,
    /// Device that these judges run on.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// Forms of a comparison that can be pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// Every number, unrounded, a line each.
    Csv,
    /// The headline numbers for a paper, with the package booktabs.
    Latex,
    /// All tables.
    Markdown,
    /// All tables, unrounded.
    Json,
}

/// `sample RUN`
#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    /// A finished run directory.
    pub run: PathBuf,
    /// How many samples; of each class, with --class each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub count: u64,
    /// Seed of the noise; by default the run's, which gives the report's samples.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Steps from noise to sample, for a diffusion model: at most those of its schedule.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub steps: Option<u64>,
    /// Class of the samples, for a model that was trained with classes: its number or name, each for a
    /// row of every class, or none for a model that has learned to go without. Default: as the data has them.
    /// Points of several classes are coloured, with a bar of the colours beside them, class 0 on top.
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// What all samples are to show, for a model that was trained with captions: "a red three", "a red three left of a
    /// small green seven". Default: the captions of the test split, one after another.
    #[arg(long, value_name = "TEXT")]
    pub caption: Option<String>,
    /// How strongly samples are guided, for a diffusion model that was trained with classes or captions or keeps early weights: 1 is
    /// the model as it is (led by a classifier: Bayes' rule), more goes beyond, at most 1000.
    #[arg(long, value_name = "W", allow_negative_numbers = true)]
    pub guidance: Option<f64>,
    /// Where to write: a .png grid or an .npz archive with arrays images and, of a model that is told classes or captions,
    /// labels or captions. Default: a grid samples/samples-sSEED….png in the run directory, whose name goes on with the
    /// class or caption, guidance and steps that are given here.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Device to sample on.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// `samplers RUN`
#[derive(Debug, Args)]
pub(crate) struct SamplersArgs {
    /// A finished run directory.
    pub run: PathBuf,
    /// Solvers by their kind, with settings of theirs if wanted: ddim, ancestral:variance=fixed-large. What is left
    /// out is the default of the kind. Default: that of the run, and ddim, ancestral, heun and dpmpp-2m.
    #[arg(long, value_name = "KIND[:KEY=VALUE]", value_delimiter = ',')]
    pub solver: Vec<String>,
    /// Spacings in the same way: trailing, karras:rho=5. Default: that of the run.
    #[arg(long, value_name = "KIND[:KEY=VALUE]", value_delimiter = ',')]
    pub spacing: Vec<String>,
    /// Network calls per sample. A solver takes as many steps as fit into them.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "5,10,20,50",
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub calls: Vec<u64>,
    /// How strongly samples are guided, for a run that was trained with classes or captions or keeps early weights: 1 is the
    /// model as it is, 0 what guidance leads away from, at most 1000. Other than 0 and 1 it takes two calls a step. Default: that of the run.
    #[arg(long, value_name = "W", value_delimiter = ',')]
    pub guidance: Vec<f64>,
    /// Weights: averaged (those that the run is judged by), raw (those that training ended with), or the decay of another
    /// average that it kept (model.ddpm.ema.also). Default: averaged.
    #[arg(long, value_name = "WHICH", value_delimiter = ',')]
    pub weights: Vec<String>,
    /// Samples to draw and score, at most as many as the split has. Default: as many as the run was scored with.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub samples: Option<u64>,
    /// What they are scored against: validation to choose by, test to report. Default: that of the run.
    #[arg(long, value_parser = ["test", "validation"])]
    pub split: Option<String>,
    /// Where the dataset's files lie now, if they moved.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Device to sample on.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// `edit RUN`
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// A finished run directory.
    pub run: PathBuf,
    /// What is made of the input.
    #[arg(long, value_enum)]
    pub task: EditTask,
    /// A PNG or JPEG file, resized to the run's images; an .npz archive with an array images; or test:COUNT or
    /// validation:COUNT, the first values of that split of the dataset. For super-resolve files hold images at the lower resolution.
    #[arg(long, value_name = "FILE|test:COUNT")]
    pub input: String,
    /// Of vary: from above 0 to 1, the share of the sampler's steps that is taken anew. 1 is a new sample.
    #[arg(long, value_name = "SHARE")]
    pub strength: Option<f64>,
    /// Of denoise: standard deviation of the noise that the input holds, in its units (pixels are from 0 to 1).
    /// Values of a split get that much noise first.
    #[arg(long, value_name = "SIGMA")]
    pub noise: Option<f64>,
    /// Of inpaint, what is made anew: left, right, top, bottom, box (the middle), or a picture that is white there.
    #[arg(long, value_name = "PART|FILE")]
    pub mask: Option<String>,
    /// Of inpaint: gradients a step that are spent on what the known pixels say of the others, 2 by default; 0 only
    /// puts them in their places.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1000))]
    pub iterations: Option<u64>,
    /// Variants of each input.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub count: u64,
    /// Steps from noise to sample: at most those of the model's schedule.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub steps: Option<u64>,
    /// Seed of the noise; by default the run's.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where to write: a .png grid, a row for each input with its variants behind it, or an .npz archive of the
    /// variants. Default: samples/edit-TASK-sSEED.png in the run directory.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Device to run on.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// What can be made of given values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EditTask {
    /// Values that resemble the input: image to image.
    Vary,
    /// The input without its noise.
    Denoise,
    /// What is masked made anew, to agree with the rest.
    Inpaint,
    /// Images of the run's size, of smaller ones.
    SuperResolve,
}

/// `evaluate RUN`
#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// A finished run directory.
    pub run: PathBuf,
    /// Where the dataset's files lie now, if they moved.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What the dataset is called now, if its folder or file moved: folder:PATH, series:FILE.csv:COLUMN. It must hold
    /// what it held.
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Measure otherwise than the run's settings say: a setting of the evaluation, such as
    /// evaluation.likelihood_images=64. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Print the metrics as JSON.
    #[arg(long)]
    pub json: bool,
    /// Device to evaluate on.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// `metrics A B`
#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// The images that are scored.
    #[arg(value_name = "A")]
    pub samples: String,
    /// The images they are scored against, usually real ones.
    #[arg(value_name = "B")]
    pub reference: String,
    /// mnist-28, fashion-28, digits-8, scenes-32, a judge's file, run=DIR for a finished run of --model classifier,
    /// vit, clip or captioner, or inception=FILE. Default: the judge of the
    /// dataset that B, else A, comes from, else the only one for images of this size.
    #[arg(long, value_name = "NAME|FILE")]
    pub judge: Option<String>,
    /// SHA-256 that the FILE of inception=FILE must have.
    #[arg(long, value_name = "HEX", requires = "judge")]
    pub judge_sha256: Option<String>,
    /// Images of each side at most; both sides are cut to equal numbers.
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub limit: u64,
    /// Extrapolate the Frechet distance to infinitely many images as well.
    #[arg(long)]
    pub frechet_infinity: bool,
    /// Seed of subsets, directions and resamples.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Folder with the files of mnist, fashion-mnist or cifar10.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print the metrics as JSON, as in results.json.
    #[arg(long)]
    pub json: bool,
    /// Device that the judge runs on.
    #[arg(long, default_value = "auto")]
    pub device: String,
}
