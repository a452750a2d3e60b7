//! Whether samples of scenes show what their captions say. Needs a sampler that is told captions and a judge of scenes.

use crate::{
    context::Context, features::judge::Judge, findings::Findings, numerics::rank::spearman, picture,
};
use burn::tensor::Tensor;
use genlab_core::Phase;
use genlab_data::{
    Values,
    scenes::{Caption, Scenes},
};
use genlab_results::{Direction::Higher, Entry, Figure, Plot, Rank, Scope, Section};

/// Samples in the picture, and of them in a row.
const SHOWN: usize = 12;
const COLUMNS: usize = 6;
/// Answers about one object: digit, colour, size.
const OF_AN_OBJECT: usize = 3;

const ALL: Entry = Entry {
    name: "captions/all",
    title: "Captions drawn in full",
    gloss: "samples that show all that their caption says",
    unit: "fraction of samples",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    rank: Rank::Leading,
    meaning: "Samples in which the judge reads everything that the caption says: how many objects, how they stand to each \
              other, and digit, colour and size of each.",
    ..Entry::BASE
};

const DIGIT: Entry = Entry {
    name: "captions/digit",
    title: "Digits as told",
    gloss: "objects of the digit that the caption says",
    unit: "fraction of objects",
    rank: Rank::Detail,
    meaning: "Objects in which the judge reads the digit of the caption.",
    ..ALL
};

const COLOUR: Entry = Entry {
    name: "captions/colour",
    title: "Colours as told",
    gloss: "objects of the colour that the caption says",
    meaning: "Objects in which the judge reads the colour of the caption.",
    ..DIGIT
};

const SIZE: Entry = Entry {
    name: "captions/size",
    title: "Sizes as told",
    gloss: "objects of the size that the caption says",
    meaning: "Objects in which the judge reads the size of the caption.",
    ..DIGIT
};

const RELATION: Entry = Entry {
    name: "captions/relation",
    title: "Relations as told",
    gloss: "pairs that stand as the caption says",
    unit: "fraction of samples",
    meaning: "Samples of two objects that the judge reads as side by side or one above the other as the caption says, and \
              whose objects are nearer to the caption than to the one whose relation is turned round.",
    ..DIGIT
};

const UNSEEN: Entry = Entry {
    name: "captions/all_unseen",
    title: "Captions of unseen pairs drawn in full",
    gloss: "the same of colours and digits never seen together",
    unit: "fraction of samples",
    meaning: "Captions drawn in full, of those that mention a colour and a digit which never occur together in training.",
    ..DIGIT
};

const ONE: Entry = Entry {
    name: "captions/all_one",
    title: "Captions of one object drawn in full",
    gloss: "the same of captions of one object",
    unit: "fraction of samples",
    meaning: "Captions drawn in full, of those that mention one object.",
    ..DIGIT
};

const TWO: Entry = Entry {
    name: "captions/all_two",
    title: "Captions of two objects drawn in full",
    gloss: "the same of captions of two objects",
    meaning: "Captions drawn in full, of those that mention two objects.",
    ..ONE
};

const CLIP: Entry = Entry {
    name: "captions/clip_score",
    title: "CLIP score",
    gloss: "how near samples are to their captions by towers",
    unit: "cosine",
    range: [-1.0, 1.0],
    meaning: "Mean cosine of the angle between a sample's vector and its caption's, by the towers that judge \
              (--judge run=DIR of a clip or a captioner).",
    ..DIGIT
};

const CLIP_RANK: Entry = Entry {
    name: "captions/clip_rank",
    title: "CLIP score beside the answers",
    gloss: "whether towers and the judge of scenes agree on samples",
    unit: "rank correlation",
    better: None,
    meaning: "Spearman's rank correlation, over samples, of the CLIP score with the share of the caption that the judge of \
              scenes reads: 1 where the score ranks samples as the answers do.",
    ..CLIP
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 10] =
    [&ALL, &ONE, &TWO, &DIGIT, &COLOUR, &SIZE, &RELATION, &UNSEEN, &CLIP, &CLIP_RANK];

/// What answers about one picture are beside a caption.
pub(super) struct Found {
    /// Whether each object's digit, colour and size are right.
    pub(super) objects: Vec<[bool; OF_AN_OBJECT]>,
    /// Whether the arrangement is.
    arrangement: bool,
    /// Whether the objects stand as they should, where there are two.
    relation: Option<bool>,
    /// Whether the caption mentions a pair that is never seen in training.
    pub(super) unseen: bool,
}

