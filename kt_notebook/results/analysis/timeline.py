"""When each trial ran."""

import heapq
from dataclasses import dataclass

import pandas as pd

from kt_notebook.core.format import format_duration
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.trials import counted, trials_of

__all__ = ["Timeline", "timeline_of"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The trials over wall time.

    Attributes:
        data: A row a trial, in the order of their starts: `state`, `start` and `end` in seconds since the search's
            first start, `lane` from 0. A running trial, or one that was
            cut, ends at the record's last event.
        n_lanes: How many trials ran at once at most.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    n_lanes: int
    reading: str


def timeline_of(record: SearchRecord) -> Timeline:
    """Return when each trial ran, in as few lanes as hold them side by side.

    Which worker ran a trial is in no journal: a trial takes the lane that was free first.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> timeline_of(SearchRecord()).reading
        'No trial yet.'
    """
    trials = trials_of(record)
    began = record.search["started_at"]
    now = record.time
    starts = [trial.started_at for trial in trials.records]
    origin = min([*starts, *([] if began is None else [began])], default=0.0)
    ends = [max(now if trial.ended_at is None else trial.ended_at, trial.started_at) for trial in trials.records]
    lanes = _lanes(starts, ends)
    data = pd.DataFrame(
        {
            "state": trials.states,
            "start": [start - origin for start in starts],
            "end": [end - origin for end in ends],
            "lane": lanes,
        },
        index=trials.table.index,
    )
    n_lanes = max(lanes, default=-1) + 1
    return Timeline(data, n_lanes, _reading(data, n_lanes))


def _lanes(starts: list[float], ends: list[float]) -> list[int]:
    """Return the lane of each trial: the lowest that is free, O(n log n)."""
    lanes = [0] * len(starts)
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    n_lanes = 0
    for at in sorted(range(len(starts)), key=starts.__getitem__):
        while busy and busy[0][0] <= starts[at]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lanes[at] = heapq.heappop(free)
        else:
            lanes[at], n_lanes = n_lanes, n_lanes + 1
        heapq.heappush(busy, (ends[at], lanes[at]))
    return lanes


def _reading(data: pd.DataFrame, n_lanes: int) -> str:
    if data.empty:
        return "No trial yet."
    lengths = data["end"] - data["start"]
    ended = lengths[~data["state"].isin(["running", "cut"])]
    span = float(data["end"].max() - data["start"].min())
    text = f"{counted(len(data), 'trial')} in {format_duration(span)}"
    if n_lanes > 1:
        text += f", up to {n_lanes} at once"
    if len(data) < 2:
        return f"{text}."
    if len(ended) > 1:
        text += f"; the median trial took {format_duration(float(ended.median()))}"
    busy = float(lengths.sum())
    lost = {state: float(lengths[data["state"] == state].sum()) for state in ("pruned", "failed", "invalid")}
    parts = [f"{100 * took / busy:.0f} % {state}" for state, took in lost.items() if busy and took / busy > 0.01]
    return f"{text}; of their time {' and '.join(parts)}." if parts else f"{text}."
