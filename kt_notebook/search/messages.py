"""What workers say to the session, beside the events that pass through as they are."""

from dataclasses import dataclass
from enum import Enum

from kt_notebook.core.errors import FatalError
from kt_notebook.core.events import ErrorInfo
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.protocol import Result
from kt_notebook.core.space import HyperParameters

__all__ = ["HooksTold", "ObjectiveSettled", "Outcome", "OutcomeKind", "SpaceMet"]


class OutcomeKind(Enum):
    """How a worker came back."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A worker has come back from a trial.

    Attributes:
        result: Set where `kind` is DONE.
        error, exception: Set where `kind` is FAILED.
    """

    trial_id: str
    kind: OutcomeKind
    hyperparameters: HyperParameters
    result: Result | None = None
    error: ErrorInfo | None = None
    exception: Exception | None = None

    @property
    def is_fatal(self) -> bool:
        """Whether the exception is to end the search."""
        return isinstance(self.exception, FatalError)


@dataclass(frozen=True, slots=True)
class SpaceMet:
    """A trial has declared more than its space held; `hyperparameters` is a copy."""

    trial_id: str
    hyperparameters: HyperParameters


@dataclass(frozen=True, slots=True)
class ObjectiveSettled:
    """A trial's first result has settled an objective that was left out."""

    objective: AnyObjective


@dataclass(frozen=True, slots=True)
class HooksTold:
    """The user's hooks have been told of a trial's end, and its worker is idle.

    Attributes:
        error: What a hook has raised; the search ends with it.
        is_interrupted: Whether the user interrupted before the hooks had come through; the search stops.
    """

    trial_id: str
    error: Exception | None = None
    is_interrupted: bool = False
