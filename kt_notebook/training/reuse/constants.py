"""The numbers of a model that may differ between trials of one graph: dropout rates and the strength of L1 and L2.

How it works: Keras reads them from Python when a step is traced, so that they are constants in the graph. In a template
they are TensorFlow variables instead: each `Slot` stands for one number, in an order that is the same in every model of
one signature. The learning rate and the weights are variables already.

A dropout layer of the template gets a `call` of its own on the instance; a weight with a regularizer gets another one
on the variable, not on its layer, where it would be saved. Both give the same bits as Keras'.
"""

from collections.abc import Iterator
from typing import Any

__all__ = ["SHARED_STRENGTHS", "Constants", "shared_numbers", "shared_rates", "strengths_of"]

# Layers whose rate may differ, regularizers whose strengths may. A rate of 0 or 1 and a strength of 0 are other graphs.
_RATES = frozenset({"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"})
SHARED_STRENGTHS = {"L1": ("l1",), "L2": ("l2",), "L1L2": ("l1", "l2")}

# TensorFlow multiplies constants that follow each other beforehand. So a rate may be a variable only behind a layer
# that does not end in a constant factor, as gelu and another dropout do.
_ACTIVATED = frozenset({
    "Activation", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Dense", "DepthwiseConv1D",
    "DepthwiseConv2D", "EinsumDense", "GRU", "LSTM", "SeparableConv1D", "SeparableConv2D", "SimpleRNN",
})  # fmt: skip
_SAFE_ACTIVATIONS = frozenset({"linear", "relu", "sigmoid", "tanh"})
_SAFE = frozenset({
    "BatchNormalization", "Embedding", "InputLayer", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "ReLU",
})  # fmt: skip
_PASSING = frozenset({"Flatten", "Permute", "Reshape"})


# Any: Keras' models, layers, variables and regularizers, here and below.
def shared_numbers(model: Any) -> list[float]:
    """Return the model's numbers in the order of `Constants`."""
    rates = [float(layer.rate) for layer in _dropouts(model)]
    strengths = [float(getattr(v.regularizer, name)) for v, names in _regularized(model) for name in names]
    return [*rates, *strengths]


class Constants:
    """The numbers of a template as variables.

    Args:
        model: The template, which reads its numbers from these variables from now on.
    """

    def __init__(self, model: Any) -> None:
        self._rates = [_Rate(layer) for layer in _dropouts(model)]
        self._strengths: list[Any] = []
        for variable, names in _regularized(model):
            slots = {name: _number(getattr(variable.regularizer, name)) for name in names}
            variable.regularizer = _SharedRegularizer(slots)
            self._strengths.extend(slots[name] for name in names)

    @property
    def variables(self) -> list[Any]:
        """TensorFlow's variables that hold the numbers."""
        return [*(variable for rate in self._rates for variable in rate.variables), *self._strengths]

    def assign(self, numbers: list[float]) -> None:
        """Set all numbers, as `shared_numbers` gives them."""
        n_rates = len(self._rates)
        for rate, number in zip(self._rates, numbers[:n_rates], strict=True):
            rate.assign(number)
        for strength, number in zip(self._strengths, numbers[n_rates:], strict=True):
            strength.assign(number)


def shared_rates(model: Any) -> frozenset[str]:
    """Return the names of the layers whose rates are among the numbers."""
    return frozenset(layer.name for layer in _dropouts(model))


def _dropouts(model: Any) -> Iterator[Any]:
    for layer in model._flatten_layers(include_self=False):
        # In lower precision the factor is rounded otherwise.
        is_dropout = type(layer).__name__ in _RATES and layer.compute_dtype == "float32"
        if is_dropout and 0.0 < float(layer.rate) < 1.0 and _may_vary(layer):
            yield layer


def _may_vary(layer: Any) -> bool:
    """Return whether nothing before the layer is a constant factor, as far as is known."""
    nodes = layer._inbound_nodes
    return bool(nodes) and all(_is_safe(tensor) for node in nodes for tensor in node.input_tensors)


def _is_safe(tensor: Any) -> bool:
    before: Any = getattr(getattr(tensor, "_keras_history", None), "operation", None)
    kind = type(before).__name__
    if kind in _PASSING:
        return all(_is_safe(passed) for node in before._inbound_nodes for passed in node.input_tensors)
    if kind in _ACTIVATED:
        return getattr(getattr(before, "activation", None), "__name__", "linear") in _SAFE_ACTIVATIONS
    return kind in _SAFE


def strengths_of(variable: Any) -> tuple[str, ...]:
    """Return the names of the strengths of a variable's regularizer that are among the numbers."""
    if variable.dtype != "float32":
        return ()
    known = SHARED_STRENGTHS.get(type(variable.regularizer).__name__, ())
    return tuple(name for name in known if getattr(variable.regularizer, name) != 0)


def _regularized(model: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    for variable in model.trainable_variables:
        names = strengths_of(variable)
        if names:
            yield variable, names


def _number(value: float) -> Any:
    import tensorflow as tf

    return tf.Variable(float(value), trainable=False, dtype=tf.float32)


class _Rate:
    """One dropout layer's rate, and the factor by which it scales what is kept.

    Keras and TensorFlow compute the factor in Python's double precision, so it is a variable of its own.
    """

    def __init__(self, layer: Any) -> None:
        self._rate = _number(layer.rate)
        self._scale = _number(1 / (1 - float(layer.rate)))
        # On the instance; Keras' __setattr__ would track it.
        vars(layer)["call"] = _dropout_call(layer, self._rate, self._scale)

    @property
    def variables(self) -> list[Any]:
        return [self._rate, self._scale]

    def assign(self, rate: float) -> None:
        self._rate.assign(rate)
        self._scale.assign(1 / (1 - rate))


def _dropout_call(layer: Any, rate: Any, scale: Any) -> Any:
    import tensorflow as tf

    def call(inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        seed = layer.seed_generator.next()
        if seed.dtype != tf.int32:  # As Keras: the stateless operations of XLA know no other seeds.
            seed = tf.cast(tf.math.floormod(seed, tf.int32.max - 1), tf.int32)
        drawn = tf.random.stateless_uniform(_noise_shape(layer, inputs), seed=seed, dtype=inputs.dtype)
        kept = tf.where(drawn >= tf.cast(rate, inputs.dtype), inputs * tf.cast(scale, inputs.dtype), 0)
        return tf.ensure_shape(kept, inputs.shape)

    return call


def _noise_shape(layer: Any, inputs: Any) -> Any:
    import tensorflow as tf

    whole = tf.shape(inputs)
    own = layer._get_noise_shape(inputs) if hasattr(layer, "_get_noise_shape") else layer.noise_shape
    return whole if own is None else [whole[axis] if size is None else size for axis, size in enumerate(own)]


class _SharedRegularizer:
    """L1, L2 or both, with strengths that are variables."""

    def __init__(self, strengths: dict[str, Any]) -> None:
        self._strengths = strengths

    def __call__(self, weights: Any) -> Any:
        import keras

        parts = []
        if "l1" in self._strengths:
            parts.append(self._scaled("l1", weights, keras.ops.sum(keras.ops.absolute(weights))))
        if "l2" in self._strengths:
            parts.append(self._scaled("l2", weights, keras.ops.sum(keras.ops.square(weights))))
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    def _scaled(self, name: str, weights: Any, penalty: Any) -> Any:
        import keras

        return keras.ops.cast(self._strengths[name], weights.dtype) * penalty
