"""The trials at work: which worker has which, and how they are held and stopped."""

import threading
from collections.abc import Callable

from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.trial import Trial
from kt_notebook.search.reporter import StopLevel, TrialReporter

__all__ = ["RunningTrials"]


class RunningTrials:
    """Workers and the trials they have. The session changes it; `stop_all` and `release` are for any thread.

    Args:
        n_workers: How many trials may run at a time.
        send: Puts a message into the session's inbox.
    """

    def __init__(self, n_workers: int, send: Callable[[object], None]) -> None:
        self._send = send
        self._gate = threading.Event()  # set while trials may go on, clear while the search is paused
        self._gate.set()
        self._stop = StopLevel.NONE  # asked of all, also of a trial that begins only now
        self._reporters: dict[str, TrialReporter] = {}
        self._workers: dict[str, str] = {}
        self._idle = [f"tuner{n}" for n in reversed(range(n_workers))]

    def __len__(self) -> int:
        return len(self._workers)

    def __contains__(self, trial_id: object) -> bool:
        return trial_id in self._reporters

    @property
    def idle_worker(self) -> str | None:
        """The worker that gets the next trial, None while all are busy."""
        return self._idle[-1] if self._idle else None

    def begin(self, trial: Trial, objective: AnyObjective | None) -> TrialReporter:
        """Give a trial to the idle worker and return its line to the session."""
        # The trial's code works on a copy of its own.
        reporter = TrialReporter(trial.trial_id, trial.hyperparameters.copy(), objective, self._send, self._gate)
        self._reporters[trial.trial_id] = reporter
        reporter.stop(self._stop)
        self._workers[trial.trial_id] = self._idle.pop()
        return reporter

    def end(self, trial_id: str, *, leaves: bool) -> TrialReporter:
        """Take a trial off the list.

        Args:
            trial_id: The trial.
            leaves: Whether its worker is idle now; else `leave` says when.
        """
        if leaves:
            self.leave(trial_id)
        return self._reporters.pop(trial_id)

    def leave(self, trial_id: str) -> bool:
        """Let the worker of a trial that has ended be idle; return whether it was not yet."""
        worker = self._workers.pop(trial_id, None)
        if worker is not None:
            self._idle.append(worker)
        return worker is not None

    @property
    def is_stopping(self) -> bool:
        """Whether every trial was asked to end; the message that says why is in the inbox, or was applied."""
        return self._stop > StopLevel.NONE

    def is_ending(self, trial_id: str) -> bool:
        """Whether a trial has ended, or was asked to end by itself."""
        reporter = self._reporters.get(trial_id)
        return reporter is None or reporter.ends_alone

    def stop(self, trial_id: str) -> None:
        """Ask one trial to end at its next batch, with what it has reached as its result."""
        self._reporters[trial_id].ends_alone = True
        self._reporters[trial_id].stop(StopLevel.NOW)

    def stop_all(self, level: StopLevel) -> None:
        """Ask every trial to end, those included that the session is about to begin."""
        self._stop = max(self._stop, level)
        for reporter in list(self._reporters.values()):
            reporter.stop(level)

    def hold(self) -> None:
        """Let every trial wait at its next batch."""
        self._gate.clear()

    def release(self) -> None:
        """Let waiting trials go on."""
        self._gate.set()
