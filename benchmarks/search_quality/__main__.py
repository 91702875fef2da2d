"""Runs searches over the problems and prints them beside the stored results of other libraries.

    python -m benchmarks.search_quality                                    ours, ten seeds, all three modes
    python -m benchmarks.search_quality --mode full --first-seed 0 --seeds 3
    python -m benchmarks.search_quality --method kt:kt_notebook:RandomSearch
    python -m benchmarks.search_quality --report                           what there is, nothing is run
    python -m benchmarks.search_quality --mode overhead

A run that was stopped goes on where it was: each finished search is written at once.
"""

import argparse
import os
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

# One thread, for figures that can be compared; before numpy and TensorFlow are loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from benchmarks.search_quality.adapters import why_not_here
from benchmarks.search_quality.harness import run_cell
from benchmarks.search_quality.overhead import overhead
from benchmarks.search_quality.picture import draw
from benchmarks.search_quality.problems import EXTRA, TWELVE, WITH_CURVES, load
from benchmarks.search_quality.report import report
from benchmarks.search_quality.runs import MODES, Mode, append
from benchmarks.search_quality.scores import RANDOM
from benchmarks.search_quality.standings import OURS, done_cells, file_of, gather, store

_PICTURE = Path(__file__).parent / "score_curve.svg"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How good the searches of kt_notebook are, beside other libraries'.")
    add = parser.add_argument
    add("--mode", nargs="+", choices=[*MODES, "overhead"], default=list(MODES), help="what to run (full par mf)")
    add("--method", nargs="+", metavar="METHOD", help="methods to run instead of ours; see adapters/__init__.py")
    add("--problems", nargs="+", choices=[*TWELVE, *EXTRA], metavar="NAME", help="problems instead of the twelve")
    add("--first-seed", type=int, default=100, help="the first seed (100)")
    add("--seeds", type=int, default=10, help="how many seeds (10)")
    add("--trials", type=int, default=100, help="how many trials (100)")
    add("--minutes", type=float, default=float("inf"), help="begin no search after this time")
    add("--afresh", action="store_true", help="run again what was run before")
    add("--report", action="store_true", help="run nothing, print what there is")
    add("--per-problem", action="store_true", help="print the score on each problem, too")
    add("--picture", nargs="?", type=Path, const=_PICTURE, metavar="FILE", help="draw the scores over the trials")
    add("--store", action="store_true", help="keep what was run among the stored results")
    return parser.parse_args()


def _runnable(methods: Sequence[str]) -> list[str]:
    """Return the methods that can run here; say of the others why not."""
    kept = []
    for method in methods:
        reason = why_not_here(method)
        if reason:
            _say(f"left out: {method}, for {reason}. Stored results are shown all the same.")
        else:
            kept.append(method)
    return kept


def _run(method: str, mode: Mode, problems: Sequence[str], options: argparse.Namespace, deadline: float) -> int:
    """Run a method over problems and seeds, skipping what is done; return how many searches failed."""
    done = set() if options.afresh else done_cells(method, mode, options.trials)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    cells = [(name, seed) for seed in seeds for name in problems if (name, seed) not in done]
    n_done, n_failed, start = options.seeds * len(problems) - len(cells), 0, time.monotonic()
    there = load(problems)
    for k, (name, seed) in enumerate(cells):
        if time.monotonic() > deadline:
            _say(f"{mode}: {method}: out of time, {len(cells) - k} searches are left for another time.")
            break
        try:
            append(run_cell(method, there[name], seed, mode, options.trials), file_of(method, mode))
        except Exception:  # noqa: BLE001 - a search that fails is told, the others go on
            _say(f"{mode}: {method} failed on {name} with seed {seed}:\n{traceback.format_exc()}")
            n_failed += 1
    before = f"; {n_done} were done before (--afresh runs them again)" if n_done and method != RANDOM else ""
    _say(f"{mode}: {method}: {len(cells)} searches in {time.monotonic() - start:.0f} s{before}")
    return n_failed


def main() -> int:
    """Run, print, and return how many searches failed, at most 1."""
    options = _options()
    warnings.filterwarnings("ignore")  # the peers' own, a line a trial
    deadline = time.monotonic() + 60 * options.minutes
    n_failed = 0
    for mode in options.mode:
        if mode == "overhead":
            print(overhead(_runnable(options.method or OURS["full"]), options.first_seed, deadline))
            continue
        ours = tuple(options.method or OURS[mode])
        problems = [name for name in options.problems or TWELVE if mode != "mf" or name in WITH_CURVES]
        if not problems:
            _say(f"{mode}: none of these problems has learning curves.")
            continue
        if not options.report:
            methods = _runnable(list(dict.fromkeys([RANDOM, *ours])))
            n_failed += sum(_run(method, mode, problems, options, deadline) for method in methods)
        if options.store:
            _say(f"{mode}: {store(mode, [RANDOM, *ours])} searches are stored")
        standings = gather(mode, problems, range(options.first_seed, options.first_seed + options.seeds))
        print(f"\n{report(standings, ours, is_per_problem=options.per_problem)}", flush=True)
        if options.picture and mode == "full" and standings.methods("50"):
            draw(standings, ours, options.picture)
    return min(n_failed, 1)


if __name__ == "__main__":
    sys.exit(main())
