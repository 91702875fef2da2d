"""The score against each hyperparameter alone."""

from dataclasses import dataclass

import pandas as pd

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.parallel import scored_values, where_the_best_are
from kt_notebook.results.analysis.parameters import ParameterScale, chosen_scale, scales_of
from kt_notebook.results.analysis.trials import trials_of

__all__ = ["Slices", "slices_of"]


@dataclass(frozen=True, slots=True)
class Slices:
    """The score against each hyperparameter.

    Attributes:
        data: A row a trial with a finite score, in the order of their starts, with the results table's columns: the
            score and each hyperparameter shown, missing where it is inactive; and `state`.
        scales: Of these hyperparameters, one for each small picture.
        score: The score's column.
        label: The score with what is better.
        sign: What makes a score one of which smaller is better.
        reading: What the pictures say, in a sentence.
    """

    data: pd.DataFrame
    scales: tuple[ParameterScale, ...]
    score: str
    label: str
    sign: float
    reading: str


def slices_of(record: SearchRecord, names: tuple[str, ...] = ()) -> Slices:
    """Return the scores against each hyperparameter with more than one value.

    Args:
        record: The search's.
        names: The hyperparameters to show; none: all.

    Raises:
        OptionError: A name is unknown.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> slices_of(SearchRecord()).reading
        'No trial yet.'
    """
    trials = trials_of(record)
    scales = tuple(scales_of(record, trials))
    if names:
        scales = tuple(chosen_scale(scales, name) for name in dict.fromkeys(names))
    data = scored_values(trials, scales)
    return Slices(data, scales, trials.score, trials.label, trials.sign, where_the_best_are(data, scales, trials))
