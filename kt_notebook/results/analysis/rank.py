"""The trials' ranks over two hyperparameters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kt_notebook.core.errors import OptionError
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.importance import most_important
from kt_notebook.results.analysis.parallel import scored_values, where_the_best_are
from kt_notebook.results.analysis.parameters import ParameterScale, chosen_scale, scales_of
from kt_notebook.results.analysis.trials import Trials, trials_of

__all__ = ["Ranks", "chosen_pair", "ranks_of", "two_needed"]


@dataclass(frozen=True, slots=True)
class Ranks:
    """The trials over two hyperparameters, by rank.

    Attributes:
        data: A row a trial with a finite score in which both are active, the best first: `state`, the score, both
            hyperparameters with the results table's columns, and `rank`: 1 is best, of all trials with a score; equal
            ones share the mean of theirs, pruned ones come after the complete ones.
        scales: Of both; empty where the space has fewer than two.
        n_ranked: How many trials have a rank.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    scales: tuple[ParameterScale, ...]
    n_ranked: int
    reading: str


def ranks_of(record: SearchRecord, names: tuple[str, ...] = ()) -> Ranks:
    """Return the trials over two hyperparameters, by rank: a score's scale plays no part.

    Args:
        record: The search's.
        names: Two hyperparameters; fewer: the most important ones are taken.

    Raises:
        OptionError: A name is unknown, or there are more than two.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ranks_of(SearchRecord()).reading
        'This needs two hyperparameters with more than one value; the search has none.'
    """
    trials = trials_of(record)
    scales = chosen_pair(record, trials, names)
    data = scored_values(trials, scales)
    data = data.assign(rank=_ranks(trials.sign * data[trials.score], data["state"] == "complete"))
    reading = where_the_best_are(data, scales, trials) if scales else two_needed(record, trials)
    n_ranked = len(data)
    data = data.sort_values("rank", kind="stable")
    for scale in scales:
        data = data[~np.isnan(scale.places(data[scale.column].tolist()))]
    return Ranks(data, scales, n_ranked, reading)


def chosen_pair(record: SearchRecord, trials: Trials, names: tuple[str, ...]) -> tuple[ParameterScale, ...]:
    """Return the scales of the two hyperparameters named, or of the most important ones; none where there are not two.

    Raises:
        OptionError: A name is unknown, or there are more than two.
    """
    if len(names) > 2:
        raise OptionError(f"{', '.join(names)} are {len(names)} hyperparameters, and this picture shows two. Give two.")
    scales = scales_of(record, trials)
    chosen = [chosen_scale(scales, name) for name in dict.fromkeys(names)]
    if len(scales) < 2:
        return ()
    if len(chosen) < 2:
        by_name = {scale.name: scale for scale in scales}
        # What the model does not know comes last.
        names = (*most_important(record, len(scales)), *by_name)
        chosen += [by_name[name] for name in dict.fromkeys(names) if name in by_name and by_name[name] not in chosen]
    return tuple(chosen[:2])


def two_needed(record: SearchRecord, trials: Trials) -> str:
    """Return in words that the search has fewer than two hyperparameters."""
    found = [scale.name for scale in scales_of(record, trials)]
    has = f"one, {found[0]}" if found else "none"
    return f"This needs two hyperparameters with more than one value; the search has {has}."


def _ranks(losses: "pd.Series[float]", is_complete: "pd.Series[bool]") -> "pd.Series[float]":
    """Return ranks from 1, of complete trials first; equal ones share the mean of theirs."""
    ranks = losses.where(is_complete).rank(method="average")
    return ranks.fillna(losses.where(~is_complete).rank(method="average") + int(is_complete.sum()))
