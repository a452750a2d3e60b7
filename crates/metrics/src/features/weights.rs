//! Weights of published networks: too large to ship, so the user names a safetensors file and pins
//! it by its SHA-256. `judges/convert.py` makes such files.

#[cfg(test)]
pub(crate) mod testing;

use burn::{
    module::Param,
    tensor::{Device, Tensor, TensorData},
};
use genlab_core::{
    digest::sha256,
    files,
    nn::{Conv2d, Conv2dConfig},
};
use safetensors::{SafeTensors, tensor::Dtype};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Bytes of a file at most: Inception has 90 MB.
const MOST_BYTES: u64 = 1 << 30;

/// A safetensors file and the one content it may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PinnedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("cannot read the weights {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// No SHA-256 is given.
    #[error(
        "the weights {} are not pinned; if you trust the file, say so by its SHA-256, {found}",
        path.display()
    )]
    NotPinned {
        /// The file.
        path: PathBuf,
        /// SHA-256 of its bytes.
        found: String,
    },
    /// The file holds something else.
    #[error(
        "the weights {} have SHA-256 {found}, not {expected}: take the pinned file, or pin this one",
        path.display()
    )]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// SHA-256 of its bytes.
        found: String,
        /// SHA-256 that was asked for.
        expected: String,
    },
    /// The file is not a safetensors file.
    #[error(
        "the weights file {} is not a safetensors file ({cause}); make one with \
         crates/metrics/judges/convert.py", path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What safetensors says.
        cause: safetensors::SafeTensorError,
    },
    /// A tensor is missing or has another shape.
    #[error(
        "the weights {} have no f32 tensor {tensor} of shape {shape:?}: they belong to another \
         network; make the file with crates/metrics/judges/convert.py", path.display()
    )]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape that the network needs.
        shape: Vec<usize>,
    },
}

/// Tensors by name.
pub(crate) trait Weights {
    /// The values of tensor `name`, which must have this shape, in row-major order.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError>;
}

impl PinnedFile {
    /// Hands the file's tensors to `build`, after a check of its SHA-256.
    pub(crate) fn load<T>(
        &self,
        build: impl FnOnce(&dyn Weights) -> Result<T, WeightsError>,
    ) -> Result<T, WeightsError> {
        let path = || self.path.clone();
        let bytes = files::read(&self.path, MOST_BYTES)
            .map_err(|cause| WeightsError::Unreadable { path: path(), cause })?;
        let found = sha256(&bytes);
        if self.sha256.is_empty() {
            return Err(WeightsError::NotPinned { path: path(), found });
        }
        if !found.eq_ignore_ascii_case(&self.sha256) {
            let expected = self.sha256.clone();
            return Err(WeightsError::OtherFile { path: path(), found, expected });
        }
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|cause| WeightsError::Format { path: path(), cause })?;
        build(&OpenFile { path: &self.path, tensors })
    }
}

/// A convolution with these weights, in row-major order.
pub(crate) fn filled(
    config: Conv2dConfig,
    weight: Vec<f32>,
    bias: Vec<f32>,
    device: &Device,
) -> Conv2d {
    let mut convolution = config.init_zeros(device);
    let shape = convolution.weight.dims();
    let weight = Tensor::from_data(TensorData::new(weight, shape), device);
    convolution.weight = Param::from_tensor(weight);
    convolution.bias = Param::from_tensor(Tensor::from_data(bias.as_slice(), device));
    convolution
}

struct OpenFile<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl Weights for OpenFile<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        match self.tensors.tensor(name) {
            Ok(tensor) if tensor.dtype() == Dtype::F32 && tensor.shape() == shape => {
                let values = tensor.data().as_chunks::<4>().0;
                Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }
            _ => Err(WeightsError::Tensor {
                path: self.path.to_owned(),
                tensor: name.to_owned(),
                shape: shape.to_vec(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;
    use std::fs;

    /// A file with tensor `x` of shape [2], in a folder of its own.
    fn example(name: &str) -> PinnedFile {
        let folder = std::env::temp_dir().join(format!("genlab-weights-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let values: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F32, vec![2], &values).unwrap();
        let bytes = safetensors::serialize([("x", view)], None).unwrap();
        let path = folder.join(name);
        fs::write(&path, &bytes).unwrap();
        PinnedFile { path, sha256: sha256(&bytes) }
    }

    fn refusal(file: &PinnedFile, tensor: &str, shape: &[usize]) -> String {
        file.load(|weights| weights.tensor(tensor, shape)).unwrap_err().to_string()
    }

    #[test]
    fn the_pinned_file_gives_its_tensors_and_no_others() {
        let file = example("good");
        assert_eq!(file.load(|weights| weights.tensor("x", &[2])).unwrap(), [1.5, -2.0]);
        assert!(refusal(&file, "y", &[2]).contains("have no f32 tensor y of shape [2]"));
        assert!(refusal(&file, "x", &[3]).contains("have no f32 tensor x of shape [3]"));
        let shouted = PinnedFile { sha256: file.sha256.to_uppercase(), ..file };
        assert!(shouted.load(|weights| weights.tensor("x", &[2])).is_ok());
    }

    #[test]
    fn every_other_file_is_refused_with_what_to_do() {
        let file = example("bad");
        let found = file.sha256.clone();
        let loose = PinnedFile { sha256: String::new(), ..file.clone() };
        assert!(refusal(&loose, "x", &[2]).ends_with(&format!("by its SHA-256, {found}")));
        let other = PinnedFile { sha256: "ab".into(), ..file.clone() };
        assert!(refusal(&other, "x", &[2]).contains(&format!("have SHA-256 {found}, not ab")));
        let absent = PinnedFile { path: file.path.with_extension("absent"), ..file.clone() };
        assert!(refusal(&absent, "x", &[2]).starts_with("cannot read the weights"));
        fs::write(&file.path, b"rubbish").unwrap();
        let rubbish = PinnedFile { sha256: sha256(b"rubbish"), ..file };
        assert!(refusal(&rubbish, "x", &[2]).contains("is not a safetensors file"));
    }
}
