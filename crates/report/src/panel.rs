//! What several judges say of the same runs, as tables of texts and a sentence.

use crate::compare::same;
use crate::format;
use crate::names;
use genlab_results::{Catalogue, JudgeInfo, JudgedRun, Metric, Panel, Place};

/// A table of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelTable {
    /// Above it.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// Headings; the first is that of the rows' names.
    pub columns: Vec<String>,
    /// Cells of each row, its name first.
    pub rows: Vec<Vec<String>>,
}

/// The runs by all judges, and how far the judges agree; what is not known has no table.
pub fn tables(panel: &Panel, catalogue: &Catalogue) -> Vec<PanelTable> {
    let mut known = panel.runs.iter().flat_map(|run| &run.places).flatten();
    let Some(Place { metric, .. }) = known.next() else { return Vec::new() };
    let judges = judges(panel);
    let agree = panel.agreements.iter().any(|agreement| agreement.tau_b.is_some());
    let mut tables = vec![places(panel, metric, &judges, catalogue)];
    tables.extend(agree.then(|| agreements(panel, &judges)));
    tables
}

/// The names of the judges, with the start of a hash where two have one name.
fn judges(panel: &Panel) -> Vec<String> {
    let name = |judge: &JudgeInfo| {
        let namesakes = panel.judges.iter().filter(|other| other.name == judge.name).count();
        let hash: String = judge.sha256.chars().take(8).collect();
        if namesakes == 1 { judge.name.clone() } else { format!("{} ({hash})", judge.name) }
    };
    panel.judges.iter().map(name).collect()
}

/// A row for each run, a column for each judge: "21.40 (2)".
fn places(panel: &Panel, metric: &Metric, judges: &[String], catalogue: &Catalogue) -> PanelTable {
    let cell = |place: &Option<Place>| match place {
        Some(Place { metric, .. }) if panel.apart => format::number(metric.value),
        Some(Place { metric, rank }) => {
            format!("{} ({})", format::number(metric.value), format::trimmed(*rank, 1))
        }
        None => format::ABSENT.to_owned(),
    };
    let row = |JudgedRun { run, places }: &JudgedRun| {
        std::iter::once(run.clone()).chain(places.iter().map(cell)).collect()
    };
    let metrics =
        panel.runs.iter().flat_map(|run| &run.places).flatten().map(|place| &place.metric);
    // A distance is FID in the features of one network alone.
    let title = match same(metrics.map(|metric| &metric.name)) {
        Some(name) => names::metric(name, catalogue),
        None => "Fréchet distance".to_owned(),
    };
    let places = if panel.apart {
        "Numbers of two judges have no common scale, and the runs were given different things, so they have no places."
    } else {
        "In brackets is the place of the run. Numbers of two judges have no common scale; places have one."
    };
    PanelTable {
        title: format!("{title} by judge"),
        caption: format!(
            "On the {} split, n = {}, in the features of each judge. {places}",
            metric.split,
            format::count(metric.n as f64)
        ),
        columns: std::iter::once("Run".to_owned()).chain(judges.iter().cloned()).collect(),
        rows: panel.runs.iter().map(row).collect(),
    }
}

/// A row and a column for each judge.
fn agreements(panel: &Panel, judges: &[String]) -> PanelTable {
    let tau = |one: usize, other: usize| {
        let pair = [one.min(other), one.max(other)];
        panel.agreements.iter().find(|agreement| agreement.judges == pair)?.tau_b
    };
    let cell = |one: usize, other: usize| match tau(one, other) {
        _ if one == other => "1".to_owned(),
        Some(tau) => format::trimmed(tau, 2),
        None => format::ABSENT.to_owned(),
    };
    let row = |(one, judge): (usize, &String)| {
        let cells = (0..judges.len()).map(|other| cell(one, other));
        std::iter::once(judge.clone()).chain(cells).collect()
    };
    let runs = panel.agreements.iter().map(|agreement| agreement.runs).max().unwrap_or(0);
    PanelTable {
        title: "Kendall's tau-b between judges".to_owned(),
        caption: format!(
            "How far two judges agree on the order of {runs} runs: 1 where they agree wholly, −1 where one has the reverse of the \
             other, about 0 where they agree no more than by chance. Of few runs it says little.",
        ),
        columns: std::iter::once("Judge".to_owned()).chain(judges.iter().cloned()).collect(),
        rows: judges.iter().enumerate().map(row).collect(),
    }
}

