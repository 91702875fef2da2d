"""Makes the trial function that a worker runs from a HyperModel and the arguments of a fit."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from weakref import WeakSet

from kt_notebook.core.budget import Budget
from kt_notebook.core.errors import TrialStoppedError
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.training.callback_copies import CallbackCopies, check_callbacks
from kt_notebook.training.checkpoints import BestWeights
from kt_notebook.training.continuation import Continuation
from kt_notebook.training.data import check_fit_data
from kt_notebook.training.execution import Execution, entered
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.keras_state import KerasScope, capture_settings
from kt_notebook.training.memory import ModelMemory
from kt_notebook.training.outcome import average, interpret
from kt_notebook.training.seeding import can_seed_threads, execution_seed, seeded

__all__ = ["KerasTrialFunction", "make_trial_function"]


# Any: arguments of Keras' `fit`.
def make_trial_function(
    hypermodel: HyperModel,
    fit_args: Sequence[Any] = (),
    fit_kwargs: Mapping[str, Any] | None = None,
    *,
    max_epochs: int | None = None,
    uses_keras: bool | None = None,
    may_return_none: bool = False,
) -> "KerasTrialFunction":
    """Return the function that runs one trial. Call it in the thread whose Keras settings the trials are to have.

    Args:
        hypermodel: Decides what a trial does.
        fit_args: As given to `search`.
        fit_kwargs: As given to `search`, `callbacks` among them.
        max_epochs: No fit goes beyond this epoch.
        uses_keras: Whether Keras is imported before the first trial starts, on its thread, so that it is seeded too.
            None: where there are arguments for a fit, or Keras is loaded.
        may_return_none: Whether a trial may return nothing, having reported its result itself.

    Raises:
        DataError: The data can be read only once.
        FatalError: A callback cannot work.
    """
    kwargs = dict(fit_kwargs or {})
    if uses_keras is None:
        uses_keras = bool(fit_args or kwargs) or "keras" in sys.modules
    check_fit_data(fit_args, kwargs)
    check_callbacks(kwargs.get("callbacks"))
    return KerasTrialFunction(hypermodel, tuple(fit_args), kwargs, max_epochs, uses_keras, may_return_none)


class KerasTrialFunction:
    """A `TrialFunction`; see `make_trial_function`."""

    def __init__(
        self,
        hypermodel: HyperModel,
        fit_args: tuple[Any, ...],
        fit_kwargs: dict[str, Any],
        max_epochs: int | None,
        uses_keras: bool,
        may_return_none: bool,
    ) -> None:
        self._uses_keras = uses_keras
        self.hypermodel = hypermodel
        self._fit_args = fit_args
        self._callbacks = CallbackCopies(fit_kwargs.get("callbacks"))
        self._fit_kwargs = fit_kwargs
        self._max_epochs = max_epochs
        self._may_return_none = may_return_none
        self._settings = capture_settings()
        self._seen_generators = WeakSet[Any]()
        self._memory = ModelMemory()

    def __call__(self, assignment: Assignment, reporter: Reporter) -> Result:
        """Run the trial, all its executions, and return its result.

        Raises:
            TrialStoppedError: The trial was asked to end; its best weights so far are written.
            FatalError: The search is to end.
            Exception: The trial has failed.
        """
        if self._uses_keras:
            import keras  # noqa: F401  # Its state must be there to be seeded.
        if not can_seed_threads():
            reporter.note(
                "warning", "not_seeded", "This version of Keras or TensorFlow is new to us: trials are not repeatable."
            )
        weights = BestWeights(assignment.directory)
        self._memory.tidy()
        results = []
        for index in range(assignment.executions):
            if index and reporter.is_stopping:
                raise TrialStoppedError(f"Trial {assignment.trial_id} was stopped between two executions.")
            results.append(self._execute(assignment, reporter, index, weights))
            self._memory.tidy()
        return average(results)

    def _execute(self, assignment: Assignment, reporter: Reporter, index: int, weights: BestWeights) -> Result:
        with ExitStack() as stack:
            scope = stack.enter_context(KerasScope(self._settings))
            stack.enter_context(seeded(execution_seed(assignment.seed, index)))
            budget = Budget.of(assignment.hyperparameters.values)
            continuation = None if budget is None else Continuation(assignment, budget, index, reporter)
            execution = Execution(
                assignment,
                reporter,
                index,
                best_weights=weights,
                max_epochs=self._max_epochs,
                fits_decide=self.hypermodel.fits_decide,
                keras_scope=scope,
                seen_generators=self._seen_generators,
                memory=self._memory,
                continuation=continuation,
            )
            stack.enter_context(entered(execution))
            try:
                value = self._run(execution)
                if continuation is not None:
                    continuation.close()
                result = interpret(
                    value,
                    execution,
                    last_fit_counts=self.hypermodel.last_fit_counts,
                    may_be_none=self._may_return_none,
                )
            except TrialStoppedError:
                _write(weights, reporter)
                raise
            _write(weights, reporter)
            return result

    def _run(self, execution: Execution) -> Any:
        kwargs = dict(self._fit_kwargs)
        if "callbacks" in kwargs:
            kwargs["callbacks"] = self._callbacks.make(execution.assignment, execution.index, execution.reporter)
        return self.hypermodel.run(execution.assignment.hyperparameters, *self._fit_args, **kwargs)


def _write(weights: BestWeights, reporter: Reporter) -> None:
    """Write the best weights; a full disk costs the file, not the trial."""
    try:
        weights.write()
    except OSError as error:
        reporter.note("error", "weights_not_written", f"The best weights could not be written: {error}")
