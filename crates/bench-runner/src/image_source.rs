//! Sets of images that the command line can name: a run, a folder, an archive, a dataset's split.

use crate::{
    run::{
        self,
        directory::{self, RunDir},
        stations::{Source, Stations},
    },
    terminal,
};
use anyhow::{Context, Result, bail};
use genlab_core::{Kind, Space};
use genlab_data::{
    Dataset, LoadOptions, Values, kind_of, known_names, read_npz, read_npz_values, read_pictures,
};
use std::path::{Path, PathBuf};

/// Images with what is known about where they come from.
#[derive(Debug)]
pub(crate) struct ImageSource {
    /// As the command line names it.
    pub name: String,
    /// The images.
    pub images: Values,
    /// The split's name where they are one, else "reference".
    pub split: &'static str,
    /// Which dataset they imitate or are.
    pub origin: Origin,
}

/// What an image set says about its dataset.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Nothing.
    Unknown,
    /// The samples of a run on this dataset.
    Run(Box<Source>),
    /// A split of this dataset.
    Dataset(Box<Dataset>),
}

/// Splits, as they are written behind a dataset's name.
const SPLITS: [&str; 3] = ["train", "validation", "test"];

impl ImageSource {
    /// Reads what both names stand for: run directories, folders of pictures, `.npz` files, or
    /// `dataset:split`. An archive holds what the other side holds: its numbers alone do not say whether they
    /// are points.
    ///
    /// # Errors
    /// One sentence: there is no such thing, or what it holds cannot be read.
    pub(crate) fn pair(
        samples: &str,
        reference: &str,
        data_dir: Option<&Path>,
    ) -> Result<[Self; 2]> {
        if is_archive(samples) {
            let reference = Self::read(reference, data_dir, None)?;
            let samples = Self::read(samples, data_dir, Some(reference.images.space))?;
            return Ok([samples, reference]);
        }
        let samples = Self::read(samples, data_dir, None)?;
        let reference = Self::read(reference, data_dir, Some(samples.images.space))?;
        Ok([samples, reference])
    }

    /// Grey images are compared with those in colour as what they are in colour: three equal channels.
    pub(crate) fn agree_on_channels(one: &mut Self, other: &mut Self) {
        let channels = |source: &Self| {
            let space = source.images.space;
            (space.kind == Kind::Images).then_some(space.shape.channels)
        };
        match (channels(one), channels(other)) {
            (Some(1), Some(3)) => one.images = one.images.in_colour(),
            (Some(3), Some(1)) => other.images = other.images.in_colour(),
            _ => {}
        }
    }

    /// One side, with the space of the other where it is known.
    fn read(name: &str, data_dir: Option<&Path>, other: Option<Space>) -> Result<Self> {
        let path = Path::new(name);
        let unknown = |images| {
            let (name, split, origin) = (name.to_owned(), "reference", Origin::Unknown);
            Self { name, images, split, origin }
        };
        if path.join("config.toml").is_file() {
            return Self::run(name);
        }
        if path.is_dir() {
            return Ok(unknown(read_pictures(path, &terminal::note)?));
        }
        if path.is_file() {
            if !is_archive(name) {
                bail!(
                    "{name} is a file, but its name does not end in .npz; give an .npz archive, \
                     or a folder of PNG files"
                );
            }
            return Ok(unknown(match other.filter(|space| space.kind != Kind::Images) {
                Some(space) => read_npz_values(path, space)?,
                None => read_npz(path)?,
            }));
        }
        Self::dataset(name, data_dir)
    }

    fn run(name: &str) -> Result<Self> {
        let dir = RunDir::new(PathBuf::from(name));
        let config = directory::read_config(dir.path())?;
        config.model.require_samples(name)?;
        let path = dir.samples().join("samples.npz");
        if !path.exists() {
            bail!(
                "run {name} has no samples ({}); run its training command again to finish it",
                path.display()
            );
        }
        let source = Stations::of(config).data;
        // An archive of numbers does not say what they are; the dataset that they imitate does.
        let images = match kind_of(&source.dataset) {
            Kind::Images => read_npz(&path)?,
            Kind::Points | Kind::Series => {
                read_npz_values(&path, run::load_or_remember(dir.path(), &source)?.0.space)?
            }
        };
        let origin = Origin::Run(Box::new(source));
        Ok(Self { name: name.to_owned(), images, split: "reference", origin })
    }

    fn dataset(name: &str, data_dir: Option<&Path>) -> Result<Self> {
        let split = name.rsplit_once(':').and_then(|(dataset, split)| {
            Some((dataset, *SPLITS.iter().find(|known| **known == split)?))
        });
        let Some((dataset, split)) = split else {
            if known_names().contains(&name)
                || name.starts_with("folder:")
                || kind_of(name) == Kind::Series
            {
                bail!("{name} has several splits; write {name}:test (or :train, :validation)");
            }
            bail!(
                "{name:?} is neither a file or folder nor a split of a dataset; give a run, a folder \
                 of PNG files, an .npz file, or a split such as mnist-10k:test"
            );
        };
        let options = LoadOptions {
            data_dir: data_dir.map(Path::to_owned),
            progress: Some(Box::new(terminal::download)),
            notice: Some(Box::new(terminal::note)),
            ..LoadOptions::default()
        };
        let dataset = genlab_data::load(dataset, &options)?;
        let images = match split {
            "train" => &dataset.train,
            "validation" => &dataset.validation,
            _ => &dataset.test,
        };
        let images = images.clone();
        Ok(Self {
            name: name.to_owned(),
            images,
            split,
            origin: Origin::Dataset(Box::new(dataset)),
        })
    }

    /// The dataset behind it, loaded if it is a run's.
    ///
    /// # Errors
    /// When a run's dataset cannot be read any more.
    pub(crate) fn into_dataset(self) -> Result<Option<Dataset>> {
        match self.origin {
            Origin::Unknown => Ok(None),
            Origin::Dataset(dataset) => Ok(Some(*dataset)),
            Origin::Run(data) => {
                // A judge needs no more of it than its name, its shape and its hash.
                let found = run::load_or_remember(Path::new(&self.name), &data);
                let cannot = || format!("cannot load the dataset of run {}", self.name);
                Ok(Some(found.with_context(cannot)?.0))
            }
        }
    }
}

/// Whether `name` is that of an `.npz` file.
fn is_archive(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("npz"))
}
