//! Pixels that hang together.

/// Pixels of a picture, `[height · width]`, that are `alike` and hang together with pixel `start`, above, below and beside;
/// `start` among them whatever it is like.
pub fn connected(
    [height, width]: [usize; 2],
    start: usize,
    alike: impl Fn(usize) -> bool,
) -> Vec<bool> {
    let mut inside = vec![false; height * width];
    let mut rest = vec![start];
    inside[start] = true;
    while let Some(at) = rest.pop() {
        let (x, y) = (at % width, at / width);
        let neighbours = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then_some(at + width),
        ];
        for next in neighbours.into_iter().flatten() {
            if !inside[next] && alike(next) {
                inside[next] = true;
                rest.push(next);
            }
        }
    }
    inside
}

/// The largest group of such pixels; none where no pixel is `alike`.
pub fn largest(size: [usize; 2], alike: impl Fn(usize) -> bool) -> Option<Vec<bool>> {
    let [height, width] = size;
    let mut known = vec![false; height * width];
    let mut largest: Option<(usize, Vec<bool>)> = None;
    for start in 0..height * width {
        if known[start] || !alike(start) {
            continue;
        }
        let group = connected(size, start, &alike);
        let count = group.iter().filter(|inside| **inside).count();
        known.iter_mut().zip(&group).for_each(|(known, inside)| *known |= inside);
        if largest.as_ref().is_none_or(|(most, _)| count > *most) {
            largest = Some((count, group));
        }
    }
    largest.map(|(_, group)| group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_group_is_found_and_corners_part() {
        let picture = *b"x.xx....x.x.";
        let alike = |at: usize| picture[at] == b'x';
        let expected = |kept: [usize; 2]| (0..12).map(|at| kept.contains(&at)).collect::<Vec<_>>();
        assert_eq!(largest([3, 4], alike), Some(expected([2, 3])));
        assert_eq!(largest([3, 4], |_| false), None);
        assert_eq!(connected([3, 4], 8, alike), expected([8, 8]));
    }
}
