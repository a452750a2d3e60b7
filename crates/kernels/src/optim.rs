//! Parameter updates in one pass, in place where nobody else holds the buffer.
//!
//! burn's Adam makes about ten tensors per parameter and step. A buffer that is shared (say with a
//! snapshot) is copied first, so the others never see the update.

use burn::{
    backend::{Backend, Flex, backend_extension, flex::FlexTensor, tensor::FloatTensor},
    tensor::Tensor,
};
use rayon::prelude::*;

use crate::{
    AdamStep,
    flex::{TASK, dense, floats},
    simd::multiversion,
};

/// Below this many elements, waking other threads costs more than they save.
const PARALLEL: usize = 64 * 1024;

/// Whether `x` is on a device without gradients. Updates in place are for such tensors alone.
pub(crate) fn is_plain<const D: usize>(x: &Tensor<D>) -> bool {
    !x.device().is_autodiff()
}

/// The constants of one Adam step, rounded once.
#[derive(Clone, Copy)]
struct Constants {
    scale: f32,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    /// Learning rate over the first moment's bias correction.
    rate: f32,
    /// Reciprocal of the second moment's bias correction.
    correction2: f32,
    epsilon: f32,
}

impl Constants {
    fn new(at: AdamStep, scale: f32) -> Self {
        let AdamStep { learning_rate, beta1, beta2, epsilon, step } = at;
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            scale,
            beta1: beta1 as f32,
            rest1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            rest2: (1.0 - beta2) as f32,
            rate: (learning_rate / correction(beta1)) as f32,
            correction2: (1.0 / correction(beta2)) as f32,
            epsilon: epsilon as f32,
        }
    }
}

multiversion! {
    fn adam(
        value: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient: &[f32],
        c: Constants,
    ) {
        let state = value.iter_mut().zip(first).zip(second);
        for (((value, first), second), gradient) in state.zip(gradient) {
            let g = gradient * c.scale;
            *first = *first * c.beta1 + g * c.rest1;
            *second = *second * c.beta2 + g * g * c.rest2;
            *value -= c.rate * *first / ((*second * c.correction2).sqrt() + c.epsilon);
        }
    }
}

multiversion! {
    fn mix(average: &mut [f32], value: &[f32], weight: f32) {
        for (average, value) in average.iter_mut().zip(value) {
            *average += weight * (value - *average);
        }
    }
}

/// A tensor whose buffer holds exactly its elements in order, ready for [`FlexTensor::storage_mut`]
/// (which copies a buffer that somebody else holds too).
fn owned(x: FlexTensor) -> FlexTensor {
    let copy = x.to_contiguous();
    drop(x);
    copy
}

fn update(
    slot: [FlexTensor; 3],
    gradient: FlexTensor,
    scale: f32,
    at: AdamStep,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let [mut value, mut first, mut second] = slot.map(owned);
    let gradient = dense(gradient);
    let constants = Constants::new(at, scale);
    let g = floats(&gradient);
    let (v, m, s) = (value.storage_mut(), first.storage_mut(), second.storage_mut());
    let len = g.len();
    let same = [v.len(), m.len(), s.len()] == [len; 3];
    assert!(same, "adam_update: parameter, moments and gradient differ in size");
    if len < PARALLEL {
        adam(v, m, s, g, constants);
    } else {
        v.par_chunks_mut(TASK)
            .zip(m.par_chunks_mut(TASK))
            .zip(s.par_chunks_mut(TASK))
            .zip(g.par_chunks(TASK))
            .for_each(|(((v, m), s), g)| adam(v, m, s, g, constants));
    }
    (value, first, second)
}

/// The updates, of plain f32 tensors: nothing differentiates through an optimizer.
#[backend_extension(Flex)]
pub(crate) trait OptimOps: Backend {
    /// See [`crate::adam_update`].
    fn genlab_adam(
        value: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        at: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The same with a factor on the gradient.
    fn genlab_adam_scaled(
        value: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        at: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// See [`crate::lerp`].
    fn genlab_lerp(
        average: FloatTensor<Self>,
        value: FloatTensor<Self>,
        weight: f32,
    ) -> FloatTensor<Self>;
}

impl OptimOps for Flex {
    fn genlab_adam(
        value: FlexTensor,
        first: FlexTensor,
        second: FlexTensor,
        gradient: FlexTensor,
        at: AdamStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        update([value, first, second], gradient, 1.0, at)
    }

    fn genlab_adam_scaled(
        value: FlexTensor,
        first: FlexTensor,
        second: FlexTensor,
        gradient: FlexTensor,
        scale: FlexTensor,
        at: AdamStep,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let scale = dense(scale);
        update([value, first, second], gradient, floats(&scale)[0], at)
    }

    fn genlab_lerp(average: FlexTensor, value: FlexTensor, weight: f32) -> FlexTensor {
        let mut average = owned(average);
        let value = dense(value);
        let (target, source) = (average.storage_mut::<f32>(), floats(&value));
        assert_eq!(target.len(), source.len(), "lerp: sizes of average and value");
        if target.len() < PARALLEL {
            mix(target, source, weight);
        } else {
            target
                .par_chunks_mut(TASK)
                .zip(source.par_chunks(TASK))
                .for_each(|(target, source)| mix(target, source, weight));
        }
        average
    }
}
