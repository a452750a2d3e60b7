use metric::coverage;

#[test]
fn samples_far_away_cover_nothing() {
    let real = [vec![0.0], vec![1.0], vec![2.0]];
    assert_eq!(coverage(&real, &[vec![50.0]], 1), 0.0);
}

#[test]
fn one_sample_covers_the_balls_that_it_lies_in() {
    let real = [vec![0.0], vec![1.0], vec![10.0], vec![11.0]];
    assert_eq!(coverage(&real, &[vec![0.5]], 1), 0.5);
}
