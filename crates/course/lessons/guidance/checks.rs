use crate::tensors::{apart, matrix, numbers, vector};
use genlab::burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_course::Checks;
use lesson::{guided, told};

const WITHOUT: [[f64; 2]; 2] = [[0.5, -1.2], [2.0, 0.3]];
const WITH: [[f64; 2]; 2] = [[1.1, -0.6], [0.7, -2.0]];

fn each(of: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    WITHOUT.iter().flatten().zip(WITH.iter().flatten()).map(|(u, c)| of(*u, *c)).collect()
}

fn labels(of: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(of.to_vec(), [of.len()]), &Device::flex())
}

fn as_numbers(labels: Tensor<1, Int>) -> Vec<f64> {
    numbers(labels.float())
}

pub fn checks(checks: &mut Checks) {
    let w = 2.5;
    checks
        .figure("guided", || numbers(guided(matrix(WITHOUT), matrix(WITH), w)))
        .mistake(each(|u, c| (1.0 + w) * c - w * u), "this is (1 + w) ε̂(x | c) − w ε̂(x), the paper's w; here w = 1 is the model that is told the class")
        .mistake(each(|u, c| c + w * (u - c)), "the two are swapped: it goes from the model with a class towards the one without")
        .mistake(each(|u, c| u - w * (c - u)), "the sign of the difference is wrong: it goes away from the class")
        .mistake(each(|u, c| w * (c - u)), "the noise that is seen without a class is missing: only the difference is left")
        .mistake(each(|u, c| u + w * c), "the whole of ε̂(x | c) is added; it should be its difference from ε̂(x)")
        .mistake(each(|u, c| (u + w * c) / (1.0 + w)), "this is an average, which stays between the two; guidance goes beyond")
        .equals(each(|u, c| u + w * (c - u)));
    checks
        .figure("ends", || {
            let of = |weight| numbers(guided(matrix(WITHOUT), matrix(WITH), weight));
            [of(1.0), of(0.0)].concat()
        })
        .otherwise("w = 1 is not the model that is told the class, or w = 0 not the one that is told nothing")
        .equals([each(|_, c| c), each(|u, _| u)].concat());
    let (classes, draws) = ([3, 1, 4, 1, 5], [0.05, 0.6, 0.15, 0.95, 0.3]);
    let replaced = |of: &dyn Fn(f64) -> bool| -> Vec<f64> {
        classes.iter().zip(draws).map(|(c, u)| if of(u) { 10.0 } else { *c as f64 }).collect()
    };
    checks
        .figure("told", || as_numbers(told(labels(&classes), vector(&draws), 0.2, 10)))
        .mistake(replaced(&|u| u >= 0.2), "labels are replaced with probability 1 − share: the comparison is the wrong way round")
        .mistake(replaced(&|_| true), "all labels are replaced at once; each value has a draw of its own")
        .mistake(replaced(&|_| false), "no label is replaced")
        .mistake(classes.iter().zip(draws).map(|(c, u)| if u < 0.2 { 0.0 } else { *c as f64 }).collect::<Vec<_>>(), "labels become 0, which is a class, and not `nothing`")
        .equals(replaced(&|u| u < 0.2));
    checks
        .figure("share", || {
            let count = 10_000;
            let draws: Vec<f64> = (0..count).map(|i| (f64::from(i) + 0.5) / f64::from(count)).collect();
            let told = as_numbers(told(labels(&vec![7; draws.len()]), vector(&draws), 0.1, 10));
            let gone = told.iter().filter(|label| **label == 10.0).count();
            vec![(gone as f64 / draws.len() as f64 - 0.1).abs()]
        })
        .otherwise("the share of labels that are replaced is not the one that was asked for")
        .at_most(0.001);
    // Scores of N(0, 1) without and N(2, 1) with a class, at x: −x and 2 − x. Guided they are those of N(2w, 1).
    checks
        .figure("sharpened", || {
            let x = [[-1.0, 0.5, 3.0]];
            let score = guided(-matrix(x), -matrix(x) + 2.0, 3.0);
            apart(&numbers(score + matrix(x)), &[6.0; 3])
        })
        .otherwise("guided by w = 3 from N(0, 1) to N(2, 1), the score is not that of N(6, 1)")
        .at_most(0.001);
}
