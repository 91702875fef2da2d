"""Which hyperparameters the score depends on, and how sure that is.

How it works: the share of a hyperparameter is its total Sobol index: the part of the score's variance over the whole
space that is left when all other hyperparameters are known, which is what it does alone and together with others.
What it does alone is its first-order index. Both are those of functional ANOVA. They are computed, with quasi-random
points, of functions drawn from a Gaussian process given the trials (`surface`), so that their spread says how sure
they are. A conditional hyperparameter has the share that it has when it is drawn with its parents: where it is
inactive it changes nothing, and what switching it on or off does is its parent's.

Why not a random forest, as in fANOVA: `benchmarks/importance.py` searches six functions of known shares at random
(additive, interaction, bowl, wave, conditional, categories; hyperparameters without effect in all of them), ten times
each, and compares with 64 trees. Mean error of a share, in percent of the variance; how often the interval of 90 %
held the true share; and what was given to hyperparameters without effect, process / forest:

    trials  noise   error        held       without effect
        20  none     1.4 / 16.5  96 / 91     0.6 / 14.3
        60  none     0.1 / 10.8  99 / 91     0.0 /  9.1
       200  none     0.1 /  8.0  100 / 86    0.0 /  6.0
        20  half    11.0 / 19.0  86 / 89    10.5 / 17.4
        60  half     3.9 / 14.4  90 / 88     3.2 / 14.1
       200  half     1.8 / 12.8  93 / 66     0.8 / 12.3

Noise is half of the scores' spread. A forest of few trials misses interactions and gives each column a part.
The process's prior of the noise was chosen on the first two functions, with other searches.

Sources: Hutter, Hoos & Leyton-Brown 2014, An efficient approach for assessing hyperparameter importance, ICML
(functional ANOVA of hyperparameters). Saltelli et al. 2010, Computer Physics Communications 181, table 2: the
estimators, of Jansen 1999. Indices of a Gaussian process's draws, for their uncertainty: Marrel et al. 2009,
Reliability Engineering & System Safety 94, section 3.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis.surface import MIN_TRIALS, Surface, surface_of, too_few
from kt_notebook.results.analysis.trials import counted, shortened, trials_of

__all__ = ["Importance", "importance_of", "most_important"]

Array = NDArray[np.float64]

# 64 functions tell a share's 90 % interval to a tenth of its width.
_N_KERNELS, _N_EACH = 16, 4
# Points of a Sobol sequence for each block, as a power of two; the error of a share is then about 0.02.
_POWER, _POWER_OF_MANY = 8, 7
_MANY = 24
# The interval's ends.
_ENDS = (0.05, 0.95)
# A share of which the interval's end is below is hardly any; so is what a model foretells of the scores.
_HARDLY = 0.1
_COLUMNS = ("share", "low", "high", "alone", "alone low", "alone high")


@dataclass(frozen=True, slots=True)
class Importance:
    """The hyperparameters' shares of the differences between scores.

    Attributes:
        data: A row a hyperparameter, indexed by its name, the most important first: `share`, with others or alone, and
            `alone`, each from 0 to 1, with the ends of the interval that holds it with 90 % certainty, `low` and
            `high`. Interactions count for all that have a part in them, so shares may add up to more than 1.
        explained: The share of the scores' differences that the model foretells of trials that it has not seen, 0 to 1.
        n_trials: How many trials it learned from.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    explained: float
    n_trials: int
    reading: str


