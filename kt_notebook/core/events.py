"""What can happen in a search: one frozen dataclass for each kind of record in the journal."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

__all__ = [
    "EpochEnded",
    "ErrorInfo",
    "Event",
    "FitChosen",
    "LimitsChanged",
    "ObjectiveChosen",
    "OutputCaptured",
    "Record",
    "SearchEnded",
    "SearchNoted",
    "SearchPaused",
    "SearchResumed",
    "SearchStarted",
    "SpaceGrown",
    "StopRequested",
    "TrialCut",
    "TrialDropped",
    "TrialEnded",
    "TrialEnqueued",
    "TrialProgressed",
    "TrialStarted",
    "decode_number",
    "encode_number",
]

# A record is an event as JSON holds it, stamped with "seq", "time" and "kind".
# Any: a record is the boundary to JSON, its values are what JSON can hold.
Record = dict[str, Any]


def encode_number(value: float | int | None) -> float | int | str | None:
    """Return a number as JSON can hold it; NaN and the infinities become their JavaScript names."""
    if value is None or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def decode_number(value: float | int | str | None) -> float | int | None:
    """Return the number that `encode_number` was given."""
    return float(value) if isinstance(value, str) else value


def _encode_metrics(metrics: Mapping[str, float]) -> dict[str, float | int | str | None]:
    return {name: encode_number(value) for name, value in metrics.items()}


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An exception as it is kept with a trial or a search.

    Attributes:
        type: Class name, such as `ValueError`.
        message: The text of the exception.
        traceback: The user's part of the traceback, ready to print.
        line: Line in the cell where it happened, from 1, where known.
    """

    type: str
    message: str
    traceback: str
    line: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict."""
        return {"type": self.type, "message": self.message, "traceback": self.traceback, "line": self.line}


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events: `to_record` gives the JSON form.

    Attributes:
        kind: The record's kind: the class name in snake_case.
        transient: Whether it is shown only, never kept.
        durable: Whether the search waits until the disk has it. What is not goes to the disk with the next that is.
    """

    kind: ClassVar[str] = ""
    transient: ClassVar[bool] = False
    durable: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        # super() without arguments does not work here: slots make the dataclass decorator create the class twice.
        super(Event, cls).__init_subclass__()
        cls.kind = re.sub(r"(?<!^)([A-Z])", r"_\1", cls.__name__).lower()

    def to_record(self, seq: int, time: float) -> Record:
        """Return the event stamped with its number and time (unix seconds)."""
        record: Record = {"seq": seq, "time": time, "kind": self.kind}
        for field in fields(self):
            record[field.name] = getattr(self, field.name)
        return record


@dataclass(frozen=True, slots=True)
class SearchStarted(Event):
    """A search began, or went on (`resumed`) with these settings."""

    search_id: str
    name: str
    tuner: str
    objective: list[dict[str, str]] | None
    max_trials: int | None
    executions_per_trial: int
    max_epochs: int | None
    seed: int
    workers: int
    where: str
    timeout_s: float | None
    space: list[dict[str, Any]]
    directory: str | None
    resumed: bool
    n_combinations: int | None


@dataclass(frozen=True, slots=True)
class ObjectiveChosen(Event):
    """The objective was left out and the first result has decided it."""

    objective: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class SpaceGrown(Event):
    """A trial met a hyperparameter that was not known; `space` is the whole space anew."""

    trial_id: str
    space: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TrialEnqueued(Event):
    """A trial by hand joined the line; `values` are in JSON form, as given: what is left out is at its default."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrialDropped(Event):
    """A trial by hand left the line without being run: its values do not fit the space. A note says why."""

    number: int


@dataclass(frozen=True, slots=True)
class TrialStarted(Event):
    """A trial began, or began anew after it was cut; `values` are in JSON form.

    Attributes:
        enqueued: Of a trial by hand, its number in the line and what it was given; it leaves the line with this.
    """

    trial_id: str
    values: dict[str, Any]
    seed: int
    enqueued: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EpochEnded(Event):
    """One epoch of one execution ended; epochs count from 0 and on over several fits."""

    durable: ClassVar[bool] = False

    trial_id: str
    execution: int
    epoch: int
    n_epochs: int | None
    stage: int
    metrics: Mapping[str, float]

    def to_record(self, seq: int, time: float) -> Record:
        """Return the record, with numbers as JSON can hold them."""
        record = super(EpochEnded, self).to_record(seq, time)
        record["metrics"] = _encode_metrics(self.metrics)
        return record


@dataclass(frozen=True, slots=True)
class FitChosen(Event):
    """A trial's fit began: `path` is one of `FitPath`, `reason` says why none that is faster."""

    durable: ClassVar[bool] = False

    trial_id: str
    execution: int
    stage: int
    path: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class TrialProgressed(Event):
    """Where a running epoch stands; shown, never kept."""

    transient: ClassVar[bool] = True

    trial_id: str
    execution: int
    epoch: int
    step: int
    n_steps: int | None
    metrics: Mapping[str, float]

    def to_record(self, seq: int, time: float) -> Record:
        """Return the record, with numbers as JSON can hold them."""
        record = super(TrialProgressed, self).to_record(seq, time)
        record["metrics"] = _encode_metrics(self.metrics)
        return record


@dataclass(frozen=True, slots=True)
class OutputCaptured(Event):
    """A trial printed, warned or displayed something."""

    durable: ClassVar[bool] = False

    trial_id: str
    stream: str
    text: str | None
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrialEnded(Event):
    """A trial ended; `metrics` are those of its best epoch, averaged over its executions."""

    trial_id: str
    status: str
    score: float | None
    best_step: int | None
    metrics: Mapping[str, float]
    values: dict[str, Any]
    error: ErrorInfo | None = None
    pruned: dict[str, Any] | None = None

    def to_record(self, seq: int, time: float) -> Record:
        """Return the record, with numbers as JSON can hold them."""
        record = super(TrialEnded, self).to_record(seq, time)
        record["score"] = encode_number(self.score)
        record["metrics"] = _encode_metrics(self.metrics)
        record["error"] = self.error.to_json() if self.error else None
        return record


@dataclass(frozen=True, slots=True)
class TrialCut(Event):
    """A trial was cut by "stop now"; it runs again from its start."""

    trial_id: str


@dataclass(frozen=True, slots=True)
class SearchPaused(Event):
    """No further trial starts and the running one holds."""


@dataclass(frozen=True, slots=True)
class SearchResumed(Event):
    """The search goes on after a pause."""


@dataclass(frozen=True, slots=True)
class LimitsChanged(Event):
    """The number of trials or the time limit changed while the search runs."""

    max_trials: int | None
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class StopRequested(Event):
    """Somebody asked to stop: after the running trials, or at once (`now`)."""

    now: bool


@dataclass(frozen=True, slots=True)
class SearchNoted(Event):
    """Something the user should know; `level` is advice, warning or error."""

    level: str
    code: str
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class SearchEnded(Event):
    """The search ended; `reason` is finished, exhausted, stopped, timed_out or failed."""

    reason: str
    error: ErrorInfo | None = None

    def to_record(self, seq: int, time: float) -> Record:
        """Return the record, with the error as a plain dict."""
        record = super(SearchEnded, self).to_record(seq, time)
        record["error"] = self.error.to_json() if self.error else None
        return record
