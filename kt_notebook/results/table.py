"""A search's trials as a pandas DataFrame, best first, and the best trial's values."""

import math
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

import numpy as np
import pandas as pd

from kt_notebook.core.budget import Budget, without_budget
from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import ARROWS, format_metric, format_trial_id
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.pareto import nondominated
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.values import value_from_json
from kt_notebook.results.bars import range_of_scores, ranges_of_space
from kt_notebook.results.frame import ResultsFrame
from kt_notebook.results.table_view import is_of_trials, trials_html

__all__ = ["BestValues", "ResultsTable", "best_values", "error_text", "objective_text", "results_table"]

# The column of the sum that several objectives are ranked by, and of what has no objective yet.
_SCORE = "score"
_TAIL = ("epochs", "time", "seed", "pruned", "error")
_STATUS_ORDER = {"COMPLETED": 0, "RUNNING": 1, "STOPPED": 2, "IDLE": 3, "INVALID": 4, "FAILED": 5}


class ResultsTable(ResultsFrame):
    """The trials of a search, best first: an ordinary DataFrame with a notebook view of its own.

    The view marks the best row, draws a thin bar below each score and each number among the values, and says why trials
    failed or were pruned. Slices, filters and sorted tables are shown so too.

    Attributes:
        attrs: `objective` names the score's column and `direction` says which way it is better; where there are several
            objectives, `objectives` holds the column and direction of each. `bars` holds the scales of the view's bars.
    """

    def pareto(self) -> "ResultsTable":
        """Return the completed trials that none surpasses, best by the first objective first.

        A trial surpasses another that is nowhere better and somewhere worse. Pruned trials are not compared. With one
        objective these are the best trial and those that are as good.

        Raises:
            OptionError: A column that is needed was taken out.
        """
        if self.empty:
            return self
        directions: dict[str, str] = self.attrs.get("objectives") or {
            str(self.attrs.get("objective")): str(self.attrs.get("direction"))
        }
        pruned = "trial pruned" if "trial pruned" in self.columns else "pruned"
        for column in (*directions, "status", pruned):
            if column not in self.columns:
                raise OptionError(f"This table has no column {column!r}. Call pareto() on the table of all columns.")
        signs = [-1.0 if direction == "max" else 1.0 for direction in directions.values()]
        losses = pd.DataFrame(self)[list(directions)].astype(float) * signs
        losses[(self["status"] != "COMPLETED") | self[pruned].notna()] = np.nan
        front = losses[nondominated(losses.to_numpy())]
        found = ResultsTable(self.loc[front.sort_values(list(directions), kind="stable").index])
        found.attrs.update(self.attrs)
        return found

    def _repr_html_(self) -> str | None:
        """Return the first 50 trials as HTML; what pandas shows where the rows are no trials any more."""
        if not pd.get_option("display.notebook_repr_html") or not is_of_trials(self):
            # pandas-stubs does not know the method, which every notebook calls.
            plain: str | None = super()._repr_html_()  # type: ignore[misc]
            return plain
        return trials_html(self)


def results_table(record: SearchRecord) -> ResultsTable:
    """Return one row a trial, best first: status, score, values, epochs, time in seconds, seed, pruned and error.

    `pruned` says why a trial was ended early. The index is the trial's number, or its id where not all ids are numbers.
    Hyperparameters that were not active in a trial are missing there (NaN), and None is a value like others. The
    score's column has the objective's name; several objectives have a column each beside `score`, which is the sum of
    those to minimise minus those to maximise. Where Hyperband lets trials go on, `continues` is the trial whose
    training another one takes over.

    Example:
        >>> record = SearchRecord()
        >>> table = results_table(record)
        >>> len(table), list(table.columns)
        (0, ['status', 'score', 'epochs', 'time', 'seed', 'pruned', 'error'])
    """
    objective = record.objective
    score = _score_name(objective)
    parts = {format_metric(part["name"]): part for part in objective} if objective and len(objective) > 1 else {}
    # Copies: another thread may begin a trial meanwhile, or end one, with values declared while it ran.
    trials = [copy(trial) for trial in list(record.trials.values())]
    names: dict[str, None] = {}
    for trial in trials:
        names.update(dict.fromkeys(without_budget(trial.values)))
    columns = _Columns(["status", score, *parts], list(names))
    if not trials:
        no_trial = pd.Index([], name="trial", dtype="int64")
        return ResultsTable(columns=columns.all, index=no_trial)
    frame = _frame(trials, [_row(trial, score, parts, columns) for trial in trials], columns)
    sign = loss_sign(objective)
    frame = ResultsTable(frame.iloc[_order(frame["status"], frame[columns.tail["pruned"]], frame[score] * sign)])
    frame.attrs.update(objective=score, direction="max" if sign < 0 else "min")
    if parts:
        frame.attrs["objectives"] = {column: part["direction"] for column, part in parts.items()}
    frame.attrs["bars"] = _bars(frame, record, columns)
    return frame


# Any: rows hold values of all kinds.
def _frame(trials: list[TrialRecord], rows: list[dict[str, Any]], columns: "_Columns") -> ResultsTable:
    """Return the rows as a table, with columns of objects where pandas would lose what is None, or a text."""
    frame = ResultsTable(rows, columns=columns.all, index=_index(trials))
    objects = [columns.tail["pruned"], columns.tail["error"]]  # texts, also where there is none
    for name, column in columns.values.items():
        if any(name in trial.values and trial.values[name] is None for trial in trials):
            objects.append(column)
    for column in objects:
        held = [row.get(column, math.nan) for row in rows]
        frame[column] = pd.Series(held, index=frame.index, dtype="object")
    _tell_continued(frame, trials, columns)
    return frame


