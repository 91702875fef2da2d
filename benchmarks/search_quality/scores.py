"""Scores of runs: regret over that of random search, its error over seeds, ranks, differences, time to a target.

A run's regret is what its incumbent lacks to the best known value. Its score is the regret over the median regret of
random search at the same point, at most 2: 0 is the best known value, 1 is random search. The yardstick is made of
fixed runs of random search, so that a score depends on no other run.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.search_quality.problems import Known
from benchmarks.search_quality.problems.problem import Curve
from benchmarks.search_quality.runs import Run

__all__ = [
    "MEASURES",
    "RANDOM",
    "Cells",
    "Yardstick",
    "difference",
    "make_yardstick",
    "mean_ranks",
    "methods_of",
    "regrets",
    "score_cells",
    "score_curve",
    "summary",
    "target_ratio",
]

RANDOM = "ref:random"
N_POINTS = 40  # of a search with learning curves: one for each whole training's epochs
_AT_MOST = 2.0
_LEAST_SHARE = 1e-3  # of a problem's scale; the yardstick is no shorter

# seed → score, for each method and problem
Cells = dict[tuple[str, str], dict[int, float]]
# a problem → median regret of random search at each point
Yardstick = Mapping[str, Curve]
_Measure = Callable[[Curve, Curve], float | None]


def _after(n: int) -> _Measure:
    def measure(curve: Curve, yard: Curve) -> float | None:
        return float(min(curve[n - 1] / yard[n - 1], _AT_MOST)) if n <= min(len(curve), len(yard)) else None

    return measure


def _area(curve: Curve, yard: Curve) -> float:
    return float(min(curve.mean() / yard.mean(), _AT_MOST))


_TRIALS = {"20": _after(20), "50": _after(50), "100": _after(100)}
# what is scored in each mode
MEASURES: dict[str, dict[str, _Measure]] = {
    "full": _TRIALS,
    "par": _TRIALS,
    "mf": {"area": _area, "25 %": _after(10), "50 %": _after(20), "100 %": _after(40)},
}


def regrets(run: Run, known: Known, n_epochs: int = 1) -> Curve:
    """Return the regret after each trial, or with learning curves after the epochs of 1, 2, … 40 whole trainings.

    Args:
        run: The run.
        known: What is known of its problem; its `q90` counts where there is no value yet.
        n_epochs: How long a training of the problem is.
    """
    if run.incumbent:
        values = [known.q90 if value is None else value for value in run.incumbent]
    else:
        spent = np.array([n / n_epochs for n, _, _ in run.points])
        losses = [known.q90, *(known.q90 if value is None else value for _, _, value in run.points)]
        values = [losses[int((spent <= n + 1e-9).sum())] for n in range(1, N_POINTS + 1)]
    return np.maximum(0.0, np.array(values) - known.best)


def make_yardstick(curves: Mapping[str, Sequence[Curve]], known: Mapping[str, Known]) -> dict[str, Curve]:
    """Return the median regrets of random search, from its regrets on each problem."""
    yardstick = {}
    for problem, found in curves.items():
        scale = max(known[problem].median - known[problem].best, 1e-12)
        yardstick[problem] = np.maximum(np.median(np.array(found), 0), _LEAST_SHARE * scale)
    return yardstick


def score_cells(curves: Mapping[tuple[str, str, int], Curve], yardstick: Yardstick, measure: _Measure) -> Cells:
    """Return the score of each run that is long enough and whose problem has a yardstick."""
    cells: Cells = defaultdict(dict)
    for (method, problem, seed), curve in curves.items():
        score = measure(curve, yardstick[problem]) if problem in yardstick else None
        if score is not None:
            cells[method, problem][seed] = score
    return dict(cells)


def methods_of(cells: Cells, problems: Iterable[str]) -> list[str]:
    """Return the methods that have a score on each of the problems, in the order of their names."""
    wanted = set(problems)
    held: dict[str, set[str]] = defaultdict(set)
    for method, problem in cells:
        held[method].add(problem)
    return sorted(method for method, has in held.items() if wanted <= has)


def summary(cells: Cells, method: str, problems: Sequence[str]) -> tuple[float, float]:
    """Return a method's score and its standard error over seeds, problems fixed; NaN where a problem has one seed."""
    return _mean_over_problems([np.array(list(cells[method, problem].values())) for problem in problems])


