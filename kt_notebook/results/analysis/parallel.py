"""All trials with all their values at once, and where the best ones are."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kt_notebook.core.format import format_value
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.parameters import ParameterScale, scales_of
from kt_notebook.results.analysis.trials import Trials, counted, shortened, trials_of

__all__ = ["Parallel", "parallel_of", "where_the_best_are"]

# The best trials of which the reading says where they are.
_BEST_SHARE, _BEST_AT_LEAST = 0.1, 5
_MOSTLY = 0.8
# That a hyperparameter without effect is said to be shared is less likely than this, over all hyperparameters.
_CHANCE = 0.05


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
        are = "is" if len(compared) == 1 else "are"
        return f"{counted(len(compared), 'complete trial')} {are} too few to say which values the best ones share."
    best = compared.loc[(trials.sign * compared[trials.score]).sort_values(kind="stable").index[:n_best]]
    common = [found for scale in scales if (found := _common(scale, best, compared)) is not None]
    sure = sorted((found for found in common if found[0] * len(scales) < _CHANCE), key=lambda found: found[0])
    who = f"The best {n_best:,} of {len(compared):,} complete trials"
    if not sure:
        return f"{who} share no values that chance would not give."
    return f"{who} have {', '.join(text for _, text in sure[:3])}."


def _common(scale: ParameterScale, best: pd.DataFrame, everyone: pd.DataFrame) -> tuple[float, str] | None:
    """Return what the best trials' values share, in words, and how likely any trials would share as much by chance.

    Of n random trials all lie in a range that holds the share f of all trials with the probability
    n fⁿ⁻¹ - (n - 1) fⁿ: that of the range of n uniform draws.
    """
    ours = scale.places(best[scale.column].tolist())
    theirs = scale.places(everyone[scale.column].tolist())
    theirs, n = theirs[~np.isnan(theirs)], len(ours)
    if np.isnan(ours).any():
        return None
    name = shortened(scale.name)
    if scale.categories:
        values, counts = np.unique(ours, return_counts=True)
        most, n_most = values[counts.argmax()], int(counts.max())
        if n_most < _MOSTLY * n:
            return None
        usual = float(np.mean(theirs == most))
        chance = sum(math.comb(n, k) * usual**k * (1 - usual) ** (n - k) for k in range(n_most, n + 1))
        return chance, f"{'' if n_most == n else 'mostly '}{name} {scale.categories[int(most)]}"
    low, high = float(ours.min()), float(ours.max())
    held = float(np.mean((theirs >= low) & (theirs <= high)))
    chance = n * held ** (n - 1) - (n - 1) * held**n
    low_text, high_text = (format_value(int(end) if scale.is_whole else end) for end in (low, high))
    return chance, f"{name} {low_text}" if low == high else f"{name} from {low_text} to {high_text}"