def _order(
    status: "pd.Series[Any]", pruned: "pd.Series[Any]", losses: "pd.Series[float]"
) -> "np.ndarray[Any, np.dtype[np.intp]]":
    """Return the trials' places from the best to the worst: completed ones, pruned ones, then the rest."""
    rank = pd.DataFrame(
        {
            "status": status.map(_STATUS_ORDER).to_numpy(),
            "pruned": pruned.notna().to_numpy(),
            "loss": losses.to_numpy(),
        }
    )
    return rank.sort_values(["status", "pruned", "loss"], kind="stable").index.to_numpy()


class _Columns:
    """What the columns are called: a hyperparameter gives way to the first ones, the last ones to hyperparameters.

    Attributes:
        values: The column of each hyperparameter.
        tail: The column of each of the last ones.
        all: All of them, in order.
    """

    def __init__(self, head: list[str], names: list[str]) -> None:
        taken = {"trial", *head}
        self.values = {name: f"hp {name}" if name in taken else name for name in names}
        taken |= set(self.values.values())
        self.tail = {name: f"trial {name}" if name in taken else name for name in _TAIL}
        self.all = [*head, *self.values.values(), *self.tail.values()]


def _index(trials: list[TrialRecord]) -> pd.Index:
    if all(trial.trial_id.isdecimal() for trial in trials):  # padded by what max_trials was: "08", later "9"
        return pd.Index([int(trial.trial_id) for trial in trials], name="trial")
    return pd.Index([trial.trial_id for trial in trials], name="trial")


# Any: scales are JSON.
def _bars(frame: ResultsTable, record: SearchRecord, columns: _Columns) -> dict[str, Any]:
    """Return the scales of the bars by column."""
    ranges = ranges_of_space(record.search["space"])
    bars = {column: ranges[name] for name, column in columns.values.items() if name in ranges}
    directions = frame.attrs.get("objectives") or {}
    for column, direction in {**directions, frame.attrs["objective"]: frame.attrs["direction"]}.items():
        scale = range_of_scores(frame[column], is_max=direction == "max")
        if scale is not None:
            bars[column] = scale
    return bars


def _tell_continued(frame: ResultsTable, trials: list[TrialRecord], columns: _Columns) -> None:
    """Add the column `continues`, where there is anything to say."""
    budgets = [Budget.of(trial.values) for trial in trials]
    before = [None if budget is None else budget.trial_id for budget in budgets]
    if any(before) and "continues" not in frame:
        column = pd.Series(before, frame.index, dtype="object")
        if pd.api.types.is_integer_dtype(frame.index):
            column = pd.to_numeric(column).astype("Int64")
        frame.insert(list(frame.columns).index(columns.tail["time"]), "continues", column)


def _score_name(objective: list[dict[str, str]] | None) -> str:
    return format_metric(objective[0]["name"]) if objective and len(objective) == 1 else _SCORE


def objective_text(objective: Iterable[Mapping[str, str]]) -> str:
    """Return an objective as its records hold it in words: `val_loss ↓ + val_accuracy ↑`."""
    return " + ".join(f"{format_metric(part['name'])} {ARROWS[part['direction']]}" for part in objective)


# Any: a row holds values of all kinds.
def _row(trial: TrialRecord, score: str, parts: dict[str, dict[str, str]], columns: _Columns) -> dict[str, Any]:
    row: dict[str, Any] = {"status": trial.status, score: _number(trial.score)}
    row.update({column: _number(trial.metrics.get(part["name"])) for column, part in parts.items()})
    row.update({columns.values[name]: value_from_json(v) for name, v in without_budget(trial.values).items()})
    tail = {
        "epochs": trial.epochs[-1].epoch + 1 if trial.epochs else math.nan,
        "time": _number(trial.duration_s),
        "seed": trial.seed,
        "pruned": math.nan if trial.pruned is None else trial.pruned["reason"],
        "error": math.nan if trial.error is None else error_text(trial.error),
    }
    row.update({columns.tail[name]: value for name, value in tail.items()})
    return row


def _number(value: float | None) -> float:
    """Return NaN for a number that is not known: of None alone pandas would make a column of objects."""
    return math.nan if value is None else value


# Any: an error is JSON.
def error_text(error: Mapping[str, Any]) -> str:
    """Return why a trial failed, in one line: `ValueError: oh (line 3)`."""
    return f"{error['type']}: {error['message']}" + (f" (line {error['line']})" if error["line"] else "")


class BestValues(dict[str, Any]):
    """The best trial's values by name, with its id and score.

    Attributes:
        trial_id: Which trial, None while none has completed.
        score: Its score, in the objective's direction; None while none has completed.
        objective: Several objectives in words, else empty.
    """

    def __init__(self, values: dict[str, Any], trial_id: str | None, score: float | None, objective: str = "") -> None:
        super().__init__(values)
        self.trial_id = trial_id
        self.score = score
        self.objective = objective

    def __repr__(self) -> str:
        if self.trial_id is None:
            return "no trial has completed yet"
        values = "\n".join(f"{name} = {value!r}" for name, value in self.items())
        several = f" ({self.objective})" if self.objective else ""
        return f"# trial {format_trial_id(self.trial_id)}, score {self.score:.6g}{several}\n{values}"


def best_values(record: SearchRecord) -> BestValues:
    """Return the values of the best completed trial; empty while there is none."""
    ranked = record.ranked()
    if not ranked:
        return BestValues({}, None, None)
    best = ranked[0]
    values = {name: value_from_json(value) for name, value in without_budget(best.values).items()}
    objective = record.objective or []
    return BestValues(values, best.trial_id, best.score, objective_text(objective) if len(objective) > 1 else "")
