//! Parameters by name. Burn's own parameter ids are random per process, so nothing that is written
//! to disk is keyed by them: a parameter's name is its path in the module tree.

use crate::state::{CheckpointError, Section, StateReader, StateWriter};
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::Tensor,
};
use std::collections::BTreeMap;

/// Tensors of any rank by name, flattened to one dimension.
pub type FlatTensors = BTreeMap<String, Tensor<1>>;

/// What a visit of named float parameters does with each.
trait Visit {
    fn visit<const D: usize>(&mut self, name: String, param: &Param<Tensor<D>>);
}

/// Where a visit stands in the module tree.
#[derive(Default)]
struct Place(Vec<String>);

impl Place {
    /// A variant of an enum is no place of its own: a network's parameters are called the same whichever
    /// enum holds it.
    fn counts(container_type: &str) -> bool {
        !container_type.starts_with("Enum:")
    }

    fn enter(&mut self, name: &str, container_type: &str) {
        if Self::counts(container_type) {
            self.0.push(name.to_owned());
        }
    }

    fn exit(&mut self, container_type: &str) {
        if Self::counts(container_type) {
            self.0.pop();
        }
    }

    fn name(&self) -> String {
        self.0.join(".")
    }
}

struct Visitor<F> {
    path: Place,
    inner: F,
}

impl<F: Visit> ModuleVisitor for Visitor<F> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.name();
        self.inner.visit(name, param);
    }
}

fn visit<M: Module, F: Visit>(module: &M, inner: F) -> F {
    let mut visitor = Visitor { path: Place::default(), inner };
    module.visit(&mut visitor);
    visitor.inner
}

/// One parameter: its name, its shape and its values off the graph, flattened.
#[derive(Clone, Debug)]
pub struct NamedParam {
    /// Path in the module tree, joined by dots.
    pub name: String,
    /// Burn's id, valid in this process only.
    pub id: ParamId,
    /// Shape before flattening.
    pub shape: Vec<usize>,
    /// Values, `[n]`.
    pub value: Tensor<1>,
}

/// The parameters of `module` that lie in a module, or are one, of a name of `parts`, wherever that is.
pub fn params_of<M: Module>(module: &M, parts: &[&str]) -> Vec<String> {
    let lies_there = |name: &String| name.split('.').any(|part| parts.contains(&part));
    named_params(module).into_iter().map(|param| param.name).filter(lies_there).collect()
}

/// All float parameters of a module, in field order.
pub fn named_params<M: Module>(module: &M) -> Vec<NamedParam> {
    struct Collect(Vec<NamedParam>);
    impl Visit for Collect {
        fn visit<const D: usize>(&mut self, name: String, param: &Param<Tensor<D>>) {
            let value = param.val().inner();
            let shape = value.dims().to_vec();
            let n = shape.iter().product::<usize>();
            self.0.push(NamedParam { name, id: param.id, shape, value: value.reshape([n]) });
        }
    }
    visit(module, Collect(Vec::new())).0
}

/// Takes the gradients of a module's float parameters out of `gradients`, each flattened. Parameters
/// that no gradient reached are absent.
pub fn flat_gradients<M: Module>(module: &M, gradients: &mut GradientsParams) -> FlatTensors {
    struct Collect<'a>(&'a mut GradientsParams, FlatTensors);
    impl Visit for Collect<'_> {
        fn visit<const D: usize>(&mut self, name: String, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.0.remove::<D>(param.id) {
                let n = gradient.shape().num_elements();
                self.1.insert(name, gradient.reshape([n]));
            }
        }
    }
    visit(module, Collect(gradients, FlatTensors::new())).1
}

/// What a pass over the named parameters of a module returns for each: the new values, flattened.
pub type UpdateFn<'a> = dyn FnMut(&str, ParamId, Tensor<1>) -> Tensor<1> + 'a;

