//! Where the weight of a plane lies.

/// Column and row of the centre of mass of a plane whose rows are `width` long, of what its values exceed `floor` by; the first
/// column and the first row are 0. None where nothing does.
pub fn centre_of_mass(
    values: impl IntoIterator<Item = f64>,
    width: usize,
    floor: f64,
) -> Option<[f64; 2]> {
    let (mut mass, mut moments) = (0.0, [0.0; 2]);
    for (index, value) in values.into_iter().enumerate() {
        let weight = (value - floor).max(0.0);
        mass += weight;
        for (moment, place) in moments.iter_mut().zip([index % width, index / width]) {
            *moment += weight * place as f64;
        }
    }
    (mass > 0.0).then(|| moments.map(|moment| moment / mass))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_lies_where_the_weight_above_the_floor_balances() {
        let plane = [0.1, 0.1, 0.1, 0.1, 0.5, 0.1, 0.1, 0.1, 1.3];
        // 0.4 in the middle and 1.2 in the last corner.
        let [column, row] = centre_of_mass(plane, 3, 0.1).unwrap();
        assert!((column - 1.75).abs() < 1e-12 && (row - 1.75).abs() < 1e-12);
        let [column, row] = centre_of_mass([0.0, 3.0, 1.0, 0.0], 2, 0.0).unwrap();
        assert_eq!([column, row], [0.75, 0.25]);
        assert_eq!(centre_of_mass([0.1; 9], 3, 0.1), None);
    }
}
