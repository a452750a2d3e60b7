//! Scaled dot-product attention, and how it enters burn's graph.
//!
//! burn composes the tracked one of products, a softmax of several passes and tensors of all scores.
//! Here a head's scores stay in the cache ([`head`]). Queries, keys and values are read where they
//! are, also from permuted views, and the output and the gradients lie in memory as
//! `[batch, tokens, heads, width]`: joining heads again takes no copy.

mod head;

use burn::backend::{
    Autodiff, Backend, Bytes, DType, Flex,
    autodiff::{
        NodeId,
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    flex::{FlexTensor, Layout},
    tensor::FloatTensor,
};

use self::head::{Normaliser, Rows, Sizes, Target};
use crate::{
    flex::{build, build_each, dense, dims},
    micro::Isa,
};

/// How one call is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The instructions for it.
    pub(crate) isa: Isa,
}

/// Sizes of all heads.
#[derive(Clone, Copy, Debug)]
struct Shape {
    batch: usize,
    heads: usize,
    sizes: Sizes,
}

impl Shape {
    fn of([q, k, v]: [&FlexTensor; 3]) -> Self {
        let [[batch, heads, queries, width], keys, values] = [q, k, v].map(dims);
        let expected = [batch, heads, keys[2], width];
        assert!(
            keys == expected && values == expected,
            "attention: k {keys:?} and v {values:?} beside q {:?}; only the number of tokens may differ",
            [batch, heads, queries, width]
        );
        Self { batch, heads, sizes: Sizes { queries, keys: keys[2], width } }
    }

    /// Whether there is nothing to compute.
    fn is_empty(&self) -> bool {
        let Sizes { queries, keys, width } = self.sizes;
        [self.batch, self.heads, queries, keys, width].contains(&0)
    }

    /// Floats of one image's `tokens`.
    fn image(&self, tokens: usize) -> usize {
        tokens * self.heads * self.sizes.width
    }

    /// Where head `head` of an image in `[tokens, heads, width]` goes; an empty image has none.
    fn target<'a>(&self, image: &'a mut [f32], head: usize) -> Target<'a> {
        let start = (head * self.sizes.width).min(image.len());
        Target { data: &mut image[start..], stride: self.heads * self.sizes.width }
    }

    /// The tensor of values in the order `[batch, tokens, heads, width]`.
    fn tensor(&self, values: Vec<f32>, tokens: usize) -> FlexTensor {
        let Self { batch, heads, sizes: Sizes { width, .. } } = *self;
        let strides = [tokens * heads * width, width, heads * width, 1].map(|s| s as isize);
        let shape = [batch, heads, tokens, width];
        let layout = Layout::new(shape.as_slice().into(), strides.to_vec(), 0);
        FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
    }
}

/// A tensor whose rows can be read in place: the floats of a row lie side by side.
fn readable(x: FlexTensor) -> FlexTensor {
    let strides = x.layout().strides();
    if strides[3] == 1 && strides.iter().all(|stride| *stride >= 0) { x } else { dense(x) }
}

/// One head of a [`readable`] tensor.
fn rows(x: &FlexTensor, image: usize, head: usize) -> Rows<'_> {
    let layout = x.layout();
    let strides = layout.strides();
    let start = layout.start_offset() + image * strides[0] as usize + head * strides[1] as usize;
    Rows { data: &x.storage::<f32>()[start..], stride: strides[2] as usize }
}

impl Plan {
    /// The output, and what normalises every query's scores.
    fn forward(self, inputs: [&FlexTensor; 3]) -> (FlexTensor, Vec<Vec<Normaliser>>) {
        let shape = Shape::of(inputs);
        let queries = shape.sizes.queries;
        let image = shape.image(queries);
        if shape.is_empty() {
            return (shape.tensor(vec![0.0; shape.batch * image], queries), Vec::new());
        }
        let work = |index: usize, out: &mut [f32]| {
            let mut kept = vec![Normaliser::default(); shape.heads * queries];
            for (head, kept) in kept.chunks_exact_mut(queries).enumerate() {
                let inputs = inputs.map(|x| rows(x, index, head));
                head::forward(self.isa, shape.sizes, inputs, shape.target(out, head), kept);
            }
            kept
        };
        let (values, kept) = build(shape.batch * image, image, work);
        (shape.tensor(values, queries), kept)
    }

