use genlab_course::Checks;
use lesson::coverage;

/// Points of a line and of the same line bent into the plane, so that distances need all coordinates.
fn points(at: &[f64]) -> Vec<Vec<f64>> {
    at.iter().map(|x| vec![0.6 * x, 0.8 * x]).collect()
}

pub fn checks(checks: &mut Checks) {
    // With k = 2 the balls reach 2, 1, 2, 6, 5, 6 and 14 far.
    let real: [f64; 7] = [0.0, 1.0, 2.0, 8.0, 9.0, 14.0, 23.0];
    let samples: [f64; 4] = [-1.5, -1.0, 3.5, 40.0];
    let within = |radius: &dyn Fn(usize) -> f64| {
        let covered = (0..real.len()).filter(|i| samples.iter().any(|s| (real[*i] - s).abs() <= radius(*i)));
        covered.count() as f64 / real.len() as f64
    };
    let nth = |from: f64, set: &[f64], n: usize| {
        let mut distances: Vec<f64> = set.iter().map(|x| (x - from).abs()).collect();
        distances.sort_by(f64::total_cmp);
        distances[n]
    };
    let radius = |i: usize| nth(real[i], &real, 2);
    let inside = |s: f64| (0..real.len()).filter(|i| (real[*i] - s).abs() <= radius(*i)).count();
    let precision = samples.iter().filter(|s| inside(**s) > 0).count() as f64 / samples.len() as f64;
    let density = samples.iter().map(|s| inside(*s)).sum::<usize>() as f64 / (2 * samples.len()) as f64;
    let recalled = |x: f64| samples.iter().any(|s| (s - x).abs() <= nth(*s, &samples, 2));
    let recall = real.iter().filter(|x| recalled(**x)).count() as f64 / real.len() as f64;
    checks
        .figure("coverage", || vec![coverage(&points(&real), &points(&samples), 2)])
        .mistake([within(&|i| nth(real[i], &real, 1))], "the point itself counts as its nearest: the ball reaches to the k-th nearest other point")
        .mistake([precision], "this is precision, the share of samples that lie in some ball; coverage is the share of balls that hold a sample")
        .mistake([recall], "this is recall, with balls around samples; coverage has them around real points")
        .mistake([density], "this is density, which counts every sample in every ball; coverage asks of each ball whether it holds any")
        .mistake([within(&radius) * real.len() as f64], "this is the number of balls that hold a sample; it should be their share")
        .equals([within(&radius)]);
    checks
        .figure("repeated", || vec![coverage(&points(&[0.0, 1.0, 10.0, 11.0]), &points(&[0.5; 20]), 1)])
        .otherwise("20 equal samples are not worth what one of them is: a ball counts once, however many samples it holds")
        .equals([0.5]);
    checks
        .figure("perfect", || vec![coverage(&points(&real), &points(&real), 2)])
        .otherwise("samples that are the real points do not reach all of them")
        .equals([1.0]);
    checks
        .figure("collapsed", || {
            let mode = |at: f64| (0..25).map(move |i| at + 0.01 * f64::from(i));
            let real: Vec<f64> = [0.0, 10.0, 20.0, 30.0].into_iter().flat_map(mode).collect();
            let samples: Vec<f64> = mode(10.0).map(|x| x + 0.001).collect();
            vec![(coverage(&points(&real), &points(&samples), 5) - 0.25).abs()]
        })
        .otherwise("samples of one of four modes do not reach a quarter of the data")
        .at_most(0.01);
}