/// A judge and its ranks of all runs; None for a run that it has no number for.
type Ranking = (String, Vec<Option<f64>>);

/// Says that judges have different winners, or that all of them have one order; None where neither is so, and of runs that were
/// given different things.
pub fn finding(panel: &Panel) -> Option<String> {
    if panel.apart {
        return None;
    }
    let ranks = |judge: usize| -> Vec<Option<f64>> {
        let places = panel.runs.iter().map(|run| run.places.get(judge)?.as_ref());
        places.map(|place| place.map(|place| place.rank)).collect()
    };
    let all = judges(panel).into_iter().enumerate().map(|(index, name)| (name, ranks(index)));
    // A judge that has no number for any run has no say.
    let rankings: Vec<Ranking> =
        all.filter(|(_, ranks)| ranks.iter().any(Option::is_some)).collect();
    let (_, order) = rankings.first()?;
    let runs = order.iter().flatten().count();
    if rankings.len() < 2 || runs < 2 {
        return None;
    }
    if rankings.iter().any(|(_, ranks)| ranks != order) {
        return dispute(panel, &rankings);
    }
    let who = match rankings.len() {
        2 => "Both judges".to_owned(),
        count => format!("All {count} judges"),
    };
    Some(format!("{who} put the {runs} runs in the same order."))
}

