//! The contrastive loss by the size of batches, above the least that it can be.

use super::{Pairs, figure, product};
use crate::{
    context::{Context, FIXED_SEED},
    features::host,
    findings::Findings,
    numerics::mixture::log_sum_exp,
};
use genlab_core::{Align, Phase};
use genlab_results::{Axes, Direction::Lower, Entry, Figure, Plot, Rank, Section};

/// Pairs in a batch, for every run the same, whatever it was trained with.
const BATCHES: [usize; 4] = [8, 32, 128, 512];
/// Those of the metrics.
const BATCH: usize = 128;

pub(super) const INFONCE: Entry = Entry {
    name: "alignment/infonce",
    title: "InfoNCE in batches of 128",
    proper_name: true,
    unit: "nats per pair",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Captions,
    meaning: "The contrastive loss of held-out pairs in batches of 128, whatever the batches of training were. Captions that come \
              again in a batch cannot be told apart: it is never below its floor, which stands beside the unit.",
    ..Entry::BASE
};

const ABOVE_FLOOR: Entry = Entry {
    name: "alignment/above_floor",
    title: "InfoNCE above its floor",
    gloss: "contrastive loss above the least possible, batches of 128",
    rank: Rank::Headline,
    meaning: "What the contrastive loss of held-out pairs in batches of 128 is above the least that any model could have on these \
              batches: 0 for one that tells all captions apart.",
    ..INFONCE
};

pub(super) const ENTRIES: [&Entry; 2] = [&INFONCE, &ABOVE_FLOOR];

/// Measures these pairs, in an order that is drawn once for all runs.
pub(super) fn measure(
    pairs: &Pairs<'_>,
    aligner: &dyn Align,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let scale = f64::from(host::floats(aligner.scale())[0]);
    let draws = FIXED_SEED.during(Phase::Evaluate);
    let order = draws.permutation("evaluate/pairs", 0, pairs.said.len());
    let mut points = Vec::new();
    for batch in BATCHES {
        let costs = costs(pairs, scale, &order, batch);
        if batch == BATCH {
            push(&costs, context, out);
        }
        points.extend(Point::of(batch, &costs));
    }
    if !points.is_empty() {
        out.figures.extend([curve(&points), table(&points)]);
    }
}

/// The metrics of batches of [`BATCH`].
fn push(costs: &[Cost], context: &Context<'_>, out: &mut Findings) {
    let Some(Point { floor, .. }) = Point::of(BATCH, costs) else {
        return out.absent(INFONCE.name, format!("the split has fewer than {BATCH} values"));
    };
    let losses: Vec<f64> = costs.iter().map(|cost| cost.loss).collect();
    let above: Vec<f64> = costs.iter().map(|cost| cost.loss - cost.floor).collect();
    let loss = context.mean(&INFONCE, &losses);
    out.push(loss.map(|loss| loss.qualified(&format!("floor {floor:.4}"))));
    out.push(context.mean(&ABOVE_FLOOR, &above));
}

/// What a pair costs in its batch, in nats.
struct Cost {
    /// −½ ln softmax(l_i·)_i − ½ ln softmax(l_·i)_i, half of it for finding the caption and half for finding the picture: the loss
    /// of a batch is the mean.
    loss: f64,
    /// ln k for the k pairs of the batch with its caption. Captions that are alike have one vector, so that none is found with a
    /// probability above 1/k; nor are their pictures, which may differ, on average of the logarithm. So the mean over a batch is
    /// never above that of the loss.
    floor: f64,
}

/// Those of all pairs in whole batches, taken in this order.
fn costs(pairs: &Pairs<'_>, scale: f64, order: &[u32], batch: usize) -> Vec<Cost> {
    order.chunks_exact(batch).flat_map(|rows| in_batch(pairs, scale, rows)).collect()
}