def importance_of(record: SearchRecord) -> Importance:
    """Return which hyperparameters the score depends on. Takes a third of a second for 60 trials, one for 300 or more.

    Failed trials and scores that are not finite do not count; several objectives count by their sum.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> importance_of(SearchRecord()).reading
        'Importance needs 4 trials with a score; there are 0.'
    """
    trials = trials_of(record)
    surface = surface_of(record)
    nothing = pd.DataFrame({column: pd.Series(dtype=float) for column in _COLUMNS}, index=pd.Index([], dtype=object))
    nothing.index.name = "hyperparameter"
    if surface is None:
        n_scores = trials.n_scored
        if n_scores >= MIN_TRIALS:
            return Importance(nothing, 0.0, n_scores, "This search has no hyperparameter with more than one value.")
        return Importance(nothing, 0.0, n_scores, too_few("Importance", n_scores))
    n_trials = len(surface.losses)
    if np.ptp(surface.losses) == 0:
        return Importance(nothing, 0.0, n_trials, f"All {n_trials:,} trials have the same score: nothing matters yet.")
    from kt_notebook.search.one_thread import one_thread

    with one_thread():
        names, first, total = _indices(surface, np.random.default_rng(0))
        explained = surface.explained
    ends = [np.quantile(part, _ENDS, axis=1) for part in (total, first)]
    values = [total.mean(axis=1), *ends[0], first.mean(axis=1), *ends[1]]
    data = pd.DataFrame(dict(zip(_COLUMNS, values, strict=True)), index=pd.Index(names, name="hyperparameter"))
    data = data.sort_values("share", ascending=False, kind="stable")
    return Importance(data, explained, n_trials, _reading(data, explained, n_trials, trials.score))


def most_important(record: SearchRecord, n: int) -> list[str]:
    """Return the names of the n most important hyperparameters; in the order of the space where nothing is known."""
    data = importance_of(record).data
    if len(data):
        return [str(name) for name in data.index[:n]]
    from kt_notebook.results.analysis.parameters import scales_of

    return [scale.name for scale in scales_of(record, trials_of(record))][:n]


def _indices(surface: Surface, rng: np.random.Generator) -> tuple[list[str], Array, Array]:
    """Return names, first-order and total indices, each of shape `(n_names, n_functions)`, from 0 to 1."""
    from scipy.stats import qmc  # takes half a second to load

    entries, n_columns = surface.columns, surface.cube.n_columns
    names = list(dict.fromkeys(entry.name for entry in entries))
    points = qmc.Sobol(2 * n_columns, seed=0).random_base2(_POWER if len(names) <= _MANY else _POWER_OF_MANY)
    one, other = points[:, :n_columns], points[:, n_columns:]
    blocks = [one, other]
    for name in names:
        # One name may have several columns, under different conditions.
        is_its = np.array([entry.name == name for entry in entries])
        blocks.append(np.where(is_its, other, one))
    rows = surface.cube.draw(np.concatenate(blocks))
    firsts, totals = [], []
    for drawn in surface.draws(rows, _N_KERNELS, _N_EACH, rng):
        values = drawn.reshape(len(blocks), len(points), -1)
        variance = np.maximum(values[:2].reshape(-1, values.shape[2]).var(axis=0), np.finfo(float).tiny)
        total = np.clip(((values[0] - values[2:]) ** 2).mean(axis=1) / (2 * variance), 0, 1)
        first = 1 - ((values[1] - values[2:]) ** 2).mean(axis=1) / (2 * variance)
        totals.append(total)
        firsts.append(np.clip(first, 0, total))
    return names, np.concatenate(firsts, axis=1), np.concatenate(totals, axis=1)


def _reading(data: pd.DataFrame, explained: float, n_trials: int, score: str) -> str:
    if explained < _HARDLY:
        return f"{counted(n_trials, 'trial')} do not tell yet what {score} depends on: they do not foretell each other."
    names = [shortened(str(name)) for name in data.index]
    shares, low, high = (data[column].to_numpy(dtype=float) for column in ("share", "low", "high"))
    matters = high >= _HARDLY
    matters[0] = True
    # Both ends: near 0 and 100 % an interval is not symmetric.
    texts = [
        f"in {100 * at:.0f} % ({100 * first:.0f} to {100 * last:.0f})"
        for at, first, last in zip(shares, low, high, strict=True)
    ]
    shown = [f"{name} {text}" for name, text, does in zip(names, texts, matters, strict=True) if does][:3]
    shown[0] = f"{names[0]} has a part {texts[0]} of the differences in {score}"
    parts = [", ".join(shown)]
    little = [name for name, does in zip(names, matters, strict=True) if not does]
    if little:
        parts.append(f"{_listed(little)} hardly any")
    if len(data) > 1 and matters[1] and low[0] < high[1]:
        parts.append("which of the first two matters more is not sure")
    return "; ".join(parts) + "."


def _listed(names: list[str], n: int = 3) -> str:
    if len(names) > n:
        return f"{len(names)} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
