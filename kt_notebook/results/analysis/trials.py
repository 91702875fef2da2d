"""A search's trials as every analysis takes them: the rows of the results table in the order of their starts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kt_notebook.core.budget import without_budget
from kt_notebook.core.format import format_metric
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.trial_state import trial_state
from kt_notebook.results.table import objective_text, results_table
from kt_notebook.results.table_view import own_column

__all__ = ["Trials", "counted", "shortened", "trials_of"]

# Columns that analyses add to those of the table.
_ADDED = ("state", "rank")
_LONGEST_NAME = 24


@dataclass(frozen=True)
class Trials:
    """The trials of a search.

    Attributes:
        table: Rows and columns of `results_table`, in the order in which the trials began. A hyperparameter called
            state or rank is `hp state` or `hp rank`: analyses have columns of these names.
        states: complete, pruned, failed, invalid, stopped, running or cut; of each row.
        records: The record of each row.
        score: The score's column.
        objectives: Column and direction of each objective; empty while undecided.
        sign: What makes a score one of which smaller is better.
        columns: The table's column of each hyperparameter.
    """

    table: pd.DataFrame
    states: "pd.Series[str]"
    records: tuple[TrialRecord, ...]
    score: str
    objectives: dict[str, str]
    sign: float
    columns: dict[str, str]

    @property
    def label(self) -> str:
        """The score with what is better: `val_accuracy, higher is better`."""
        if len(self.objectives) > 1:
            return f"{self.score} ({described(self.objectives)}), lower is better"
        return f"{self.score}, {'higher' if self.sign < 0 else 'lower'} is better"

    @property
    def scores(self) -> "pd.Series[float]":
        """The scores as floats, NaN where there is none."""
        return self.table[self.score].astype(float)

    @property
    def is_drawn(self) -> NDArray[np.bool_]:
        """Which rows have a finite score."""
        drawn: NDArray[np.bool_] = np.isfinite(self.scores.to_numpy())
        return drawn

    @property
    def counts(self) -> "NDArray[np.bool_]":
        """Which rows are complete, not pruned, with a finite score: those that are compared."""
        is_complete: NDArray[np.bool_] = (self.states == "complete").to_numpy(dtype=bool)
        return is_complete & self.is_drawn

    @property
    def n_scored(self) -> int:
        """How many trials a model can learn from: complete and pruned ones with a finite score."""
        return int((self.is_drawn & self.states.isin(["complete", "pruned"]).to_numpy()).sum())

    def best(self) -> int | None:
        """Return the place of the best row, None where none counts."""
        losses = np.where(self.counts, self.sign * self.scores.to_numpy(), np.nan)
        return int(np.nanargmin(losses)) if self.counts.any() else None


def trials_of(record: SearchRecord) -> Trials:
    """Return a search's trials.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> trials_of(SearchRecord()).label
        'score, lower is better'
    """
    table = results_table(record)
    held = dict(record.trials)  # a copy: another thread may begin a trial meanwhile
    by_number = {int(trial_id): trial for trial_id, trial in held.items() if trial_id.isdecimal()}
    keys = pd.api.types.is_integer_dtype(table.index)
    order = list(by_number) if keys else list(held)
    in_table = set(table.index)
    ordered = table.loc[[key for key in order if key in in_table]]
    records = tuple(by_number[key] if keys else held[key] for key in ordered.index)
    # Of the table, not of the records, which may have changed since.
    pruned = ordered[own_column(ordered, "pruned")].notna()
    states = [trial_state(str(s), is_pruned=bool(p)) for s, p in zip(ordered["status"], pruned, strict=True)]
    score = str(table.attrs.get("objective") or _score_name(record))
    directions = {format_metric(part["name"]): part["direction"] for part in record.objective or ()}
    columns = _columns(records, [score, *(directions if len(directions) > 1 else ())])
    return Trials(
        table=pd.DataFrame(ordered).rename(columns={name: columns[name] for name in _ADDED if name in columns}),
        states=pd.Series(states, ordered.index, dtype="str" if not states else None, name="state"),
        records=records,
        score=score,
        objectives=directions,
        sign=loss_sign(record.objective),
        columns=columns,
    )


def _score_name(record: SearchRecord) -> str:
    parts = record.objective or []
    return format_metric(parts[0]["name"]) if len(parts) == 1 else "score"


def _columns(records: tuple[TrialRecord, ...], scores: list[str]) -> dict[str, str]:
    """Return the column of each hyperparameter: its name, unless the table or an analysis has a column of that name."""
    taken = {"trial", "status", *scores, *_ADDED}
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(without_budget(record.values)))
    return {name: f"hp {name}" if name in taken else name for name in names}


def counted(n: int, word: str) -> str:
    """Return a number of things: `1 trial`, `60 trials`."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def shortened(name: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name with its middle left out where it is long: what tells names apart stands at the ends.

    Example:
        >>> shortened("encoder/block_3/attention/dropout_rate")
        'encoder/blo…dropout_rate'
    """
    if len(name) <= longest:
        return name
    head = (longest - 1) // 2
    return f"{name[:head]}…{name[len(name) - (longest - 1 - head) :]}"


def described(objectives: Mapping[str, str]) -> str:
    """Return objectives in words: `val_loss ↓ + size ↓`."""
    return objective_text([{"name": name, "direction": direction} for name, direction in objectives.items()])
