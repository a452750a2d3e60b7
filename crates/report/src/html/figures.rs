//! Pictures and figures of one or several runs, section by section and in the words that came with
//! them.

use crate::chart::{self, Drawn, Tint, Words};
use crate::film::Film;
use crate::format::count;
use crate::png;
use crate::run_data::RunData;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use genlab_results::{Figure, Plot, Scope};

/// The section of what a model makes, which pages show before anything else.
pub(super) const SAMPLES: &str = "Samples";
/// The section of pictures whose columns are steps from left to right.
const STEPS: &str = "Denoising";
/// A picture this many times as wide as it is high needs room.
const WIDE: f64 = 1.5;

/// A run whose figures are shown.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) run: &'a RunData,
    /// What it is called on the page.
    pub(super) label: &'a str,
    /// From the palette.
    pub(super) colour: Tint,
}

/// Everything that stands under one heading.
pub(super) struct Section {
    pub(super) title: String,
    /// How to read what follows.
    pub(super) sentences: Vec<String>,
    pub(super) images: Vec<Image>,
    /// Charts and tables.
    pub(super) charts: Vec<Drawn>,
}

impl Section {
    /// Whether it shows what a model makes, or how that grew.
    pub(super) fn is_of_samples(&self) -> bool {
        self.title == SAMPLES
            || self
                .images
                .iter()
                .any(|image| image.steps.as_ref().is_some_and(|steps| !steps.moments.is_empty()))
    }

    /// Whether many of its pictures fit side by side.
    pub(super) fn is_dense(&self) -> bool {
        self.images.iter().all(|image| f64::from(image.width) < WIDE * f64::from(image.height))
    }
}

/// An image inside the page.
pub(super) struct Image {
    pub(super) head: Head,
    pub(super) alt: String,
    /// The bytes of a PNG file.
    pub(super) png: Vec<u8>,
    /// The same inside the page.
    pub(super) uri: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) steps: Option<Steps>,
}

/// The columns of a picture, where they are steps of something that goes on from left to right.
pub(super) struct Steps {
    pub(super) columns: u32,
    pub(super) rows: u32,
    /// The step of each column in training: "1 250". Empty where columns are told by their numbers.
    pub(super) moments: Vec<String>,
}

/// What stands above an image or a chart.
pub(super) struct Head {
    pub(super) title: String,
    /// Beside the title of an image, below a chart.
    pub(super) caption: String,
    /// Of the swatch before an image's title, where there is one.
    pub(super) colour: Option<Tint>,
}

/// The figures of one run. Those without a title are told apart by whose they are, where there is
/// something to be told apart from.
pub(super) fn of_run(run: &RunData) -> Vec<Section> {
    let owner = Owner { run, label: run.results.title(), colour: Tint::FIRST };
    sections(Item::all(&[owner]), |item, alone| match item.title {
        "" if !alone => Head { colour: None, ..item.head_with_owner() },
        _ => item.head(),
    })
}

/// The figures of several runs side by side. What all runs on the same data share is shown once, and curves that are to
/// be compared stand in one chart.
pub(super) fn side_by_side(owners: &[Owner<'_>]) -> Vec<Section> {
    let compared = Compared::all(owners);
    let mut items = Item::all(owners);
    items.retain(|item| item.scope != Scope::Compared);
    items.extend(compared.iter().map(Compared::item));
    sections(items, |item, _| match item.scope {
        Scope::Run => item.head_with_owner(),
        Scope::Shared | Scope::Compared => item.head(),
    })
}

/// Curves of several runs in one chart.
struct Compared<'a> {
    /// The first of the runs.
    owner: Owner<'a>,
    figure: &'a Figure,
    plot: Plot,
}

impl<'a> Compared<'a> {
    fn all(owners: &[Owner<'a>]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for &owner in owners {
            let own = owner.run.results.figures.iter();
            for figure in own.filter(|figure| figure.scope == Scope::Compared) {
                let mut plot = figure.plot.clone();
                if let Plot::Lines { series, .. } = &mut plot {
                    for (name, _) in series {
                        *name = format!("{}: {name}", owner.label);
                    }
                }
                let same = |other: &&mut Self| {
                    (&other.figure.section, &other.figure.title) == (&figure.section, &figure.title)
                };
                match (all.iter_mut().find(same), plot) {
                    (
                        Some(Self { plot: Plot::Lines { series, .. }, .. }),
                        Plot::Lines { series: more, .. },
                    ) => series.extend(more),
                    (_, plot) => all.push(Self { owner, figure, plot }),
                }
            }
        }
        all
    }

    fn item(&self) -> Item<'_> {
        let Figure { section, title, caption, scope, .. } = self.figure;
        let body = Body::Figure(&self.plot);
        Item { owner: self.owner, section, title, caption, scope: *scope, body }
    }
}

/// A picture or a figure with its words.
struct Item<'a> {
    owner: Owner<'a>,
    section: &'a str,
    title: &'a str,
    caption: &'a str,
    scope: Scope,
    body: Body<'a>,
}

