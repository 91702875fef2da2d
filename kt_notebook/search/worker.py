"""Runs one trial and brings back what became of it, whatever that is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kt_notebook.core.errors import FailedTrialError, TrialStoppedError
from kt_notebook.core.protocol import Assignment, Reporter, TrialFunction
from kt_notebook.core.trial import Trial, is_terminal
from kt_notebook.search.error_report import describe_error
from kt_notebook.search.messages import HooksTold, Outcome, OutcomeKind

__all__ = ["Capture", "Hooks", "Job", "run_job", "tell_end"]


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
    """A trial on its way to a worker; once it has begun, its outcome is sent, whatever happens."""

    assignment: Assignment
    reporter: Reporter
    has_begun: bool = False


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
        if job.has_begun:
            send(outcome)


def tell_end(hooks: Hooks, trial_id: str, look: Callable[[], Trial], send: Callable[[object], None]) -> None:
    """Let the user's hooks see a trial that has ended, on its thread, before its worker gets another.

    Args:
        hooks: They are told, unless the trial is to be run again.
        trial_id: The trial.
        look: Returns a copy of the trial as the oracle has it.
        send: Takes the one `HooksTold`, whatever happens: the session waits for it.
    """
    told = HooksTold(trial_id)
    try:
        trial = look()
        if is_terminal(trial.status):
            hooks.end_trial(trial)
    except Exception as error:  # noqa: BLE001 - Boundary: a fault of the user's own hook ends the search.
        told = HooksTold(trial_id, error)
    finally:
        send(told)


def _failed_by(error: BaseException) -> FailedTrialError:
    """Return the failure that `sys.exit()` and the like are: in a trial they end nothing but the trial."""
    failure = FailedTrialError(f"The trial raised {type(error).__name__}({error}). Return its score instead.")
    return failure.with_traceback(error.__traceback__)