impl Found {
    /// Of a caption of one or two objects and the answers to all questions.
    pub(super) fn new(caption: &Caption, read: &[u32]) -> Option<Self> {
        let own = caption.answers()?;
        let right: Vec<bool> = own.iter().zip(read).map(|(own, read)| own == read).collect();
        let agreed = |answers: &[u32]| {
            answers.iter().zip(read).skip(1).filter(|(own, read)| own == read).count()
        };
        let relation = caption.relations.first().map(|_| {
            let turned = caption.turned().answers().expect("two objects");
            // Of two objects that are alike neither order is the wrong one.
            right[0] && (own == turned || agreed(&own) > agreed(&turned))
        });
        Some(Self {
            objects: right[1..].chunks(OF_AN_OBJECT).map(|of| [of[0], of[1], of[2]]).collect(),
            arrangement: right[0],
            relation,
            unseen: caption.is_held_out(),
        })
    }

    /// Whether every answer is right.
    pub(super) fn all(&self) -> bool {
        self.arrangement && self.objects.iter().flatten().all(|right| *right)
    }

    /// Share of the answers that are right; a relation that is turned round is a wrong one.
    fn share(&self) -> f64 {
        let arranged = self.relation.unwrap_or(self.arrangement);
        let answers = self.objects.iter().flatten().copied().chain([arranged]);
        let right: Vec<f64> = answers.map(|right| f64::from(u8::from(right))).collect();
        right.iter().sum::<f64>() / right.len() as f64
    }
}

/// Samples of which sample i was told the caption of row i of the measured split.
pub fn measure(samples: &Values, context: &Context<'_>, out: &mut Findings) {
    let real = context.measured();
    let Some(captions) = told(samples.len(), &real) else {
        return out.absent(ALL.name, UNTOLD);
    };
    out.figures.push(shown(samples, &captions));
    let drawn = samples.tensor(0..samples.len(), &context.device);
    let judged = judged(&drawn, &captions, context);
    if let Some(towers) = &context.judge {
        let found = judged.as_ref().ok().map(|(_, found)| found.as_slice());
        by_towers(towers, &drawn, &captions, found, (&real, context), out);
    }
    match judged {
        Ok((judge, found)) => {
            push(&found, context, out);
            out.figures.push(beside(&found, &captions, &real, &judge, context));
        }
        Err(reason) => out.absent(ALL.name, reason),
    }
}

/// The numbers of such samples alone, without figures and towers: quickly enough for samples that are drawn in many ways.
pub fn score(samples: &Values, context: &Context<'_>, out: &mut Findings) {
    let Some(captions) = told(samples.len(), &context.measured()) else {
        return out.absent(ALL.name, UNTOLD);
    };
    let drawn = samples.tensor(0..samples.len(), &context.device);
    match judged(&drawn, &captions, context) {
        Ok((_, found)) => push(&found, context, out),
        Err(reason) => out.absent(ALL.name, reason),
    }
}

/// Why nothing is found of values without captions.
const UNTOLD: &str = "the values are no scenes";

/// What each of the first `count` samples was told of these scenes; None of other values.
fn told(count: usize, real: &Values) -> Option<Vec<Caption>> {
    let scenes = real.scenes.as_ref()?.rows();
    Some((0..count).map(|row| scenes[row % scenes.len()].caption.clone()).collect())
}

/// The dataset's own judge, whoever judges the features, and what it finds of samples beside their captions.
///
/// # Errors
/// Why it finds nothing.
fn judged(
    drawn: &Tensor<4>,
    captions: &[Caption],
    context: &Context<'_>,
) -> Result<(Judge, Vec<Found>), &'static str> {
    let Context { dataset, device, .. } = context;
    let judge = Judge::for_dataset(&dataset.name, dataset.space.shape, device)
        .ok_or("no judge reads these pictures")?;
    let found =
        read(&judge, captions, drawn).ok_or("the captions mention what the judge does not know")?;
    Ok((judge, found))
}

fn push(found: &[Found], context: &Context<'_>, out: &mut Findings) {
    for (entry, values) in numbers(found) {
        if values.is_empty() {
            out.absent(entry.name, "no caption asks for it");
        } else {
            out.push(context.mean(entry, &values));
        }
    }
}