/// Those of the pairs of one batch.
fn in_batch(pairs: &Pairs<'_>, scale: f64, rows: &[u32]) -> Vec<Cost> {
    let Pairs { pictures, captions, said } = pairs;
    let said: Vec<usize> = rows.iter().map(|row| said[*row as usize]).collect();
    let of_picture = |row: &u32| -> Vec<f64> {
        let picture = pictures.row(*row as usize);
        said.iter().map(|caption| scale * product(picture, captions.row(*caption))).collect()
    };
    let logits: Vec<Vec<f64>> = rows.iter().map(of_picture).collect();
    let cost = |i: usize| {
        let to_caption = log_sum_exp(&logits[i]) - logits[i][i];
        let column: Vec<f64> = logits.iter().map(|row| row[i]).collect();
        let to_picture = log_sum_exp(&column) - logits[i][i];
        let alike = said.iter().filter(|caption| **caption == said[i]).count();
        Cost { loss: f64::midpoint(to_caption, to_picture), floor: (alike as f64).ln() }
    };
    (0..rows.len()).map(cost).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// A size of batches with the mean loss there.
struct Point {
    batch: usize,
    loss: f64,
    floor: f64,
}

impl Point {
    /// None where the split does not fill a batch.
    fn of(batch: usize, costs: &[Cost]) -> Option<Self> {
        let of = |cost: fn(&Cost) -> f64| mean(costs.iter().map(cost));
        (!costs.is_empty()).then(|| Self {
            batch,
            loss: of(|cost| cost.loss),
            floor: of(|cost| cost.floor),
        })
    }
}

/// The loss and its floor over the size of batches.
fn curve(points: &[Point]) -> Figure {
    let series = |name: &str, of: fn(&Point) -> f64| {
        let points = points.iter().map(|point| (point.batch as f64, of(point)));
        (name.to_owned(), points.collect())
    };
    figure(
        "infonce",
        "The contrastive loss by the size of batches",
        "InfoNCE of held-out pairs, and the least that it could be on the same batches: captions that come again in a batch \
         cannot be told apart.",
        Plot::Lines {
            series: vec![
                series("InfoNCE", |point| point.loss),
                series("floor", |point| point.floor),
            ],
            bands: Vec::new(),
            x_label: "pairs in a batch".into(),
            y_label: "nats per pair".into(),
            axes: Axes::Log,
        },
    )
}

/// The same in numbers, with what is left of ln B.
fn table(points: &[Point]) -> Figure {
    let columns = ["pairs in a batch", "InfoNCE", "floor", "above it", "told apart", "could be"];
    let row = |point: &Point| {
        let Point { batch, loss, floor } = *point;
        let all = (batch as f64).ln();
        let nats = [loss, floor, loss - floor, all - loss, all - floor];
        let nats = nats.into_iter().map(|nats| format!("{nats:.3}"));
        std::iter::once(batch.to_string()).chain(nats).collect()
    };
    figure(
        "infonce-table",
        "What batches tell apart",
        "Nats per pair. Of the ln B nats that it takes to find a pair among B, the model finds as many as the loss is below \
         that, and none could find more than the floor is.",
        Plot::Table {
            columns: columns.map(str::to_owned).into(),
            rows: points.iter().map(row).collect(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::matrix::Rows;
    use genlab_core::{Noise, Seed};
    use rand::RngExt;

    const CLASSES: usize = 10;

    fn draws() -> Noise {
        Seed(3).during(Phase::Evaluate)
    }

    /// `count` labels of equally likely classes in the order of rows, each as often.
    fn labels(count: usize, classes: usize) -> Vec<usize> {
        (0..count).map(|row| row % classes).collect()
    }

    fn order(count: usize) -> Vec<u32> {
        draws().permutation("test/order", 0, count)
    }

    /// A unit vector for each class, at right angles to all others.
    fn corners() -> Rows {
        let one = |place: usize| f64::from(u8::from(place.is_multiple_of(CLASSES + 1)));
        Rows::new(CLASSES, (0..CLASSES * CLASSES).map(one).collect())
    }

    /// Unit vectors in any direction.
    fn anywhere(name: &str, count: usize, dim: usize) -> Rows {
        let mut rng = draws().row(name, 0, 0);
        let mut values: Vec<f64> = (0..count * dim).map(|_| rng.random::<f64>() - 0.5).collect();
        for row in values.chunks_mut(dim) {
            let length = product(row, row).sqrt();
            for v in row.iter_mut() {
                *v /= length;
            }
        }
        Rows::new(dim, values)
    }

    fn above(pairs: &Pairs<'_>, scale: f64, batch: usize) -> Vec<f64> {
        let costs = costs(pairs, scale, &order(pairs.said.len()), batch);
        assert_eq!(costs.len(), pairs.said.len() / batch * batch, "whole batches");
        let of = |batch: &[Cost]| mean(batch.iter().map(|cost| cost.loss - cost.floor));
        costs.chunks(batch).map(of).collect()
    }

    #[test]
    fn perfect_towers_come_down_to_the_floor_as_the_temperature_falls() {
        let (captions, said) = (corners(), labels(1030, CLASSES));
        let pictures = Rows::new(
            CLASSES,
            said.iter().flat_map(|class| captions.row(*class).to_vec()).collect(),
        );
        let pairs = Pairs { pictures: &pictures, captions: &captions, said: &said };
        for batch in BATCHES {
            let least = [1.0, 5.0, 20.0, 100.0].map(|scale| {
                let above = above(&pairs, scale, batch);
                assert!(above.iter().all(|nats| *nats > -1e-12), "{above:?}");
                mean(above.into_iter())
            });
            assert!(least.is_sorted_by(|a, b| a > b || *b < 1e-12), "{least:?}");
            assert!(least[0] > 0.1 && least[3] < 1e-12, "{least:?}");
        }
    }

    #[test]
    fn no_batch_of_any_towers_is_below_the_floor() {
        let said = labels(1030, CLASSES);
        for dim in [2, 3, 16] {
            let pictures = anywhere("test/pictures", said.len(), dim);
            let captions = anywhere("test/captions", CLASSES, dim);
            let pairs = Pairs { pictures: &pictures, captions: &captions, said: &said };
            for (batch, scale) in BATCHES.into_iter().flat_map(|b| [(b, 0.0), (b, 1.0), (b, 100.0)])
            {
                let above = above(&pairs, scale, batch);
                assert!(above.iter().all(|nats| *nats > -1e-12), "{dim}, {batch}, {scale}");
            }
        }
    }

    #[test]
    fn towers_that_tell_nothing_apart_pay_ln_b() {
        let said = labels(64, CLASSES);
        let pictures = Rows::new(1, vec![1.0; said.len()]);
        let captions = Rows::new(1, vec![1.0; CLASSES]);
        let pairs = Pairs { pictures: &pictures, captions: &captions, said: &said };
        for cost in costs(&pairs, 14.0, &order(64), 32) {
            assert!((cost.loss - 32.0_f64.ln()).abs() < 1e-12);
        }
    }

    #[test]
    fn the_floor_of_drawn_batches_is_that_of_the_closed_form() {
        // ln B less E[ln(1 + Bin(B − 1, 1/C))], as the crate `clip` has it.
        for (classes, expected) in [(10, [1.65, 2.15, 2.27, 2.29]), (120, [2.04, 3.30, 4.25, 4.66])]
        {
            let said = labels(24_576, classes);
            let pictures = Rows::new(1, vec![1.0; said.len()]);
            let captions = Rows::new(1, vec![1.0; classes]);
            let pairs = Pairs { pictures: &pictures, captions: &captions, said: &said };
            for (batch, expected) in BATCHES.into_iter().zip(expected) {
                let costs = costs(&pairs, 1.0, &order(said.len()), batch);
                let found = (batch as f64).ln() - mean(costs.iter().map(|cost| cost.floor));
                assert!((found - expected).abs() < 0.02, "{classes}, {batch}: {found}");
            }
        }
    }
}