#[derive(Clone, Copy)]
enum Body<'a> {
    /// The bytes of a PNG file.
    Picture(&'a [u8]),
    Film(&'a Film),
    Figure(&'a Plot),
}

impl<'a> Item<'a> {
    /// Everything that the runs list: all pictures, then how samples grew, then all figures.
    fn all(owners: &[Owner<'a>]) -> Vec<Self> {
        let pictures = owners.iter().flat_map(|&owner| {
            owner.run.pictures.iter().map(move |picture| {
                let artefact = &picture.artefact;
                Self {
                    owner,
                    section: &artefact.section,
                    title: &artefact.title,
                    caption: &artefact.caption,
                    scope: artefact.scope,
                    body: Body::Picture(&picture.png),
                }
            })
        });
        let films = owners.iter().filter_map(|&owner| {
            let film = owner.run.film.as_ref()?;
            let (section, caption) = (film.title(), film.caption());
            let body = Body::Film(film);
            Some(Self { owner, section, title: "", caption, scope: Scope::Run, body })
        });
        let figures = owners.iter().flat_map(|&owner| {
            owner.run.results.figures.iter().map(move |figure| Self {
                owner,
                section: &figure.section,
                title: &figure.title,
                caption: &figure.caption,
                scope: figure.scope,
                body: Body::Figure(&figure.plot),
            })
        });
        pictures.chain(films).chain(figures).collect()
    }

    /// The caption, where it does not speak for the whole section.
    fn own_caption(&self) -> &'a str {
        if self.title.is_empty() { "" } else { self.caption }
    }

    fn head(&self) -> Head {
        let (title, caption) = (self.title.to_owned(), self.own_caption().to_owned());
        Head { title, caption, colour: None }
    }

    fn head_with_owner(&self) -> Head {
        let Owner { run, label, colour } = self.owner;
        let seed = match self.body {
            Body::Picture(_) | Body::Film(_) => format!("seed {}", run.results.seed),
            Body::Figure(_) => String::new(),
        };
        Head {
            title: joined([label, self.title], ": "),
            caption: joined([&seed, self.own_caption()], ", "),
            colour: Some(colour),
        }
    }

    /// For those who do not see it.
    fn alt(&self) -> String {
        let Owner { run, label, .. } = self.owner;
        let what = joined([self.section, self.title], ", ");
        match self.scope {
            Scope::Run => format!("{what} of {label} on {}", run.results.dataset),
            Scope::Shared | Scope::Compared => format!("{what} on {}", run.results.dataset),
        }
    }

    /// Equal for what several runs share.
    fn identity(&self) -> (&'a str, &'a str, &'a str) {
        (&self.owner.run.results.dataset, self.section, self.title)
    }
}

/// What is there of two texts.
fn joined(parts: [&str; 2], separator: &str) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(separator)
}

/// Sections in the order in which they first appear; what is shared stands last in each.
fn sections(items: Vec<Item<'_>>, head: impl Fn(&Item<'_>, bool) -> Head) -> Vec<Section> {
    let mut groups: Vec<Vec<Item<'_>>> = Vec::new();
    for item in items {
        match groups.iter_mut().find(|group| group[0].section == item.section) {
            None => groups.push(vec![item]),
            Some(group) => {
                let same = |other: &Item<'_>| {
                    other.scope == Scope::Shared && other.identity() == item.identity()
                };
                if item.scope != Scope::Shared || !group.iter().any(same) {
                    group.push(item);
                }
            }
        }
    }
    let section = |(index, mut items): (usize, Vec<Item<'_>>)| {
        items.sort_by_key(|item| item.scope == Scope::Shared);
        let mut section = Section {
            title: items[0].section.to_owned(),
            sentences: Vec::new(),
            images: Vec::new(),
            charts: Vec::new(),
        };
        for (number, item) in items.iter().enumerate() {
            let speaks = item.title.is_empty() && !item.caption.is_empty();
            if speaks && section.sentences.iter().all(|sentence| sentence != item.caption) {
                section.sentences.push(item.caption.to_owned());
            }
            let head = head(item, items.len() == 1);
            match item.body {
                Body::Picture(png) => {
                    let steps = (item.section == STEPS).then(|| png::tiles(png)).flatten();
                    let steps =
                        steps.map(|[columns, rows]| Steps { columns, rows, moments: Vec::new() });
                    section.images.extend(image(png, head, item, steps));
                }
                Body::Film(film) => {
                    let moments = film.steps.iter().map(|step| count(*step as f64)).collect();
                    let steps =
                        Steps { columns: film.steps.len() as u32, rows: film.rows as u32, moments };
                    section.images.extend(image(&film.png, head, item, Some(steps)));
                }
                Body::Figure(plot) => {
                    let Head { title, caption: remark, .. } = head;
                    let id = format!("figure-{index}-{number}");
                    let words = Words { id, title, alt: item.alt(), remark };
                    section.charts.extend(chart::plot(words, plot, item.owner.colour));
                }
            }
        }
        section
    };
    groups.into_iter().enumerate().map(section).collect()
}

fn image(png: &[u8], head: Head, item: &Item<'_>, steps: Option<Steps>) -> Option<Image> {
    let (width, height) = png::size(png)?;
    Some(Image { head, alt: item.alt(), png: png.to_vec(), uri: uri(png), width, height, steps })
}

/// A PNG file inside the page.
pub(super) fn uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}