/// Names the winners of all judges; None where they share one.
fn dispute(panel: &Panel, rankings: &[Ranking]) -> Option<String> {
    let winners: Vec<Vec<usize>> = rankings.iter().map(|(_, ranks)| winners(ranks)).collect();
    if (0..panel.runs.len()).any(|run| winners.iter().all(|winners| winners.contains(&run))) {
        return None;
    }
    let mut parts: Vec<(&[usize], Vec<String>)> = Vec::new();
    for ((judge, _), winners) in rankings.iter().zip(&winners) {
        match parts.iter_mut().find(|(other, _)| *other == winners.as_slice()) {
            Some((_, judges)) => judges.push(judge.clone()),
            None => parts.push((winners.as_slice(), vec![judge.clone()])),
        }
    }
    let part = |(winners, judges): &(&[usize], Vec<String>)| {
        let runs: Vec<String> = winners.iter().map(|run| panel.runs[*run].run.clone()).collect();
        format!("{} by {}", names::list(&runs), names::list(judges))
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    Some(format!("Which run comes first depends on the judge: {}.", parts.join("; ")))
}

/// The runs that a judge puts first: several where they are equal.
fn winners(ranks: &[Option<f64>]) -> Vec<usize> {
    let best = ranks.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    (0..ranks.len()).filter(|run| ranks[*run] == Some(best)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_results::{Agreement, Direction, Entry};

    static DISTANCE: Entry = Entry {
        name: "a/distance",
        title: "A distance",
        better: Some(Direction::Lower),
        ..Entry::BASE
    };

    /// Runs called a, b, ... with one rank for each judge, 0 for none.
    fn panel(judges: &[&str], ranks: &[&[f64]]) -> Panel {
        let place = |rank: &f64| {
            let metric = Metric::new(&DISTANCE, "test", 10.0 * rank, 2000).unwrap();
            (*rank > 0.0).then_some(Place { metric, rank: *rank })
        };
        let run = |(index, ranks): (usize, &&[f64])| JudgedRun {
            run: char::from(b'a' + index as u8).to_string(),
            places: ranks.iter().map(place).collect(),
        };
        let judge = |(index, name): (usize, &&str)| JudgeInfo {
            name: (*name).to_owned(),
            sha256: format!("{index}123456789"),
            accuracy: None,
        };
        Panel {
            judges: judges.iter().enumerate().map(judge).collect(),
            runs: ranks.iter().enumerate().map(run).collect(),
            ..Panel::default()
        }
    }

    #[test]
    fn every_run_has_its_number_and_its_place_by_each_judge() {
        let mut panel = panel(&["own", "vit", "vit"], &[&[2.0, 1.5, 1.0], &[1.0, 1.5, 0.0]]);
        let catalogue = Catalogue::new([&DISTANCE]);
        let alone = tables(&panel, &catalogue);
        assert_eq!(alone.len(), 1, "nothing is known of how far they agree");
        assert_eq!(alone[0].title, "A distance by judge");
        assert!(alone[0].caption.starts_with("On the test split, n = 2\u{202f}000, "));
        assert_eq!(alone[0].columns, ["Run", "own", "vit (11234567)", "vit (21234567)"]);
        assert_eq!(alone[0].rows[0], ["a", "20.00 (2)", "15.00 (1.5)", "10.00 (1)"]);
        assert_eq!(alone[0].rows[1], ["b", "10.00 (1)", "15.00 (1.5)", "—"]);
        let agreement = |judges, tau_b| Agreement { judges, tau_b, runs: 5 };
        panel.agreements = vec![
            agreement([0, 1], Some(-0.2)),
            agreement([0, 2], Some(1.0)),
            agreement([1, 2], None),
        ];
        let both = tables(&panel, &catalogue);
        assert_eq!(both[1].rows[0][1..], ["1", "−0.2", "1"]);
        assert_eq!(both[1].rows[1][1..], ["−0.2", "1", "—"]);
        assert!(both[1].caption.contains("the order of 5 runs"), "{}", both[1].caption);
        assert!(tables(&Panel::default(), &catalogue).is_empty());
    }

    #[test]
    fn columns_of_two_metrics_share_no_name_of_one() {
        let mut panel = panel(&["inception", "random"], &[&[2.0, 1.0], &[1.0, 2.0]]);
        let place = panel.runs[0].places[0].as_mut().unwrap();
        place.metric.name = "samples/fid".into();
        let tables = tables(&panel, &Catalogue::new([&DISTANCE]));
        assert_eq!(tables[0].title, "Fréchet distance by judge");
    }

    #[test]
    fn runs_that_were_given_different_things_have_numbers_and_neither_places_nor_a_winner() {
        let panel = Panel { apart: true, ..panel(&["own", "vit"], &[&[2.0, 1.0], &[1.0, 2.0]]) };
        let tables = tables(&panel, &Catalogue::new([&DISTANCE]));
        assert_eq!(tables[0].rows[0], ["a", "20.00", "10.00"]);
        assert!(tables[0].caption.ends_with("so they have no places."), "{}", tables[0].caption);
        assert_eq!(finding(&panel), None);
    }

    #[test]
    fn a_sentence_says_where_the_winner_depends_on_the_judge_or_the_order_does_not() {
        let three = ["own", "vit", "random"];
        let said = |ranks: &[&[f64]]| finding(&panel(&three, ranks));
        let sentence = said(&[&[1.0, 1.0, 2.0], &[2.0, 2.0, 1.0]]).unwrap();
        assert_eq!(
            sentence,
            "Which run comes first depends on the judge: a by own and vit; b by random."
        );
        let sentence = said(&[&[1.0, 1.0, 1.0], &[2.0, 2.0, 2.0]]).unwrap();
        assert_eq!(sentence, "All 3 judges put the 2 runs in the same order.");
        // The same winner and another order; a winner that the others share; one run; a judge without numbers.
        assert_eq!(said(&[&[1.0; 3], &[2.0, 2.0, 3.0], &[3.0, 3.0, 2.0]]), None);
        assert_eq!(said(&[&[1.0, 1.0, 1.5], &[2.0, 2.0, 1.5]]), None);
        assert_eq!(said(&[&[1.0; 3]]), None);
        let sentence = said(&[&[1.0, 1.0, 0.0], &[2.0, 2.0, 0.0]]).unwrap();
        assert_eq!(sentence, "Both judges put the 2 runs in the same order.");
        assert_eq!(finding(&Panel::default()), None);
    }
}