/// Replaces each float parameter by `update(name, id, flattened value)`. Tracked parameters stay
/// tracked: they become fresh leaves.
pub fn update_params<M: Module>(module: M, update: &mut UpdateFn<'_>) -> M {
    struct Mapper<'a, 'b> {
        path: Place,
        update: &'a mut UpdateFn<'b>,
    }
    impl ModuleMapper for Mapper<'_, '_> {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            self.path.enter(name, container_type);
        }

        fn exit_module(&mut self, _name: &str, container_type: &str) {
            self.path.exit(container_type);
        }

        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, value, mapper) = param.consume();
            let dims = value.dims();
            let tracked = value.is_require_grad();
            let autodiff = value.is_autodiff();
            let flat = value.inner().reshape([dims.iter().product::<usize>()]);
            let value = (self.update)(&self.path.name(), id, flat).reshape(dims);
            let value = if autodiff { value.autodiff() } else { value };
            let value = if tracked { value.require_grad() } else { value };
            Param::from_mapped_value(id, value, mapper)
        }
    }
    module.map(&mut Mapper { path: Place::default(), update })
}

/// Writes a module's float parameters under `prefix`.
pub fn write_params<M: Module>(module: &M, section: Section, prefix: &str, out: &mut StateWriter) {
    for NamedParam { name, shape, value, .. } in named_params(module) {
        out.tensor(section, format!("{prefix}.{name}"), shape, value);
    }
}

/// The module with the parameters that [`write_params`] wrote under `prefix`.
///
/// # Errors
/// Names the entry that is missing or has another size.
pub fn restore_params<M: Module>(
    module: M,
    section: Section,
    prefix: &str,
    from: &mut StateReader,
) -> Result<M, CheckpointError> {
    with_params(module, |name, like| from.tensor(section, &format!("{prefix}.{name}"), like))
}

/// The module with what a run is judged by of its network `prefix`, which has all of these parameters.
///
/// # Errors
/// Names the entry that is missing or has another size.
pub fn adopt_params<M: Module>(
    module: M,
    prefix: &str,
    from: &mut StateReader,
) -> Result<M, CheckpointError> {
    with_params(module, |name, like| from.judged(prefix, name, like))
}

/// The module with what a run is judged by of its network `prefix` in the parameters for which `theirs` says what they are called
/// there; the others stay as they are.
///
/// # Errors
/// Names the entry that is missing or has another size.
pub fn adopt_renamed<M: Module>(
    module: M,
    prefix: &str,
    theirs: impl Fn(&str) -> Option<String>,
    from: &mut StateReader,
) -> Result<M, CheckpointError> {
    with_params(module, |name, like| match theirs(name) {
        Some(theirs) => from.judged(prefix, &theirs, like),
        None => Ok(like.clone()),
    })
}

/// The module with what `read` gives for each name, as many values as the parameter has.
fn with_params<M: Module>(
    module: M,
    mut read: impl FnMut(&str, &Tensor<1>) -> Result<Tensor<1>, CheckpointError>,
) -> Result<M, CheckpointError> {
    let mut fault = None;
    let module = update_params(module, &mut |name, _, value| {
        read(name, &value).unwrap_or_else(|error| {
            fault.get_or_insert(error);
            value
        })
    });
    fault.map_or(Ok(module), Err)
}

/// Takes the float parameters whose name `is_frozen` off the graph: no gradient is computed for them.
pub fn freeze_params<M: Module>(module: M, is_frozen: &dyn Fn(&str) -> bool) -> M {
    struct Mapper<'a> {
        path: Place,
        is_frozen: &'a dyn Fn(&str) -> bool,
    }
    impl ModuleMapper for Mapper<'_> {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            self.path.enter(name, container_type);
        }

        fn exit_module(&mut self, _name: &str, container_type: &str) {
            self.path.exit(container_type);
        }

        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let frozen = (self.is_frozen)(&self.path.name());
            if frozen { param.set_require_grad(false) } else { param }
        }
    }
    module.map(&mut Mapper { path: Place::default(), is_frozen })
}
