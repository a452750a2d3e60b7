//! What changes over training.

/// A weight λ that rises linearly from 0 over the first `warmup` of the budget, of which `spent` is used.
pub(crate) fn weight(lambda: f64, warmup: f64, spent: f64) -> f64 {
    lambda * share_of(spent, warmup)
}

/// A number of active units that falls linearly from `first` to `last` over the first `anneal` of the budget.
pub(crate) fn active_units(first: usize, last: usize, anneal: f64, spent: f64) -> usize {
    let way = share_of(spent, anneal);
    (first as f64 + (last as f64 - first as f64) * way).round() as usize
}

/// How much of the first `part` of the budget is used, in [0, 1].
fn share_of(spent: f64, part: f64) -> f64 {
    if part > 0.0 { (spent / part).min(1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_rises_to_its_value_and_stays() {
        let at = |spent| weight(0.5, 0.2, spent);
        assert_eq!([at(0.0), at(0.1), at(0.2), at(1.0)], [0.0, 0.25, 0.5, 0.5]);
        assert_eq!(weight(0.5, 0.0, 0.0), 0.5, "no warm-up");
    }

    #[test]
    fn the_number_of_active_units_falls_to_its_value_and_stays() {
        let at = |spent| active_units(100, 20, 0.5, spent);
        assert_eq!([at(0.0), at(0.25), at(0.5), at(1.0)], [100, 60, 20, 20]);
        assert_eq!(active_units(100, 20, 0.0, 0.0), 20, "no annealing");
    }
}
