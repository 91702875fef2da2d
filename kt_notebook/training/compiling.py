"""What a Tuner's own arguments do to every model that is built: distribute it, compile it anew, refuse one too large.

How it works: a trial must not meet what an earlier one has trained, so objects that are given (optimizer, metrics,
losses) are made anew for each model, from their config. Where a class of the user's own keeps more than its config
tells, its attributes are copied instead.
"""

import copy
import difflib
import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from kt_notebook.core.errors import FailedTrialError, OptionError, ResultError
from kt_notebook.training.kinds import describe, is_model

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["ModelSettings", "compiled_with", "made_anew", "maybe_distribute"]

# Keras takes these names for metrics whose kind depends on the model's output.
_METRIC_WORDS = frozenset({"accuracy", "acc", "crossentropy", "ce"})


@contextmanager
# Any: a tf.distribute.Strategy; TensorFlow is not imported here.
def maybe_distribute(distribution_strategy: Any) -> Iterator[None]:
    """Run the block in a strategy's scope, or as it is where the strategy is None."""
    if distribution_strategy is None:
        yield
        return
    with distribution_strategy.scope():
        yield


class ModelSettings:
    """What is done to each model of a search, from the arguments of a Tuner.

    Args:
        optimizer: Takes the place of the model's own: a name, a config, or an optimizer, made anew for each model.
        loss: Takes the place of the model's own, in any form that `compile` takes.
        metrics: Take the place of the model's own, in any form that `compile` takes; made anew for each model.
        max_model_size: Most trainable parameters that a model may have.
        distribution_strategy: A `tf.distribute.Strategy`, in whose scope models are built.

    Raises:
        OptionError: An argument cannot be what it is for.

    Example:
        >>> settings = ModelSettings(max_model_size=1_000_000)
        >>> settings.build(lambda hp: 0.5, None)  # What is no model passes as it is.
        0.5
    """

    # Any: Keras' and TensorFlow's objects, here and below.
    def __init__(
        self,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        max_model_size: float | None = None,
        distribution_strategy: Any = None,
    ) -> None:
        _check_size_limit(max_model_size)
        _check_strategy(distribution_strategy)
        if optimizer is not None:
            _check_optimizer(optimizer)
        if loss is not None:
            _check_names("loss", loss)
        if metrics is not None:
            _check_metrics(metrics)
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.max_model_size = max_model_size
        self.distribution_strategy = distribution_strategy

    def scope(self) -> Any:
        """Return a context manager: the strategy's scope, or nothing."""
        return maybe_distribute(self.distribution_strategy)

    def build(self, build: "Callable[[HyperParameters], Any]", hp: "HyperParameters") -> Any:
        """Return what `build(hp)` gives, in the strategy's scope, and prepared where that is a model.

        Raises:
            FailedTrialError: As `prepare`.
            Exception: What `build` raises.
        """
        with self.scope():
            value = build(hp)
            if is_model(value):
                self.prepare(value)
            return value

    def prepare(self, model: Any) -> None:
        """Look at a model's size, and compile it with what the Tuner was given; what was not given stays the model's.

        Raises:
            FailedTrialError: It is too large.
            ResultError: It is not compiled, and no optimizer is given.
        """
        self._refuse_oversized(model)
        # As in KerasTuner an empty list says nothing.
        given = {"optimizer": self.optimizer, "loss": self.loss, "metrics": self.metrics}
        given = {name: value for name, value in given.items() if not _is_nothing(value)}
        if not given:
            return
        arguments = compiled_with(model)
        if not model.compiled and "optimizer" not in given:
            raise ResultError(
                f"build(hp) returned the {type(model).__name__} {model.name!r}, which is not compiled, and the tuner "
                f"was given {' and '.join(given)} but no optimizer. Add optimizer='adam', or compile the model."
            )
        with self.scope():
            arguments.update({name: made_anew(value) for name, value in given.items()})
            model.compile(**arguments)

    def size_callbacks(self, model: Any) -> list[Any]:
        """Return the callbacks that look at the size of a model which has no weights before its first batch."""
        if self.max_model_size is None or model.built:
            return []
        import keras

        def look(number: int, logs: Any = None) -> None:
            self._refuse_oversized(model)

        # Before the second batch; where an epoch has one only, after it.
        return [keras.callbacks.LambdaCallback(on_train_batch_begin=look, on_epoch_end=look)]

    def _refuse_oversized(self, model: Any) -> None:
        limit = self.max_model_size
        size = _size_of(model)
        if limit is not None and size > limit:
            raise FailedTrialError(
                f"The model has {size:,} trainable parameters, more than max_model_size={limit:,} allows. The trial is "
                "skipped and the search goes on; narrow the space, or raise max_model_size."
            )


def _size_of(model: Any) -> int:
    """Return the number of trainable parameters, as KerasTuner counts: none before the model is built."""
    if not model.built:
        return 0
    return sum(math.prod(variable.shape) for variable in model.trainable_weights)


# What a model is compiled with.


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, list | tuple | dict | str) and not value)


