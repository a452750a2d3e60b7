//! How well a classifier tells classes apart. Needs a classifier and labels.

use super::attended;
use crate::{
    context::{Context, Part},
    features::host,
    findings::Findings,
};
use genlab_core::{Classify, Conditions};
use genlab_results::{Direction, Entry, Rank, Section};

const ACCURACY: Entry = Entry {
    name: "classify/accuracy",
    title: "Accuracy",
    unit: "fraction of images",
    better: Some(Direction::Higher),
    range: [0.0, 1.0],
    section: Section::Classification,
    rank: Rank::Headline,
    meaning: "Held-out values whose most likely class is their label.",
    ..Entry::BASE
};

const CROSS_ENTROPY: Entry = Entry {
    name: "classify/cross_entropy",
    title: "Cross-entropy",
    unit: "nats per image",
    better: Some(Direction::Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Classification,
    rank: Rank::Headline,
    meaning: "-log of the probability that it gives to the label: 0 for certainty, ln K for a guess among K \
              classes.",
    ..Entry::BASE
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 2] = [&ACCURACY, &CROSS_ENTROPY];

/// Measures a classifier on the split.
pub fn measure(classifier: &dyn Classify, context: &Context<'_>, out: &mut Findings) {
    let (split, classes) = (context.split(), classifier.classes());
    let Some(labels) = &split.labels else {
        out.absent("classify/accuracy", "the values have no labels");
        return;
    };
    let (mut right, mut surprise) = (Vec::new(), Vec::new());
    for Part { rows, values, .. } in context.batches(split, Conditions::default()) {
        let logits = host::floats(classifier.classify(values).logits);
        let labels = &labels[rows.start as usize..rows.end as usize];
        for (row, label) in logits.chunks(classes).zip(labels) {
            let (first, nats) = answer(row, *label as usize);
            right.push(f64::from(u8::from(first)));
            surprise.push(nats);
        }
    }
    out.push(context.mean(&ACCURACY, &right));
    out.push(context.mean(&CROSS_ENTROPY, &surprise));
    out.figures.extend(attended::read(classifier, context));
}

/// Whether the largest of these logits is the label's alone, and −ln softmax(logits) of the label in nats.
fn answer(logits: &[f32], label: usize) -> (bool, f64) {
    let own = f64::from(logits[label]);
    let others = logits.iter().enumerate().filter(|(class, _)| *class != label);
    let first = others.map(|(_, logit)| f64::from(*logit)).all(|logit| logit < own);
    // ln Σ exp(l − own): of large differences, what the largest leaves.
    let largest = logits.iter().map(|v| f64::from(*v)).fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|v| (f64::from(*v) - largest).exp()).sum();
    (first, largest - own + sum.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_right_alone_and_surprises_by_its_probability() {
        // Probabilities 1/2, 1/4, 1/4.
        let logits = [4.0_f32.ln(), 2.0_f32.ln(), 2.0_f32.ln()];
        let (first, nats) = answer(&logits, 0);
        assert!(first && (nats - 2.0_f64.ln()).abs() < 1e-6, "{nats}");
        let (first, nats) = answer(&logits, 1);
        assert!(!first && (nats - 4.0_f64.ln()).abs() < 1e-6, "{nats}");
        assert_eq!(answer(&[0.0, 0.0], 1), (false, 2.0_f64.ln()));
        let (first, nats) = answer(&[1000.0, -1000.0], 1);
        assert!(!first && (nats - 2000.0).abs() < 1e-9, "{nats}");
        assert!(answer(&[f32::NAN, 0.0], 0).1.is_nan());
    }
}
