"""One run of a trial: which fits it has done, what their epochs gave, and how far it is.

How it works: `current_execution` finds the execution of the code that is running, through a context variable: the one
such state in this room. A fit becomes a `Stage`; epochs count on from stage to stage.
"""

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from kt_notebook.core.errors import FatalObjectiveError, FatalValueError
from kt_notebook.core.fit_way import FitPath, FitWay
from kt_notebook.core.objective import AnyObjective, fit_objective, missing_objective_error
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.training.checkpoints import BestWeights
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.continuation import Continuation
from kt_notebook.training.guard.guard import Guard
from kt_notebook.training.keras_state import KerasScope
from kt_notebook.training.memory import ModelMemory
from kt_notebook.training.reuse.pool import Loans, TemplatePool

__all__ = ["Execution", "Stage", "current_execution", "entered"]

_UNSEEN = (
    "the trial's own code calls model.fit itself, which cannot be seen beforehand; in a HyperModel.fit call "
    "super().fit(hp, model, *args, **kwargs)"
)
_current: ContextVar["Execution | None"] = ContextVar("kt_notebook_execution", default=None)


def current_execution() -> "Execution | None":
    """Return the execution that this code runs in, None outside of trials."""
    return _current.get()


@contextmanager
def entered(execution: "Execution") -> Iterator[None]:
    """Make `execution` the current one."""
    token = _current.set(execution)
    try:
        yield
    finally:
        _current.reset(token)


@dataclass(slots=True)
class Stage:
    """One fit of a model.

    Attributes:
        number: 0 for the execution's first fit.
        model: The fitted model, held weakly: a loop over folds may build many.
        history: What the fit returns, held weakly too.
        epochs: Epoch (counted on over the stages) and metrics of each epoch that has ended.
    """

    number: int
    # Any: Keras objects.
    model: "weakref.ref[Any]"
    history: "weakref.ref[Any] | None"
    epochs: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)


