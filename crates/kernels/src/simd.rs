//! Loops that the compiler turns into vector instructions.

/// The sum of `values`, in 32 interleaved partial sums: fast, and more exact than one after another.
pub(crate) fn sum(values: &[f32]) -> f32 {
    let (blocks, rest) = values.as_chunks::<32>();
    let mut sums = [0.0_f32; 32];
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}
