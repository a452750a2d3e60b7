//! Whether a model says what pictures show, and whether it tells captions that belong to them. Needs one that writes captions,
//! and scenes.

use super::{
    attended,
    captions::{COLUMNS_OF_ANSWERS, Found, row},
};
use crate::{
    context::{Context, Part},
    features::host,
    findings::Findings,
    numerics::{
        matrix::Z95,
        rank::{Auroc, auroc, auroc_of_pairs},
    },
    picture,
};
use burn::tensor::{Int, Tensor};
use genlab_core::{Conditions, Describe, vocabulary::Vocabulary};
use genlab_data::{
    Values,
    scenes::{Caption, QUESTIONS, Scene, Scenes},
};
use genlab_results::{
    Direction::{Higher, Lower},
    Entry, Figure, Metric, NotFinite, Plot, Rank, Scope, Section,
};

/// Training pictures whose captions are checked, at most.
const MOST_CHECKED: usize = 2000;
/// From this probability on a caption counts as one that belongs to its picture.
const PROBABLE: f64 = 0.5;
/// Pictures that are shown, and of them in a row.
const SHOWN: usize = 12;
const COLUMNS: usize = 6;
/// The answer to a question that a caption does not answer.
const SILENCE: u32 = u32::MAX;

const EXACT_ONE: Entry = Entry {
    name: "description/exact_one",
    title: "Captions of one object",
    gloss: "pictures of one object whose caption is right in every word",
    unit: "fraction of pictures",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Captions,
    rank: Rank::Headline,
    meaning: "Pictures of one object of which the model writes a caption that says digit, colour and size, and nothing else. \
              Chance is 1/120.",
    ..Entry::BASE
};

const EXACT_TWO: Entry = Entry {
    name: "description/exact_two",
    title: "Captions of two objects",
    gloss: "pictures of two objects whose caption is right in every word",
    meaning: "Pictures of two objects of which the model writes a caption that says digit, colour and size of both and how they \
              stand to each other, whichever it mentions first.",
    ..EXACT_ONE
};

const UNSEEN: Entry = Entry {
    name: "description/unseen",
    title: "Captions of pairs never seen",
    gloss: "the same of one object, of colours and digits never seen together",
    meaning: "Pictures of one object with a pair of colour and digit that never occurs in training, of which the model writes a \
              caption that is right in every word.",
    ..EXACT_ONE
};

const NLL: Entry = Entry {
    name: "description/nll",
    title: "Surprise at captions",
    gloss: "−ln p of the dataset's captions, given their pictures",
    unit: "nats per caption",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    meaning: "Mean −ln p(caption | picture) of the captions of the split. None can be below the entropy that captions have given \
              their pictures: ln 2 for two objects, of which either may come first.",
    ..EXACT_ONE
};

const AUROC: Entry = Entry {
    name: "description/auroc",
    title: "Captions told from others",
    gloss: "area under the curve, own captions against other pictures'",
    unit: "area under the ROC curve",
    meaning: "How often the matching probability of a picture with its own caption exceeds that of a picture with another's: \
              the area under the curve of right against wrong acceptances. Chance is 0.5.",
    ..EXACT_ONE
};

const FILTER_AUROC: Entry = Entry {
    name: "description/filter_auroc",
    title: "Wrong training captions told",
    gloss: "area under the curve, right against planted wrong captions",
    meaning: "The same over training pictures, of the captions that the dataset has of them: those that are right against those \
              that were planted wrong, and that the model has learned from.",
    ..AUROC
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 6] = [&EXACT_ONE, &EXACT_TWO, &UNSEEN, &NLL, &AUROC, &FILTER_AUROC];

/// Measures a model on the split, and on training captions where some are wrong.
pub fn measure(describer: &dyn Describe, context: &Context<'_>, out: &mut Findings) {
    let split = context.split();
    let Some(scenes) = &split.scenes else {
        return out.absent(EXACT_ONE.name, "the values have no captions");
    };
    let said = Said::of(describer, split, scenes, context);
    let found = said.found(scenes);
    let number = |one: &Found| f64::from(u8::from(one.all()));
    let part = |keep: &dyn Fn(&Found) -> bool| -> Vec<f64> {
        found.iter().filter(|one| keep(one)).map(number).collect()
    };
    for (entry, values) in [
        (&EXACT_ONE, part(&|one| one.objects.len() == 1)),
        (&EXACT_TWO, part(&|one| one.objects.len() == 2)),
        (&UNSEEN, part(&|one| one.objects.len() == 1 && one.unseen)),
    ] {
        if values.is_empty() {
            out.absent(entry.name, "no picture of the split asks for it");
        } else {
            out.push(context.mean(entry, &values));
        }
    }
    let nll = context.mean(&NLL, &said.nats);
    out.push(nll.map(|nll| match scenes.entropy_of_captions() {
        Some(entropy) => nll.qualified(&format!("entropy of the captions {entropy:.4}")),
        None => nll,
    }));

    let others = said.beside_others(scenes);
    push(&AUROC, &others, context, out);
    let checked = Checked::of_training(describer, context);
    if let Some(checked) = &checked {
        let trained = |metric: Metric| Metric { split: "train".to_owned(), ..metric };
        match area(&FILTER_AUROC, checked, context) {
            Some(metric) => out.push(metric.map(trained)),
            None => out.absent(FILTER_AUROC.name, "too few training captions are wrong"),
        }
    }
    out.figures.push(shown(split, scenes, &said.texts));
    out.figures.extend(attended::written(describer, split, &said.texts, context));
    out.figures.push(answers(&found));
    let rows = [Some(others), said.turned_round(scenes), checked];
    out.figures.push(told(&rows.into_iter().flatten().collect::<Vec<_>>()));
}

