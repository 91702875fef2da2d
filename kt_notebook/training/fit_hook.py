"""Makes Keras' `fit` report to the search, be it called by the engine or by the user's own code."""

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from kt_notebook.core.errors import FatalValueError, ResultError
from kt_notebook.training.callback_copies import check_callbacks, flat_callbacks
from kt_notebook.training.callbacks import FitWatch, reporting_callback
from kt_notebook.training.continuation import Leg
from kt_notebook.training.data import is_used_generator, make_data, refuse_one_shot
from kt_notebook.training.execution import Execution, current_execution
from kt_notebook.training.fast_fit import run_fit
from kt_notebook.training.kinds import is_model, is_reporting

__all__ = ["fit_hook", "ready_to_fit"]

_SEARCH_LINE = "search(x_train, y_train, epochs=5, validation_data=(x_val, y_val))"


# Any: models, data and arguments of `fit` are Keras' and the user's, here and below.
def fit_hook(obj: Any) -> Any:
    """Return an object's `fit`, for cells whose `X.fit(…)` is rewritten to `fit_hook(X)(…)`.

    Inside a trial a Keras model's `fit` reports its epochs; everything else gets its own `fit`, untouched.
    """
    execution = current_execution()
    if execution is None or not is_model(obj):
        return obj.fit
    return functools.partial(_observed_fit, execution, obj)


def ready_to_fit(
    execution: Execution | None, model: Any, args: Sequence[Any], kwargs: Mapping[str, Any], *, is_plain: bool
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with which the engine fits a model that `build` returned.

    Args:
        execution: The running execution, None outside of trials.
        model: The model.
        args: As given to `search`.
        kwargs: As given to `search`, with callbacks of this execution's own.
        is_plain: Whether Keras' own `fit` gets them, not a `HyperModel.fit` of the user's.

    Raises:
        FatalValueError: There is nothing to fit the model with.
        ResultError: The model is not compiled.
    """
    if is_plain and not args and kwargs.get("x") is None:
        raise FatalValueError(
            f"build(hp) returned a Keras model, but there are no data to fit it with. Add the line {_SEARCH_LINE}"
        )
    if is_plain and not model.compiled:
        raise ResultError(
            f"build(hp) returned the {type(model).__name__} {model.name!r}, which is not compiled. "
            'Call model.compile(optimizer="adam", loss=…, metrics=[…]) before returning it.'
        )
    if execution is None:
        return tuple(args), dict(kwargs)
    execution.has_built()
    if is_plain:
        args, kwargs = _by_name(model, args, kwargs)
    made = {name: make_data(value) if name in {"x", "validation_data"} else value for name, value in kwargs.items()}
    made_args = (make_data(args[0]), *args[1:]) if args else ()
    if is_plain or "verbose" in made:
        # The search has a line of its own for each epoch.
        made["verbose"] = 0 if is_plain else _quiet(made.get("verbose", "auto"))
    return made_args, _observed(execution, model, made, decides=is_plain or execution.fits_decide)


def _observed_fit(execution: Execution, model: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call a model's `fit` from the user's code, with our callback and nothing else changed but `verbose`."""
    execution.has_built()
    if not _takes(model, "callbacks"):
        return model.fit(*args, **kwargs)  # A `fit` of the user's own that cannot be told to report.
    args, kwargs = _by_name(model, args, kwargs)
    if _takes(model, "verbose"):
        kwargs["verbose"] = _quiet(kwargs.get("verbose", "auto"))
    if any(is_reporting(callback) for callback in flat_callbacks(kwargs.get("callbacks"))):
        begun = None if execution.continuation is None else execution.continuation.latest
        return run_fit(execution, model, args, _budgeted(kwargs, begun))
    check_callbacks(kwargs.get("callbacks"))
    if args:
        args = (make_data(args[0]), *args[1:])
    elif "x" in kwargs:
        kwargs["x"] = make_data(kwargs["x"])
    if kwargs.get("steps_per_epoch") is None:
        _refuse_seen_generator(args[0] if args else kwargs.get("x"), execution)
    return run_fit(execution, model, args, _observed(execution, model, kwargs, decides=execution.fits_decide))


def _takes(model: Any, name: str) -> bool:
    """Return whether the model's `fit` takes this argument by name."""
    parameters = inspect.signature(model.fit).parameters
    return name in parameters or any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())


def _observed(execution: Execution, model: Any, kwargs: dict[str, Any], *, decides: bool) -> dict[str, Any]:
    """Return the arguments of a fit with our callback added, last, the epochs that Hyperband gives, and their cap."""
    expects_validation = kwargs.get("validation_data") is not None or bool(kwargs.get("validation_split"))
    leg = None if execution.continuation is None else execution.continuation.begin(model)
    watch = FitWatch(execution, decides=decides, expects_validation=expects_validation, leg=leg)
    callbacks = [
        *flat_callbacks(kwargs.get("callbacks")),
        *execution.further_callbacks(),
        *execution.model_settings.size_callbacks(model),
        reporting_callback(watch),
    ]
    capped = _budgeted({**kwargs, "callbacks": callbacks}, leg)
    epochs = capped.get("epochs")
    if execution.max_epochs is not None and isinstance(epochs, int):
        capped["epochs"] = min(epochs, execution.max_epochs)
    return capped


def _budgeted(kwargs: dict[str, Any], leg: Leg | None) -> dict[str, Any]:
    """Return the arguments of a fit with the epochs that Hyperband gives, the last of which has to be validated."""
    if leg is None:
        return kwargs
    frequency, last = kwargs.get("validation_freq"), leg.arguments["epochs"]
    if frequency is None:
        return {**kwargs, **leg.arguments}
    is_validated = not last % frequency if hasattr(frequency, "__index__") else last in frequency
    return {**kwargs, **leg.arguments, **({} if is_validated else {"validation_freq": 1})}


def _by_name(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments by name as far as the model's `fit` has names for them."""
    parameters = list(inspect.signature(model.fit).parameters.values())
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    names = [p.name for p in parameters if p.kind in kinds]
    is_open = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    if is_open or len(args) > len(names) or any(name in kwargs for name in names[: len(args)]):
        return tuple(args), dict(kwargs)  # Python's own error is the clearest, or none at all.
    return (), {**dict(zip(names, args, strict=False)), **kwargs}


def _quiet(verbose: Any) -> Any:
    """Return `verbose` without progress bars, as the search shows progress; a line for each epoch (2) stays."""
    return verbose if verbose == 2 else 0


def _refuse_seen_generator(x: Any, execution: Execution) -> None:
    """Let a cell fit with a generator that it has made itself, not with one that another trial has read.

    Raises:
        DataError: It is one that was read before.
    """
    if inspect.isgenerator(x):
        if is_used_generator(x) or x in execution.seen_generators:
            refuse_one_shot("x", x)
        execution.seen_generators.add(x)
