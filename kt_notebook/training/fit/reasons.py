"""Why a fit has to be Keras' own: what about it is not known to come out the same when its steps are fused."""

from collections.abc import Mapping
from typing import Any

from kt_notebook.training.callback_copies import flat_callbacks
from kt_notebook.training.fit.hooks import batch_hook
from kt_notebook.training.fit.internals import internals

__all__ = ["reason_against_fusing"]

# Keras' layers that draw with Python's random when they are traced: each trace is another.
_DRAWING = frozenset({"AugMix"})
# Keras' optimizers that compute when they make their variables: in `fit` that is a part of the first step.
_BEGINNING = frozenset({"ScheduleFreeAdamW"})
# What `fit` calls by way of the model, and would not be called so if steps are fused.
_OF_FIT = ("fit", "evaluate", "make_train_function", "make_test_function", "_get_metrics_result_or_logs")


# Any: Keras' models and callbacks and the arguments of `fit`, here and below.
def reason_against_fusing(model: Any, arguments: Mapping[str, Any]) -> str | None:
    """Return why this fit cannot be fused, in words that a user can act on; None where it can.

    Nothing is read from data that can be read only once.

    Args:
        model: A Keras model.
        arguments: All arguments of its `fit`.
    """
    return (
        _of_versions()
        or _of_model(model)
        or _of_data(arguments)
        or _of_steps(model, arguments)
        or _of_callbacks(arguments["callbacks"])
    )


def _of_versions() -> str | None:
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        return f"steps are fused with the TensorFlow backend only, and Keras runs on {backend}"
    if internals() is None:
        return f"Keras {keras.__version__} is new to us, or too old"
    import tensorflow as tf

    if tf.config.functions_run_eagerly():
        return "tf.config.run_functions_eagerly(True) is set"
    if tf.distribute.has_strategy() or keras.distribution.distribution() is not None:
        return "a distribution strategy is set"
    if any(limit() is not None for limit in (keras.config.max_epochs, keras.config.max_steps_per_epoch)):
        return "keras.config limits epochs or steps"
    return None


def _of_model(model: Any) -> str | None:
    import keras

    kind = type(model)
    for name in _OF_FIT:
        if name in vars(model) or getattr(kind, name) is not getattr(keras.Model, name):
            return f"{kind.__name__} has a {name} of its own"
    drawing = next((layer.name for layer in model._flatten_layers() if type(layer).__name__ in _DRAWING), None)
    if drawing is not None:
        return f"the layer {drawing!r} chooses with Python's random what it is traced to do"
    if not model.compiled:
        return "the model is not compiled"
    if model.run_eagerly:
        return "the model is compiled with run_eagerly=True"
    if model.steps_per_execution != 1:
        return "the model is compiled with steps_per_execution; leave it out, and whole epochs become one step"
    if getattr(model, "_distribute_strategy", None) is not None:
        return "the model was built under a distribution strategy"
    return _of_optimizer(model.optimizer)


def _of_optimizer(optimizer: Any) -> str | None:
    kind = type(getattr(optimizer, "inner_optimizer", optimizer))
    if getattr(optimizer, "_distribution_strategy", None) is None:
        return f"the optimizer {kind.__name__} is none of Keras'"
    is_known = kind.__module__.startswith("keras.src.") and kind.__name__ not in _BEGINNING
    if not is_known and not optimizer.built:
        return f"the optimizer {kind.__name__} may begin with the first step that is traced"
    return None


def _of_data(arguments: Mapping[str, Any]) -> str | None:
    known = internals()
    if known is None:
        return "no arrays are known"
    import keras

    training = (arguments["x"], arguments["y"], arguments["sample_weight"])
    if training[0] is None or not known.can_convert_arrays(training):
        return f"x is {_kind(training[0])}; give x and y as arrays that fit in memory"
    validation = arguments["validation_data"]
    if validation is not None:
        if not isinstance(validation, list | tuple) or not 1 <= len(validation) <= 3:
            return f"validation_data is {_kind(validation)}; give it as a tuple of arrays"
        if not known.can_convert_arrays(keras.utils.unpack_x_y_sample_weight(validation)):
            return "validation_data holds something else than arrays that fit in memory"
    return None


def _of_steps(model: Any, arguments: Mapping[str, Any]) -> str | None:
    for name in ("steps_per_epoch", "validation_steps"):
        if arguments[name] is not None:
            return f"{name} is given; leave it out where x is an array"
    if arguments["shuffle"] not in (True, False):
        return f"shuffle={arguments['shuffle']!r} is given; use True"
    if arguments["verbose"] == 1:
        return "verbose=1 draws Keras' progress bar"
    frequency = arguments["validation_freq"]
    if not isinstance(frequency, int | list):
        return f"validation_freq is a {type(frequency).__name__}"
    return None


def _of_callbacks(callbacks: Any) -> str | None:
    import keras

    if isinstance(callbacks, keras.callbacks.CallbackList):
        return "callbacks is a CallbackList; give a list"
    for callback in flat_callbacks(callbacks):
        hook = batch_hook(callback)
        if hook is not None:
            return f"the callback {type(callback).__name__} has {hook}, which is called at each batch"
    return None


def _kind(value: Any) -> str:
    import keras

    if value is None:
        return "None"
    if isinstance(value, list | tuple | dict):
        kinds = sorted({type(leaf).__name__ for leaf in keras.tree.flatten(value)})
        return f"a {type(value).__name__} of {', '.join(kinds)}"
    return f"a {type(value).__name__}"