/// What a model says of every picture of a split, and of captions beside it.
struct Said {
    /// The captions that it writes.
    texts: Vec<String>,
    /// −ln p of each picture's caption.
    nats: Vec<f64>,
    /// The probability that each picture's caption belongs to it.
    own: Vec<f64>,
    /// That the caption of the next picture does.
    next: Vec<f64>,
    /// That its caption does with every relation turned round.
    turned: Vec<f64>,
}

impl Said {
    fn of(
        describer: &dyn Describe,
        split: &Values,
        scenes: &Scenes,
        context: &Context<'_>,
    ) -> Self {
        let texts = |of: &dyn Fn(usize) -> Caption| -> Vec<String> {
            (0..split.len()).map(|row| of(row).text()).collect()
        };
        let caption = |row: usize| &scenes.rows()[row % split.len()].caption;
        let own = texts(&|row| caption(row).clone());
        let next = texts(&|row| caption(row + 1).clone());
        let turned = texts(&|row| caption(row).turned());
        let vocabulary = scenes.vocabulary();
        let mut said = Self {
            texts: Vec::new(),
            nats: Vec::new(),
            own: Vec::new(),
            next: Vec::new(),
            turned: Vec::new(),
        };
        for Part { rows, values, .. } in context.batches(split, Conditions::default()) {
            let rows = rows.start as usize..rows.end as usize;
            let words = |texts: &[String]| vocabulary.tensor(&texts[rows.clone()], &context.device);
            let belongs =
                |texts: &[String]| numbers(describer.matching(values.clone(), words(texts)));
            said.texts.extend(read(describer.describe(values.clone()), vocabulary));
            let likely = numbers(describer.log_likelihood(values.clone(), words(&own)));
            said.nats.extend(likely.into_iter().map(|nats| -nats));
            said.own.extend(belongs(&own));
            said.next.extend(belongs(&next));
            said.turned.extend(belongs(&turned));
        }
        said
    }

    /// What its captions are beside the true ones, of pictures of one or two objects.
    fn found(&self, scenes: &Scenes) -> Vec<Found> {
        let of = |(scene, text): (&Scene, &String)| {
            let mut answers =
                Caption::parse(text).and_then(|said| said.answers()).unwrap_or_default();
            answers.resize(QUESTIONS.len(), SILENCE);
            Found::new(&scene.caption, &answers)
        };
        scenes.rows().iter().zip(&self.texts).filter_map(of).collect()
    }

    /// Own captions, and those of the next pictures that are not true of them.
    fn beside_others(&self, scenes: &Scenes) -> Checked {
        let rows = scenes.rows();
        let is_wrong = |row: usize| {
            let next = &rows[(row + 1) % rows.len()].caption;
            !rows[row].captions().contains(next)
        };
        let pair = |row: usize| (self.own[row], is_wrong(row).then(|| self.next[row]));
        Checked::in_pairs("captions of other pictures", (0..rows.len()).map(pair))
    }

    /// Own captions and the same with relations turned round, of pictures of which that is false.
    fn turned_round(&self, scenes: &Scenes) -> Option<Checked> {
        let rows = scenes.rows();
        let related = (0..rows.len()).filter(|row| rows[*row].turned().is_some());
        let pairs = related.map(|row| (self.own[row], Some(self.turned[row])));
        let checked = Checked::in_pairs("relations turned round", pairs);
        (!checked.right.is_empty()).then_some(checked)
    }
}

/// The probabilities that a model gives to right and to wrong captions.
struct Checked {
    /// What is wrong with the wrong ones.
    name: &'static str,
    right: Vec<f64>,
    wrong: Vec<f64>,
    /// None where there are too few of either.
    area: Option<Auroc>,
}

impl Checked {
    /// Of a right caption of each picture, and of a wrong one of the same picture where there is one.
    fn in_pairs(name: &'static str, pairs: impl Iterator<Item = (f64, Option<f64>)>) -> Self {
        let pairs: Vec<(f64, Option<f64>)> = pairs.collect();
        Self {
            name,
            right: pairs.iter().map(|(right, _)| *right).collect(),
            wrong: pairs.iter().filter_map(|(_, wrong)| *wrong).collect(),
            area: auroc_of_pairs(&pairs),
        }
    }

