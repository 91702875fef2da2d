"""What users write to be tuned: a HyperModel, or a function of `hp` made into one."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kt_notebook.core.errors import FatalResultError, OptionError
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.execution import current_execution
from kt_notebook.training.fit_hook import fit_hook, ready_to_fit
from kt_notebook.training.kinds import describe, is_model

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["FunctionHyperModel", "HyperModel", "as_hypermodel"]


class HyperModel:
    """A model whose hyperparameters are to be found.

    Args:
        name: A name to tell it by.
        tunable: Whether its hyperparameters are searched; else they keep their defaults and stay out of the space.

    Attributes:
        last_fit_counts: Whether a return value that is no score falls back on the last fit, as in an inline cell.
        fits_decide: Whether the first epoch of a fit in the user's own code settles an objective that was left out,
            and ends the search where it lacks the objective. Only where that fit's history is what the trial returns.

    Example:
        >>> class Classifier(HyperModel):
        ...     def build(self, hp):
        ...         layer = keras.layers.Dense(hp.Int("units", 8, 64))
        ...         model = keras.Sequential([layer])
        ...         model.compile("adam", "mse")
        ...         return model
    """

    name: str | None = None
    tunable: bool = True
    last_fit_counts: bool = False
    fits_decide: bool = False

    def __init__(self, name: str | None = None, tunable: bool = True) -> None:
        self.name = name
        self.tunable = tunable
        if not tunable:
            # On the instance, so that it holds for whoever builds with it, another HyperModel too.
            self.build = functools.partial(_build_with_copy, self.build)  # type: ignore[method-assign]

    # Any: models and arguments of `fit` are Keras' and the user's, here and below.
    def build(self, hp: "HyperParameters") -> Any:
        """Return a compiled Keras model made with values from `hp`. Override it.

        Raises:
            NotImplementedError: It is not overridden.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no build(self, hp). Define it and return a compiled Keras model."
        )

    def declare_hyperparameters(self, hp: "HyperParameters") -> None:
        """Declare hyperparameters beforehand. Override it where that is wanted."""

    def fit(self, hp: "HyperParameters", model: Any, *args: Any, **kwargs: Any) -> Any:
        """Train the model and return its history, a number, or a dict of numbers.

        Args:
            hp: The trial's values.
            model: What `build` returned.
            *args: As given to `search`.
            **kwargs: As given to `search`; `callbacks` must be passed on to Keras' `fit` for epochs to be seen.
        """
        return fit_hook(model)(*args, **kwargs)

    def run(self, hp: "HyperParameters", *fit_args: Any, **fit_kwargs: Any) -> Any:
        """Do all that a trial does and return what it came to: build, and where that gives a model, fit it.

        Args:
            hp: The trial's values.
            *fit_args: As given to `search`.
            **fit_kwargs: As given to `search`.

        Raises:
            FatalError: The model has nothing to be fitted with, or `build` returned nothing.
            ResultError: The model is not compiled.
        """
        execution = current_execution()
        settings = ModelSettings() if execution is None else execution.model_settings
        value = settings.build(self.build, hp)
        if value is None and (fit_args or fit_kwargs):
            raise FatalResultError(
                "build(hp) returned None where search(…) was given data to fit a model with. Return the compiled model."
            )
        if not is_model(value):
            return value
        own_fit = type(self).fit is HyperModel.fit
        args, kwargs = ready_to_fit(execution, value, fit_args, fit_kwargs, is_plain=own_fit)
        return self.fit(hp, value, *args, **kwargs)


class FunctionHyperModel(HyperModel):
    """A function of `hp` as a HyperModel; it may return a model or a score.

    Args:
        function: Called with `hp`.
        name: A name to tell it by.
        tunable: Whether its hyperparameters are searched.
    """

    def __init__(
        self, function: Callable[["HyperParameters"], Any], name: str | None = None, tunable: bool = True
    ) -> None:
        self.function = function
        super().__init__(name, tunable)

    def build(self, hp: "HyperParameters") -> Any:
        """Return what the function returns for `hp`."""
        return self.function(hp)


class _ForeignHyperModel(HyperModel):
    """An object from elsewhere with `build(hp)` and perhaps `fit(hp, model, …)`, as KerasTuner's HyperModel."""

    def __init__(self, other: Any) -> None:
        self.other = other
        super().__init__(getattr(other, "name", None))

    def build(self, hp: "HyperParameters") -> Any:
        return self.other.build(hp)

    def declare_hyperparameters(self, hp: "HyperParameters") -> None:
        if hasattr(self.other, "declare_hyperparameters"):
            self.other.declare_hyperparameters(hp)

    def fit(self, hp: "HyperParameters", model: Any, *args: Any, **kwargs: Any) -> Any:
        if hasattr(self.other, "fit"):
            return self.other.fit(hp, model, *args, **kwargs)
        return model.fit(*args, **kwargs)


# Any: whatever a user passes as hypermodel; narrowed here, once.
def as_hypermodel(value: Any) -> HyperModel | None:
    """Return the HyperModel that a user's argument means; None stays None, for Tuners with a `run_trial` of their own.

    Raises:
        OptionError: The argument is a class, a model, or nothing that could be called with `hp`.
    """
    if value is None or isinstance(value, HyperModel):
        return value
    if isinstance(value, type):
        raise OptionError(
            f"hypermodel is the class {value.__name__}. Give an instance, {value.__name__}(), or a function of hp."
        )
    if is_model(value):
        raise OptionError(
            f"hypermodel is a finished {type(value).__name__}, in which nothing can be tuned any more. "
            "Give a function of hp that builds and returns it."
        )
    if callable(getattr(value, "build", None)):
        return _ForeignHyperModel(value)
    if callable(value):
        return FunctionHyperModel(value)
    raise OptionError(f"hypermodel is {describe(value)}. Give a function of hp that returns a model, or a HyperModel.")


def _build_with_copy(build: Callable[["HyperParameters"], Any], hp: "HyperParameters") -> Any:
    """Build with a copy of `hp`, so that what is declared does not reach the search."""
    return build(hp.copy())
