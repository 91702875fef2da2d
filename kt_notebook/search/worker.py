"""Runs one trial and brings back what became of it, whatever that is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kt_notebook.core.errors import TrialStoppedError
from kt_notebook.core.protocol import Assignment, Reporter, TrialFunction
from kt_notebook.search.error_report import describe_error
from kt_notebook.search.messages import Outcome, OutcomeKind

__all__ = ["Capture", "Job", "run_job"]


class Capture(Protocol):
    """Keeps a trial's output with the trial."""

    def installed(self) -> AbstractContextManager[None]:
        """Route output while the search runs."""

    def trial(self, reporter: Reporter) -> AbstractContextManager[None]:
        """Send this thread's output to a trial's reporter."""


@dataclass(frozen=True, slots=True)
class Job:
    """A trial on its way to a worker."""

    assignment: Assignment
    reporter: Reporter


def run_job(
    job: Job,
    trial_function: TrialFunction,
    capture: Capture | None,
    send: Callable[[object], None],
    cell_file: str | None = None,
) -> None:
    """Run a trial on this thread and send its `Outcome`.

    Raises:
        KeyboardInterrupt: The user interrupted; the outcome was sent before.
    """
    assignment, reporter = job.assignment, job.reporter
    trial_id, hyperparameters = assignment.trial_id, assignment.hyperparameters
    try:
        if capture is None:
            result = trial_function(assignment, reporter)
        else:
            with capture.trial(reporter):
                result = trial_function(assignment, reporter)
    except TrialStoppedError:
        send(Outcome(trial_id, OutcomeKind.STOPPED, hyperparameters))
    except KeyboardInterrupt:
        send(Outcome(trial_id, OutcomeKind.INTERRUPTED, hyperparameters))
        raise
    except Exception as error:  # noqa: BLE001 - The boundary of a trial: whatever it raises costs this trial, not the search.
        info = describe_error(error, cell_file)
        send(Outcome(trial_id, OutcomeKind.FAILED, hyperparameters, error=info, exception=error))
    else:
        send(Outcome(trial_id, OutcomeKind.DONE, hyperparameters, result))