    /// Of the training split's captions, where some were planted wrong.
    fn of_training(describer: &dyn Describe, context: &Context<'_>) -> Option<Self> {
        let train = context.dataset.train.sample(MOST_CHECKED);
        let scenes = train.scenes.as_ref()?;
        let mut p = Vec::new();
        for Part { rows, values, .. } in context.batches(&train, Conditions::default()) {
            let rows = rows.start as usize..rows.end as usize;
            p.extend(numbers(describer.matching(values, scenes.captions(rows, &context.device))));
        }
        let of = |is_wrong: bool| {
            let rows = scenes.rows().iter().zip(&p);
            rows.filter(move |(scene, _)| scene.wrong.is_some() == is_wrong).map(|(_, p)| *p)
        };
        let (right, wrong): (Vec<f64>, Vec<f64>) = (of(false).collect(), of(true).collect());
        (!wrong.is_empty()).then(|| Self {
            name: "planted wrong captions (training)",
            area: auroc(&right, &wrong),
            right,
            wrong,
        })
    }
}

fn push(entry: &Entry, checked: &Checked, context: &Context<'_>, out: &mut Findings) {
    match area(entry, checked, context) {
        Some(metric) => out.push(metric),
        None => out.absent(entry.name, "the split has too few pictures"),
    }
}

/// The area under the curve with its interval; None where there are too few of either kind.
fn area(
    entry: &Entry,
    checked: &Checked,
    context: &Context<'_>,
) -> Option<Result<Metric, NotFinite>> {
    let found = checked.area?;
    let metric = context.metric(entry, found.value, checked.right.len() + checked.wrong.len());
    Some(metric.map(|metric| metric.with_half_width(Z95 * found.standard_error)))
}

fn numbers(x: Tensor<1>) -> Vec<f64> {
    host::floats(x).into_iter().map(f64::from).collect()
}

/// Captions `[n, T]` as texts.
fn read(captions: Tensor<2, Int>, vocabulary: &Vocabulary) -> Vec<String> {
    let words = captions.into_data().convert::<i64>();
    let words = words.try_into_vec::<i64>().expect("converted to i64 on the line above");
    let words: Vec<u32> = words.into_iter().map(|word| word as u32).collect();
    words.chunks(vocabulary.length()).map(|caption| vocabulary.text(caption)).collect()
}

/// The first pictures and what is said of them.
fn shown(split: &Values, scenes: &Scenes, texts: &[String]) -> Figure {
    let of = |(scene, text): (&Scene, &String)| {
        let said = if text.is_empty() { "nothing" } else { text.as_str() };
        let right = Caption::parse(text).is_some_and(|caption| scene.captions().contains(&caption));
        if right {
            said.to_owned()
        } else {
            format!("{said} (wrong; right is {:?})", scene.caption.text())
        }
    };
    let said: Vec<String> = scenes.rows().iter().zip(texts).take(SHOWN).map(of).collect();
    figure(
        "described",
        "Pictures and what is said of them",
        format!("Not picked: the first pictures. Row by row: {}.", said.join("; ")),
        picture::plot(&split.take(SHOWN), COLUMNS, None),
    )
}

/// How much of what is said is right, by what it is about.
fn answers(found: &[Found]) -> Figure {
    let part = |name: &str, keep: &dyn Fn(&Found) -> bool| {
        row(name, &found.iter().filter(|one| keep(one)).collect::<Vec<_>>())
    };
    let rows = vec![
        part("one object", &|one| one.objects.len() == 1),
        part("two objects", &|one| one.objects.len() == 2),
        part("pairs never seen", &|one| one.unseen),
    ];
    figure(
        "descriptions",
        "What captions say rightly",
        "Share of objects whose digit, colour and size the written caption says, of pairs that stand as it says, and of pictures \
         of which it is right in every word. A caption that is no sentence says nothing."
            .to_owned(),
        Plot::Table { columns: COLUMNS_OF_ANSWERS.map(str::to_owned).to_vec(), rows },
    )
}

/// How well right captions are told from wrong ones.
fn told(checked: &[Checked]) -> Figure {
    let share = |p: &[f64], is_right: &dyn Fn(f64) -> bool| {
        let right = p.iter().filter(|p| is_right(**p)).count();
        format!("{:.3}", right as f64 / p.len().max(1) as f64)
    };
    let of = |checked: &Checked| {
        let Checked { name, right, wrong, area } = checked;
        vec![
            (*name).to_owned(),
            wrong.len().to_string(),
            area.map_or_else(|| "—".to_owned(), |area| format!("{:.3}", area.value)),
            share(right, &|p| p >= PROBABLE),
            share(wrong, &|p| p < PROBABLE),
        ]
    };
    let columns = ["", "pictures", "area under the curve", "right ones kept", "wrong ones dropped"];
    figure(
        "matching",
        "Right captions told from wrong ones",
        format!(
            "By the probability that a caption belongs to its picture: the area under the curve of right against wrong \
             acceptances, and the shares of right captions at {PROBABLE} or above and of wrong ones below it."
        ),
        Plot::Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows: checked.iter().map(of).collect(),
        },
    )
}

/// One of this section.
pub(super) fn figure(name: &str, title: &str, caption: String, plot: Plot) -> Figure {
    Figure {
        name: name.into(),
        section: "Captions that are written".into(),
        title: title.into(),
        caption,
        scope: Scope::Run,
        plot,
    }
}