class Execution:
    """One run of a trial.

    Args:
        assignment: The trial.
        reporter: Its line to the search.
        index: Which run, from 0.
        best_weights: Keeps the best epoch's weights over all runs of the trial.
        max_epochs: No fit goes beyond this epoch; None: as far as it says.
        fits_decide: Whether an objective that was left out, or that no epoch gives, is settled by the first epoch of
            a fit that the trial's own code starts. False where the code may return something else than that fit.
        keras_scope: Told when a model has been built.
        seen_generators: Generators that trials of this search have fitted with.
        memory: Told of each model that is fitted.
        continuation: Says how long fits train and where they go on, where Hyperband chooses the trials.
        model_settings: What is done to each model that was built.
        make_callbacks: Gives further callbacks for a fit, by the trial's id.
        fit_way: How its fits are to run.
        loans: What its models borrow of earlier trials' graphs; None: of no other trial's.
        guard: Checks fits that are not Keras' own.
    """

    def __init__(
        self,
        assignment: Assignment,
        reporter: Reporter,
        index: int = 0,
        *,
        best_weights: BestWeights | None = None,
        max_epochs: int | None = None,
        fits_decide: bool = False,
        keras_scope: KerasScope | None = None,
        seen_generators: "weakref.WeakSet[Any] | None" = None,
        memory: ModelMemory | None = None,
        continuation: Continuation | None = None,
        model_settings: ModelSettings | None = None,
        make_callbacks: Callable[[str], Sequence[Any]] | None = None,  # Any: Keras' callbacks.
        fit_way: FitWay = FitWay.AUTO,
        loans: Loans | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.assignment = assignment
        self.reporter = reporter
        self.index = index
        self.best_weights = best_weights or BestWeights(None)
        self.max_epochs = max_epochs
        self.fits_decide = fits_decide
        self.continuation = continuation
        self.model_settings = model_settings or ModelSettings()
        self._make_callbacks = make_callbacks
        self.seen_generators = weakref.WeakSet[Any]() if seen_generators is None else seen_generators
        self.stages: list[Stage] = []
        self.next_epoch = 0
        self.n_models = 0
        self._keras_scope = keras_scope
        self._memory = memory
        self.fit_way = fit_way
        self.loans = loans or Loans(TemplatePool())
        self.guard = guard or Guard()
        self._n_chosen = 0  # Fits whose path was told; a fit in the user's own code may pass us by.

    # Any: Keras objects, here and below.
    def further_callbacks(self) -> list[Any]:
        """Return the callbacks that a fit gets beside the user's and ours."""
        return [] if self._make_callbacks is None else list(self._make_callbacks(self.assignment.trial_id))

    def open_stage(self, model: Any, history: Any, first_epoch: int = 0) -> Stage:
        """Begin a fit. The first one sets the epoch from which all of them count."""
        if not self.stages:
            self.next_epoch = first_epoch
        if self._n_chosen <= len(self.stages):
            self.choose_path(FitPath.PLAIN, _UNSEEN)
        if not any(stage.model() is model for stage in self.stages):
            self.n_models += 1
        ref = None if history is None else weakref.ref(history)
        stage = Stage(len(self.stages), weakref.ref(model), ref)
        self.stages.append(stage)
        return stage

    def choose_path(self, path: FitPath, reason: str | None) -> None:
        """Tell which path the fit takes that is about to begin, and why none that is faster.

        Raises:
            FatalValueError: The search wants fused fits only, and this is none.
        """
        if path is FitPath.PLAIN and self.fit_way is FitWay.FUSED:
            raise FatalValueError(
                f"fit='fused' was asked for, and a fit cannot be fused: {reason}. Change that, or let the search "
                "choose: fit='auto'."
            )
        self._n_chosen = len(self.stages) + 1
        self.reporter.fit_chosen(self.index, len(self.stages), path, reason)

    def change_path(self, path: FitPath, reason: str) -> None:
        """Tell that the fit which has begun takes another path than was told."""
        self.reporter.fit_chosen(self.index, max(0, len(self.stages) - 1), path, reason)

    def end_epoch(self, stage: Stage, metrics: Mapping[str, float], n_left: int | None) -> int:
        """Record and report an epoch that has ended; return its number.

        Args:
            stage: Its fit.
            metrics: Names to numbers.
            n_left: How many epochs the fit still plans, None where unknown.
        """
        epoch = self.next_epoch
        self.next_epoch += 1
        stage.epochs.append((epoch, metrics))
        n_epochs = None if n_left is None else self.next_epoch + n_left
        self.reporter.report(self.index, epoch, metrics, stage=stage.number, n_epochs=n_epochs)
        model = stage.model() if len(stage.epochs) == 1 else None
        if self._memory is not None and model is not None and not self.loans.holds(model):
            self._memory.watch(model)
        return epoch

    def stage_of(self, history: Any) -> Stage | None:
        """Return the fit that returned this history, None for a fit that was not observed."""
        return next((s for s in self.stages if s.history is not None and s.history() is history), None)

    def best_of(self, stage: Stage) -> Result | None:
        """Return the best epoch of a stage's model over its stages that report the objective.

        Raises:
            FatalObjectiveError: There are epochs, and none of them has the objective.
        """
        model = stage.model()
        stages = [s for s in self.stages if s is stage or (model is not None and s.model() is model)]
        epochs = [epoch for s in stages for epoch in s.epochs]
        if not epochs:
            return None
        names = {name for _, metrics in epochs for name in metrics}
        objective = settle_by_fit(self.reporter, names)
        rated = [(epoch, metrics) for epoch, metrics in epochs if objective.has_value(metrics)]
        if not rated:
            raise FatalObjectiveError(str(missing_objective_error(objective, names)))
        best = rated[0]
        for candidate in rated[1:]:
            if is_better(objective, objective.get_value(candidate[1]), objective.get_value(best[1])):
                best = candidate
        return Result(dict(best[1]), best[0])

    def has_built(self) -> None:
        """Undo what the build did to other threads' Keras state."""
        if self._keras_scope is not None:
            self._keras_scope.mend()


def is_better(objective: AnyObjective, a: float, b: float) -> bool:
    """Return whether `a` is strictly better than `b`; any number is better than NaN."""
    a_is_nan, b_is_nan = a != a, b != b  # noqa: PLR0124  # Only NaN differs from itself.
    return not a_is_nan and (b_is_nan or objective.better_than(a, b))


def settle_by_fit(reporter: Reporter, names: "set[str] | Mapping[str, float]") -> AnyObjective:
    """Return the objective; one that was left out becomes `val_loss`, or `loss` with a word of advice."""
    objective = reporter.objective
    if objective is not None:
        return objective
    chosen = fit_objective(names)
    if chosen.name == "loss":
        reporter.note(
            "advice",
            "training_loss",
            "The objective is the training loss, which rewards overfitting. Give the fit validation_data= or "
            "validation_split=, and val_loss will be used.",
        )
    reporter.choose_objective(chosen)
    return reporter.objective or chosen