def difference(cells: Cells, ours: str, peer: str, problems: Sequence[str]) -> tuple[float, float, int]:
    """Return ours minus a peer's score on the seeds that both have, its standard error, and how many seeds these are.

    The error is that of the mean over problems of the mean over seeds; problems are fixed. Below 0: ours is better.
    """
    per_problem = []
    for problem in problems:
        a, b = cells[ours, problem], cells[peer, problem]
        per_problem.append(np.array([a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]))
    n_seeds = min(map(len, per_problem))
    if not n_seeds:
        return float("nan"), float("nan"), 0
    return *_mean_over_problems(per_problem), n_seeds


def _mean_over_problems(per_problem: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    mean = float(np.mean([values.mean() for values in per_problem]))
    if min(map(len, per_problem)) < 2:
        return mean, float("nan")
    squares = sum(float(values.var(ddof=1)) / len(values) for values in per_problem)
    return mean, float(np.sqrt(squares)) / len(per_problem)


def mean_ranks(cells: Cells, methods: Sequence[str], problems: Sequence[str]) -> dict[str, float]:
    """Return each method's mean rank over the problems: 1 is the best of these methods, ties share."""
    ranks: dict[str, list[float]] = defaultdict(list)
    for problem in problems:
        scores = np.array([np.mean(list(cells[method, problem].values())) for method in methods])
        for method, score in zip(methods, scores, strict=True):
            n_ties = int((np.abs(scores - score) <= 1e-9).sum())
            ranks[method].append(float((scores < score - 1e-9).sum()) + (n_ties + 1) / 2)
    return {method: float(np.mean(found)) for method, found in ranks.items()}


def score_curve(
    curves: Mapping[tuple[str, str, int], Curve],
    yardstick: Yardstick,
    method: str,
    problems: Sequence[str],
    at: int | None = None,
) -> tuple[Curve, Curve]:
    """Return a method's mean score after each trial, and its standard error over seeds.

    Args:
        curves: Regrets of runs.
        yardstick: The median regrets of random search.
        method: The method; it has a run on each problem.
        problems: The problems.
        at: The trial whose yardstick is used throughout; None uses that of the same trial.
    """
    scores = []
    for problem in problems:
        found = [curve for (m, p, _), curve in curves.items() if m == method and p == problem]
        n = min(map(len, found))
        yard = yardstick[problem][:n] if at is None else yardstick[problem][at - 1]
        scores.append(np.minimum(np.array([curve[:n] for curve in found]) / yard, _AT_MOST))
    n = min(of_problem.shape[1] for of_problem in scores)
    mean = np.mean([of_problem[:, :n].mean(0) for of_problem in scores], 0)
    with np.errstate(all="ignore"):
        squares = [
            of_problem[:, :n].var(0, ddof=1) / len(of_problem) if len(of_problem) > 1 else np.full(n, np.nan)
            for of_problem in scores
        ]
    return mean, np.sqrt(np.sum(squares, 0)) / len(problems)


def target_ratio(ours: Curve, reference: Curve, n: int) -> float | None:
    """Return after how many trials one score curve is as good as the reference is after `n`, over `n`.

    Both curves are scored by the yardstick of trial `n`. None where the curve does not get there in its trials.
    """
    if len(reference) < n:
        return None
    goal = reference[n - 1]
    hits = np.nonzero(ours <= goal + 1e-12)[0]
    if not len(hits):
        return None
    k = int(hits[0])
    at_edge = k == 0 or ours[k - 1] == ours[k]
    trial = k + 1.0 if at_edge else k + (ours[k - 1] - goal) / (ours[k - 1] - ours[k])
    return float(trial / n)
