//! Minimising a smooth convex function of many variables.

use std::collections::VecDeque;

/// Pairs of steps and gradient changes that stand for the curvature.
const MEMORY: usize = 10;
/// Share of the promised decrease that a step must deliver (Armijo's condition).
const DECREASE: f64 = 1e-4;
/// Halvings of a step before the search gives up: 2⁻³⁰ of a Newton step is rounding.
const HALVINGS: usize = 30;

/// A function's value and gradient at a point.
#[derive(Clone, Debug)]
pub(crate) struct Slope {
    /// The value.
    pub(crate) value: f64,
    /// Its derivative by each variable.
    pub(crate) gradient: Vec<f64>,
}

/// Where a search ended.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    /// The point.
    pub(crate) at: Vec<f64>,
    /// The function's value there.
    pub(crate) value: f64,
}

/// One step and what it did to the gradient.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// 1 / (step · change).
    scale: f64,
}

/// Algorithms 7.4 and 7.5 of Nocedal & Wright, Numerical Optimization (2006), with backtracking:
/// from `start` until no derivative exceeds `tolerance` in size, or for `most` steps. Deterministic.
pub(crate) fn minimise(
    start: Vec<f64>,
    tolerance: f64,
    most: usize,
    function: impl Fn(&[f64]) -> Slope,
) -> Minimum {
    let mut here = function(&start);
    let mut at = start;
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    for _ in 0..most {
        if here.gradient.iter().all(|g| g.abs() <= tolerance) {
            break;
        }
        let direction = downhill(&here.gradient, &pairs);
        // Without any memory the gradient's length says nothing about the distance to go.
        let first = if pairs.is_empty() { 1.0 / norm(&here.gradient).max(1.0) } else { 1.0 };
        let Some((there, next)) = search(&at, &here, &direction, first, &function) else {
            if pairs.is_empty() {
                break; // no lower point downhill: the minimum, up to rounding
            }
            pairs.clear();
            continue;
        };
        let step: Vec<f64> = there.iter().zip(&at).map(|(a, b)| a - b).collect();
        let change: Vec<f64> =
            next.gradient.iter().zip(&here.gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        // Rounding can make a convex function look flat; such a pair would spoil the others.
        if curvature > 1e-12 * dot(&change, &change) {
            pairs.push_back(Pair { step, change, scale: 1.0 / curvature });
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        (at, here) = (there, next);
    }
    Minimum { at, value: here.value }
}

/// −H·g for the inverse Hessian H that the pairs stand for (the two-loop recursion).
fn downhill(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let share = pair.scale * dot(&pair.step, &direction);
        add_scaled(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    if let Some(last) = pairs.back() {
        let scale = 1.0 / (last.scale * dot(&last.change, &last.change));
        for d in &mut direction {
            *d *= scale;
        }
    }
    for (pair, share) in pairs.iter().zip(shares.into_iter().rev()) {
        let other = pair.scale * dot(&pair.change, &direction);
        add_scaled(&mut direction, share - other, &pair.step);
    }
    direction
}

/// The first of `length`, `length` / 2, ... along `direction` that descends enough; None where none
/// does, which rounding brings about at the minimum.
fn search(
    at: &[f64],
    here: &Slope,
    direction: &[f64],
    mut length: f64,
    function: &impl Fn(&[f64]) -> Slope,
) -> Option<(Vec<f64>, Slope)> {
    let promised = dot(&here.gradient, direction);
    for _ in 0..HALVINGS {
        let there: Vec<f64> = at.iter().zip(direction).map(|(x, d)| x + length * d).collect();
        let next = function(&there);
        if next.value <= here.value + DECREASE * length * promised {
            return Some((there, next));
        }
        length *= 0.5;
    }
    None
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn add_scaled(sum: &mut [f64], scale: f64, row: &[f64]) {
    sum.iter_mut().zip(row).for_each(|(s, v)| *s += scale * v);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretched_bowl_is_descended_to_its_bottom() {
        // Σ s_i (x_i − i)² / 2 with curvatures from 1 to 1000.
        let stretch = |i: usize| 10.0_f64.powf(i as f64 / 3.0);
        let found = minimise(vec![0.0; 10], 1e-9, 500, |x| {
            let off: Vec<f64> = x.iter().enumerate().map(|(i, x)| x - i as f64).collect();
            let gradient: Vec<f64> = off.iter().enumerate().map(|(i, o)| stretch(i) * o).collect();
            Slope { value: 0.5 * dot(&off, &gradient), gradient }
        });
        for (i, x) in found.at.iter().enumerate() {
            assert!((x - i as f64).abs() < 1e-8, "{i}: {x}");
        }
        assert!(found.value < 1e-15);
    }

    #[test]
    fn a_function_that_is_no_bowl_is_minimised_too() {
        // ln cosh(x − 3): flat far away, so the first steps are too long or too short.
        let found = minimise(vec![-8.0], 1e-10, 200, |x| Slope {
            value: (x[0] - 3.0).cosh().ln(),
            gradient: vec![(x[0] - 3.0).tanh()],
        });
        assert!((found.at[0] - 3.0).abs() < 1e-9, "{found:?}");
    }
}