/// How near samples are to their captions by a judge that reads captions, and what it says of real scenes.
fn by_towers(
    towers: &Judge,
    drawn: &Tensor<4>,
    captions: &[Caption],
    found: Option<&[Found]>,
    (real, context): (&Values, &Context<'_>),
    out: &mut Findings,
) {
    let Some(vocabulary) = context.dataset.vocabulary() else { return };
    let near = |pictures: &Tensor<4>, captions: &[Caption]| {
        let texts: Vec<String> = captions.iter().map(Caption::text).collect();
        towers.closeness(pictures, &vocabulary.tensor(&texts, &context.device))
    };
    let Some(own) = near(drawn, captions) else { return };
    out.push(context.mean(&CLIP, &own));
    let shares: Option<Vec<f64>> = found.map(|found| found.iter().map(Found::share).collect());
    if let Some(rank) = shares.and_then(|shares| spearman(&own, &shares)) {
        out.push(context.metric(&CLIP_RANK, rank, own.len()));
    }
    let count = real.len().min(captions.len());
    let (pictures, own_captions) = (real.tensor(0..count, &context.device), &captions[..count]);
    let turned: Vec<Caption> = own_captions.iter().map(Caption::turned).collect();
    let mut dealt = own_captions.to_vec();
    dealt.rotate_left(1);
    let row = |name: &str, near: Option<Vec<f64>>| {
        let near = near.unwrap_or_default();
        vec![name.to_owned(), format!("{:.3}", near.iter().sum::<f64>() / near.len() as f64)]
    };
    let rows = vec![
        row("samples", Some(own)),
        row("real scenes", near(&pictures, own_captions)),
        row("real scenes, relations turned round", near(&pictures, &turned)),
        row("real scenes, others' captions", near(&pictures, &dealt)),
    ];
    out.figures.push(Figure {
        name: "clip_score".into(),
        section: "Captions".into(),
        title: "How near pictures are to captions".into(),
        caption: "Mean cosine of the angle between the vectors of a picture and of its caption, by the towers that judge.".into(),
        scope: Scope::Run,
        plot: Plot::Table { columns: vec![String::new(), "CLIP score".to_owned()], rows },
    });
}

/// What each entry is the mean of.
fn numbers(found: &[Found]) -> [(&'static Entry, Vec<f64>); 8] {
    let number = |right: bool| f64::from(u8::from(right));
    let of_objects = |place: usize| -> Vec<f64> {
        found.iter().flat_map(|one| &one.objects).map(|right| number(right[place])).collect()
    };
    let all = |one: &Found| number(one.all());
    let all_where = |keep: &dyn Fn(&Found) -> bool| -> Vec<f64> {
        found.iter().filter(|one| keep(one)).map(all).collect()
    };
    [
        (&ALL, found.iter().map(all).collect()),
        (&DIGIT, of_objects(0)),
        (&COLOUR, of_objects(1)),
        (&SIZE, of_objects(2)),
        (&RELATION, found.iter().filter_map(|one| one.relation).map(number).collect()),
        (&ONE, all_where(&|one| one.objects.len() == 1)),
        (&TWO, all_where(&|one| one.objects.len() == 2)),
        (&UNSEEN, all_where(&|one| one.unseen)),
    ]
}

/// The share of objects whose digit a judge reads in pictures `[n, C, H, W]` as the captions of the first n scenes say it; None
/// from a judge that answers no questions.
pub(super) fn digits(judge: &Judge, scenes: &Scenes, pictures: &Tensor<4>) -> Option<f64> {
    let captions: Vec<Caption> = scenes.rows().iter().map(|scene| scene.caption.clone()).collect();
    let found = read(judge, &captions, pictures)?;
    let [_, (_, right), ..] = numbers(&found);
    Some(right.iter().sum::<f64>() / right.len() as f64)
}

/// What a judge finds of pictures `[n, C, H, W]` beside their captions; None from a judge that answers no questions.
pub(super) fn read(
    judge: &Judge,
    captions: &[Caption],
    pictures: &Tensor<4>,
) -> Option<Vec<Found>> {
    let read = judge.answers(pictures)?;
    captions.iter().zip(read).map(|(caption, read)| Found::new(caption, &read)).collect()
}

/// Samples by kind of caption, beside real scenes, captions that were dealt to other samples, and noise.
fn beside(
    found: &[Found],
    captions: &[Caption],
    real: &Values,
    judge: &Judge,
    context: &Context<'_>,
) -> Figure {
    let device = &context.device;
    let part = |name: &str, keep: &dyn Fn(&Found) -> bool| {
        let kept: Vec<&Found> = found.iter().filter(|one| keep(one)).collect();
        row(name, &kept)
    };
    let mut rows = vec![
        part("samples", &|_| true),
        part("samples of one object", &|one| one.objects.len() == 1),
        part("samples of two objects", &|one| one.objects.len() == 2),
        part("samples of unseen pairs", &|one| one.unseen),
    ];
    let mut other = |name: &str, captions: &[Caption], pictures: Tensor<4>| {
        let found = read(judge, captions, &pictures).unwrap_or_default();
        rows.push(row(name, &found.iter().collect::<Vec<_>>()));
    };
    let count = real.len().min(captions.len());
    let pictures = || real.tensor(0..count, device);
    other("real scenes", &captions[..count], pictures());
    let mut dealt = captions[..count].to_vec();
    dealt.rotate_left(1);
    other("real scenes, others' captions", &dealt, pictures());
    let shape = real.shape().batch(count);
    let noise = context.seed.during(Phase::Evaluate);
    let noise = noise.uniform("captions/noise", 0, 0..count as u64, shape, device);
    other("noise", &captions[..count], noise);
    Figure {
        name: "captions".into(),
        section: "Captions".into(),
        title: "What the judge reads".into(),
        caption: "Share of objects whose digit, colour and size are those of the caption, of pairs that stand as it says, and \
                  of pictures that show all that it says."
            .into(),
        scope: Scope::Run,
        plot: Plot::Table { columns: COLUMNS_OF_ANSWERS.map(str::to_owned).to_vec(), rows },
    }
}

/// The headings over [`row`].
pub(super) const COLUMNS_OF_ANSWERS: [&str; 7] =
    ["", "pictures", "digit", "colour", "size", "relation", "all"];

/// The shares of right answers about some pictures.
pub(super) fn row(name: &str, found: &[&Found]) -> Vec<String> {
    let share = |right: Vec<bool>| {
        let count = right.iter().filter(|right| **right).count();
        if right.is_empty() {
            return "—".to_owned();
        }
        format!("{:.3}", count as f64 / right.len() as f64)
    };
    let of_objects = |place: usize| {
        share(found.iter().flat_map(|one| &one.objects).map(|right| right[place]).collect())
    };
    vec![
        name.to_owned(),
        found.len().to_string(),
        of_objects(0),
        of_objects(1),
        of_objects(2),
        share(found.iter().filter_map(|one| one.relation).collect()),
        share(found.iter().map(|one| one.all()).collect()),
    ]
}

/// The first samples with what they were told.
fn shown(samples: &Values, captions: &[Caption]) -> Figure {
    let told: Vec<String> = captions.iter().take(SHOWN).map(Caption::text).collect();
    Figure {
        name: "captioned".into(),
        section: "Captions".into(),
        title: "Samples and their captions".into(),
        caption: format!(
            "Not picked: the first samples. Row by row they were told: {}.",
            told.join("; ")
        ),
        scope: Scope::Run,
        plot: picture::plot(&samples.take(SHOWN), COLUMNS, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, read: &[u32]) -> Found {
        Found::new(&Caption::parse(text).expect(text), read).expect("one or two objects")
    }

    #[test]
    fn a_scene_of_one_object_answers_four_questions() {
        // What the judge says of a second object means nothing.
        let one = found("a red three", &[0, 3, 0, 1, 9, 5, 0]);
        assert!(one.all() && one.relation.is_none() && one.objects.len() == 1 && !one.unseen);
        assert!(!found("a red three", &[1, 3, 0, 1, 9, 5, 0]).all(), "another object");
        let one = found("a small red three", &[0, 3, 0, 1, 0, 0, 0]);
        assert_eq!((one.all(), one.objects[0]), (false, [true, true, false]));
        assert!(found("a red one", &[0; 7]).unseen);
        assert_eq!(one.share(), 0.75);
    }

    #[test]
    fn captions_of_one_object_and_of_two_are_counted_apart() {
        let [one, other] = [[0, 3, 0, 1, 0, 0, 0], [0, 4, 0, 1, 0, 0, 0]];
        let two = found("a red three right of a small green seven", &[1, 7, 1, 0, 3, 0, 1]);
        let found = [found("a red three", &one), found("a red three", &other), two];
        let of = |name: &str| {
            let all = numbers(&found);
            all.into_iter().find(|(entry, _)| entry.name == name).expect("a number").1
        };
        assert_eq!(of("captions/all"), [1.0, 0.0, 1.0]);
        assert_eq!(of("captions/all_one"), [1.0, 0.0]);
        assert_eq!(of("captions/all_two"), [1.0]);
        assert_eq!(of("captions/digit"), [1.0, 0.0, 1.0, 1.0]);
        assert!(of("captions/all_unseen").is_empty());
    }

    #[test]
    fn a_relation_is_right_where_the_objects_stand_in_its_order() {
        let text = "a red three right of a small green seven";
        for (read, relation, all) in [
            ([1, 7, 1, 0, 3, 0, 1], true, true),
            ([1, 3, 0, 1, 7, 1, 0], false, false),
            ([2, 7, 1, 0, 3, 0, 1], false, false),
            // Half of each is right, which still tells them apart.
            ([1, 7, 5, 0, 9, 0, 1], true, false),
            // Both objects look alike: they say nothing of the order.
            ([1, 3, 0, 1, 3, 0, 1], false, false),
        ] {
            let found = found(text, &read);
            assert_eq!((found.relation, found.all()), (Some(relation), all), "{read:?}");
        }
    }
}
