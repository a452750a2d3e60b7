//! Interpolation by cubic convolution, what a super-resolving model has to beat.

/// a of the kernel: the one with which the error falls with the third power of the distance between pixels.
const SLOPE: f64 = -0.5;

/// One channel `low` of `size` (height, width), `factor` times larger: Eq. 15 of Keys 1981 (IEEE Trans. ASSP 29:1153)
/// along both sides. Pixels are squares, so that the centre of a new one lies between those of the old; beyond
/// the edge the last pixel goes on.
pub fn bicubic(low: &[f64], size: [usize; 2], factor: usize) -> Vec<f64> {
    let [height, width] = size;
    let rows = low.chunks(width).flat_map(|row| along(row, factor)).collect::<Vec<f64>>();
    let width = width * factor;
    let mut high = vec![0.0; height * factor * width];
    for column in 0..width {
        let line: Vec<f64> = (0..height).map(|row| rows[row * width + column]).collect();
        for (row, value) in along(&line, factor).into_iter().enumerate() {
            high[row * width + column] = value;
        }
    }
    high
}

fn along(line: &[f64], factor: usize) -> Vec<f64> {
    let last = line.len() as i64 - 1;
    let value = |place: usize| {
        let centre = (place as f64 + 0.5) / factor as f64 - 0.5;
        let before = centre.floor();
        let term = |offset: i64| {
            let index = before as i64 + offset;
            let weight = kernel(centre - before - offset as f64);
            weight * line[index.clamp(0, last) as usize]
        };
        (-1..=2).map(term).sum()
    };
    (0..line.len() * factor).map(value).collect()
}

fn kernel(distance: f64) -> f64 {
    let x = distance.abs();
    if x <= 1.0 {
        (SLOPE + 2.0) * x.powi(3) - (SLOPE + 3.0) * x.powi(2) + 1.0
    } else if x < 2.0 {
        SLOPE * (x.powi(3) - 5.0 * x.powi(2) + 8.0 * x - 4.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_an_image_it_is_that_of_pillow() {
        // Image.resize of Pillow with BICUBIC, of one line, doubled; pixels whose kernel leaves the image aside.
        let line = [0.0, 1.0, 4.0, 2.0];
        let high = along(&line, 2);
        for (found, pillow) in high[3..5].iter().zip([1.726_562_5, 3.554_687_5]) {
            assert!((found - pillow).abs() < 1e-6, "{found} {pillow}");
        }
    }

    #[test]
    fn what_is_straight_stays_straight_and_sides_are_alike() {
        let ramp: Vec<f64> = (0..36).map(|i| f64::from(i / 6) + 2.0 * f64::from(i % 6)).collect();
        let high = bicubic(&ramp, [6, 6], 3);
        let at = |row: usize, column: usize| high[row * 18 + column];
        for (row, column) in [(6, 6), (7, 9), (10, 11)] {
            let centre = |place: usize| (place as f64 + 0.5) / 3.0 - 0.5;
            let straight = centre(row) + 2.0 * centre(column);
            assert!((at(row, column) - straight).abs() < 1e-9, "{row} {column}");
        }
    }
}
