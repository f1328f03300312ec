"""The layer: what holds weights, and computes with them."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import constraints, dtype_policies, initializers, masks, ops, regularizers, tree
from ..backend import Backend, current, load, using
from ..dtypes import is_float
from ..errors import ArgumentError, StateError
from ..interpreters import home_of
from ..ops.gradient import remat
from ..random import SeedGenerator
from ..registry import serialize_keras_object
from ..scopes import remat_scope, stateless_scope
from ..spec import Spec, show_shape
from ..state import Stateful, Variable, autocast, bind, name_scope
from ..symbolic import spec_of
from .calling import CONTEXT, Context, Signature, at_home, describe, has_spec, map_shapes, outermost, shape_of
from .input_spec import check_inputs
from .operation import Operation, inherits_config
from .parts import parts_of


class Revision:
    """Counts the changes after which a model may have other weights to train than before."""

    number = 0

    def advance(self) -> None:
        """Note a change."""
        self.number += 1


REVISION = Revision()


class Layer(Operation, Stateful):
    """Weights, and what is computed with them. Every layer and model is one.

    A subclass says in `__init__` what it is, makes its weights in `build(input_shape)` with `add_weight`, and computes
    in `call(inputs)`.

    Args:
        activity_regularizer: A regularizer whose loss on the outputs is added to those of the model.
        trainable: Whether training changes the weights.
        dtype: The dtype of weights and computation, or a DTypePolicy; None for the policy that is set globally.
        autocast: Whether inputs of floats are cast to the dtype of the computation.
        name: A name; None for one that is made up.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.scale
    >>> Scale()(np.ones((1, 2), "float32"))
    array([[1., 1.]], dtype=float32)
    """

    _signature: Signature
    _building = False
    _home: Backend | None = None
    _is_settled = False

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name)
        input_shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            input_shape = (kwargs.pop("input_dim"),)
        if kwargs:
            raise ArgumentError.unknown(type(self), kwargs)
        if input_shape is not None:
            self._input_shape_argument = tuple(input_shape)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype_policy = dtype_policies.get(dtype)
        self.autocast = autocast
        self.supports_masking = False
        self.supports_jit = True
        self.input_spec: Any = None
        self.built = False
        self._trainable = trainable
        self._own_weights: list[Variable] = []
        self._own_losses: list[Any] = []
        self._with_losses = _Losses()
        self._build_shapes: dict[str, Any] | None = None
        self._remat: Any = remat_scope()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _building(cls.build)
        if "call" in vars(cls):
            cls._signature = Signature(cls.call)

    # Weights -----------------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights, for inputs of this shape. Layers without weights need no method of their own."""

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        is_kernel: bool = False,
    ) -> Variable:
        """Make a weight, which the layer keeps.

        Args:
            shape: Its shape; () by default.
            initializer: What gives its first value; by default Glorot's for floats, zeros for others.
            dtype: Its dtype; None for that of the layer's weights.
            trainable: Whether training changes it along its gradient.
            autocast: Whether it is read in the dtype of the computation.
            regularizer: A regularizer whose loss on it is added to those of the model.
            constraint: A function applied to its value after each step of an optimizer.
            aggregation: How the copies of several devices become one.
            overwrite_with_gradient: Whether its gradient is its next value.
            name: A name.
            is_kernel: Whether it is the kernel of a convolution, which backends may keep in the order in memory in
                which they read it.

        Returns:
            The variable.
        """
        self._check_initialized()
        dtype = self.variable_dtype if dtype is None else dtype
        if initializer is None:
            initializer = "glorot_uniform" if is_float(str(dtype)) else "zeros"
        variable = Variable(
            initializers.get(initializer),
            shape=() if shape is None else shape,
            dtype=dtype,
            trainable=trainable,
            autocast=autocast,
            aggregation=aggregation,
            name=name,
            is_kernel=is_kernel,
        )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._own_weights.append(variable)
        REVISION.advance()
        return variable

    add_variable = add_weight

    def _check_initialized(self) -> None:
        if "_own_weights" not in vars(self):
            raise StateError(
                f"{type(self).__name__}: its __init__ has to call super().__init__() before anything else is done."
            )

    def _parts(self) -> list[Any]:
        self._check_initialized()
        return parts_of(self)

    def sublayers(self) -> list[Layer]:
        """The layers in the attributes of this one."""
        return [part for part in self._parts() if isinstance(part, Layer)]

    def all_layers(self) -> list[Layer]:
        """This layer and all layers within it, each once, those outside first."""
        found: dict[int, Layer] = {}

        def visit(layer: Layer) -> None:
            if id(layer) not in found:
                found[id(layer)] = layer
                for part in layer.sublayers():
                    visit(part)

        visit(self)
        return list(found.values())

    def _own_variables(self) -> list[Variable]:
        """The variables of the layer itself, those first that were made trainable."""
        own = [part for part in self._parts() if isinstance(part, Variable)]
        return [*(v for v in own if v.made_trainable), *(v for v in own if not v.made_trainable)]

    @property
    def variables(self) -> list[Variable]:
        """All variables: weights, and the states of generators of seeds and of metrics."""
        return _once(variable for layer in self.all_layers() for variable in layer._with_states())

    def _with_states(self) -> Iterable[Variable]:
        yield from self._own_variables()
        for part in self._parts():
            if isinstance(part, SeedGenerator):
                yield part.state
            elif isinstance(part, Stateful) and not isinstance(part, Layer):
                yield from part.variables  # type: ignore[attr-defined]

    @property
    def weights(self) -> list[Variable]:
        """The variables without the states of generators of seeds and of metrics."""
        return _once(variable for layer in self.all_layers() for variable in layer._own_variables())

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes along their gradients."""
        return _once(self._trainable_within(set()))

    def _trainable_within(self, seen: set[int]) -> Iterable[Variable]:
        if id(self) in seen or not self.trainable:
            return
        seen.add(id(self))
        yield from (variable for variable in self._own_variables() if variable.trainable)
        for layer in self.sublayers():
            yield from layer._trainable_within(seen)

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The other variables."""
        trainable = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.variables if id(variable) not in trainable]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes along their gradients."""
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The other weights."""
        trainable = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.weights if id(variable) not in trainable]

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights. Setting it sets it for the layers within, too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        REVISION.advance()
        for layer in self.sublayers():
            layer.trainable = value

    @property
    def metrics(self) -> list[Any]:
        """The metrics in the attributes of this layer and of those within it."""
        parts = dict.fromkeys(part for layer in self.all_layers() for part in layer._parts())
        return [p for p in parts if isinstance(p, Stateful) and not isinstance(p, (Layer, SeedGenerator))]

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of the metrics."""
        return _once(variable for metric in self.metrics for variable in metric.variables)

    def get_weights(self) -> list[np.ndarray]:
        """The values of the weights, in order."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the values of the weights, in order."""
        own = self.weights
        if len(weights) != len(own):
            wanted, mend = "none, as it has no weights yet", " Call it, or build it with the shape of its inputs."
            if self.built and not own:
                wanted, mend = "none, as it has no weights", ""
            elif own:
                wanted, mend = f"{len(own)} weights, {', '.join(v.path for v in own)}", ""
            raise ArgumentError(f"{self.name}: expected {wanted}; got {len(weights)}.{mend}")
        for variable, value in zip(own, weights, strict=True):
            if spec_of(value).shape != variable.shape:
                raise ArgumentError(
                    f"{self.name}: expected a value of shape {show_shape(variable.shape)} for weight {variable.path}; "
                    f"got {show_shape(spec_of(value).shape)}. Nothing was changed."
                )
        for variable, value in zip(own, weights, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """How many numbers the weights are."""
        if not self.built:
            raise StateError(f"{self.name}: it has no weights yet. Call it, or build it with the shape of its inputs.")
        return sum(weight.size for weight in self.weights)

    # Dtypes ------------------------------------------------------------------------------------------------

    @property
    def dtype_policy(self) -> Any:
        """The dtypes of weights and of the computation."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        self._dtype_policy = policy = dtype_policies.get(policy)
        if isinstance(policy, dtype_policies.DTypePolicyMap):
            policy = policy[self.path]
        self.compute_dtype: str = policy.compute_dtype
        self.variable_dtype: str = policy.variable_dtype
        self._reads_as = self.compute_dtype if self.compute_dtype != self.variable_dtype else None

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.variable_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype to which inputs of floats are cast."""
        return self.compute_dtype

    @property
    def path(self) -> str:
        """The names of the layers around this one and its own, as far as it has been built."""
        own = self._own_weights if "_own_weights" in vars(self) else []
        return own[0].path.rpartition("/")[0] if own else self.name

    # Calls -------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        context = CONTEXT.get()
        if context is not None:
            return self._call_within(context, args, kwargs)
        self._check_initialized()
        self._with_losses.forget()
        with using(self._home or home_of((args, kwargs))), outermost(self) as context:
            self._with_losses.layers = context.with_losses
            run = self._call_on_specs if has_spec((args, kwargs)) else self._call_within
            outputs = run(context, args, kwargs)
        if not self._is_settled:
            self._settle()
        return outputs

    def _settle(self) -> None:
        """Remember the backend on which the weights are."""
        self._home = next((variable.home for variable in self.variables), None)
        self._is_settled = self.built

    def _call_on_specs(self, context: Context, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call on Specs: nothing that is assigned meanwhile lasts."""
        with bind([], []):
            outputs = self._call_within(context, args, kwargs)
        _forget_specs_of_losses(context)
        produced = self.as_node(outputs, args, kwargs)
        for before, after in zip(tree.flatten(outputs), tree.flatten(produced), strict=True):
            if isinstance(before, Spec):
                masks.set_mask(after, masks.mask_of(before))
        return produced

    def _call_within(self, context: Context, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        training, cast = context.training, context.autocast
        if self._own_losses and context.keeps_losses and self not in context.with_losses:
            self._own_losses.clear()  # of another outermost call
        context.stack.append(self)
        try:
            signature = self._signature
            kwargs = self._with_training(context, signature, args, kwargs)
            inputs = args[0] if args else next(iter(kwargs.values()), None)
            incoming = tree.map_structure(masks.mask_of, inputs) if masks.exist() else None
            if signature.takes_masks:
                if masks.exist():
                    kwargs = _with_masks(signature, args, kwargs)
                if kwargs.get("mask") is not None:  # one that is given counts more than one that the inputs carry
                    incoming = kwargs["mask"]
            dtype = self.compute_dtype if self.autocast else None
            args = tuple([at_home(x, dtype) for x in args])
            kwargs = {key: at_home(x, dtype) for key, x in kwargs.items()} if kwargs else kwargs
            if not self.built:
                if self.input_spec is not None:
                    check_inputs(self.input_spec, args[0] if args else inputs, self)
                self._build_for(context, args, kwargs)
            if self.input_spec is not None:
                check_inputs(self.input_spec, args[0] if args else inputs, self)
            if self._reads_as == cast:
                outputs = self._outputs(args, kwargs)
            else:
                context.autocast = self._reads_as
                with autocast(self._reads_as):
                    outputs = self._outputs(args, kwargs)
            if self.activity_regularizer is not None:
                for output in tree.flatten(outputs):
                    self._add_activity(output)
            if incoming is not None:
                self._pass_masks_on(inputs, incoming, outputs)
            elif self._makes_masks:
                self._set_masks(inputs, None, outputs)
            return outputs
        except Exception as error:
            _add_note(error, self, args, kwargs)
            raise
        finally:
            context.stack.pop()
            context.training, context.autocast = training, cast

    def _add_activity(self, output: Any) -> None:
        """Add the loss on an output, for each sample of the batch."""
        loss = self.activity_regularizer(output)
        shape = ops.shape(output)
        self.add_loss(ops.divide(loss, shape[0]) if shape else loss)

    def _with_training(
        self, context: Context, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """The arguments by name, with the mode of training that holds for this call and those within it."""
        position = signature.training_position
        if position is not None and len(args) > position:
            context.training = args[position]
            return kwargs
        training = kwargs.get("training")
        if training is None:
            training = context.training
        if training is None:
            training = signature.default_training
            training = None if training is inspect.Parameter.empty else training
        context.training = training
        if signature.takes_training:
            return {**kwargs, "training": training}
        if "training" in kwargs and not signature.takes_any:
            kwargs = {key: value for key, value in kwargs.items() if key != "training"}
        return kwargs

    def _outputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if has_spec((args, kwargs)):
            return self.compute_output_spec(*args, **kwargs)
        if self._remat is not None and self._recomputes(args, kwargs):
            return self.rematerialized_call(self.call)(*args, **kwargs)
        return self.call(*args, **kwargs)

    def _recomputes(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the scope in which the layer was made has it compute intermediate results again for the gradient."""
        size = None
        if self._remat.mode == "larger_than":
            given = tree.map_structure(lambda x: spec_of(x) if hasattr(x, "shape") else x, (args, kwargs))
            with bind([], []):
                size = sum(spec.size for spec in tree.flatten(self.compute_output_spec(*given[0], **given[1])))
        return self._remat.recomputes(self.name, size)

    def _build_for(self, context: Context, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Build for the shapes of arguments."""
        named = self._signature.named(args, kwargs)
        shapes = {name: shape_of(x) for name, x in named.items() if _holds_arrays(x)}
        wanted = build_parameters(type(self))
        if len(wanted) > 1 and set(wanted) <= {f"{name}_shape" for name in shapes}:
            given = {name: shapes[name.removesuffix("_shape")] for name in wanted}
        elif len(wanted) > 1 or not shapes:
            given = {name: shapes[f"{name}".removesuffix("_shape")] for name in wanted if name[:-6] in shapes}
        else:
            given = {wanted[0]: next(iter(shapes.values()))}
        outside = "/".join(layer.name for layer in context.stack[:-1])
        if outside:
            with name_scope(outside):
                self.build(**given)
        else:
            self.build(**given)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The Specs of the outputs for Specs as inputs."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            shapes = self.compute_output_shape(*map(shape_of, args[:1]))
            return map_shapes(lambda shape: Spec(shape, self.compute_dtype), shapes)
        return self.call(*args, **kwargs)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes of the outputs for shapes of the inputs. A layer that has not been built is built for them."""

        def as_spec(shapes: Any) -> Any:
            return map_shapes(lambda shape: Spec(shape, self.compute_dtype), shapes)

        given = {name.removesuffix("_shape"): as_spec(shapes) for name, shapes in kwargs.items()}
        return shape_of(self.on_specs(*map(as_spec, args), **given))

    def on_specs(self, *args: Any, **kwargs: Any) -> Any:
        """The Specs of the outputs for Specs of the inputs, without a trace of it in a graph."""
        with using(self._home or current()), bind([], []), outermost(self, keeps_losses=False) as context:
            return self._call_within(context, args, kwargs)

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Call as a pure function: with values for the variables, and their new values as a second result.

        Args:
            trainable_variables: A value for each of the trainable variables.
            non_trainable_variables: A value for each of the others.
            *args: The arguments of the call.
            return_losses: Whether the losses are a third result.
            **kwargs: The arguments of the call by name.

        Returns:
            The outputs, the values of the variables that are not trainable after the call, and perhaps the losses.
        """
        trainable, others = self.trainable_variables, self.non_trainable_variables
        with bind([*trainable, *others], [*trainable_variables, *non_trainable_variables]) as binding:
            outputs = self(*args, **kwargs)
            values = binding.collect()[len(trainable) :]
            return (outputs, values, self.losses) if return_losses else (outputs, values)

    def _activated(self, x: Any) -> Any:
        """The activation of an array, computed again for the gradient where a scope says so."""
        activation = self.activation  # type: ignore[attr-defined]
        if self._remat is not None and self._remat.recomputes_activations:
            return remat(activation)(x)
        return activation(x)

    def rematerialized_call(self, layer_call: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The call, as a function that computes its intermediate results again for the gradient."""
        return remat(layer_call)

    # Losses ------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a number, or a list of them, to what training makes small. It holds until the next call."""
        losses = [x for x in tree.flatten(loss) if x is not None]
        context = CONTEXT.get()
        if context is None:
            self._with_losses.layers.append(self)
        elif context.keeps_losses:
            context.with_losses.append(self)
        else:
            return
        self._own_losses.extend(losses)
        scope = stateless_scope()
        if scope is not None:
            for one in losses:
                scope.add_loss(one)

    @property
    def losses(self) -> list[Any]:
        """What the last call added, and the losses of the regularizers of weights."""
        added = [loss for layer in self.all_layers() for loss in layer._own_losses]
        return [*added, *(v.regularizer(v) for v in self.trainable_variables if v.regularizer is not None)]

    def forget_losses(self) -> None:
        """Forget what calls of this layer and of those within it added."""
        for layer in self.all_layers():
            layer._own_losses.clear()

    # Masks -------------------------------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the outputs, out of that of the inputs."""
        return previous_mask

    @property
    def _makes_masks(self) -> bool:
        return self.supports_masking and type(self).compute_mask is not Layer.compute_mask

    def _pass_masks_on(self, inputs: Any, incoming: Any, outputs: Any) -> None:
        if self.supports_masking:
            self._set_masks(inputs, incoming, outputs)
        elif any(mask is not None for mask in tree.flatten(incoming)) and not self.sublayers():
            warnings.warn(
                f"{type(self).__name__} {self.name!r}: its inputs have a mask, and it does not support masks: layers "
                "after it will not see one. Set `supports_masking = True` if its outputs have the inputs' mask.",
                stacklevel=2,
            )

    def _set_masks(self, inputs: Any, incoming: Any, outputs: Any) -> None:
        found = tree.flatten(outputs)
        if all(masks.mask_of(x) is not None for x in found if x is not None):
            return
        computed = self.compute_mask(inputs, incoming)
        if computed is None:
            return
        given = tree.flatten(computed)
        for x, mask in zip(found, given if len(given) == len(found) else [], strict=False):
            if mask is not None and x is not None:
                masks.set_mask(x, mask)

    # Configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made."""
        if type(self).get_config is Layer.get_config:
            config = self.config_of_arguments()
            base = {"trainable": self.trainable, "dtype": serialize_keras_object(self.dtype_policy)}
            return {**config, **{key: value for key, value in base.items() if key in config}}
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_keras_object(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes for which the layer was built, or None."""
        shapes = self._build_shapes
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes of `get_build_config`."""
        if self.built or not config:
            return
        if "shapes_dict" in config:
            self.build(**{name: _as_shapes(shapes) for name, shapes in config["shapes_dict"].items()})
        elif "input_shape" in config:
            self.build(_as_shapes(config["input_shape"]))

    def save_own_variables(self, store: Any) -> None:
        """Put the values of the layer's own variables into a store, a mapping from keys to arrays."""
        for number, variable in enumerate(self._own_variables()):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the values of the layer's own variables out of a store."""
        own = self._own_variables()
        if len(store) != len(own):
            names = ", ".join(f"{v.path} {show_shape(v.shape)}" for v in own) or "none"
            raise ArgumentError(
                f"{type(self).__name__} {self.name!r}: it has {len(own)} variables ({names}), and the file has "
                f"{len(store)} for it. Build the layer for the same input shape as the one that was saved."
            )
        for number, variable in enumerate(own):
            variable.assign(store[str(number)])

    def quantize(self, mode: Any, **kwargs: Any) -> None:
        """Compute with fewer bits. No layer can yet."""
        raise NotImplementedError(f"{type(self).__name__} cannot be quantized; got mode={mode!r}.")

    def to_backend(self, name: str | Backend) -> Layer:
        """Take all variables to another backend, where the layer computes from now on."""
        home = name if isinstance(name, Backend) else load(name)
        for variable in self.variables:
            variable.move_to(home)
        self._home, self._is_settled = home, True
        for layer in self.all_layers():
            layer._home = home if layer is self or layer._home is not None else None
        return self


inherits_config(Layer.get_config)


def _forget_specs_of_losses(context: Context) -> None:
    """Have losses that were added in a call on Specs not be among those of the next call on arrays."""
    for layer in context.with_losses:
        layer._own_losses[:] = [loss for loss in layer._own_losses if not isinstance(loss, Spec)]


class _Losses:
    """The layers that added losses in the last call of a layer."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []

    def forget(self) -> None:
        """Forget their losses."""
        for layer in self.layers:
            layer._own_losses.clear()


def _once(variables: Iterable[Variable]) -> list[Variable]:
    return list({id(variable): variable for variable in variables}.values())


def _holds_arrays(x: Any) -> bool:
    leaves = tree.flatten(x)
    return bool(leaves) and all(leaf is None or hasattr(leaf, "shape") for leaf in leaves) and x is not None


def _as_shapes(shapes: Any) -> Any:
    """Shapes as JSON gives them, lists, as tuples."""
    return map_shapes(tuple, shapes)


def _with_masks(signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, with the masks that arrays carry where nobody gave one."""
    named = signature.named(args, kwargs)
    for name, value in list(named.items()):
        place = signature.place_of_mask(name)
        if place is None or named.get(place) is not None:
            continue
        found = tree.map_structure(masks.mask_of, value)
        if any(mask is not None for mask in tree.flatten(found)):
            kwargs = {**kwargs, place: found}
    return kwargs


def _building(original: Callable[..., None]) -> Callable[..., None]:
    """A method `build` that also notes for which shapes, and that it has been done."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def build(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._building:  # of a base class, called by the one of a subclass
            original(self, *args, **kwargs)
            return
        self._check_initialized()
        try:
            bound = signature.bind(self, *args, **kwargs).arguments
        except TypeError as error:
            takes = ", ".join(list(signature.parameters)[1:]) or "no arguments"
            raise ArgumentError(
                f"{type(self).__name__}: expected {takes} to build it; {error}. Call it with all inputs that it takes."
            ) from None
        self._building = True
        token = CONTEXT.set(None)
        try:
            with name_scope(self.name):
                original(self, *args, **kwargs)
        finally:
            CONTEXT.reset(token)
            self._building = False
        self._build_shapes = {name: shape for name, shape in list(bound.items())[1:] if name != "kwargs"} or None
        self.built = True
        for part in self._parts():
            if isinstance(part, SeedGenerator) and part.state.home is not current():  # made before a backend was known
                part.state.move_to(current())

    return build


Layer.build = _building(Layer.build)  # type: ignore[method-assign]
Layer._signature = Signature(Layer.call)


@functools.cache
def build_parameters(cls: type[Layer]) -> list[str]:
    """The names of the shapes that a class builds for."""
    parameters = list(inspect.signature(cls.build).parameters.values())[1:]
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)] or ["input_shape"]


def _add_note(error: Exception, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Say in which layer an error arose, and what that was given."""
    given = ", ".join([*map(describe, args), *(f"{key}={describe(x)}" for key, x in kwargs.items())])
    error.add_note(f"in layer {layer.name!r} ({type(layer).__name__}), called with {given}")
