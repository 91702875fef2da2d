"""Runs trials through the methods that a subclass of a tuner has of its own: `run_trial` and the `on_…` hooks."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from kt_notebook.core.trial import Trial
from kt_notebook.training.callbacks import FitHooks, hook_callback
from kt_notebook.training.trial_run import TrialRun

__all__ = ["OwnTrials", "TrialMethods"]

_DEFAULTS = ("kt_notebook.tuners.base_tuner", "kt_notebook.tuners.tuner")
_METHODS = ("run_trial", "on_trial_begin", "on_trial_end", "pre_create_trial")
_EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")
_BATCH_HOOKS = ("on_batch_begin", "on_batch_end")


class TrialMethods(Protocol):
    """What a user's subclass of a tuner may have of its own."""

    # Any: arguments of `search` and what a trial returns.
    def run_trial(self, trial: Trial, *fit_args: Any, **fit_kwargs: Any) -> Any:
        """Run a trial."""

    def on_trial_begin(self, trial: Trial) -> None:
        """A trial begins."""

    def on_trial_end(self, trial: Trial) -> None:
        """A trial has ended."""

    def pre_create_trial(self) -> None:
        """The oracle is about to be asked for a trial."""


class OwnTrials:
    """The trials that are at work, as the user's own methods see them.

    Args:
        tuner: Its methods are called; those count that are not `Tuner`'s or `BaseTuner`'s.
    """

    def __init__(self, tuner: TrialMethods) -> None:
        self._tuner = tuner
        names = (*_METHODS, *_EPOCH_HOOKS, *_BATCH_HOOKS)
        self._own = {name for name in names if not _is_default(getattr(type(tuner), name, None))}
        self._at_work: dict[str, tuple[Trial, TrialRun]] = {}

    @property
    def runs_trials(self) -> bool:
        """Whether trials go through the tuner; else each is what its hypermodel does."""
        return not self._own.isdisjoint(("run_trial", "on_trial_begin", *_EPOCH_HOOKS, *_BATCH_HOOKS))

    @property
    def watches_trials(self) -> bool:
        """Whether the tuner is to hear from the session of a trial's making and end."""
        return self.runs_trials or not self._own.isdisjoint(("on_trial_end", "pre_create_trial"))

    def hold(self, reported: Trial, step: int) -> None:
        """Let a trial that has just reported through the oracle wait while the search is paused. On the trial's thread.

        Its metrics and status are those of the oracle's own from then on.

        Raises:
            TrialStoppedError: The trial is to end.
        """
        if reported.trial_id in self._at_work:
            trial, run = self._at_work[reported.trial_id]
            trial.metrics.metrics, trial.status = reported.metrics.metrics, reported.status
            # What is reported at step 0 may be the whole result: nothing is won by cutting the trial then.
            run.hold(is_amid=step > 0)

    # Any: arguments of `search`, what a trial returns, Keras' callbacks.
    def run(self, run: TrialRun, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]) -> Any:
        """Run a trial as the tuner does and return what it returned. On the trial's thread."""
        assignment = run.assignment
        trial = Trial(assignment.hyperparameters, assignment.trial_id)
        trial.seed = assignment.seed
        self._at_work[trial.trial_id] = (trial, run)
        self._tuner.on_trial_begin(trial)
        return self._tuner.run_trial(trial, *fit_args, **fit_kwargs)

    def run_of(self, trial: Trial) -> TrialRun | None:
        """Return the run of a trial that is at work, None for another."""
        return self._at_work[trial.trial_id][1] if trial.trial_id in self._at_work else None

    def callbacks_for(self, trial_id: str) -> list[Any]:
        """Return the callbacks that tell the tuner of a trial's fits."""
        if trial_id not in self._at_work or self._own.isdisjoint((*_EPOCH_HOOKS, *_BATCH_HOOKS)):
            return []
        batches = not self._own.isdisjoint(_BATCH_HOOKS)
        # A tuner that has such hooks of its own has them all.
        return [hook_callback(cast(FitHooks, self._tuner), self._at_work[trial_id][0], batches=batches)]

    def before_trial(self) -> None:
        """Tell the tuner that the oracle is about to be asked for a trial. On the session's thread."""
        self._tuner.pre_create_trial()

    def end_trial(self, trial: Trial) -> None:
        """Tell the tuner of a trial that has ended and is scored. On the trial's thread."""
        begun, _ = self._at_work.pop(trial.trial_id, (trial, None))
        vars(begun).update(vars(trial))  # The user's own attributes of the trial that began stay.
        self._tuner.on_trial_end(begun)


def _is_default(method: object) -> bool:
    return method is None or getattr(method, "__module__", None) in _DEFAULTS
