//! Whether clips of moving digits move as real ones do, and show one digit all along. Needs samples of `moving-digits`.

use super::sets::sliced::wasserstein;
use crate::{
    context::Context,
    features::{
        host,
        judge::{Judge, clips::FLOOR},
    },
    findings::Findings,
    numerics::centre::centre_of_mass,
};
use genlab_data::{Dataset, Values, moving};
use genlab_results::{
    Axes,
    Direction::{Higher, Lower},
    Entry, Figure, Metric, NotFinite, Plot, Rank, Scope, Section,
};
use rayon::prelude::*;

/// Clips in which digits are read: eight pictures each, and a standard error of at most 0.01.
const READ: usize = 500;
/// Two steps are equal where they differ by at most so many pixels along each axis. Those of real clips differ by less than 0.25:
/// levels are rounded, and the faintest ink is not counted.
const TOLERANCE: f64 = 0.5;
/// What moves less in a frame, in pixels, stands still. The slowest real clip moves by half a pixel.
const STILL: f64 = 0.4;
/// Places of the curve of speeds.
const QUANTILES: usize = 100;

const SPEED: Entry = Entry {
    name: "motion/speed_distance",
    title: "Distance of speeds",
    gloss: "how far the speeds of clips are from those of real ones",
    unit: "pixels per frame",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Samples,
    rank: Rank::Headline,
    meaning: "1-Wasserstein distance between the speeds of samples and of real clips. A clip's speed is the median over its steps \
              of how far the centre of mass of its ink moves.",
    ..Entry::BASE
};

const LAWFUL: Entry = Entry {
    name: "motion/lawful",
    title: "Lawful movement",
    gloss: "clips that keep one velocity and turn round only towards the middle",
    unit: "fraction of samples",
    better: Some(Higher),
    range: [0.0, 1.0],
    meaning: "Clips that move, and in which the centre of mass of the ink goes on at every step as it did at the one before, to half \
              a pixel along each axis, or turns back along an axis from the half of the frame that it is in; and whose steps are \
              all as long along an axis as their median, to half a pixel.",
    ..SPEED
};

const IDENTITY: Entry = Entry {
    name: "motion/identity",
    title: "One digit all along",
    gloss: "frames in which the judge reads the digit of most frames of the clip",
    unit: "fraction of frames",
    meaning: "Frames in which the judge of single digits reads what it reads in most frames of the clip, as a share of the clip's \
              frames, then the mean over clips. A frame without ink shows no digit. To be held against frames of different clips, \
              in the table below: noise may be read as one digit all along.",
    ..LAWFUL
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 3] = [&SPEED, &LAWFUL, &IDENTITY];

/// Whether the values of a dataset are clips that this measures.
pub fn has_clips(dataset: &Dataset) -> bool {
    dataset.name == moving::NAME
}

/// Samples of a dataset that [`has_clips`].
pub fn measure(samples: &Values, context: &Context<'_>, out: &mut Findings) {
    // Whoever judges the features: digits are always read by the dataset's own judge.
    let judge = Judge::for_dataset(&context.dataset.name, samples.shape(), &context.device)
        .expect("moving digits have a judge");
    let found = |clips: &Values| Found::new(clips, &judge, context);
    let training = context.dataset.train.sample(samples.len());
    let real = speeds(&context.measured());
    let [own, fresh, shuffled, mixed, noise] = [
        found(samples),
        found(&training),
        found(&shuffled(&training, context)),
        found(&mixed(&context.dataset.train, samples.len())),
        found(&noise(samples, context)),
    ];
    let bounded = |metric: Result<Metric, NotFinite>, of: &dyn Fn(&Found) -> f64| {
        metric.map(|metric| metric.with_bounds(Some(of(&fresh)), Some(of(&noise))))
    };
    let distance = |found: &Found| found.distance(&real);
    out.push(bounded(context.metric(&SPEED, distance(&own), own.speeds.len()), &distance));
    out.push(bounded(context.mean(&LAWFUL, &own.lawful), &|found| mean(&found.lawful)));
    // What is read in noise may be one digit all along, so it is no lower bound.
    let identity = context.mean(&IDENTITY, &own.alike);
    out.push(identity.map(|metric| metric.with_bounds(Some(mean(&fresh.alike)), None)));
    let kinds = [
        ("samples", &own),
        ("real training clips", &fresh),
        ("real clips, frames shuffled", &shuffled),
        ("frames of different clips", &mixed),
        ("noise", &noise),
    ];
    out.figures.push(beside(&kinds.map(|(name, found)| found.row(name, &real))));
    out.figures.push(curves(&[("samples", &own.speeds), ("real clips", &real)]));
}

