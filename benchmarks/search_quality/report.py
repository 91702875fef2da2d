"""Prints results as Markdown: a table of scores, ours beside the peers, and the differences on the same seeds."""

import math
from collections.abc import Collection, Sequence

import numpy as np

from benchmarks.search_quality.scores import difference, mean_ranks, score_curve, summary, target_ratio
from benchmarks.search_quality.standings import Standings

__all__ = ["as_table", "report"]

_REFERENCE = "kt:keras_tuner:BayesianOptimization"
_TARGET = 50  # the reference's trials
_TITLES = {
    "full": "Whole trials, one worker",
    "par": "Whole trials, four workers at once",
    "mf": "Trainings that may be stopped, the epochs of 40 whole ones",
}
_MAIN = {"full": "50", "par": "50", "mf": "area"}
_RANKED = {"full": ("50", "100"), "par": ("50", "100"), "mf": ("area", "100 %")}


def report(standings: Standings, ours: Collection[str], *, is_per_problem: bool = False) -> str:
    """Return a mode's report.

    Args:
        standings: The standings.
        ours: The methods that are set beside the others.
        is_per_problem: Whether a table of the problems is added.
    """
    main = _MAIN[standings.mode]
    methods = standings.methods(main)
    cells = standings.cells[main]
    methods.sort(key=lambda method: summary(cells, method, standings.problems)[0])
    count = f"{len(standings.problems)} problem" + "s" * (len(standings.problems) > 1)
    first, last = min(standings.seeds), max(standings.seeds)
    parts = [f"### {_TITLES[standings.mode]}: {count}, seeds {first} to {last}", _scores(standings, methods, ours)]
    for mine in methods:
        if mine in ours:
            title = f"{mine} minus each on the seeds that both have (below 0: ours is better)"
            parts += [title, _differences(standings, mine, [method for method in methods if method != mine])]
    if is_per_problem:
        parts += [f"Score ({main}) on each problem", _per_problem(standings, main, methods)]
    partial = sorted({run.method for run in standings.runs} - set(methods))
    if partial:
        parts.append(f"Left out, for some problems have no run or too short a one: {', '.join(partial)}.")
    return "\n\n".join(parts)


def _scores(standings: Standings, methods: Sequence[str], ours: Collection[str]) -> str:
    is_by_trials = standings.mode != "mf"
    held = {name: set(standings.methods(name)) for name in standings.cells}
    ranks = {
        name: mean_ranks(standings.cells[name], [m for m in methods if m in held[name]], standings.problems)
        for name in _RANKED[standings.mode]
    }
    head = ["method", "seeds", *(f"score {name}" for name in standings.cells), *(f"rank {name}" for name in ranks)]
    rows = []
    for method in methods:
        row = [f"**{method}**" if method in ours else method, str(standings.n_seeds(method))]
        for name, cells in standings.cells.items():
            row.append(_with_error(*summary(cells, method, standings.problems)) if method in held[name] else "–")
        row += [f"{found[method]:.2f}" if method in found else "–" for found in ranks.values()]
        if is_by_trials:
            row += [_to_target(standings, method), _cost(standings, method)]
        rows.append(row)
    return as_table([*head, *(["to target", "CPU ms"] if is_by_trials else [])], rows)


def _differences(standings: Standings, mine: str, peers: Sequence[str]) -> str:
    rows = []
    for peer in peers:
        row, n_most = [], 0
        for name, cells in standings.cells.items():
            if {mine, peer} <= set(standings.methods(name)):
                mean, error, n_seeds = difference(cells, mine, peer, standings.problems)
                row.append(_with_error(mean, error, sign="+"))
                n_most = max(n_most, n_seeds)
            else:
                row.append("–")
        rows.append([peer, str(n_most), *row])
    return as_table(["peer", "seeds", *standings.cells], rows)


def _per_problem(standings: Standings, measure: str, methods: Sequence[str]) -> str:
    cells = standings.cells[measure]
    rows = [
        [problem, *(f"{np.mean(list(cells[method, problem].values())):.2f}" for method in methods)]
        for problem in standings.problems
    ]
    return as_table(["problem", *methods], rows)


def _to_target(standings: Standings, method: str) -> str:
    if _REFERENCE not in standings.methods("50"):
        return "–"
    ours, reference = (
        score_curve(standings.curves, standings.yardstick, name, standings.problems, at=_TARGET)[0]
        for name in (method, _REFERENCE)
    )
    ratio = target_ratio(ours, reference, _TARGET)
    return "not reached" if ratio is None else f"{ratio:.2f}"


def _cost(standings: Standings, method: str) -> str:
    costs = [run.cost_ms[50] for run in standings.runs if run.method == method and 50 in run.cost_ms]
    return f"{np.median(costs):.1f}" if costs else "–"


def _with_error(mean: float, error: float, sign: str = "") -> str:
    if math.isnan(mean):
        return "–"
    return f"{mean:{sign}.3f}" + ("" if math.isnan(error) else f" ± {error:.3f}")


def as_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its columns padded so that it can be read as text."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [[f"{text:<{width}}" for text, width in zip(row, widths, strict=True)] for row in (head, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
