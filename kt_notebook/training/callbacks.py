"""Reports a Keras fit to the search: progress at batches, metrics at epochs; and holds or ends it when asked to.

How it works: Keras calls the begin hooks of batches only. Overriding an end hook would make Keras read the metrics
after every batch, in step with the device, where it otherwise does so in the background.
"""

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from kt_notebook.core.errors import FatalObjectiveError, TrialStoppedError
from kt_notebook.core.objective import AnyObjective, MultiObjective, fit_objective, missing_objective_error
from kt_notebook.core.trial import Trial
from kt_notebook.training.continuation import Leg
from kt_notebook.training.execution import Execution, Stage, is_better, settle_by_fit
from kt_notebook.training.kinds import as_number

__all__ = ["FitHooks", "FitWatch", "hook_callback", "reporting_callback"]

# Four a second are enough for the eye; the reporter lets eight pass.
_PROGRESS_INTERVAL_S = 0.25


class FitHooks(Protocol):
    """What a user's Tuner wants to be told of a trial's fits."""

    # Any: a Keras model and its logs.
    def on_epoch_begin(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        """An epoch begins."""

    def on_epoch_end(self, trial: Trial, model: Any, epoch: int, logs: Any = None) -> None:
        """An epoch has ended."""

    def on_batch_begin(self, trial: Trial, model: Any, batch: int, logs: Any) -> None:
        """A training batch begins."""

    def on_batch_end(self, trial: Trial, model: Any, batch: int, logs: Any = None) -> None:
        """A training batch has ended."""


class FitWatch:
    """What the reporting callback does, with no Keras in it.

    Args:
        execution: The run of the trial that the fit belongs to.
        decides: Whether the first epoch settles an objective that was left out, and must have the objective.
        expects_validation: Whether the fit was given validation data, perhaps not for every epoch.
        leg: Told of epochs too, where the training goes on in another trial.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        execution: Execution,
        *,
        decides: bool,
        expects_validation: bool,
        leg: Leg | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._execution = execution
        self._reporter = execution.reporter
        self._decides = decides
        self._expects_validation = expects_validation
        self._leg = leg
        self._clock = clock
        self._stage: Stage | None = None
        self._has_validated = False
        self._progress_due = 0.0

    # Any: Keras objects, here and below.
    def begin(self) -> None:
        """A fit begins: wait where the search is paused."""
        self._stage = None
        self._reporter.hold()

    def begin_epoch(self, model: Any, epoch: int) -> None:
        """An epoch of the fit begins."""
        self._reporter.hold()
        if self._stage is None:
            self._stage = self._execution.open_stage(model, getattr(model, "history", None), epoch)
            self._execution.best_weights.accepts(model)
        self._has_validated = False
        self._progress_due = self._clock() + _PROGRESS_INTERVAL_S

    def begin_batch(self, model: Any, n_done: int, n_steps: int | None) -> None:
        """A training batch begins. Cheap: about one microsecond, four times a second one reading of the metrics."""
        self._reporter.hold()
        now = self._clock()
        if now >= self._progress_due and n_done:
            self._progress_due = now + _PROGRESS_INTERVAL_S
            execution = self._execution
            self._reporter.progress(execution.index, execution.next_epoch, n_done, n_steps, _metrics_so_far(model))

    def begin_validation(self) -> None:
        """The validation of an epoch begins."""
        self._has_validated = True

    def begin_validation_batch(self) -> None:
        """A batch of the validation begins."""
        self._reporter.hold()

    def end_epoch(self, model: Any, epoch: int, n_epochs: int | None, logs: Mapping[str, Any]) -> None:
        """An epoch has ended.

        Raises:
            FatalObjectiveError: No metric has the objective's name.
            TrialStoppedError: The trial is to end, and this was not the fit's last epoch.
        """
        if self._stage is None:  # A loop of the user's own that calls this hook alone.
            self.begin_epoch(model, epoch)
        stage = self._stage
        if stage is None:
            return
        metrics = {name: n for name, value in logs.items() if (n := as_number(value)) is not None}
        may_come = self._expects_validation and not self._has_validated
        if self._decides and not may_come:
            settle_by_fit(self._reporter, metrics)
        n_left = None if n_epochs is None else max(0, n_epochs - epoch - 1)
        self._execution.end_epoch(stage, metrics, n_left)
        objective = self._reporter.objective
        if self._decides and objective is not None and not objective.has_value(metrics):
            self._refuse(objective, metrics, may_come)
        self._keep_best(model, objective, metrics)
        if self._leg is not None:
            # Before callbacks put the best weights back, as EarlyStopping does at the end of the training.
            self._leg.end_epoch(model, n_epochs, is_last=n_left == 0 or bool(getattr(model, "stop_training", False)))
        self._reporter.hold()
        if self._reporter.is_stopping and n_left != 0:
            raise TrialStoppedError("The trial was stopped at the end of an epoch.")

    def _refuse(self, objective: AnyObjective, metrics: Mapping[str, float], may_come: bool) -> None:
        parts = objective.objectives if isinstance(objective, MultiObjective) else (objective,)
        missing = [part.name for part in parts if part.name not in metrics]
        if not (may_come and all(name.startswith("val_") for name in missing)):
            raise FatalObjectiveError(str(missing_objective_error(objective, metrics)))

    def _keep_best(self, model: Any, objective: AnyObjective | None, metrics: Mapping[str, float]) -> None:
        weights = self._execution.best_weights
        if not metrics or not weights.accepts(model):
            return
        judged = objective or fit_objective(metrics)  # While the trial's own value is not known yet.
        if not judged.has_value(metrics):
            return
        value = judged.get_value(metrics)
        if weights.best is None or is_better(judged, value, weights.best):
            weights.keep(model, value)


def reporting_callback(watch: FitWatch) -> Any:
    """Return a `keras.callbacks.Callback` that tells `watch` what a fit does. Put it last: it sees what others add."""
    return _callback_class()(watch)


def hook_callback(hooks: FitHooks, trial: Trial, *, batches: bool) -> Any:
    """Return a `keras.callbacks.Callback` that tells a tuner's hooks of a fit.

    Args:
        hooks: The tuner.
        trial: The trial, as the user's other hooks see it.
        batches: Whether batches are told too, which costs a reading of the metrics after each.
    """
    import keras

    def begin_epoch(epoch: int, logs: Any = None) -> None:
        hooks.on_epoch_begin(trial, callback.model, epoch, logs=logs)

    def end_epoch(epoch: int, logs: Any = None) -> None:
        hooks.on_epoch_end(trial, callback.model, epoch, logs=logs)

    def begin_batch(batch: int, logs: Any = None) -> None:
        hooks.on_batch_begin(trial, callback.model, batch, logs)

    def end_batch(batch: int, logs: Any = None) -> None:
        hooks.on_batch_end(trial, callback.model, batch, logs)

    further = {"on_train_batch_begin": begin_batch, "on_train_batch_end": end_batch} if batches else {}
    callback: Any = keras.callbacks.LambdaCallback(on_epoch_begin=begin_epoch, on_epoch_end=end_epoch, **further)
    return callback


@functools.cache  # The class needs Keras, which must not be imported before it is used.
def _callback_class() -> Any:
    import keras

    class ReportingCallback(keras.callbacks.Callback):
        """Passes on what happens in a fit."""

        def __init__(self, watch: FitWatch) -> None:
            super().__init__()
            self.kt_notebook_watch = watch

        def __deepcopy__(self, memo: dict[int, Any]) -> "ReportingCallback":
            return self  # A copy would report for a fit that is none of its own.

        def _param(self, name: str) -> int | None:
            value = (self.params or {}).get(name)
            return value if isinstance(value, int) else None

        def on_train_begin(self, logs: Any = None) -> None:
            self.kt_notebook_watch.begin()

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.kt_notebook_watch.begin_epoch(self._model, epoch)

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.kt_notebook_watch.begin_batch(self._model, batch, self._param("steps"))

        def on_test_begin(self, logs: Any = None) -> None:
            self.kt_notebook_watch.begin_validation()

        def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.kt_notebook_watch.begin_validation_batch()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            # self.model, not self._model: on JAX it brings the trained state into the model.
            self.kt_notebook_watch.end_epoch(self.model, epoch, self._param("epochs"), logs or {})

    return ReportingCallback


def _metrics_so_far(model: Any) -> dict[str, float]:
    """Return the running epoch's metrics where they can be read cheaply."""
    import keras

    if keras.backend.backend() == "jax":  # The state lies outside the model while an epoch runs.
        return {}
    try:
        found = model.get_metrics_result()
    except Exception:  # noqa: BLE001  # A metric of the user's, read for show only: it must not cost the trial.
        return {}
    return {name: n for name, value in found.items() if (n := as_number(value)) is not None}
