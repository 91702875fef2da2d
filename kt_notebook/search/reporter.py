"""A running trial's line to its session: reports go up at once, requests to stop or hold are looked at in passing."""

import threading
import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from kt_notebook.core.errors import TrialStoppedError
from kt_notebook.core.events import EpochEnded, FitChosen, OutputCaptured, SearchNoted, TrialProgressed
from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.space import HyperParameters
from kt_notebook.search.messages import ObjectiveSettled, SpaceMet

__all__ = ["StopLevel", "TrialReporter"]

_PROGRESS_INTERVAL_S = 0.125
_LOOK_INTERVAL_S = 0.1  # how soon a trial held by a pause hears that it alone is to end


class StopLevel(IntEnum):
    """How soon a trial is to end."""

    NONE = 0
    END_OF_EPOCH = 1
    NOW = 2


class TrialReporter:
    """The `Reporter` of a trial that runs in this process.

    Args:
        trial_id: The trial's id.
        hyperparameters: The trial's own copy; what it declares beyond its space is reported as it happens.
        objective: The search's objective, None while undecided.
        send: Puts a message into the session's inbox, from any thread.
        gate: Set while the search runs, clear while it is paused.

    Attributes:
        hyperparameters: The trial's own copy.
        ends_alone: Whether this trial was asked to end by itself, by hand or pruned, not with the whole search.
        space_version: The version of the trial's space that the session has been told of.
    """

    def __init__(
        self,
        trial_id: str,
        hyperparameters: HyperParameters,
        objective: AnyObjective | None,
        send: Callable[[object], None],
        gate: threading.Event,
    ) -> None:
        self._trial_id = trial_id
        self.hyperparameters = hyperparameters
        self.space_version = hyperparameters.version
        self._objective = objective
        self._send = send
        self._gate = gate
        self._stop = StopLevel.NONE
        self._progressed_at = 0.0
        self.ends_alone = False

    @property
    def objective(self) -> AnyObjective | None:
        """The search's objective, or None while it is left to the first result."""
        return self._objective

    @property
    def is_stopping(self) -> bool:
        """Whether the trial was asked to end, now or at the end of this epoch."""
        return self._stop > StopLevel.NONE

    def stop(self, level: StopLevel) -> None:
        """Ask the trial to end; a request is never taken back, only made more urgent. Any thread."""
        self._stop = max(self._stop, level)

    def choose_objective(self, objective: AnyObjective) -> None:
        """Settle an objective that was left out; without effect where there is one already."""
        if self._objective is None:
            self._objective = objective
            self._send(ObjectiveSettled(objective))

    def report(
        self,
        execution: int,
        epoch: int,
        metrics: Mapping[str, float],
        *,
        stage: int = 0,
        n_epochs: int | None = None,
    ) -> None:
        """Tell the metrics of an epoch that has ended."""
        self._report_growth()
        self._send(EpochEnded(self._trial_id, execution, epoch, n_epochs, stage, dict(metrics)))

    def progress(
        self, execution: int, epoch: int, step: int, n_steps: int | None, metrics: Mapping[str, float]
    ) -> None:
        """Tell where a running epoch stands, at most eight times a second."""
        now = time.monotonic()
        if now - self._progressed_at >= _PROGRESS_INTERVAL_S:
            self._progressed_at = now
            self._send(TrialProgressed(self._trial_id, execution, epoch, step, n_steps, dict(metrics)))

    def fit_chosen(self, execution: int, stage: int, path: FitPath, reason: str | None) -> None:
        """Tell how a fit is going to run."""
        self._send(FitChosen(self._trial_id, execution, stage, path.value, reason))

    def note(self, level: str, code: str, text: str, line: int | None = None) -> None:
        """Leave a note for the user, shown once."""
        self._send(SearchNoted(level, code, text, line))

    # Any: a mime bundle is JSON.
    def output(self, stream: str, text: str | None, data: dict[str, Any] | None = None) -> None:
        """Keep something that the trial printed or displayed."""
        self._send(OutputCaptured(self._trial_id, stream, text, data))

    def hold(self) -> None:
        """Return at once, or wait while the search is paused.

        Raises:
            TrialStoppedError: The trial is to end now.
        """
        while not self._gate.is_set() and self._stop < StopLevel.NOW:
            self._gate.wait(_LOOK_INTERVAL_S)
        if self._stop is StopLevel.NOW:
            raise TrialStoppedError(f"Trial {self._trial_id} was stopped.")

    def _report_growth(self) -> None:
        if self.hyperparameters.version != self.space_version:
            self.space_version = self.hyperparameters.version
            self._send(SpaceMet(self._trial_id, self.hyperparameters.copy()))
