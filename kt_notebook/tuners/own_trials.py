"""Runs trials through the methods that a subclass of a tuner has of its own: `run_trial` and the `on_…` hooks."""

import inspect
from collections.abc import Sequence
from typing import Any, Protocol, cast

from kt_notebook.core.errors import TrialStoppedError
from kt_notebook.core.trial import Trial
from kt_notebook.search.reporter import TrialReporter
from kt_notebook.training.callbacks import FitHooks, hook_callback
from kt_notebook.training.trial_run import TrialRun

__all__ = ["OwnTrials", "TrialMethods"]

_DEFAULTS = ("kt_notebook.tuners.base_tuner", "kt_notebook.tuners.tuner")
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
        tuner: Its methods are called; those count that are not `Tuner`'s or `BaseTuner`'s, its class's or its own.
    """

    def __init__(self, tuner: TrialMethods) -> None:
        self._tuner = tuner
        self._at_work: dict[str, tuple[Trial, TrialRun]] = {}
        self._begun: dict[str, Trial] = {}  # Trials that are not at work any more and have not heard of their end.

    @property
    def runs_trials(self) -> bool:
        """Whether trials go through the tuner; else each is what its hypermodel does."""
        return self._has_own("run_trial", "on_trial_begin", *_EPOCH_HOOKS, *_BATCH_HOOKS)

    @property
    def watches_trials(self) -> bool:
        """Whether the tuner is to hear from the session of a trial's making and end."""
        return self.runs_trials or self._has_own("on_trial_end", "pre_create_trial")

    def hold(self, reported: Trial, step: int) -> None:
        """Let a trial that has just reported through the oracle wait while the search is paused. On the trial's thread.

        Its metrics and status are those of the oracle's own from then on.

        Raises:
            TrialStoppedError: The trial is to end.
        """
        trial, run = self._at_work.get(reported.trial_id, (None, None))
        if trial is not None and run is not None:
            run.has_reported = True
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
        try:
            self._tuner.on_trial_begin(trial)
            value = self._tuner.run_trial(trial, *fit_args, **fit_kwargs)
        except BaseException as error:
            if not _is_cut(error, run):
                self._begun[trial.trial_id] = trial
            raise
        else:
            self._begun[trial.trial_id] = trial
            return value
        finally:
            del self._at_work[trial.trial_id]

    def run_of(self, trial: Trial) -> TrialRun | None:
        """Return the run of a trial that is at work, None for another."""
        _, run = self._at_work.get(trial.trial_id, (None, None))
        return run

    def callbacks_for(self, trial_id: str) -> list[Any]:
        """Return the callbacks that tell the tuner of a trial's fits."""
        trial, _ = self._at_work.get(trial_id, (None, None))
        if trial is None or not self._has_own(*_EPOCH_HOOKS, *_BATCH_HOOKS):
            return []
        # A tuner that has such hooks of its own has them all.
        return [hook_callback(cast(FitHooks, self._tuner), trial, batches=self._has_own(*_BATCH_HOOKS))]

    def before_trial(self) -> None:
        """Tell the tuner that the oracle is about to be asked for a trial. On the session's thread."""
        self._tuner.pre_create_trial()

    def end_trial(self, trial: Trial) -> None:
        """Tell the tuner of a trial that has ended and is scored. On the trial's thread."""
        begun = self._begun.pop(trial.trial_id, trial)
        vars(begun).update(vars(trial))  # The user's own attributes of the trial that began stay.
        self._tuner.on_trial_end(begun)

    def _has_own(self, *names: str) -> bool:
        """Return whether the user has one of these methods, be it on the tuner's class or on the tuner itself.

        Told by what the method is: `functools.wraps` lends one of the user's the name and the module of ours.
        """
        ours = [vars(kind) for kind in type(self._tuner).__mro__ if kind.__module__ in _DEFAULTS]
        found = {name: inspect.getattr_static(self._tuner, name, None) for name in names}
        return any(
            method is not None and all(method is not namespace.get(name) for namespace in ours)
            for name, method in found.items()
        )


def _is_cut(error: BaseException, run: TrialRun) -> bool:
    """Return whether a trial has ended in the middle of its work, to be run again: nobody hears of such an end."""
    if isinstance(error, TrialStoppedError):
        return isinstance(run.reporter, TrialReporter) and not run.reporter.ends_alone
    return isinstance(error, KeyboardInterrupt)
