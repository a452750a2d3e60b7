//! The network as a table, under the names of pytorch-fid's state dict.
//!
//! Torchvision's `inception_v3` with pytorch-fid's changes: averages leave out the padding, and the
//! last block takes a maximum where the one before takes an average. Both repeat what the original
//! TensorFlow graph does.

/// One step from a map of features to the next.
pub(super) enum Step {
    /// A convolution without bias, batch normalisation, ReLU.
    Unit(Unit),
    /// The maximum over 3×3.
    MaxPool {
        /// Rows and columns from one window to the next.
        stride: usize,
        /// Rows and columns around the map.
        padding: usize,
    },
    /// The mean over 3×3 with a stride of 1, of what lies inside the map.
    MeanPool,
    /// Branches on the same input, joined along the channels. The name is a prefix of the names
    /// within; a fork inside a branch has none.
    Branches(&'static str, Vec<Vec<Step>>),
}

/// Sizes of one convolution.
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) outputs: usize,
    pub(super) kernel: [usize; 2],
    pub(super) stride: usize,
    pub(super) padding: [usize; 2],
}

/// Channels of the input.
pub(super) const CHANNELS: usize = 3;
const POINT: [usize; 2] = [1, 1];
const SQUARE: [usize; 2] = [3, 3];
/// The maximum that halves height and width.
const HALVE: Step = Step::MaxPool { stride: 2, padding: 0 };

/// Keeps height and width.
fn same(name: &'static str, outputs: usize, kernel: [usize; 2]) -> Step {
    let padding = kernel.map(|size| size / 2);
    Step::Unit(Unit { name, outputs, kernel, stride: 1, padding })
}

/// 3×3 without padding.
fn valid(name: &'static str, outputs: usize, stride: usize) -> Step {
    Step::Unit(Unit { name, outputs, kernel: SQUARE, stride, padding: [0, 0] })
}

/// The whole network, `[B, 3, 299, 299]` to `[B, 2048, 8, 8]`.
pub(super) fn network() -> Vec<Step> {
    vec![
        valid("Conv2d_1a_3x3", 32, 2),
        valid("Conv2d_2a_3x3", 32, 1),
        same("Conv2d_2b_3x3", 64, SQUARE),
        HALVE,
        same("Conv2d_3b_1x1", 80, POINT),
        valid("Conv2d_4a_3x3", 192, 1),
        HALVE,
        block_a("Mixed_5b", 32),
        block_a("Mixed_5c", 64),
        block_a("Mixed_5d", 64),
        block_b("Mixed_6a"),
        block_c("Mixed_6b", 128),
        block_c("Mixed_6c", 160),
        block_c("Mixed_6d", 160),
        block_c("Mixed_6e", 192),
        block_d("Mixed_7a"),
        block_e("Mixed_7b", Step::MeanPool),
        block_e("Mixed_7c", Step::MaxPool { stride: 1, padding: 1 }),
    ]
}

fn block_a(name: &'static str, pooled: usize) -> Step {
    let branches = vec![
        vec![same("branch1x1", 64, POINT)],
        vec![same("branch5x5_1", 48, POINT), same("branch5x5_2", 64, [5, 5])],
        vec![
            same("branch3x3dbl_1", 64, POINT),
            same("branch3x3dbl_2", 96, SQUARE),
            same("branch3x3dbl_3", 96, SQUARE),
        ],
        vec![Step::MeanPool, same("branch_pool", pooled, POINT)],
    ];
    Step::Branches(name, branches)
}

fn block_b(name: &'static str) -> Step {
    let branches = vec![
        vec![valid("branch3x3", 384, 2)],
        vec![
            same("branch3x3dbl_1", 64, POINT),
            same("branch3x3dbl_2", 96, SQUARE),
            valid("branch3x3dbl_3", 96, 2),
        ],
        vec![HALVE],
    ];
    Step::Branches(name, branches)
}

fn block_c(name: &'static str, inner: usize) -> Step {
    let (wide, tall) = ([1, 7], [7, 1]);
    let branches = vec![
        vec![same("branch1x1", 192, POINT)],
        vec![
            same("branch7x7_1", inner, POINT),
            same("branch7x7_2", inner, wide),
            same("branch7x7_3", 192, tall),
        ],
        vec![
            same("branch7x7dbl_1", inner, POINT),
            same("branch7x7dbl_2", inner, tall),
            same("branch7x7dbl_3", inner, wide),
            same("branch7x7dbl_4", inner, tall),
            same("branch7x7dbl_5", 192, wide),
        ],
        vec![Step::MeanPool, same("branch_pool", 192, POINT)],
    ];
    Step::Branches(name, branches)
}

fn block_d(name: &'static str) -> Step {
    let branches = vec![
        vec![same("branch3x3_1", 192, POINT), valid("branch3x3_2", 320, 2)],
        vec![
            same("branch7x7x3_1", 192, POINT),
            same("branch7x7x3_2", 192, [1, 7]),
            same("branch7x7x3_3", 192, [7, 1]),
            valid("branch7x7x3_4", 192, 2),
        ],
        vec![HALVE],
    ];
    Step::Branches(name, branches)
}

fn block_e(name: &'static str, pool: Step) -> Step {
    let fork = |wide, tall| {
        let branches = vec![vec![same(wide, 384, [1, 3])], vec![same(tall, 384, [3, 1])]];
        Step::Branches("", branches)
    };
    let branches = vec![
        vec![same("branch1x1", 320, POINT)],
        vec![same("branch3x3_1", 384, POINT), fork("branch3x3_2a", "branch3x3_2b")],
        vec![
            same("branch3x3dbl_1", 448, POINT),
            same("branch3x3dbl_2", 384, SQUARE),
            fork("branch3x3dbl_3a", "branch3x3dbl_3b"),
        ],
        vec![pool, same("branch_pool", 192, POINT)],
    ];
    Step::Branches(name, branches)
}
