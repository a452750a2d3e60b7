//! A checked door to the `gemm` crate.

pub(crate) use gemm::Parallelism;

/// A matrix in a slice: `rows` × `cols`, element (i, j) at `i * row_stride + j * col_stride`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Row-major.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert!(data.len() >= rows * cols, "{} floats, not {rows} x {cols}", data.len());
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    /// The transpose, without moving anything.
    pub(crate) fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// What a product does to its target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// `out = a b`
    Set,
    /// `out += a b`
    Add,
}

/// The matrix product of `a` and `b` into the row-major `out`.
pub(crate) fn gemm(
    out: &mut [f32],
    target: Target,
    a: Matrix<'_>,
    b: Matrix<'_>,
    parallelism: Parallelism,
) {
    assert!(out.len() >= a.rows * b.cols, "{} floats, not {} x {}", out.len(), a.rows, b.cols);
    #[expect(unsafe_code, reason = "calls a function of pointers")]
    // SAFETY: the assertion above, and `out` is initialised.
    unsafe {
        multiply(out.as_mut_ptr(), target, a, b, parallelism);
    }
}

/// The matrix product of `a` and `b`, row-major, in memory that nobody had to clear.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>, parallelism: Parallelism) -> Vec<f32> {
    let len = a.rows * b.cols;
    if a.cols == 0 {
        return vec![0.0; len];
    }
    let mut out = Vec::with_capacity(len);
    #[expect(unsafe_code, reason = "calls a function of pointers")]
    // SAFETY: the capacity is `len`, and a product that does not read its target writes all of it.
    unsafe {
        multiply(out.as_mut_ptr(), Target::Set, a, b, parallelism);
        out.set_len(len);
    }
    out
}

#[expect(unsafe_code, reason = "the gemm crate takes pointers")]
/// # Safety
/// `out` must be valid for writes of `a.rows * b.cols` floats, which nobody else uses meanwhile, and
/// hold floats if `target` is [`Target::Add`].
unsafe fn multiply(
    out: *mut f32,
    target: Target,
    a: Matrix<'_>,
    b: Matrix<'_>,
    parallelism: Parallelism,
) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows, "inner dimensions");
    let accumulate = target == Target::Add;
    // SAFETY: `Matrix::new` checked that the operands' indices are within their slices, and the
    // caller answers for `out`.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            n as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            if accumulate { 1.0 } else { 0.0 },
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
