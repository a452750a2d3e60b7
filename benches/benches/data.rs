//! Loading a dataset, gathering batches, and drawing noise.
//!
//! `cargo bench --profile dev --workspace --bench data [-- WORD...]`

use burn::tensor::Device;
use genlab_benches::{harness::case, subject::mnist};
use genlab_core::{Phase, Seed};
use genlab_data::BatchStream;

fn main() {
    genlab_kernels::set_up_process();
    let device = Device::flex();
    case("load mnist-10k", None, mnist);
    let dataset = mnist().expect("mnist-10k is compiled in");
    case("upload", None, || BatchStream::new(&dataset.train, Seed(0), 32, &device));
    for batch in [1, 32, 256] {
        let stream = BatchStream::new(&dataset.train, Seed(0), batch, &device);
        let mut step = 0;
        case(&format!("gather batch {batch}"), Some((batch as f64, "images")), || {
            step += 1;
            stream.batch(step)
        });
    }
    for shape in [[32, 20], [32, 784], [256, 784]] {
        let [rows, width] = shape;
        case(&format!("normal noise {shape:?}"), Some(((rows * width) as f64, "values")), || {
            Seed(0).during(Phase::Train).normal("bench", 0, 0..rows as u64, shape, &device)
        });
    }
}