    /// The gradients of the inputs; those that are not `wanted` are empty.
    fn backward(
        self,
        inputs: [&FlexTensor; 3],
        upstream: &FlexTensor,
        kept: &[Vec<Normaliser>],
        wanted: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let shape = Shape::of(inputs);
        let Sizes { queries, keys, .. } = shape.sizes;
        let tokens = [queries, keys, keys];
        let mut images = tokens.map(|tokens| shape.image(tokens));
        for (image, wanted) in images.iter_mut().zip(wanted) {
            *image *= usize::from(wanted);
        }
        let work = |index: usize, mut targets: [&mut [f32]; 3]| {
            for (head, kept) in kept[index].chunks_exact(queries).enumerate() {
                let [q, k, v] = &mut targets;
                let targets = [shape.target(q, head), shape.target(k, head), shape.target(v, head)];
                let inputs = inputs.map(|x| rows(x, index, head));
                let upstream = rows(upstream, index, head);
                head::backward(self.isa, shape.sizes, inputs, upstream, kept, targets);
            }
        };
        let values = if shape.is_empty() {
            images.map(|image| vec![0.0; shape.batch * image])
        } else {
            build_each(shape.batch, images, work)
        };
        let mut wanted = wanted.into_iter().zip(tokens);
        values.map(|values| {
            let (wanted, tokens) = wanted.next().expect("as many as inputs");
            wanted.then(|| shape.tensor(values, tokens))
        })
    }
}

/// Attention. The tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait AttentionOps: Backend {
    /// See [`crate::attention`].
    fn genlab_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        plan: Plan,
    ) -> FloatTensor<Self>;
}

impl AttentionOps for Flex {
    fn genlab_attention(q: FlexTensor, k: FlexTensor, v: FlexTensor, plan: Plan) -> FlexTensor {
        plan.forward([&readable(q), &readable(k), &readable(v)]).0
    }
}

/// What the backward pass keeps.
#[derive(Clone, Debug)]
struct Saved {
    inputs: [NodeId; 3],
    kept: Vec<Vec<Normaliser>>,
    plan: Plan,
}

#[derive(Debug)]
struct AttentionBackward;

impl Backward<Flex, 3> for AttentionBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let upstream = readable(grads.consume::<Flex>(&ops.node));
        let Saved { inputs, kept, plan } = ops.state;
        let [q, k, v] =
            inputs.map(|id| readable(checkpointer.retrieve_node_output::<FlexTensor>(id)));
        let wanted = [0, 1, 2].map(|i| ops.parents[i].is_some());
        let gradients = plan.backward([&q, &k, &v], &upstream, &kept, wanted);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> AttentionOps for Autodiff<Flex, C> {
    fn genlab_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        plan: Plan,
    ) -> FloatTensor<Self> {
        let nodes = [q.node(), k.node(), v.node()];
        match AttentionBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let inputs = [prep.checkpoint(&q), prep.checkpoint(&k), prep.checkpoint(&v)];
                let [q, k, v] = [q, k, v].map(|t| readable(t.into_primitive()));
                let (out, kept) = plan.forward([&q, &k, &v]);
                prep.finish(Saved { inputs, kept, plan }, out)
            }
            OpsKind::UnTracked(prep) => {
                let [q, k, v] = [q, k, v].map(FloatTensor::<Self>::into_primitive);
                prep.finish(Flex::genlab_attention(q, k, v, plan))
            }
        }
    }
}
