"""What workers say to the session, beside the events that pass through as they are."""

import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any

from kt_notebook.core.errors import FatalError
from kt_notebook.core.events import ErrorInfo
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.protocol import Result
from kt_notebook.core.space import HyperParameters

__all__ = ["Call", "ObjectiveSettled", "Outcome", "OutcomeKind", "SpaceMet", "describe_error", "without_own_frames"]


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


_OWN_PACKAGE = __name__.partition(".")[0]


def describe_error(exception: BaseException, cell_file: str | None = None) -> ErrorInfo:
    """Return an exception as it is kept with a trial: the user's frames, and the cell's line where there is one.

    Args:
        exception: What the trial raised.
        cell_file: File name that the cell was compiled with, None for code that is no cell.
    """
    line = getattr(exception, "line", None)
    for frame, number in traceback.walk_tb(exception.__traceback__):
        if cell_file is not None and frame.f_code.co_filename == cell_file:
            line = number
    users = without_own_frames(exception.__traceback__) or exception.__traceback__
    text = "".join(traceback.format_exception(type(exception), exception, users))
    return ErrorInfo(type(exception).__name__, str(exception), text, line)


def without_own_frames(tb: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame that is not ours, None where all are."""
    start = tb
    while start is not None and _is_own(start):
        start = start.tb_next
    return start


def _is_own(tb: TracebackType) -> bool:
    module = tb.tb_frame.f_globals.get("__name__", "")
    return str(module).partition(".")[0] == _OWN_PACKAGE
