//! Pixels that hang together.

/// How many of 256 levels a channel may differ of pixels that count as alike: baselines use the best on validation scenes.
pub const TOLERANCES: [u8; 8] = [16, 32, 48, 64, 80, 96, 112, 128];

/// Pixels of a picture, `[height · width]`, that are `alike` and hang together with pixel `start`, side by side or corner
/// to corner, as strokes of one pixel do; `start` among them whatever it is like.
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
        for row in y.saturating_sub(1)..=(y + 1).min(height - 1) {
            for column in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                let next = row * width + column;
                if !inside[next] && alike(next) {
                    inside[next] = true;
                    rest.push(next);
                }
            }
        }
    }
    inside
}

/// All groups of such pixels.
pub fn groups(size: [usize; 2], alike: impl Fn(usize) -> bool) -> Vec<Vec<bool>> {
    let [height, width] = size;
    let mut known = vec![false; height * width];
    let mut groups = Vec::new();
    for start in 0..height * width {
        if known[start] || !alike(start) {
            continue;
        }
        let group = connected(size, start, &alike);
        known.iter_mut().zip(&group).for_each(|(known, inside)| *known |= inside);
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_found_and_corners_hang_together() {
        let picture = *b"x..x.x.xx...";
        let alike = |at: usize| picture[at] == b'x';
        let expected = |kept: &[usize]| (0..12).map(|at| kept.contains(&at)).collect::<Vec<bool>>();
        let found = groups([3, 4], alike);
        assert_eq!(found, [expected(&[0, 5, 8]), expected(&[3, 7])]);
        assert!(groups([3, 4], |_| false).is_empty());
        assert_eq!(connected([3, 4], 8, alike), expected(&[0, 5, 8]));
        assert_eq!(connected([3, 4], 6, |_| false), expected(&[6]));
    }
}
