"""All trials with all their values at once, and where the best ones are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kt_notebook.core.format import format_value
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.parameters import ParameterScale, scales_of
from kt_notebook.results.analysis.trials import Trials, shortened, trials_of

__all__ = ["Parallel", "parallel_of", "where_the_best_are"]

# The best trials of which the reading says where they are.
_BEST_SHARE, _BEST_AT_LEAST = 0.1, 3
# A range this much narrower than that of all trials is worth saying.
_NARROW = 0.5
_MOSTLY = 0.8


@dataclass(frozen=True, slots=True)
class Parallel:
    """The trials' values.

    Attributes:
        data: A row a trial with a finite score, in the order of their starts, with the results table's columns: the
            score and each hyperparameter with more than one value, missing where it is inactive; and `state`.
        scales: Of these hyperparameters, in the order of the axes.
        score: The score's column.
        label: The score with what is better.
        sign: What makes a score one of which smaller is better.
        n_left_out: How many trials have no finite score.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    scales: tuple[ParameterScale, ...]
    score: str
    label: str
    sign: float
    n_left_out: int
    reading: str


def parallel_of(record: SearchRecord) -> Parallel:
    """Return the trials' values and scores.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> parallel_of(SearchRecord()).reading
        'No trial yet.'
    """
    trials = trials_of(record)
    scales = tuple(scales_of(record, trials))
    data = scored_values(trials, scales)
    n_left_out = len(trials.table) - len(data)
    reading = where_the_best_are(data, scales, trials)
    return Parallel(data, scales, trials.score, trials.label, trials.sign, n_left_out, reading)


def scored_values(trials: Trials, scales: tuple[ParameterScale, ...]) -> pd.DataFrame:
    """Return state, score and values of the trials with a finite score."""
    columns = [trials.score, *(scale.column for scale in scales)]
    data = pd.concat([trials.states, trials.table.reindex(columns=columns)], axis=1)[trials.is_drawn]
    return data.astype({trials.score: float})


def where_the_best_are(data: pd.DataFrame, scales: tuple[ParameterScale, ...], trials: Trials) -> str:
    """Return in a sentence which values the best trials share."""
    if trials.table.empty:
        return "No trial yet."
    compared = data[data["state"] == "complete"]
    if compared.empty:
        return "No trial has a score that counts."
    if not scales:
        return "This search has no hyperparameter with more than one value."
    n_best = max(_BEST_AT_LEAST, round(_BEST_SHARE * len(compared)))
    if len(compared) < 3 * n_best:
        return f"{len(compared):,} complete trials are too few to say which values the best ones share."
    best = compared.loc[(trials.sign * compared[trials.score]).sort_values(kind="stable").index[:n_best]]
    found = sorted(
        (common for scale in scales if (common := _common(scale, best, compared)) is not None), key=lambda c: c[0]
    )
    if not found:
        return f"The best {n_best:,} of {len(compared):,} complete trials have no values in common."
    return f"The best {n_best:,} of {len(compared):,} complete trials have {', '.join(text for _, text in found[:3])}."


def _common(scale: ParameterScale, best: pd.DataFrame, everyone: pd.DataFrame) -> tuple[float, str] | None:
    """Return how narrow the best trials' values are beside those of all, and in words which they are."""
    ours = scale.places(best[scale.column].tolist())
    theirs = scale.places(everyone[scale.column].tolist())
    if np.isnan(ours).any():
        return None
    name = shortened(scale.name)
    if scale.categories:
        values, counts = np.unique(ours, return_counts=True)
        most = float(counts.max()) / len(ours)
        usual = float(np.mean(theirs == values[counts.argmax()]))
        if most < _MOSTLY or usual > _NARROW:
            return None
        mostly = "" if most == 1 else "mostly "
        return usual / most, f"{mostly}{name} {scale.categories[int(values[counts.argmax()])]}"
    shares, all_shares = scale.shares(ours), scale.shares(theirs[~np.isnan(theirs)])
    low, high = float(ours.min()), float(ours.max())
    reach = float(np.ptp(all_shares))
    narrow = float(np.ptp(shares)) / reach if reach else 1.0
    if narrow > _NARROW:
        return None
    if low == high:
        return narrow, f"{name} {format_value(low)}"
    return narrow, f"{name} from {format_value(low)} to {format_value(high)}"
