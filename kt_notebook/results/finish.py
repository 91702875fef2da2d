"""What retraining the winner and its rivals came to: a table, a verdict, and the model to keep."""

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import format_count, format_score, format_trial_id
from kt_notebook.core.format import table as table_lines
from kt_notebook.results.cells import is_missing
from kt_notebook.results.markup import grid, page
from kt_notebook.results.noise import Difference, Ruling, paired_difference, share_error

__all__ = ["Entry", "Finish", "finish_of"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One trial that was trained anew.

    Attributes:
        trial_id: Which.
        validation: Its score in the search, in the objective's direction.
        validation_std: Standard deviation of that over the trial's executions; None where there was one.
        epochs: How many it was trained for, None where it has none.
        scores: On the test set, one a seed.
        n_parameters: How many numbers the model has, None where it does not tell.
    """

    trial_id: str
    validation: float
    validation_std: float | None
    epochs: int | None
    scores: Sequence[float]
    n_parameters: int | None = None

    @property
    def name(self) -> str:
        """What the trial is called."""
        return f"trial {format_trial_id(self.trial_id)}"

    @property
    def mean(self) -> float:
        """Mean test score."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float | None:
        """Standard deviation of the test score over seeds, None for one."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Finish:
    """What `tuner.finish` came to. `repr` and the notebook show the table, the verdict and the notes.

    Attributes:
        table: One row a trial, the search's winner first: its validation score in the search, mean, standard deviation,
            least and largest test score over the seeds, how many seeds, epochs and parameters.
        scores: The test scores, one row a seed and one column a trial.
        verdict: Whether the winner beats its rivals by more than chance, in words. What stands after ± is half of a
            95 % interval over seeds.
        optimism: By how much the search promised more than the test set gave; below 0 where it gave more. In the
            objective's unit, whatever its direction; NaN where a function of the user's measures something else.
        summary: The winner's validation and test scores in one sentence.
        differences: How much better the winner is than each rival, by the rival's id.
        notes: What else should be known, such as that the test set was looked at before.
        trial_id: The winner's.

    Example:
        >>> found = finish_of([Entry("3", 0.98, None, 6, [0.971, 0.969])], [1, 2], -1.0)
        >>> round(found.optimism, 3), found.table["test"].tolist()
        (0.01, [0.97])
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    verdict: str
    optimism: float
    summary: str
    differences: Mapping[str, Difference]
    notes: tuple[str, ...]
    trial_id: str
    # Any: Keras models, or estimators.
    _model_of: Callable[[str], Any] = field(default=lambda trial_id: None)

    @property
    def model(self) -> Any:
        """The winner's model of the first seed. It is never the one with the best test score: that would be luck."""
        return self._model_of(self.trial_id)

    def model_of(self, trial: int | str) -> Any:
        """Return the model of the first seed of a trial in the table.

        Raises:
            OptionError: The trial was not trained anew.
        """
        known = [self.trial_id, *self.differences]
        wanted = format_trial_id(str(trial))
        found = [trial_id for trial_id in known if format_trial_id(trial_id) == wanted]
        if not found:
            names = ", ".join(format_trial_id(trial_id) for trial_id in known)
            raise OptionError(f"Trial {trial!r} was not trained anew. There are: {names}.")
        return self._model_of(found[0])

    @property
    def _sentences(self) -> list[str]:
        return [self.verdict, self.summary, *self.notes]

    def __repr__(self) -> str:
        heads, *rows = self._cells
        return "\n".join([*table_lines([heads, *rows], [True] * len(heads)), "", *self._sentences])

    def _repr_html_(self) -> str:
        """Return the table and the sentences as HTML without script."""
        heads, *rows = self._cells
        shown = grid([html.escape(head) for head in heads], rows, [False] * len(heads), best=0)
        first, *rest = (html.escape(sentence) for sentence in self._sentences)
        return page(f"{shown}<p><b>{first}</b></p>" + "".join(f"<p>{sentence}</p>" for sentence in rest))

    @property
    def _cells(self) -> list[list[str]]:
        """The table as texts, its heads first."""
        columns = [self.table[name].tolist() for name in self.table.columns]
        rows = [[str(name), *map(_cell, row)] for name, *row in zip(self.table.index, *columns, strict=True)]
        return [["trial", *map(str, self.table.columns)], *rows]


def finish_of(
    entries: Sequence[Entry],
    seeds: Sequence[int],
    sign: float,
    *,
    objective: str = "score",
    is_objective: bool = True,
    n_rows: int | None = None,
    notes: Sequence[str] = (),
    model_of: Callable[[str], Any] = lambda trial_id: None,  # Any: Keras models, or estimators
) -> Finish:
    """Return the table and the verdict for trials that were trained anew with the same seeds.

    Args:
        entries: The winner of the search first, then its rivals.
        seeds: In the order of the scores.
        sign: 1.0 where a smaller score is better, -1.0 where a larger one is.
        objective: What the score in the search is called.
        is_objective: Whether the test scores measure the same as the search's.
        n_rows: How many rows the test set has, None where unknown.
        notes: What else should be known.
        model_of: Gives the model of a trial's first seed.

    Example:
        >>> winner = Entry("3", 0.98, None, 6, [0.971, 0.969, 0.973])
        >>> rival = Entry("1", 0.97, None, 8, [0.951, 0.949, 0.950])
        >>> finish_of([winner, rival], [1, 2, 3], -1.0).verdict
        'Trial 3 beats trial 1 by 0.0210 ± 0.0043 on the test set, in 3 of 3 repeats: more than chance.'
    """
    winner, *rivals = entries
    differences = {
        rival.trial_id: paired_difference(
            winner.scores, rival.scores, sign, n_rows=n_rows, n_comparisons=max(1, len(rivals))
        )
        for rival in rivals
    }
    sentences = [_verdict(winner, rival, differences[rival.trial_id], n_rows) for rival in rivals]
    optimism = -sign * (winner.validation - winner.mean) if is_objective else math.nan
    names = _names(entries)
    return Finish(
        table=_table(entries, names),
        scores=pd.DataFrame(
            {name: list(entry.scores) for name, entry in zip(names, entries, strict=True)},
            index=pd.Index(seeds, name="seed"),
        ).rename_axis(columns="trial"),
        verdict=" ".join(sentences) or f"There is no other trial to compare {winner.name} with.",
        optimism=optimism,
        summary=_summary(winner, optimism, objective, n_rows),
        differences=differences,
        notes=tuple(dict.fromkeys(notes)),
        trial_id=winner.trial_id,
        _model_of=model_of,
    )


def _names(entries: Sequence[Entry]) -> list[int | str]:
    """Return what the trials are called in tables: as in `tuner.results`."""
    if all(entry.trial_id.isdecimal() for entry in entries):
        return [int(entry.trial_id) for entry in entries]
    return [entry.trial_id for entry in entries]


def _table(entries: Sequence[Entry], names: Sequence[int | str]) -> pd.DataFrame:
    rows = [
        {
            "validation": entry.validation,
            "validation std": entry.validation_std,
            "test": entry.mean,
            "test std": entry.std,
            "test min": min(entry.scores),
            "test max": max(entry.scores),
            "repeats": len(entry.scores),
            "epochs": entry.epochs,
            "parameters": entry.n_parameters,
        }
        for entry in entries
    ]
    frame = pd.DataFrame(rows, index=pd.Index(names, name="trial"))
    frame = frame.drop(
        columns=[name for name in ("validation std", "test std", "parameters") if frame[name].isna().all()]
    )
    for name in ("validation std", "test std"):
        if name in frame:
            frame[name] = frame[name].astype(float)
    for name in ("epochs", "parameters"):
        if name in frame:
            frame[name] = frame[name].astype("Int64")
    return frame


def _verdict(winner: Entry, rival: Entry, difference: Difference, n_rows: int | None) -> str:
    """Return in words what may be concluded; without a direction, so that it is the same for a loss."""
    first, second = _capital(winner.name), rival.name
    where = "on the test set" if n_rows is None else f"on the {format_count(n_rows)} test rows"
    size = _with_error(abs(difference.mean), difference.half_width)
    match difference.ruling:
        case Ruling.BETTER:
            often = f"in {difference.n_won} of {difference.n} repeats"
            return f"{first} beats {second} by {size} {where}, {often}: more than chance."
        case Ruling.WORSE:
            often = f"in {difference.n_lost} of {difference.n} repeats"
            return (
                f"{_capital(second)}, which came after it in the search, beats {winner.name} by {size} {where}, "
                f"{often}: more than chance."
            )
        case Ruling.SLIGHT:
            ahead, n_won = (winner.name, difference.n_won) if difference.mean > 0 else (second, difference.n_lost)
            return (
                f"{_capital(ahead)} is better by {size} {where} on average, but only in {n_won} of {difference.n} "
                f"repeats: too little to matter. {_smaller(winner, rival)}"
            )
        case Ruling.FIXED:
            ahead, behind = (winner.name, second) if difference.mean > 0 else (second, winner.name)
            return (
                f"{_capital(ahead)} is ahead of {behind} by {_significant(abs(difference.mean))} {where}, the same in "
                "each repeat: other seeds could not turn it around, other rows could."
            )
        case Ruling.TOO_FEW_ROWS:
            rows = difference.mean * (n_rows or 0)
            ahead = winner.name if difference.mean > 0 else second
            return (
                f"{first} cannot be told from {second}: {ahead} is ahead by {size}, which is {abs(rows):.1f} of the "
                f"{format_count(n_rows or 0)} test rows. {_smaller(winner, rival)}"
            )
        case Ruling.EQUAL:
            return f"{first} and {second} score the same in each of {difference.n} repeats. {_smaller(winner, rival)}"
        case Ruling.TOO_FEW_REPEATS:
            return f"One repeat does not tell chance from {first.lower()} being better than {second}. Give repeats=5."
        case Ruling.NO_NUMBER:
            lost = sum(not math.isfinite(score) for score in (*winner.scores, *rival.scores))
            return (
                f"{first} and {second} cannot be compared: {lost} of {2 * difference.n} fits ended without a finite "
                "score."
            )
        case Ruling.UNCLEAR:
            ahead = winner.name if difference.mean > 0 else second
            return (
                f"{first} cannot be told from {second}: {where} {ahead} is ahead by {size}, within chance. "
                f"{_smaller(winner, rival)}"
            )


def _smaller(winner: Entry, rival: Entry) -> str:
    """Return which one to take where their scores do not say."""
    mine, other = winner.n_parameters, rival.n_parameters
    if mine is None or other is None:
        return "Take the one that is cheaper to run."
    if mine == other:
        return f"Both have {format_count(mine)} parameters: take either."
    small, large = (winner, rival) if mine < other else (rival, winner)
    counts = f"{format_count(min(mine, other))} parameters; {large.name}: {format_count(max(mine, other))}"
    return f"Take the smaller one, {small.name} ({counts})."


def _summary(winner: Entry, optimism: float, objective: str, n_rows: int | None) -> str:
    spreads = []
    if winner.std is not None:
        spreads.append(f"standard deviation {_significant(winner.std)} over {len(winner.scores)} seeds")
    error = share_error(winner.scores, n_rows)
    if error is not None:
        spreads.append(f"known to ± {_significant(error)} with {format_count(n_rows or 0)} rows")
    spread = f" ({', '.join(spreads)})" if spreads else ""
    head = f"{_capital(winner.name)} had {objective} {format_score(winner.validation)} in the search and has "
    tail = f"{format_score(winner.mean)} on the test set{spread}"
    if not math.isfinite(optimism):
        return f"{head}{tail}."
    word = "worse than" if optimism > 0 else "better than"
    gap = f"{_significant(abs(optimism))} {word} the search promised" if optimism else "as the search promised"
    chance = max(error or 0.0, 2 * (winner.std or 0.0))
    return f"{head}{tail}: {gap}{', within chance' if 0 < abs(optimism) <= chance else ''}."


def _with_error(value: float, error: float) -> str:
    """Return `0.0061 ± 0.0023`: both with the decimals that two digits of the error need."""
    if not math.isfinite(error) or not math.isfinite(value):
        return format_score(value)
    places = _decimals(error or value)
    return f"{value:.{places}f} ± {error:.{places}f}"


def _significant(value: float) -> str:
    return f"{value:.{_decimals(value)}f}" if math.isfinite(value) else format_score(value)


def _decimals(value: float) -> int:
    """Return how many decimals two significant digits of a number need."""
    return min(12, max(0, 1 - math.floor(math.log10(abs(value))))) if value else 1


# Any: a cell holds a number of any kind, or nothing.
def _cell(value: Any) -> str:
    if is_missing(value):
        return ""
    return format_count(value) if isinstance(value, int) else format_score(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
