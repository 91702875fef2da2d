"""Whether one model is better than another beyond the noise of seeds and of a test set of so many rows.

How it works: both are trained with the same seeds on the same rows, so the differences come in pairs. A paired t-test
asks whether their mean is more than the seeds' chance. It needs no correction for overlapping training sets (Nadeau and
Bengio 2003, Bouckaert and Frank 2004), for nothing is resampled: what is asked is which of two models is better on
these rows. A difference that is real may still be small: it has to show in three quarters of the repeats (Bouthillier
et al. 2021). And one of fewer than four test rows could be those rows' chance whatever the seeds say (McNemar 1947).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

__all__ = ["Difference", "Ruling", "paired_difference", "share_error"]

LEVEL = 0.05
# Bouthillier et al. 2021, section 5: the share of repeats in which a model that is better to any purpose wins.
_MEANINGFUL_SHARE = 0.75
_FEWEST_ROWS = 3.84  # The 95 % quantile of chi square with one degree of freedom: McNemar's statistic at its largest.
_ROUNDING, _FLOAT32, _MOST_ROUNDING = 1e-3, 2e-7, 0.05  # In rows: Keras averages in float32, over batches.


class Ruling(StrEnum):
    """What a comparison came to."""

    BETTER = "better"
    WORSE = "worse"
    SLIGHT = "slight"  # real on average, and seldom to be noticed
    UNCLEAR = "unclear"
    EQUAL = "equal"
    FIXED = "fixed"  # the same in each repeat: seeds could not turn it around, other rows could
    TOO_FEW_REPEATS = "too few repeats"
    TOO_FEW_ROWS = "too few rows"
    NO_NUMBER = "no number"


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one model is than another over the same seeds.

    Attributes:
        ruling: What may be concluded.
        mean: Mean difference, positive where the first is better, whatever the objective's direction.
        half_width: Half of its 95 % interval over seeds; infinite for one repeat.
        p_value: Two-sided, of no difference; 1.0 where nothing can be tested.
        n_won: Repeats in which the first was better.
        n_lost: Repeats in which the second was.
        n: All repeats.
    """

    ruling: Ruling
    mean: float
    half_width: float
    p_value: float
    n_won: int
    n_lost: int
    n: int


def paired_difference(
    first: Sequence[float], second: Sequence[float], sign: float, *, n_rows: int | None = None, n_comparisons: int = 1
) -> Difference:
    """Return how much better the first model is than the second, and whether that is more than chance.

    Args:
        first: Its test scores, one a seed.
        second: The other's, with the same seeds in the same order.
        sign: 1.0 where a smaller score is better, -1.0 where a larger one is (`core.objective.loss_sign`).
        n_rows: How many rows the test set has, None where unknown. It counts where scores are shares of rows.
        n_comparisons: How many rivals the first is compared with; the level of 5 % is shared out among them.

    Source: Student 1908 for the test; Bouthillier et al. 2021, "Accounting for Variance in Machine Learning
    Benchmarks", for the share of repeats; McNemar 1947, as in Dietterich 1998, for the rows.

    Example:
        >>> won = paired_difference([0.97, 0.98, 0.97, 0.98, 0.97], [0.94, 0.95, 0.95, 0.94, 0.93], -1.0)
        >>> str(won.ruling), round(won.mean, 3), won.n_won
        ('better', 0.032, 5)
    """
    gains = -sign * (np.asarray(first, float) - np.asarray(second, float))
    n = len(gains)
    n_won, n_lost = int((gains > 0).sum()), int((gains < 0).sum())
    if not np.isfinite(gains).all():
        return Difference(Ruling.NO_NUMBER, math.nan, math.inf, 1.0, n_won, n_lost, n)
    mean = float(gains.mean()) if n else math.nan
    if n < 2:
        return Difference(Ruling.TOO_FEW_REPEATS, mean, math.inf, 1.0, n_won, n_lost, n)
    row = _row_of(np.concatenate([np.asarray(first, float), np.asarray(second, float)]), n_rows)
    half_width, p_value = _t_test(gains, row or 0.0, LEVEL / n_comparisons)
    is_fixed = len(set(first)) == len(set(second)) == 1
    ruling = _ruling(gains, p_value * n_comparisons, row, is_fixed=is_fixed)
    return Difference(ruling, mean, half_width, p_value, n_won, n_lost, n)


def share_error(scores: Sequence[float], n_rows: int | None) -> float | None:
    """Return the 95 % half-width that a share of the test rows has from the rows alone; None for another score.

    Args:
        scores: Test scores of one model.
        n_rows: How many rows the test set has.

    Source: the normal interval of a binomial share, with Wilson's centre (1927), which does not vanish at 0 and 1.

    Example:
        >>> round(share_error([0.95, 0.96], 100), 3)
        0.043
    """
    values = np.asarray(scores, float)
    if n_rows is None or _row_of(values, n_rows) is None:
        return None
    z = 1.96
    share = float(values.mean())
    spread = math.sqrt(share * (1 - share) / n_rows + z**2 / (4 * n_rows**2))
    return z * spread / (1 + z**2 / n_rows)


def _row_of(scores: npt.NDArray[np.float64], n_rows: int | None) -> float | None:
    """Return what one test row is worth, where the scores are shares of the rows; None where they are not."""
    if not n_rows or not np.isfinite(scores).all() or scores.min() < 0 or scores.max() > 1:
        return None
    counts = scores * n_rows
    rounding = min(_MOST_ROUNDING, max(_ROUNDING, _FLOAT32 * n_rows))
    is_share = (np.abs(counts - np.round(counts)) < rounding).all()
    return 1 / n_rows if is_share else None


def _t_test(gains: npt.NDArray[np.float64], row: float, level: float) -> tuple[float, float]:
    """Return the half-width of the mean's interval, and the two-sided p-value of no difference."""
    from scipy import stats

    n = len(gains)
    # Scores that come in steps may agree by rounding alone: the difference of two has a variance of row² / 6 from it.
    deviation = max(float(gains.std(ddof=1)), row / math.sqrt(6))
    error = deviation / math.sqrt(n)
    if error <= 1e-12 * max(1.0, float(np.abs(gains).max())):
        return 0.0, 0.0 if gains.any() else 1.0
    p_value = 2 * float(stats.t.sf(abs(float(gains.mean())) / error, n - 1))
    return float(stats.t.ppf(1 - level / 2, n - 1)) * error, p_value


def _ruling(gains: npt.NDArray[np.float64], p_value: float, row: float | None, *, is_fixed: bool) -> Ruling:
    mean, n = float(gains.mean()), len(gains)
    if not gains.any():
        return Ruling.EQUAL
    if p_value > LEVEL and not is_fixed:
        return Ruling.UNCLEAR
    if row is not None and abs(mean) / row < _FEWEST_ROWS:
        return Ruling.TOO_FEW_ROWS
    if is_fixed:
        return Ruling.FIXED
    share = float((gains * mean > 0).sum() + 0.5 * (gains == 0).sum()) / n
    if share < _MEANINGFUL_SHARE:
        return Ruling.SLIGHT
    return Ruling.BETTER if mean > 0 else Ruling.WORSE
