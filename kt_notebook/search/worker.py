"""Runs one trial and brings back what became of it, whatever that is."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kt_notebook.core.errors import ResultError, TrialStoppedError
from kt_notebook.core.protocol import Assignment, Reporter, TrialFunction
from kt_notebook.core.trial import Trial, is_terminal
from kt_notebook.search.endings import as_error
from kt_notebook.search.error_report import describe_error
from kt_notebook.search.messages import HooksTold, Outcome, OutcomeKind

__all__ = ["Capture", "Hooks", "Job", "Worker", "run_job", "tell_end"]


class Capture(Protocol):
    """Keeps a trial's output with the trial."""

    def installed(self) -> AbstractContextManager[None]:
        """Route output while the search runs."""

    def trial(self, reporter: Reporter) -> AbstractContextManager[None]:
        """Send this thread's output to a trial's reporter."""


class Hooks(Protocol):
    """What a user's Tuner wants to be told of trials; what it raises ends the search."""

    def before_trial(self) -> None:
        """The oracle is about to be asked for a trial. On the session's thread."""

    def end_trial(self, trial: Trial) -> None:
        """A trial has ended and is scored; `trial` is a copy. On the trial's thread."""


@dataclass(slots=True)
class Job:
    """A trial on its way to a worker; once it has begun, its outcome is sent, whatever happens.

    Attributes:
        has_begun: Its trial is not run any more.
        is_reported: Its outcome is sent.
        is_over: The session waits for nothing of it.
    """

    assignment: Assignment
    reporter: Reporter
    has_begun: bool = False
    is_reported: bool = False
    is_over: bool = False


class Worker:
    """Runs jobs on whichever thread brings them, and tells the session everything that it waits for.

    Args:
        trial_function: Runs one trial.
        capture: Keeps the trials' output with them, None to let it pass.
        hooks: Told of trials that have ended, None where nobody asks.
        send: Puts a message into the session's inbox.
        look: Returns a copy of a trial as the oracle has it.
        cell_file: File name that the cell was compiled with, None for code that is no cell.
    """

    def __init__(
        self,
        trial_function: TrialFunction,
        capture: Capture | None,
        hooks: Hooks | None,
        send: Callable[[object], None],
        look: Callable[[str], Trial],
        cell_file: str | None = None,
    ) -> None:
        self._trial_function = trial_function
        self._capture = capture
        self._hooks = hooks
        self._send = send
        self._look = look
        self._cell_file = cell_file
        self._threads: set[int] = set()

    @property
    def is_here(self) -> bool:
        """Whether this code runs on the thread of a trial."""
        return threading.get_ident() in self._threads

    def run(self, job: Job) -> None:
        """Run a job on this thread; of one that has begun already, send what is left to be sent.

        An interrupt may land on any line, these here included: a job that is not over then has to be brought again.

        Raises:
            KeyboardInterrupt: The user interrupted.
        """
        trial_id = job.assignment.trial_id
        told = HooksTold(trial_id, is_interrupted=True)
        has_begun = job.has_begun
        try:
            self._threads.add(threading.get_ident())
            run_job(job, self._trial_function, self._capture, self._send, self._cell_file)
            if self._hooks is not None and not has_begun:
                told = tell_end(self._hooks, trial_id, self._look)
        finally:
            self._threads.discard(threading.get_ident())
            if job.is_reported:
                if self._hooks is not None:
                    self._send(told)
                job.is_over = True


def run_job(
    job: Job,
    trial_function: TrialFunction,
    capture: Capture | None,
    send: Callable[[object], None],
    cell_file: str | None = None,
) -> None:
    """Run a trial on this thread and send its one `Outcome`, whatever happens: the session waits for it.

    Raises:
        KeyboardInterrupt: The user interrupted; if the job has begun, the outcome was sent before.
    """
    assignment, reporter = job.assignment, job.reporter
    trial_id, hyperparameters = assignment.trial_id, assignment.hyperparameters
    outcome = Outcome(trial_id, OutcomeKind.INTERRUPTED, hyperparameters)  # an interrupt may land on any line below
    try:
        if job.has_begun:
            return
        job.has_begun = True
        reporter.hold()  # a search that was paused or stopped meanwhile begins no trial
        if capture is None:
            result = trial_function(assignment, reporter)
        else:
            with capture.trial(reporter):
                result = trial_function(assignment, reporter)
        outcome = Outcome(trial_id, OutcomeKind.DONE, hyperparameters, result)
    except TrialStoppedError:
        outcome = Outcome(trial_id, OutcomeKind.STOPPED, hyperparameters)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - The boundary of a trial: whatever it raises costs this trial, not the search.
        failure = error if isinstance(error, Exception) else _failed_by(error)
        info = describe_error(failure, cell_file)
        outcome = Outcome(trial_id, OutcomeKind.FAILED, hyperparameters, error=info, exception=failure)
    finally:
        if job.has_begun and not job.is_reported:
            send(outcome)
            job.is_reported = True


def tell_end(hooks: Hooks, trial_id: str, look: Callable[[str], Trial]) -> HooksTold:
    """Let the user's hooks see a trial that has ended, on its thread, before its worker gets another.

    Args:
        hooks: They are told, unless the trial is to be run again.
        trial_id: The trial.
        look: Returns a copy of the trial as the oracle has it.

    Raises:
        KeyboardInterrupt: The user interrupted.
    """
    try:
        trial = look(trial_id)
        if is_terminal(trial.status):
            hooks.end_trial(trial)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - Boundary: a fault of the user's own hook ends the search.
        return HooksTold(trial_id, as_error(error))
    return HooksTold(trial_id)


def _failed_by(error: BaseException) -> ResultError:
    """Return the failure that `sys.exit()` and the like are: in a trial they end nothing but the trial."""
    failure = ResultError(f"The trial raised {type(error).__name__}({error}). Return its score instead.")
    return failure.with_traceback(error.__traceback__)
