"""How the scores came trial by trial, and the best so far."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kt_notebook.core.format import format_score
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.trials import counted, trials_of

__all__ = ["History", "history_of"]

# The share of the trials, the last ones, of which the reading says what they brought.
_LAST_THIRD = 3


@dataclass(frozen=True, slots=True)
class History:
    """The scores in the order of the trials.

    Attributes:
        data: A row a trial, in the order of their starts: `number` from 1, `state`, the score's column and `best so
            far`.
        score: The score's column.
        label: The score with what is better.
        sign: What makes a score one of which smaller is better.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    score: str
    label: str
    sign: float
    reading: str


def history_of(record: SearchRecord) -> History:
    """Return the scores trial by trial and the best so far.

    The best so far is of complete trials; pruned ones have a score that does not count. Scores that are not finite have
    no part in it.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> history_of(SearchRecord()).reading
        'No trial yet.'
    """
    trials = trials_of(record)
    losses = np.where(trials.counts, trials.sign * trials.scores.to_numpy(), np.inf)
    best = np.minimum.accumulate(losses) if len(losses) else losses
    data = pd.DataFrame(
        {
            "number": np.arange(1, len(losses) + 1),
            "state": trials.states,
            trials.score: trials.scores,
            "best so far": trials.sign * np.where(np.isfinite(best), best, np.nan),
        },
        index=trials.table.index,
    )
    return History(data, trials.score, trials.label, trials.sign, _reading(data, trials.score))


def _reading(data: pd.DataFrame, score: str) -> str:
    if data.empty:
        return "No trial yet."
    best = data["best so far"].to_numpy()
    if not np.isfinite(best[-1]):
        return f"None of {counted(len(data), 'trial')} has a score that counts."
    first = int(np.flatnonzero(best == best[-1])[0])
    text = f"Best {score} {format_score(float(best[-1]))} after {first + 1:,} of {counted(len(data), 'trial')}"
    n_last = len(data) // _LAST_THIRD
    before = best[len(data) - n_last - 1]
    if n_last < 2 or not np.isfinite(before):
        return f"{text}."
    gained = abs(float(best[-1] - before))
    brought = f"brought {format_score(gained)}" if gained else "brought nothing better"
    return f"{text}; the last {n_last:,} {brought}."
