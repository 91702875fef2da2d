"""Makes the trial function that a worker runs from a HyperModel, or a `run_trial`, and the arguments of a fit."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.training.callback_copies import CallbackCopies, check_callbacks
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.data import check_fit_data
from kt_notebook.training.folds import Folds
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.keras_state import capture_settings
from kt_notebook.training.seeding import can_seed_threads
from kt_notebook.training.trial_run import TrialPlan, TrialRun

__all__ = ["KerasTrialFunction", "make_trial_function"]


# Any: arguments of Keras' `fit`, and what a trial returns.
def make_trial_function(
    hypermodel: HyperModel | None,
    fit_args: Sequence[Any] = (),
    fit_kwargs: Mapping[str, Any] | None = None,
    *,
    max_epochs: int | None = None,
    uses_keras: bool | None = None,
    model_settings: ModelSettings | None = None,
    folds: Folds | None = None,
    make_callbacks: Callable[[str], Sequence[Any]] | None = None,
    run_trial: Callable[[TrialRun], Any] | None = None,
    n_workers: int = 1,
    fit_way: FitWay = FitWay.AUTO,
) -> "KerasTrialFunction":
    """Return the function that runs one trial. Call it in the thread whose Keras settings the trials are to have.

    Args:
        hypermodel: Decides what a trial does; None where `run_trial` does all of it.
        fit_args: As given to `search`.
        fit_kwargs: As given to `search`, `callbacks` among them.
        max_epochs: No fit goes beyond this epoch.
        uses_keras: Whether Keras is imported before the first trial starts, on its thread, so that it is seeded too.
            None: where there are arguments for a fit, or Keras is loaded.
        model_settings: What is done to each model that was built.
        folds: The data's folds, each of which is an execution; None: the data are not split.
        make_callbacks: Gives further callbacks for the fits of a trial, by its id.
        run_trial: Runs a trial as the user wants it, and may return nothing, having reported its result itself.
        n_workers: How many trials are to run at a time.
        fit_way: How Keras' fits are to run.

    Raises:
        DataError: The data can be read only once.
        FatalError: A callback cannot work.
    """
    kwargs = dict(fit_kwargs or {})
    if uses_keras is None:
        uses_keras = bool(fit_args or kwargs.keys() - {"verbose"}) or "keras" in sys.modules
    check_fit_data(fit_args, kwargs)
    check_callbacks(kwargs.get("callbacks"), n_workers=n_workers)
    plan = TrialPlan(
        hypermodel,
        tuple(fit_args),
        kwargs,
        capture_settings(),
        max_epochs=max_epochs,
        model_settings=model_settings or ModelSettings(),
        folds=folds,
        make_callbacks=make_callbacks,
        callbacks=CallbackCopies(kwargs.get("callbacks")),
        fit_way=fit_way,
    )
    return KerasTrialFunction(plan, uses_keras=uses_keras, run_trial=run_trial)


class KerasTrialFunction:
    """A `TrialFunction`; see `make_trial_function`."""

    def __init__(
        self, plan: TrialPlan, *, uses_keras: bool, run_trial: Callable[[TrialRun], Any] | None = None
    ) -> None:
        self._plan = plan
        self._uses_keras = uses_keras
        self._run_trial = run_trial

    @property
    def hypermodel(self) -> HyperModel | None:
        """What decides a trial's executions."""
        return self._plan.hypermodel

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
        self._plan.memory.tidy()
        run = TrialRun(self._plan, assignment, reporter)
        own = self._run_trial
        return run.run() if own is None else run.run_own(lambda: own(run))
