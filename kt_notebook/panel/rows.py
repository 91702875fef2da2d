"""A snapshot's trials as rows, ranked, and what a head line says of the search.

How it works: pure functions on a snapshot, for pictures and texts that need no script; `labextension/src/trial.ts`
and `standing.ts` answer the same questions in the browser.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.budget import without_budget
from kt_notebook.core.events import decode_number
from kt_notebook.core.fit_record import format_fits
from kt_notebook.core.format import (
    ARROWS,
    format_clock,
    format_count,
    format_epochs_saved,
    format_metric,
    format_score,
    format_trial_id,
)
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.trial_state import trial_state

__all__ = [
    "STATES",
    "Row",
    "Summary",
    "best_so_far",
    "pick_rows",
    "pruned_text",
    "rank",
    "rows_of",
    "state_text",
    "summarize",
]

STATES = ("complete", "pruned", "failed", "invalid", "stopped", "running", "cut")
_STATE_TEXTS = {"timed_out": "out of time"}
_OTHERS_AT_LEAST = 5

# Any, here and below: a snapshot is JSON.
Snapshot = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One trial; `runs` holds the first objective by epoch for each execution, in JSON form."""

    index: int
    trial_id: str
    state: str
    score: float | None
    epochs: int
    duration_s: float | None
    error: Mapping[str, Any] | None
    pruned: Mapping[str, Any] | None
    fit: Mapping[str, Any] | None
    values: dict[str, Any]
    runs: Sequence[Sequence[Any]]

    @property
    def curve(self) -> list[float | None]:
        """The first objective by epoch, averaged over the executions that reached the epoch."""
        return _mean_curve(self.runs)

    @property
    def has_score(self) -> bool:
        """Whether it takes part in the ranking."""
        return self.state in {"complete", "pruned"} and self.score is not None and not math.isnan(self.score)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the head says: texts, and the counts of trials by state."""

    name: str
    state: str
    objective: str
    metric: str
    best: Row | None
    best_text: str
    n_text: str
    parts: list[str]
    elapsed_text: str
    counts: dict[str, int]
    n_trials: int
    max_trials: int | None

    @property
    def best_label(self) -> str:
        """The heading of the best score."""
        return f"best {self.metric}"

    @property
    def trials_text(self) -> str:
        """`17 of 40 trials · 3 pruned`."""
        return " · ".join([f"{self.n_text} trial{'s' if self.n_trials != 1 or self.max_trials else ''}", *self.parts])


def rows_of(snapshot: Snapshot) -> list[Row]:
    """Return the trials in the order in which they were started."""
    columns = snapshot["trials"]
    names = list(without_budget(columns["values"]))
    fits = columns.get("fit") or [None] * len(columns["trial_id"])  # a snapshot of an older version
    rows: list[Row] = []
    for i, trial_id in enumerate(columns["trial_id"]):
        status, ended = columns["status"][i], columns["ended_at"][i]
        score = decode_number(columns["score"][i])
        curves = columns["curves"][i]
        rows.append(
            Row(
                index=i,
                trial_id=format_trial_id(trial_id),
                state=trial_state(status, is_pruned=columns["pruned"][i] is not None),
                score=None if score is None else float(score),
                epochs=sum(map(len, curves)),
                duration_s=None if ended is None else ended - columns["started_at"][i],
                error=columns["error"][i],
                pruned=columns["pruned"][i],
                fit=fits[i],
                values={name: value for name in names if (value := columns["values"][name][i]) is not None},
                runs=curves,
            )
        )
    return rows


def rank(rows: Sequence[Row], snapshot: Snapshot) -> list[Row]:
    """Return the rows with a score, best first; pruned ones come last."""
    sign = loss_sign(snapshot["search"]["objective"])
    scored = [row for row in rows if row.has_score]
    return sorted(scored, key=lambda row: (row.state == "pruned", sign * (row.score or 0.0), row.index))


def pick_rows(rows: Sequence[Row], snapshot: Snapshot, limit: int) -> list[Row]:
    """Return the rows to show: the best ones, then some of those that have no score, running ones before others."""
    ranked = rank(rows, snapshot)
    ranks = {"running": 0, "failed": 1, "invalid": 2, "stopped": 3}
    others = sorted((row for row in rows if not row.has_score), key=lambda row: (ranks.get(row.state, 4), row.index))
    n_others = min(len(others), max(min(_OTHERS_AT_LEAST, limit // 5), limit - len(ranked)))
    return ranked[: limit - n_others] + others[:n_others]


def best_so_far(rows: Sequence[Row], snapshot: Snapshot) -> list[Row]:
    """Return the rows that were better than every one before them, pruned ones aside."""
    sign = loss_sign(snapshot["search"]["objective"])
    steps: list[Row] = []
    for row in rows:
        if row.state == "complete" and row.has_score and row.score is not None:
            former = steps[-1].score if steps else None
            if former is None or sign * row.score < sign * former:
                steps.append(row)
    return steps


def state_text(state: str) -> str:
    """Return a search's state as it is shown."""
    return _STATE_TEXTS.get(state, state)


def pruned_text(pruned: Mapping[str, Any]) -> str:
    """Return why a trial was ended early: `pruned after epoch 3: …`."""
    return f"pruned after epoch {pruned['epoch'] + 1}: {pruned['reason']}"


def summarize(snapshot: Snapshot, rows: Sequence[Row], ranked: Sequence[Row]) -> Summary:
    """Return what the head of a search says."""
    search = snapshot["search"]
    objective = search["objective"] or []
    counts = Counter(row.state for row in rows)
    best = ranked[0] if ranked else None
    n_trials, max_trials = snapshot["n_trials"], search["max_trials"]
    parts: list[str] = []
    if n_trials == len(rows):
        parts = [f"{format_count(n)} {s}" for s in STATES if (n := counts[s]) and s != "complete"]
    if waiting := search.get("enqueued"):
        parts.append(f"{format_count(len(waiting))} in line")
    if (saved := search.get("epochs_saved", 0)) > 0:
        parts.append(format_epochs_saved(saved))
    ended = [row for row in rows if row.duration_s is not None]
    fits = Counter((row.fit["path"], row.fit["reason"]) for row in ended if row.fit)
    if n_trials == len(rows) and (fitted := format_fits(fits)):
        parts.append(fitted)
    elapsed = search["elapsed_s"]
    if search["active_since"] is not None:
        elapsed += max(0.0, snapshot["time"] - search["active_since"])
    return Summary(
        name=search["name"] or "search",
        state=state_text(search["state"]),
        objective=" + ".join(f"{format_metric(o['name'])} {ARROWS.get(o['direction'], '')}".strip() for o in objective),
        metric=" + ".join(format_metric(o["name"]) for o in objective) or "score",
        best=best,
        best_text=format_score(best.score) if best else "",
        n_text=f"{format_count(n_trials)} of {format_count(max_trials)}" if max_trials else format_count(n_trials),
        parts=parts,
        elapsed_text=format_clock(elapsed),
        counts=dict(counts),
        n_trials=n_trials,
        max_trials=max_trials,
    )


def _mean_curve(curves: Sequence[Sequence[Any]]) -> list[float | None]:
    decoded = [[decode_number(value) for value in curve] for curve in curves]
    if len(decoded) == 1:
        return [None if value is None else float(value) for value in decoded[0]]
    means: list[float | None] = []
    for epoch in range(max(map(len, decoded), default=0)):
        reached = [c[epoch] for c in decoded if epoch < len(c)]
        finite = [value for value in reached if value is not None and math.isfinite(value)]
        means.append(sum(finite) / len(finite) if finite else None)
    return means
