"""A search's trials as a pandas DataFrame that reads well in a notebook."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kt_notebook.core.budget import Budget, without_budget
from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import ARROWS, format_metric, format_trial_id
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.pareto import nondominated
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.values import value_from_json

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

__all__ = ["BestValues", "ResultsTable", "best_values", "objective_text", "results_table"]

_ROWS_SHOWN = 50
# The column of the sum that several objectives are ranked by, and of what has no objective yet.
_SCORE = "score"
_STATUS_ORDER = {"COMPLETED": 0, "RUNNING": 1, "STOPPED": 2, "IDLE": 3, "INVALID": 4, "FAILED": 5}


class ResultsTable(pd.DataFrame):
    """The trials of a search, best first: an ordinary DataFrame whose notebook view marks the best row.

    Attributes:
        attrs: `objective` names the score's column and `direction` says which way it is better; where there are several
            objectives, `objectives` holds the column and direction of each.
    """

    _metadata: list[str] = []  # noqa: RUF012 - pandas' own way to say that nothing else is carried along

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return ResultsTable

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
        """Return the first rows as an HTML table: the score in bold, the best row tinted, failures in words."""
        score = self.attrs.get("objective")
        if score not in self.columns or self.empty:
            return pd.DataFrame(self).to_html(max_rows=_ROWS_SHOWN)
        shown = pd.DataFrame(self.head(_ROWS_SHOWN))
        more = f"<p>{len(self) - _ROWS_SHOWN:,} more rows</p>" if len(self) > _ROWS_SHOWN else ""
        return _style(shown, str(score)).to_html() + more


def _style(frame: pd.DataFrame, score: str) -> "Styler":
    best = frame[score].first_valid_index()

    def tint(row: "pd.Series[Any]") -> list[str]:
        return ["background: #2563eb1f" if row.name == best else "" for _ in row]

    # Any: pandas' stubs want callables of object here
    formats: dict[Any, Any] = {name: _number for name in frame.columns if pd.api.types.is_float_dtype(frame[name])}
    # Escaped: names, texts among the values and messages of errors may hold anything.
    styler = frame.style.apply(tint, axis=1).format({**formats, "time": "{:.1f} s"}, na_rep="", escape="html")
    styler = styler.format_index(escape="html", axis=0).format_index(escape="html", axis=1)
    return styler.set_properties(subset=[score], **{"font-weight": "bold"})


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.2e}"


def results_table(record: SearchRecord) -> ResultsTable:
    """Return one row a trial, best first: status, score, values, epochs, time in seconds, seed, pruned and error.

    `pruned` says why a trial was ended early. The index is the trial's number, or its id where not all ids are numbers.
    Hyperparameters that were not active in a trial are missing there. The score's column has the objective's name;
    several objectives have a column each beside `score`, which is the sum of those to minimise minus those to maximise.
    Where Hyperband lets trials go on, `continues` is the trial whose training another one takes over.
    """
    objective = record.objective
    score = _score_name(objective)
    parts = {format_metric(part["name"]): part for part in objective} if objective and len(objective) > 1 else {}
    trials = list(record.trials.values())
    names: dict[str, None] = {}
    for trial in trials:
        names.update(dict.fromkeys(without_budget(trial.values)))
    frame = ResultsTable([_row(trial, score, parts, list(names)) for trial in trials])
    if frame.empty:
        no_trial = pd.Index([], name="trial", dtype="int64")
        return ResultsTable(
            columns=["status", score, *parts, "epochs", "time", "seed", "pruned", "error"], index=no_trial
        )
    if all(trial.trial_id.isdecimal() for trial in trials):  # padded by what max_trials was: "08", later "9"
        frame["trial"] = [int(trial.trial_id) for trial in trials]
    frame = ResultsTable(frame.set_index("trial"))
    _tell_continued(frame, trials)
    sign = loss_sign(objective)
    rank = pd.DataFrame(
        {
            "status": frame["status"].map(_STATUS_ORDER),
            "pruned": [trial.pruned is not None for trial in trials],
            "score": frame[score] * sign,
        }
    )
    frame = ResultsTable(frame.loc[rank.sort_values(["status", "pruned", "score"], kind="stable").index])
    frame.attrs.update(objective=score, direction="max" if sign < 0 else "min")
    if parts:
        frame.attrs["objectives"] = {column: part["direction"] for column, part in parts.items()}
    return frame


def _tell_continued(frame: ResultsTable, trials: list[TrialRecord]) -> None:
    """Add the column `continues`, where there is anything to say."""
    budgets = [Budget.of(trial.values) for trial in trials]
    before = [None if budget is None else budget.trial_id for budget in budgets]
    if any(before) and "continues" not in frame:
        column = pd.Series(before, frame.index, dtype="object")
        if pd.api.types.is_integer_dtype(frame.index):
            column = pd.to_numeric(column).astype("Int64")
        frame.insert(list(frame.columns).index("time"), "continues", column)


def _score_name(objective: list[dict[str, str]] | None) -> str:
    return format_metric(objective[0]["name"]) if objective and len(objective) == 1 else _SCORE


def objective_text(objective: Iterable[Mapping[str, str]]) -> str:
    """Return an objective as its records hold it in words: `val_loss ↓ + val_accuracy ↑`."""
    return " + ".join(f"{format_metric(part['name'])} {ARROWS[part['direction']]}" for part in objective)


# Any: a row holds values of all kinds.
def _row(trial: TrialRecord, score: str, parts: dict[str, dict[str, str]], names: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"trial": trial.trial_id, "status": trial.status, score: trial.score}
    row.update({column: trial.metrics.get(part["name"]) for column, part in parts.items()})
    for name in names:
        column = name if name not in row else f"hp {name}"
        row[column] = value_from_json(trial.values.get(name))
    last = trial.epochs[-1].epoch + 1 if trial.epochs else None
    error = trial.error
    reason = None
    if error is not None:
        reason = f"{error['type']}: {error['message']}" + (f" (line {error['line']})" if error["line"] else "")
    pruned = None if trial.pruned is None else trial.pruned["reason"]
    tail = {"epochs": last, "time": trial.duration_s, "seed": trial.seed, "pruned": pruned, "error": reason}
    row.update({name if name not in row else f"trial {name}": value for name, value in tail.items()})
    return row


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
