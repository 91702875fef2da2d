"""Searches held against each other: best so far by trial, trials to a common target, time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from kt_notebook.core.format import format_count, format_duration, format_score, shorten
from kt_notebook.core.format import table as aligned
from kt_notebook.core.objective import loss_sign
from kt_notebook.results.compare_numbers import curves_of, runs_of, table_of, target_of
from kt_notebook.results.compare_plot import plot_comparison
from kt_notebook.results.compare_sources import Search, common_objective, read_groups
from kt_notebook.results.markup import grid, page, text
from kt_notebook.results.table import objective_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison", "compare"]

_LABEL = 40


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Comparison:
    """Searches held against each other; a notebook shows the table.

    Attributes:
        objective: What all of them make best, in words; "" while none knows.
        direction: "max" or "min": whether a larger or a smaller score is better.
        target: The score that every search with a score has reached: the worst of their bests. NaN where none has one.
        table: One row for each search, or group of repeats: `tuner`; `repeats`; over all repeats the numbers of
            `trials`, of those `completed`, `pruned` and `failed`, and of `epochs` trained; `best`, of all scores; mean
            and standard deviation of the repeats' bests (`best_mean`, `best_std`); `to_target`, after how many trials
            the target was reached, mean of the repeats; `time` in seconds, of all repeats, pauses aside; and
            `time_per_trial`, a trial's mean seconds.
        curves: The best so far by trial: `search`, `trial` (how many had ended, from 1), and over the repeats `mean`,
            `min` and `max`. `repeats` says how many had so many trials: a search that has ended keeps its best.
    """

    objective: str
    direction: str
    target: float
    table: pd.DataFrame
    curves: pd.DataFrame

    @property
    def reading(self) -> str:
        """What the comparison says, and how far it can be trusted."""
        table = self.table
        scored = table[table["best_mean"].notna()]
        if scored.empty:
            return "None of these searches has a score yet."
        ranked = scored.sort_values("best_mean", ascending=self.direction == "min", kind="stable")
        first = ranked.iloc[0]
        mean = " on average" if first["repeats"] > 1 else ""
        told = f"{ranked.index[0]} came out best: {format_score(first['best_mean'])}{mean}"
        if len(ranked) == 1:
            others = len(table) - 1
            return f"{told}; {'the others have' if others > 1 else 'the other has'} no score." if others else f"{told}."
        second = ranked.iloc[1]
        if first["best_mean"] == second["best_mean"]:
            told = f"{ranked.index[0]} and {ranked.index[1]} came out even: {format_score(first['best_mean'])}{mean}"
        else:
            told += f", then {ranked.index[1]} with {format_score(second['best_mean'])}"
        told += f"; {format_score(self.target)}, which all reached, took {_took(ranked)}."
        if (ranked["repeats"].iloc[:2] > 1).all() and not _is_more_than_chance(first, second):
            told += f" With {first['repeats']} and {second['repeats']} repeats this is within chance."
        if (ranked["repeats"] == 1).any():
            told += " With a single search, chance alone may make such a difference: give lists of repeats."
        return told

    def plot(self, ax: "Axes | None" = None, *, reading: bool = True) -> "Axes":
        """Draw the best so far by trial; where there are repeats, their mean, and between the worst and the best.

        Args:
            ax: Draw on these; None makes a figure.
            reading: Whether to write over it what it says.
        """
        return plot_comparison(self.curves, self.objective, self.direction, self.reading if reading else "", ax)

    def __repr__(self) -> str:
        heads, rows = self._cells()
        is_right = [False, False, *[True] * (len(heads) - 2)]
        return "\n".join([*aligned([heads, *rows], is_right), "", self.reading])

    def _repr_html_(self) -> str:
        heads, rows = self._cells()
        best = self.table["best_mean"].rank(ascending=self.direction == "min", method="first").tolist()
        shown = [[text(cell, _LABEL) for cell in row] for row in rows]
        is_left = [True, True, *[False] * (len(heads) - 2)]
        table = grid([text(head, _LABEL) for head in heads], shown, is_left, best=best.index(1) if 1 in best else -1)
        return page(f'{table}<p class="soft">{text(self.reading, 400)}</p>')

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """Return heads and rows of the table that is shown, without columns that say nothing."""
        table = self.table
        columns: dict[str, list[str]] = {
            "search": [shorten(str(label), _LABEL) for label in table.index],
            "tuner": [str(tuner) for tuner in table["tuner"]],
        }
        for name in ("repeats", "trials", "completed", "pruned", "failed", "epochs"):
            numbers = table[name].tolist()
            if name in {"trials", "completed"} or any(n != (name == "repeats") for n in numbers):
                columns[name] = [format_count(n) for n in numbers]
        columns["best"] = [_score(best) for best in table["best"]]
        if (table["repeats"] > 1).any():
            columns["mean ± std"] = [_mean(m, s) for m, s in zip(table["best_mean"], table["best_std"], strict=True)]
        columns[f"to {_score(self.target)}" if not math.isnan(self.target) else "to target"] = [
            "" if math.isnan(n) else f"{_number(n)} trial{'' if n == 1 else 's'}" for n in table["to_target"]
        ]
        columns["time"] = [format_duration(seconds) for seconds in table["time"]]
        columns["a trial"] = ["" if math.isnan(s) else format_duration(s) for s in table["time_per_trial"]]
        return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def compare(*searches: Search | Sequence[Search], **named: Search | Sequence[Search]) -> Comparison:
    """Hold searches against each other: `compare(random_tuner, bayesian_tuner)`.

    A list holds repeats of one search with other seeds, which tell what is chance:
    `compare(random=[a, b, c], bayesian=[d, e, f])`. Searches may run still. Scores of pruned trials do not count, and
    trials come in the order in which they ended, so that several workers do not look better than they were.

    Args:
        searches: Tuners, or folders of projects, or lists of these. They are called what the search is called; of
            several that are called the same, the tuner or a number tells which.
        named: The same, under names of your own.

    Raises:
        ObjectiveError: The searches have different objectives.
        OptionError: There is nothing to compare, or something is no search.
        StorageError: A project cannot be read.

    Example:
        >>> from kt_notebook.core.record import SearchRecord, TrialRecord
        >>> def search(*scores):
        ...     record = SearchRecord()
        ...     record.search["objective"] = [{"name": "val_accuracy", "direction": "max"}]
        ...     for number, score in enumerate(map(str, scores)):
        ...         trial = TrialRecord(number, {}, 0, 0.0, status="COMPLETED", score=float(score), ended_at=1.0)
        ...         record.trials[number] = trial
        ...         record.end_order.append(number)
        ...     return record
        >>> found = compare(short=[search(0.7, 0.8), search(0.6, 0.9)], long=search(0.5, 0.6, 0.95))
        >>> found.target
        0.8
        >>> found.table.best.to_dict(), found.table.to_target.to_dict()
        ({'short': 0.9, 'long': 0.95}, {'short': 2.0, 'long': 3.0})
    """
    groups = read_groups(searches, named)
    objective = common_objective(groups)
    sign = loss_sign(objective)
    runs = [runs_of(group, sign) for group in groups]
    target = target_of([run for repeats in runs for run in repeats])
    return Comparison(
        objective=objective_text(objective or []),
        direction="max" if sign < 0 else "min",
        target=sign * target,
        table=table_of(groups, runs, sign, target),
        curves=curves_of(groups, runs, sign),
    )


# Any: rows of a table of numbers and texts.
def _is_more_than_chance(first: "pd.Series[Any]", second: "pd.Series[Any]") -> bool:
    """Return whether two groups' means differ beyond their repeats, at the 5 % level (Welch 1947)."""
    from scipy.stats import ttest_ind_from_stats

    if not first["best_std"] + second["best_std"]:
        return True
    parts = (first["best_mean"], first["best_std"], first["repeats"])
    others = (second["best_mean"], second["best_std"], second["repeats"])
    return bool(ttest_ind_from_stats(*parts, *others, equal_var=False).pvalue < 0.05)


def _took(ranked: pd.DataFrame) -> str:
    parts = [f"{label} {_number(n)}" for label, n in zip(ranked.index[:3], ranked["to_target"][:3], strict=True)]
    more = " …" if len(ranked) > 3 else ""
    return f"{', '.join(parts)}{more} trials"


def _number(mean: float) -> str:
    """Return a mean of whole numbers."""
    return f"{mean:,.0f}" if mean >= 100 or mean == round(mean) else f"{mean:.1f}"


def _score(value: float) -> str:
    return "" if math.isnan(value) else format_score(value)


def _mean(mean: float, std: float) -> str:
    return _score(mean) if math.isnan(std) else f"{_score(mean)} ± {std:#.2g}".rstrip(".")