def compiled_with(model: Any) -> dict[str, Any]:
    """Return the arguments with which to compile a model as it is, as far as its `compile` takes them by name."""
    if not model.compiled:
        return {}
    known: dict[str, Any] = {"loss": getattr(model, "loss", None)}
    for name in ("run_eagerly", "steps_per_execution", "jit_compile"):
        known[name] = getattr(model, name, None)
    # The objects themselves: get_compile_config() has them serialised, and a function of the user's does not come back.
    recorded = getattr(getattr(model, "_compile_config", None), "config", None)
    if isinstance(recorded, dict):
        known.update(recorded)
    known["optimizer"] = model.optimizer  # With the loss scaling that Keras may have put around it.
    names = inspect.signature(model.compile).parameters
    return {name: value for name, value in known.items() if name in names and value is not None}


# Objects made anew.


def made_anew(value: Any) -> Any:
    """Return the value with every optimizer, metric and loss in it made anew."""
    import keras

    if isinstance(value, list | tuple):
        return [made_anew(part) for part in value]
    if isinstance(value, dict):
        return {name: made_anew(part) for name, part in value.items()}
    if isinstance(value, keras.losses.Loss):
        return _copied(value)
    if isinstance(value, keras.metrics.Metric):
        metric = _object_made_anew(value)
        metric.reset_state()
        return metric
    if isinstance(value, keras.optimizers.Optimizer):
        return _object_made_anew(value)
    return value


def _object_made_anew(value: Any) -> Any:
    """Return an object like this one, as it was before it was used: from its config where that tells all."""
    import keras

    kind = type(value)
    schedule = keras.optimizers.schedules.LearningRateSchedule
    custom = {type(part).__name__: type(part) for part in vars(value).values() if isinstance(part, schedule)}
    try:
        config = value.get_config()
        if _tells_all(kind, config):
            with keras.saving.custom_object_scope(custom):
                return kind.from_config(config)
    except Exception:  # noqa: BLE001  # The user's own class: whatever its config raises, the copy below does without.
        pass
    return _copied(value)


def _tells_all(kind: type, config: dict[str, Any]) -> bool:
    """Return whether a config has all that the class is made with; Keras' own classes have."""
    if kind.__module__.partition(".")[0] == "keras":
        return True
    parameters = list(inspect.signature(kind).parameters.values())
    loose = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return all(parameter.kind in loose or parameter.name in config for parameter in parameters)


def _copied(value: Any) -> Any:
    """Return a copy made attribute by attribute: `copy.deepcopy` would ask Keras to save and load the object."""
    other = object.__new__(type(value))
    memo: dict[int, Any] = {}
    for name, part in vars(value).items():
        try:
            other.__dict__[name] = copy.deepcopy(part, memo)
        except Exception:  # noqa: BLE001  # Such as TensorFlow's default strategy, of which there is one only.
            other.__dict__[name] = part
    return other


# Looking at arguments.


def _check_size_limit(limit: Any) -> None:
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, int | float | np.number) or not limit >= 1:
        raise OptionError(
            f"max_model_size={limit!r} leaves no model. Give the most trainable parameters that a model may have, such "
            "as 1_000_000, or None for no limit."
        )


def _check_strategy(strategy: Any) -> None:
    if strategy is None:
        return
    if isinstance(strategy, type):
        raise OptionError(
            f"distribution_strategy is the class {strategy.__name__}. Give an instance: {strategy.__name__}()."
        )
    if not callable(getattr(strategy, "scope", None)):
        raise OptionError(
            f"distribution_strategy is {describe(strategy)}, which has no scope(). Give a tf.distribute.Strategy, such "
            "as tf.distribute.MirroredStrategy(), or None."
        )


def _check_optimizer(optimizer: Any) -> None:
    import keras

    if isinstance(optimizer, type):
        raise OptionError(f"optimizer is the class {optimizer.__name__}. Give an instance: {optimizer.__name__}().")
    try:
        keras.optimizers.get(copy.deepcopy(optimizer) if isinstance(optimizer, dict) else optimizer)
    except (ValueError, TypeError) as error:
        base = keras.optimizers.Optimizer
        kinds = [kind for kind in vars(keras.optimizers).values() if isinstance(kind, type) and issubclass(kind, base)]
        names = sorted({kind.__name__.lower() for kind in kinds} - {"optimizer", "lossscaleoptimizer"})
        near = difflib.get_close_matches(str(optimizer).lower(), names, n=1) if isinstance(optimizer, str) else []
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise OptionError(
            f"optimizer is {describe(optimizer)}, which Keras does not know.{hint} Give one of {', '.join(names)}, or "
            "a keras.optimizers.Optimizer."
        ) from error


def _check_metrics(metrics: Any) -> None:
    if not isinstance(metrics, list | tuple | dict):
        raise OptionError(f"metrics is {describe(metrics)}. Give a list: metrics=[{_shown(metrics)}].")
    _check_names("metrics", metrics)


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)


def _check_names(argument: str, value: Any) -> None:
    """Look at each name in the argument of a compile; objects and functions are Keras' to judge.

    Raises:
        OptionError: Keras has none of this name.
    """
    if isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            _check_names(argument, part)
        return
    if not isinstance(value, str) or (argument == "metrics" and value in _METRIC_WORDS):
        return
    import keras

    place, kind = (keras.losses, "loss") if argument == "loss" else (keras.metrics, "metric")
    try:
        place.get(value)
    except ValueError as error:
        raise OptionError(
            f"{argument} has {value!r}, and Keras knows no {kind} of this name. Take a name from "
            f"{place.__name__.removesuffix('.api')}, or give a function."
        ) from error
