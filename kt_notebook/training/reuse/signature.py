"""What two models must have in common for one traced graph to serve both: everything but weights and a few numbers.

How it works: the signature is a text made of the model's config, what it is compiled with, and its variables. The
numbers that `constants` makes variables are left out, the learning rate too, and initializers, which have done their
work. All else counts exactly, and so does what the objects hold beside their config: Keras' configs lack some
arguments, and attributes may have been set later. Only what Keras ships is looked at so: a class or a function of the
user's may hold anything, and its model is traced anew in each trial.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Any

from kt_notebook.training.compiling import compiled_with
from kt_notebook.training.fit.internals import internals
from kt_notebook.training.reuse.attributes import NotShareableError, attributes_of, check_hidden, is_of_keras
from kt_notebook.training.reuse.constants import SHARED_STRENGTHS, shared_rates, strengths_of

__all__ = ["signature_of"]

# They hold what no config tells: what they have adapted to, other programs, functions.
_NOT_IN_CONFIG = frozenset({"Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"})
# Parts of a config that stand for no class.
_PLAIN_PARTS = frozenset({"__keras_tensor__", "__tuple__", "__slice__", "__ellipsis__"})
_SHARED = "*"
_RATE = ("rate",)


# Any: Keras' objects and their configs, here and below.
def signature_of(model: Any, batch: Any) -> str:
    """Return a text that is equal for models which one graph can serve.

    Args:
        model: A built and compiled model, its optimizer and metrics built too.
        batch: A symbolic batch of what it is trained with.

    Raises:
        NotShareableError: Such a text cannot be relied on for this model.
    """
    import keras

    _check(model)
    rates = shared_rates(model)
    layers = list(model._flatten_layers())  # The first is the model itself.
    compiled = compiled_with(model)
    parts = {
        "class": type(model).__name__,
        "model": _canonical(model.get_config(), rates),
        "layers": [attributes_of(layer, _RATE if layer.name in rates else ()) for layer in layers[1:]],
        "compiled": {name: _compiled_part(value) for name, value in compiled.items()},
        "variables": [_variable(variable) for variable in model.variables],
        "optimizer": [(tuple(v.shape), v.dtype) for v in model.optimizer.variables],
        "trainable": [layer.trainable for layer in layers],
        "batch": keras.tree.flatten(keras.tree.map_structure(lambda t: (tuple(t.shape), t.dtype), batch)),
        "structure": repr(keras.tree.map_structure(lambda _: 0, batch)),
        "settings": (keras.config.floatx(), keras.config.epsilon(), keras.config.is_flash_attention_enabled()),
    }
    return json.dumps(parts, sort_keys=True, default=repr)


def _check(model: Any) -> None:
    """Look at the objects themselves: their configs do not tell of everything.

    Raises:
        NotShareableError: There is something of the user's in the model.
    """
    import keras

    known = internals()
    if known is None or type(model) not in (keras.Sequential, known.functional):
        raise NotShareableError(f"{type(model).__name__} is a class of your own; its steps are traced in each trial")
    for layer in model._flatten_layers(include_self=False):
        kind = type(layer)
        if not is_of_keras(kind):
            raise NotShareableError(f"the layer {layer.name!r} is a {kind.__name__}, a class that is none of Keras'")
        if kind.__name__ in _NOT_IN_CONFIG or hasattr(kind, "adapt"):
            raise NotShareableError(f"the layer {layer.name!r} ({kind.__name__}) holds what its config does not tell")
    check_hidden(model)
    _check_optimizer(model.optimizer)


def _check_optimizer(optimizer: Any) -> None:
    import keras

    inner = getattr(optimizer, "inner_optimizer", optimizer)
    kind = type(inner)
    if not (is_of_keras(kind) and is_of_keras(type(optimizer))):
        raise NotShareableError(f"the optimizer {kind.__name__} is none of Keras'")
    rate = getattr(inner, "_learning_rate", None)
    if not isinstance(rate, keras.Variable) and not is_of_keras(type(rate)):
        raise NotShareableError("the learning rate is a schedule or a function of your own")
    if any(getattr(inner, f"_exclude_from_weight_decay{end}", None) for end in ("", "_pattern")):
        raise NotShareableError("exclude_from_weight_decay was called on the optimizer")


def _compiled_part(value: Any) -> Any:
    """Return one argument of `compile` for a text: objects by class and config, functions by name."""
    import keras

    if isinstance(value, list | tuple):
        return [_compiled_part(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _compiled_part(part) for name, part in value.items()}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if inspect.isfunction(value) and is_of_keras(value):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, keras.optimizers.Optimizer):
        return _optimizer(value)
    if isinstance(value, keras.losses.Loss | keras.metrics.Metric) and is_of_keras(type(value)):
        return [_canonical(keras.saving.serialize_keras_object(value)), attributes_of(value)]
    name = getattr(value, "__name__", type(value).__name__)
    raise NotShareableError(f"{name}, with which the model is compiled, is none of Keras' own")


def _optimizer(optimizer: Any) -> Any:
    import keras

    config = dict(optimizer.get_config())
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        config["inner_optimizer"] = _optimizer(inner)
    elif isinstance(optimizer._learning_rate, keras.Variable):
        config["learning_rate"] = _SHARED
    return [type(optimizer).__name__, _canonical(config), attributes_of(optimizer)]


def _variable(variable: Any) -> Any:
    shared = strengths_of(variable)
    rule = None if variable.regularizer is None else _rule(variable.regularizer)
    if rule is not None and shared:
        rule = {**rule, "config": {**rule["config"], **dict.fromkeys(shared, _SHARED)}}
    constraint = None if variable.constraint is None else _rule(variable.constraint)
    return [tuple(variable.shape), variable.dtype, variable.trainable, rule, constraint]


def _rule(rule: Any) -> Any:
    import keras

    if not is_of_keras(type(rule)):
        raise NotShareableError(f"{type(rule).__name__}, a regularizer or constraint, is none of Keras' own")
    return keras.saving.serialize_keras_object(rule)


def _canonical(part: Any, rates: frozenset[str] = frozenset(), name: str = "") -> Any:
    """Return a part of a config as JSON, without what is shared.

    Args:
        part: The part.
        rates: Names of the layers whose rates are shared. Strengths of regularizers stand with the variables.
        name: Under which the part stands in the config.
    """
    if isinstance(part, Mapping):
        kind = part.get("class_name")
        if isinstance(kind, str) and "config" in part:
            _check_part(part, kind)
            config = part["config"]
            if isinstance(config, Mapping):
                if config.get("name") in rates:
                    config = {**config, "rate": _SHARED}
                if kind in SHARED_STRENGTHS and name != "activity_regularizer":
                    config = {}
            part = {**part, "config": config}
        return {
            str(key): _canonical(value, rates, str(key))
            for key, value in part.items()
            if not str(key).endswith("_initializer")
        }
    if isinstance(part, list | tuple):
        return [_canonical(value, rates) for value in part]
    return part


def _check_part(part: Mapping[str, Any], kind: str) -> None:
    if kind in _PLAIN_PARTS:
        return
    module = part.get("module") or ""
    if not (module == "keras" or module.startswith("keras.")) or kind in ("function", "__lambda__"):
        described = part.get("config") if kind == "function" else kind
        raise NotShareableError(f"{described} is none of Keras' own; its graph may hold anything")
