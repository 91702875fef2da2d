"""Trains the model of a trial anew, on other data and with another seed, and evaluates it once on a test set.

How it works: the model is built, seeded and fitted as in a trial, with what the search gave its fits, the data, the
epochs and the validation aside. A fit of the engine's own is followed by one `evaluate`. A `HyperModel.fit` of the
user's own may change the data before it trains; it gets the test set as its validation data, to be validated once,
after the last epoch, so that the test rows pass through the same code as the validation rows did.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kt_notebook.core.errors import FatalObjectiveError, OptionError, ResultError
from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.objective import AnyObjective, MultiObjective
from kt_notebook.core.protocol import Assignment
from kt_notebook.training.callback_copies import CallbackCopies, flat_callbacks
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.data import make_data
from kt_notebook.training.execution import Execution, entered
from kt_notebook.training.fit_arguments import resolve_fit_arguments
from kt_notebook.training.fit_hook import fit_hook, ready_to_fit
from kt_notebook.training.guard.guard import Guard
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.keras_state import KerasScope, capture_settings
from kt_notebook.training.kinds import as_number, describe, is_model
from kt_notebook.training.memory import ModelMemory
from kt_notebook.training.outcome import interpret
from kt_notebook.training.refit_arguments import (
    GivenFit,
    fit_settings,
    refuse_validation,
    refuse_without,
    watched_validation,
)
from kt_notebook.training.refit_watch import RefitWatch
from kt_notebook.training.retracing import without_retracing_advice
from kt_notebook.training.reuse.pool import Loans, TemplatePool
from kt_notebook.training.seeding import can_seed_threads, seeded

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["Refit", "RefitData", "Refitted", "Scorer", "StopsAtFit"]

# Measures a trained model on the test set: (model, x_test, y_test) -> number.
Scorer = Callable[[Any, Any, Any], Any]


# Any: Keras' models, data, and arguments of its `fit`; here and below.
@dataclass(frozen=True, slots=True)
class RefitData:
    """What models are trained with, and what they are evaluated on; y is None where x is a dataset that has both."""

    x_train: Any
    y_train: Any
    x_test: Any
    y_test: Any


class StopsAtFit(Protocol):
    """A hypermodel whose trials call `fit` themselves, and which can be run up to there."""

    def reach_fit(self, hp: "HyperParameters") -> tuple[Any, GivenFit, Sequence[str]]:
        """Return the model that is to be fitted, what its fit is given, and what the user should know of that."""


@dataclass(frozen=True, slots=True)
class Refitted:
    """A model that was trained anew.

    Attributes:
        model: The model.
        score: On the test set, in the objective's direction; several objectives as one sum.
        metrics: All that was measured there.
        n_parameters: How many numbers the model has, None where it does not tell.
        seconds: How long it took.
        notes: What the user should know.
    """

    model: Any
    score: float
    metrics: Mapping[str, float]
    n_parameters: int | None
    seconds: float
    notes: Sequence[str]


class Refit:
    """Trains models of one search anew.

    Args:
        hypermodel: Builds, and perhaps fits.
        model_settings: What is done to each model that was built.
        given: What the search gave its fits; None where that is not known.
        changes: Arguments of the fit that take the place of the search's.
        data: To train with, and to evaluate on.
        objective: What the search made best; `val_accuracy` is `accuracy` on the test set.
        scorer: Measures instead of the objective.
        fit_way: How Keras' fits run.
        on_epoch: Told after each epoch how many there have been, and of how many.

    Raises:
        OptionError: An argument cannot be.
    """

    def __init__(
        self,
        hypermodel: HyperModel,
        model_settings: ModelSettings,
        given: GivenFit | None,
        changes: Mapping[str, Any],
        data: RefitData,
        objective: AnyObjective,
        *,
        scorer: Scorer | None = None,
        fit_way: FitWay = FitWay.AUTO,
        on_epoch: Callable[[int, int], object] = lambda done, of: None,
    ) -> None:
        self._hypermodel = hypermodel
        self._settings = model_settings
        self._given = given or GivenFit()
        self._changes = dict(changes)
        self._data = data
        self._objective = objective
        self._scorer = scorer
        self._fit_way = fit_way
        self._on_epoch = on_epoch
        self._keras_settings = capture_settings()
        self._own_fit = type(hypermodel).fit is not HyperModel.fit
        self._stops: Callable[[HyperParameters], tuple[Any, GivenFit, Sequence[str]]] | None = getattr(
            hypermodel, "reach_fit", None
        )
        self._templates, self._guard, self._memory = TemplatePool(), Guard(), ModelMemory()
        refuse_validation(self._changes)
        if self._stops is None:
            fit_settings(self._given, self._changes)
        if self._own_fit and len(self._given.args) > 2:
            raise OptionError(
                f"search(…) gave the hypermodel's fit {len(self._given.args)} arguments by their place, and which of "
                "them belong to the search's own rows is not known. Give those after x and y by name: search(x, y, "
                "validation_data=…)."
            )

    def __call__(self, hp: "HyperParameters", trial_id: str, seed: int, epochs: int) -> Refitted:
        """Train one model and evaluate it.

        Args:
            hp: The trial's values; a copy is used.
            trial_id: The trial's id.
            seed: 0 to 2**31 - 1.
            epochs: The epoch, counted from 0, before which training ends.

        Raises:
            ResultError: There is no model to train, or the test set gives no score.
            OptionError: An argument of the fit cannot be.
            KeyboardInterrupt: The user has interrupted.
            Exception: What building, training or evaluating raises.
        """
        import keras  # noqa: F401  # Its state must be there to be seeded.

        begun = time.perf_counter()
        self._memory.tidy()
        watch = RefitWatch(self._objective, epochs, self._on_epoch)
        if not can_seed_threads():
            watch.notes.append("This version of Keras or TensorFlow is new to us: the same seed may give other scores.")
        assignment = Assignment(f"{trial_id}-finish-{seed}", hp.copy(), seed, None)
        with ExitStack() as stack:
            scope = stack.enter_context(KerasScope(self._keras_settings))
            stack.enter_context(seeded(seed))
            execution = Execution(
                assignment,
                watch,
                keras_scope=scope,
                memory=self._memory,
                model_settings=self._settings,
                fit_way=self._fit_way,
                loans=Loans(self._templates),
                guard=self._guard,
            )
            stack.enter_context(entered(execution))
            model, metrics = self._train(execution, watch, epochs)
            score = self._score(model, metrics)
            n_parameters = int(model.count_params()) if model.built else None
        return Refitted(model, score, metrics, n_parameters, time.perf_counter() - begun, tuple(watch.notes))

    def given(self, hp: "HyperParameters", seed: int) -> tuple[GivenFit, Sequence[str]]:
        """Return what the search's fits were given, and what the user should know of it; a cell is run up to there."""
        if self._stops is None:
            return self._given, ()
        import keras  # noqa: F401  # As above.

        with KerasScope(self._keras_settings) as scope, seeded(seed):
            _, given, notes = self._stops(hp.copy())
            scope.mend()
        fit_settings(given, self._changes)
        return given, notes

    def build(self, hp: "HyperParameters", seed: int) -> Any:
        """Return the model of a trial untrained, built as for its fit; for weights that are kept."""
        import keras  # noqa: F401  # As above.

        with KerasScope(self._keras_settings) as scope, seeded(seed):
            model = self._settings.build(self._hypermodel.build, hp.copy())
            scope.mend()
        return model

    def _train(self, execution: Execution, watch: RefitWatch, epochs: int) -> tuple[Any, Mapping[str, float]]:
        model, given = self._build(execution)
        _, settings = resolve_fit_arguments((), fit_settings(given, self._changes), _hp(execution))
        settings["callbacks"] = self._callbacks(settings.get("callbacks"), execution, watch)
        settings["epochs"] = epochs
        metrics: Mapping[str, float] = {}
        if self._own_fit:
            metrics = self._fit_as_user(execution, watch, model, settings, epochs)
        else:
            data = {"x": self._data.x_train, "y": self._data.y_train}
            named = {name: value for name, value in data.items() if value is not None}
            _, kwargs = ready_to_fit(execution, model, (), {**named, **settings}, is_plain=False)
            fit_hook(model)(**kwargs)
        watch.look_at_epochs()
        with without_retracing_advice():
            return model, metrics or self._evaluate(model, settings)

    def _build(self, execution: Execution) -> tuple[Any, GivenFit]:
        hp = _hp(execution)
        reached: list[GivenFit] = []

        def build(values: "HyperParameters") -> Any:
            if self._stops is None:
                return self._hypermodel.build(values)
            model, given, _ = self._stops(values)
            reached.append(given)
            return model

        model = self._settings.build(build, hp)
        execution.has_built()
        if not is_model(model):
            raise ResultError(
                f"There is no model to train anew: the trial's function returned {describe(model)}. Let it return the "
                "compiled model and give the data to search(x, y, …); or train with the values of tuner.best by hand, "
                "and evaluate once."
            )
        if not self._own_fit and not model.compiled:
            raise ResultError(f"The {type(model).__name__} {model.name!r} is not compiled. Compile it in build(hp).")
        return model, reached[0] if reached else self._given

    def _callbacks(self, callbacks: Any, execution: Execution, watch: RefitWatch) -> list[Any]:
        """Return this fit's own callbacks, without those that act on a validation, which there is none of."""
        given = flat_callbacks(callbacks)
        left = [callback for callback in given if not watched_validation(callback)]
        made = CallbackCopies(left).make(execution.assignment, 0, watch)
        for callback in (*given, *made):
            metric = watched_validation(callback)
            if metric:
                watch.notes.append(
                    f"{type(callback).__name__} was left out: it acts on {metric}, and all rows are trained with."
                )
        return [callback for callback in made if not watched_validation(callback)]

    def _fit_as_user(
        self, execution: Execution, watch: RefitWatch, model: Any, settings: dict[str, Any], epochs: int
    ) -> Mapping[str, float]:
        """Train with the user's own `fit`; return what it measured on the test set, empty where it did not."""
        data = self._data
        named = {"x": data.x_train, **({} if data.y_train is None else {"y": data.y_train})}
        is_positional = bool(self._given.args) or not {"x", "y"} & self._given.kwargs.keys()
        args = tuple(named.values()) if is_positional else ()
        kwargs = settings if is_positional else {**named, **settings}
        asked = {name for name in ("validation_data", "validation_split") if self._given.named.get(name) is not None}
        validates = bool(asked) and self._scorer is None
        if validates:
            refuse_without(self._hypermodel, "validation_freq")
            x_test = make_data(data.x_test)
            kwargs["validation_data"] = x_test if data.y_test is None else (x_test, data.y_test)
            kwargs["validation_freq"] = [epochs]
        elif "validation_data" in asked:
            kwargs["validation_data"] = None  # Its fit may have no default for it.
        args, kwargs = ready_to_fit(execution, model, args, kwargs, is_plain=False)
        try:
            value = self._hypermodel.fit(_hp(execution), model, *args, **kwargs)
        except Exception as error:
            error.add_note("finish trains on all rows: validation data are the test set, once, after the last epoch.")
            raise
        if not validates:
            return {}
        if watch.n_validated > 1:
            raise ResultError(
                f"The hypermodel's fit validated after {watch.n_validated} epochs, and finish gives it the test set, "
                "which is to be looked at once. Hand **kwargs of fit on to model.fit: validation_freq is among them."
            )
        try:
            result = interpret(value, execution, averages_numbers=True)
        except FatalObjectiveError:
            return {}
        return dict(result.metrics)

    def _evaluate(self, model: Any, settings: Mapping[str, Any]) -> dict[str, float]:
        data, x_test = self._data, make_data(self._data.x_test)
        if self._scorer is not None:
            number = as_number(self._scorer(model, x_test, data.y_test))
            if number is None:
                raise ResultError("score=(model, x_test, y_test) returned no number. Let it return one.")
            return {"score": number}
        size = settings.get("batch_size")
        batches = {"batch_size": size} if isinstance(size, int) and data.y_test is not None else {}
        found = model.evaluate(x_test, data.y_test, verbose=0, return_dict=True, **batches)
        return {name: number for name, value in found.items() if (number := as_number(value)) is not None}

    def _score(self, model: Any, metrics: Mapping[str, float]) -> float:
        if self._scorer is not None:
            return metrics["score"]
        named = {**{f"val_{name}": value for name, value in metrics.items()}, **metrics}
        if self._objective.has_value(named):
            return float(self._objective.get_value(named))
        parts = self._objective.objectives if isinstance(self._objective, MultiObjective) else (self._objective,)
        wanted = ", ".join(part.name.removeprefix("val_") for part in parts)
        raise ResultError(
            f"The objective is {wanted}, and evaluating the {type(model).__name__} on the test set gives "
            f"{', '.join(metrics) or 'nothing'}. Say how to measure it: finish(…, score=function), called with the "
            "model, x_test and y_test."
        )


def _hp(execution: Execution) -> "HyperParameters":
    return execution.assignment.hyperparameters
