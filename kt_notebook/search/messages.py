"""What workers say to the session, beside the events that pass through as they are."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kt_notebook.core.errors import FatalError
from kt_notebook.core.events import ErrorInfo
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.protocol import Result
from kt_notebook.core.space import HyperParameters

__all__ = ["Call", "ObjectiveSettled", "Outcome", "OutcomeKind", "SpaceMet"]


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
class Call:
    """A call that only the oracle's owner may make; the answer goes into the future."""

    function: Callable[[], Any]  # Any: whatever the oracle's method returns.
    answer: "Future[Any]"

    def give_answer(self) -> None:
        """Make the call; what it raises goes to whoever waits for the answer."""
        try:
            self.answer.set_result(self.function())
        except Exception as error:  # noqa: BLE001 - Boundary: the caller in the other thread gets it.
            self.answer.set_exception(error)