/// How clips move.
struct Found {
    /// Of each, in pixels per frame.
    speeds: Vec<f64>,
    /// 1 for each that moves lawfully, 0 for others.
    lawful: Vec<f64>,
    /// Of each of the first [`READ`], the share of frames that show its digit.
    alike: Vec<f64>,
}

impl Found {
    fn new(clips: &Values, judge: &Judge, context: &Context<'_>) -> Self {
        let middle = middle(clips);
        let tracks = tracks(clips);
        let lawful = |track: &Track| f64::from(u8::from(track.is_lawful(middle)));
        let count = clips.len().min(READ);
        let read = judge.frames(&clips.tensor(0..count, &context.device));
        let read = read.expect("the judge of clips reads frames");
        Self {
            speeds: tracks.iter().map(Track::speed).collect(),
            lawful: tracks.iter().map(lawful).collect(),
            alike: read.iter().map(|digits| share_of_most(digits)).collect(),
        }
    }

    /// The 1-Wasserstein distance of its speeds from others.
    fn distance(&self, others: &[f64]) -> f64 {
        wasserstein(&mut self.speeds.clone(), &mut others.to_vec())
    }

    fn row(&self, name: &str, real: &[f64]) -> Vec<String> {
        let all: Vec<f64> =
            self.alike.iter().map(|share| f64::from(u8::from(*share == 1.0))).collect();
        let numbers = [
            mean(&self.speeds),
            self.distance(real),
            mean(&self.lawful),
            mean(&self.alike),
            mean(&all),
        ];
        let numbers = numbers.map(|number| format!("{number:.3}"));
        [&[name.to_owned(), self.speeds.len().to_string()][..], &numbers].concat()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The middle of a frame, column and row.
fn middle(clips: &Values) -> [f64; 2] {
    [clips.shape().width, clips.shape().height].map(|side| (side - 1) as f64 / 2.0)
}

/// Where the ink of a clip is: the centre of mass in each frame, column and row in pixels; nothing where a frame has no ink.
struct Track(Vec<[f64; 2]>);

/// That of each clip.
fn tracks(clips: &Values) -> Vec<Track> {
    let (width, plane) = (clips.shape().width, clips.shape().height * clips.shape().width);
    let levels = clips.bytes().expect("clips are kept as levels");
    let centre = |frame: &[u8]| {
        centre_of_mass(frame.iter().map(|level| f64::from(*level) / 255.0), width, FLOOR)
    };
    let track = |clip: &[u8]| {
        let centres: Option<Vec<[f64; 2]>> = clip.chunks(plane).map(centre).collect();
        Track(centres.unwrap_or_default())
    };
    levels.par_chunks(clips.shape().pixels()).map(track).collect()
}

fn speeds(clips: &Values) -> Vec<f64> {
    tracks(clips).iter().map(Track::speed).collect()
}

impl Track {
    fn steps(&self) -> Vec<[f64; 2]> {
        self.0.windows(2).map(|pair| [0, 1].map(|axis| pair[1][axis] - pair[0][axis])).collect()
    }

    /// The median length of its steps, in pixels; 0 of what is not there all the time.
    fn speed(&self) -> f64 {
        median(self.steps().iter().map(|[right, down]| (right * right + down * down).sqrt()))
    }

    /// Whether it moves, and along each axis all steps are of one length, and every one goes on as the one before, or back towards
    /// the middle. Each beside the one before alone would let differences add up to any acceleration.
    fn is_lawful(&self, middle: [f64; 2]) -> bool {
        let steps = self.steps();
        let is_even = |axis: usize| {
            let length = median(steps.iter().map(|step| step[axis].abs()));
            steps.iter().all(|step| (step[axis].abs() - length).abs() <= TOLERANCE)
        };
        let goes_on = |pair: &[[f64; 2]], place: &[f64; 2], axis: usize| {
            let (before, after) = (pair[0][axis], pair[1][axis]);
            let turns = after * (place[axis] - middle[axis]) < 0.0;
            (after - before).abs() <= TOLERANCE || (turns && (after + before).abs() <= TOLERANCE)
        };
        let mut pairs = steps.windows(2).zip(self.0.iter().skip(1));
        self.speed() >= STILL
            && (0..2).all(is_even)
            && pairs.all(|(pair, place)| [0, 1].iter().all(|axis| goes_on(pair, place, *axis)))
    }
}

/// The median of values, the upper one of two; 0 of none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// The share of frames with the digit that most of them show. A frame that shows none counts as one of all, and never as one of
/// these.
fn share_of_most(digits: &[Option<usize>]) -> f64 {
    let times = |digit: &usize| digits.iter().filter(|other| **other == Some(*digit)).count();
    digits.iter().flatten().map(times).max().unwrap_or(0) as f64 / digits.len() as f64
}

/// The same clips with the frames of each in an order that is drawn.
fn shuffled(clips: &Values, context: &Context<'_>) -> Values {
    let frames = clips.shape().channels;
    let order = |row: usize| context.noise().permutation("motion/shuffle", row as u64, frames);
    let places = |row: usize| order(row).into_iter().map(move |frame| (row, frame as usize));
    of_frames(clips, (0..clips.len()).flat_map(places))
}

/// `count` clips whose frames are each of another clip of the split, as far as it has so many.
fn mixed(split: &Values, count: usize) -> Values {
    let frames = split.shape().channels;
    let clips = split.sample(count + frames - 1);
    let other = |row: usize, frame: usize| ((row + frame) % clips.len(), frame);
    let places = |row: usize| (0..frames).map(move |frame| other(row, frame));
    of_frames(&clips, (0..count).flat_map(places))
}

/// Clips made of these frames, each given by its clip and its place there.
fn of_frames(clips: &Values, places: impl Iterator<Item = (usize, usize)>) -> Values {
    let plane = clips.shape().height * clips.shape().width;
    let frame = |(row, frame): (usize, usize)| &clips.image(row)[frame * plane..][..plane];
    Values::images(clips.shape(), places.flat_map(frame).copied().collect())
}

/// As many clips of noise.
fn noise(samples: &Values, context: &Context<'_>) -> Values {
    let (count, shape) = (samples.len(), samples.shape().batch(samples.len()));
    let rows = 0..count as u64;
    let drawn = context.noise().uniform("motion/noise", 0, rows, shape, &context.device);
    host::kept(&host::floats(drawn), samples.space)
}

fn beside(rows: &[Vec<String>]) -> Figure {
    let columns = [
        "",
        "clips",
        "speed, pixels a frame",
        "distance of speeds",
        "lawful",
        "frames of one digit",
        "all frames of one digit",
    ];
    Figure {
        name: "motion".into(),
        section: "Movement".into(),
        title: "How clips move, and what they show".into(),
        caption: format!(
            "Speeds by the centre of mass of the ink, their distance to those of real clips of the split that is measured; clips that \
             go on as they began or turn back from an edge; and, in the first {READ} clips, frames in which the judge of single digits \
             reads the digit of most frames. Shuffled frames show one digit and move by no law; frames of different \
             clips move by no law either, and do not show one digit."
        ),
        scope: Scope::Run,
        plot: Plot::Table { columns: columns.map(str::to_owned).to_vec(), rows: rows.to_vec() },
    }
}

/// Which share of clips is no faster than what.
fn curves(kinds: &[(&str, &[f64])]) -> Figure {
    let curve = |(name, speeds): &(&str, &[f64])| {
        let mut sorted = speeds.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let point = |quantile: usize| {
            let speed = sorted[quantile * (sorted.len() - 1) / QUANTILES];
            (crate::picture::rounded(speed), quantile as f64 / QUANTILES as f64)
        };
        ((*name).to_owned(), (0..=QUANTILES).map(point).collect())
    };
    Figure {
        name: "speeds".into(),
        section: "Movement".into(),
        title: "How fast clips move".into(),
        caption: "The share of clips that are no faster. The area between the curves is the distance of speeds.".into(),
        scope: Scope::Run,
        plot: Plot::Lines {
            series: kinds.iter().map(curve).collect(),
            bands: Vec::new(),
            x_label: "pixels per frame".into(),
            y_label: "share of clips".into(),
            axes: Axes::Linear,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

    const MIDDLE: [f64; 2] = [9.5; 2];

    fn track(columns: [f64; 8]) -> Track {
        Track(columns.map(|column| [column, 5.0]).to_vec())
    }

    #[test]
    fn a_constant_velocity_is_lawful_and_so_is_a_turn_at_an_edge() {
        let on = track([2.0, 3.5, 5.0, 6.5, 8.0, 9.5, 11.0, 12.5]);
        assert!(on.is_lawful(MIDDLE));
        assert_eq!(on.speed(), 1.5);
        assert!(track([12.0, 13.5, 15.0, 13.5, 12.0, 10.5, 9.0, 7.5]).is_lawful(MIDDLE));
        // As far as levels are rounded.
        assert!(track([2.0, 3.6, 5.0, 6.4, 8.0, 9.5, 11.1, 12.5]).is_lawful(MIDDLE));
    }

    #[test]
    fn a_turn_in_the_wrong_half_a_jump_and_rest_are_not_lawful() {
        // It turns away from the middle, where no edge is.
        assert!(!track([15.0, 13.5, 12.0, 10.5, 12.0, 13.5, 15.0, 16.5]).is_lawful(MIDDLE));
        assert!(!track([2.0, 3.5, 5.0, 8.0, 9.5, 11.0, 12.5, 14.0]).is_lawful(MIDDLE));
        assert!(!track([2.0, 2.3, 2.6, 2.9, 3.2, 3.5, 3.8, 4.1]).is_lawful(MIDDLE));
        assert!(!track([5.0; 8]).is_lawful(MIDDLE));
    }

    #[test]
    fn steps_that_hardly_differ_from_one_to_the_next_are_not_lawful_where_they_add_up() {
        // From half a pixel a frame to more than three.
        assert!(!track([2.0, 2.5, 3.45, 4.85, 6.7, 9.0, 11.75, 14.95]).is_lawful(MIDDLE));
        // Around the middle, a pixel a frame: every turn is towards it.
        let turn = 0.48_f64;
        let radius = 0.5 / (turn / 2.0).sin();
        let around = |frame: u8| {
            let (sine, cosine) = (f64::from(frame) * turn).sin_cos();
            [MIDDLE[0] + radius * cosine, MIDDLE[1] + radius * sine]
        };
        let circle = Track((0..8).map(around).collect());
        assert!((circle.speed() - 1.0).abs() < 1e-9 && !circle.is_lawful(MIDDLE));
    }

    #[test]
    fn a_track_is_where_the_ink_is_and_a_frame_without_any_ends_it() {
        let shape = ImageShape::new(2, 2, 3);
        let frames = [[200, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 200], [0, 0, 0, 0, 200, 0], [8; 6]];
        let found = tracks(&Values::images(shape, frames.concat()));
        assert_eq!(found[0].0, [[0.0, 0.0], [2.0, 1.0]]);
        assert!(found[1].0.is_empty() && !found[1].is_lawful([1.0, 0.5]));
        assert_eq!(found.iter().map(Track::speed).collect::<Vec<_>>(), [5.0_f64.sqrt(), 0.0]);
    }

    #[test]
    fn the_digit_of_most_frames_counts_in_any_order() {
        let share = |digits: [usize; 4]| share_of_most(&digits.map(Some));
        assert_eq!([[3, 3, 3, 3], [3, 1, 3, 8], [0, 1, 2, 3]].map(share), [1.0, 0.5, 0.25]);
    }

    #[test]
    fn frames_without_a_digit_are_no_digit_that_most_frames_show() {
        assert_eq!(share_of_most(&[None; 4]), 0.0);
        assert_eq!(share_of_most(&[None, None, None, Some(3)]), 0.25);
    }

    #[test]
    fn mixed_clips_have_each_frame_of_another_clip() {
        let clips = Values::images(ImageShape::new(2, 1, 1), vec![10, 11, 20, 21, 30, 31]);
        assert_eq!(mixed(&clips, 3).bytes().unwrap(), [10, 21, 20, 31, 30, 11]);
    }

    #[test]
    fn a_single_mixed_clip_takes_its_frames_from_as_many_clips_of_the_split() {
        let levels = (0..32).flat_map(|clip| [clip; 8]).collect();
        let split = Values::images(ImageShape::new(8, 1, 1), levels);
        let mut clips = mixed(&split, 1).bytes().unwrap().to_vec();
        clips.sort_unstable();
        clips.dedup();
        assert_eq!(clips.len(), 8);
    }

    #[test]
    fn real_clips_are_lawful_as_fast_as_they_were_drawn_and_others_are_not() {
        let options = genlab_data::LoadOptions::default();
        let clips = genlab_data::load(moving::NAME, &options).unwrap().test.take(1_000);
        let share = |clips: &Values| {
            let (tracks, middle) = (tracks(clips), middle(clips));
            let lawful = tracks.iter().filter(|track| track.is_lawful(middle)).count();
            lawful as f64 / tracks.len() as f64
        };
        assert!(share(&clips) > 0.995);
        assert!(share(&mixed(&clips, clips.len())) < 0.01);
        // Half a pixel to two, but for the rounding of levels.
        assert!(speeds(&clips).iter().all(|speed| (0.4..2.1).contains(speed)));
    }
}
