//! A metric of one's own beside those that genlab has: how much ink samples have, compared with real digits.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use genlab::{
    Lab, LabError,
    data::Values,
    metrics::{
        findings::Findings,
        measures::sets::{QUICK_MEASURES, measure::SetMeasure, pair::Pair},
    },
    models::vae::VaeConfig,
    results::{Entry, Section},
};

const INK: Entry = Entry {
    name: "samples/ink",
    title: "Ink",
    unit: "ratio, 1 for real images",
    section: Section::Samples,
    meaning: "Mean pixel of the samples over that of real images.",
    ..Entry::BASE
};

struct Ink;

impl SetMeasure for Ink {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&INK]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let mean = |values: &Values| {
            let numbers = values.to_f64();
            numbers.iter().sum::<f64>() / numbers.len() as f64
        };
        out.push(pair.metric(&INK, mean(&pair.samples.images) / mean(&pair.real.images)));
    }
}

fn main() -> Result<(), LabError> {
    let lab = Lab::open("digits8x8")?;
    let vae = lab.train(20_000, |context| VaeConfig::default().init(context), |_, _| {})?;
    let samples = lab.samples(vae.as_ref(), 360)?;
    let measures = [&[&Ink as &dyn SetMeasure], QUICK_MEASURES].concat();
    for metric in lab.score(&samples, &measures).metrics {
        println!("{} = {:.4}", metric.name, metric.value);
    }
    Ok(())
}
