"""Where results lie, and what a report is made of: ours of this checkout beside those that are stored."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search_quality.problems import known_values, load
from benchmarks.search_quality.problems.problem import Curve
from benchmarks.search_quality.runs import Mode, Run, as_line, read
from benchmarks.search_quality.scores import (
    MEASURES,
    RANDOM,
    Cells,
    Yardstick,
    make_yardstick,
    methods_of,
    regrets,
    score_cells,
)

__all__ = ["OURS", "Standings", "done_cells", "file_of", "gather", "store"]

_FOLDER = Path(__file__).parent / "results"
# the runs of random search that scores are measured by; those of other seeds are scored like any method's
_YARDSTICK_SEEDS = {"full": range(30), "par": range(20), "mf": range(20)}
_BAYES = "kt:kt_notebook:BayesianOptimization"
OURS: dict[Mode, tuple[str, ...]] = {
    "full": (_BAYES,),
    "par": (_BAYES,),
    "mf": (f"{_BAYES}:prune=auto", "kt:kt_notebook:Hyperband"),
}


def stored_file(mode: Mode) -> Path:
    """Return the file that a checkout carries."""
    return _FOLDER / f"baseline_{mode}.jsonl"


def file_of(method: str, mode: Mode) -> Path:
    """Return the file that this checkout's runs of a method go to; git ignores it."""
    return _FOLDER / "runs" / mode / (re.sub(r"[^A-Za-z0-9_.+=-]+", "_", method) + ".jsonl")


def done_cells(method: str, mode: Mode, n_trials: int) -> set[tuple[str, int]]:
    """Return problem and seed of the runs that need not be made again: stored ones count, but for our own package."""
    files = [file_of(method, mode)]
    if not method.startswith("kt:kt_notebook:"):
        files.append(stored_file(mode))
    return {
        (run.problem, run.seed)
        for run in read(files)
        if run.method == method and (mode == "mf" or run.n_trials >= n_trials)
    }


@dataclass(frozen=True, slots=True)
class Standings:
    """What a report is made of.

    Attributes:
        mode: What kind of search.
        problems: The problems' names.
        seeds: The seeds; other runs are left out.
        runs: The runs.
        curves: The regrets of each run.
        yardstick: The regrets that are scored as 1.
        cells: For each measure of the mode the score of each run.
    """

    mode: Mode
    problems: Sequence[str]
    seeds: Collection[int]
    runs: Sequence[Run]
    curves: dict[tuple[str, str, int], Curve]
    yardstick: Yardstick
    cells: dict[str, Cells]

    def methods(self, measure: str) -> list[str]:
        """Return the methods that have a score of this measure on each problem."""
        return methods_of(self.cells[measure], self.problems)

    def n_seeds(self, method: str) -> int:
        """Return on how many seeds a method ran, on the problem where they are fewest."""
        seeds = defaultdict(set)
        for run in self.runs:
            if run.method == method:
                seeds[run.problem].add(run.seed)
        return min(len(seeds[problem]) for problem in self.problems)


def gather(mode: Mode, problems: Sequence[str], seeds: Collection[int]) -> Standings:
    """Return the results of these problems and seeds: what is stored, and this checkout's runs."""
    known = known_values()
    n_epochs = {problem.name: problem.epochs for problem in load(problems).values()}

    def curve(run: Run) -> Curve:
        return regrets(run, known[run.problem], n_epochs[run.problem])

    stored = [run for run in read([stored_file(mode)]) if run.problem in n_epochs]
    by_random = defaultdict(list)
    for run in stored:
        if run.method == RANDOM and run.seed in _YARDSTICK_SEEDS[mode]:
            by_random[run.problem].append(curve(run))
    yardstick = make_yardstick(by_random, known)
    files = [stored_file(mode), *sorted((_FOLDER / "runs" / mode).glob("*.jsonl"))]
    runs = [run for run in read(files) if run.problem in n_epochs and run.seed in seeds]
    curves = {run.key: curve(run) for run in runs}
    cells = {name: score_cells(curves, yardstick, measure) for name, measure in MEASURES[mode].items()}
    return Standings(mode, problems, seeds, runs, curves, yardstick, cells)


def store(mode: Mode, methods: Iterable[str]) -> int:
    """Take this checkout's runs of these methods over into the file that a checkout carries; return how many it has."""
    runs = read([stored_file(mode), *(file_of(method, mode) for method in methods)])
    lines = [as_line(run) for run in sorted(runs, key=lambda run: run.key)]
    stored_file(mode).write_text("".join(lines), encoding="utf-8")
    return len(lines)
