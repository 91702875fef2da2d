"""Measures the memory that trials leave behind: a search of a small Keras model beside a plain loop of `model.fit`.

    python benchmarks/memory.py [--trials 60] [--json]

Each runs in a process of its own. The figure is the slope of the process's memory over the trials after the first
quarter, in which TensorFlow fills its pools; it is the median slope of all pairs of trials (Theil and Sen), so that a
single collection or pool does not decide it.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measures.figures import Figure, as_json, as_table, machine, median
from measures.models import compiled_model, training_data

_EPOCHS = 3
_HEADING = "A small Keras model"


def _plain(n_trials: int, note: Callable[[], None]) -> None:
    x, y = training_data()
    for number in range(n_trials):
        compiled_model(16 + number % 64).fit(x, y, epochs=_EPOCHS, validation_split=0.2, verbose=0)
        note()


def _search(n_trials: int, note: Callable[[], None]) -> None:
    from kt_notebook import HyperParameters, RandomSearch

    def build(hp: HyperParameters) -> object:
        note()  # before a trial, so that the one before has been put away
        return compiled_model(hp.Int("units", 16, 79))

    x, y = training_data()
    with tempfile.TemporaryDirectory() as directory:
        tuner = RandomSearch(build, "val_loss", max_trials=n_trials, seed=0, directory=directory)
        tuner.search(x, y, epochs=_EPOCHS, validation_split=0.2, verbose=0)
    note()


_WAYS = {"plain": _plain, "search": _search}


def _run_here(way: str, n_trials: int) -> None:
    """Run one way in this process and print its memory after each trial, in bytes, as JSON."""
    import psutil

    process = psutil.Process()
    sizes: list[int] = []
    _WAYS[way](n_trials, lambda: sizes.append(process.memory_info().rss))
    print(json.dumps(sizes[-n_trials:]))


def _sizes_of(way: str, n_trials: int) -> list[int]:
    print(f"measuring: {way} …", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--trials", str(n_trials), "--way", way]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stderr}")
    return [int(size) for size in json.loads(done.stdout.splitlines()[-1])]


def _slope_mb(sizes: list[int]) -> float:
    later = list(enumerate(sizes))[len(sizes) // 4 :]
    return median([(b - a) / (j - i) for (i, a), (j, b) in itertools.combinations(later, 2)]) / 2**20


def _figures(n_trials: int) -> list[Figure]:
    plain, search = _sizes_of("plain", n_trials), _sizes_of("search", n_trials)
    slope_of_plain, slope_of_search = _slope_mb(plain), _slope_mb(search)
    return [
        Figure(_HEADING, "memory left by a trial of the search", slope_of_search, "MB"),
        Figure(_HEADING, "memory left by a plain model.fit", slope_of_plain, "MB"),
        Figure(_HEADING, "the search beside the plain loop", slope_of_search / slope_of_plain, "×"),
        Figure(_HEADING, f"the process after {n_trials} trials of the search", search[-1] / 2**20, "MB"),
        Figure(_HEADING, f"the process after {n_trials} plain fits", plain[-1] / 2**20, "MB"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The memory that trials leave behind.")
    parser.add_argument("--trials", type=int, default=60, help="how many trials each way (60)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--way", choices=_WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        _run_here(options.way, options.trials)
        return
    on = machine()
    figures = _figures(options.trials)
    print(as_json("memory", on, figures) if options.json else f"{on}\n{as_table(figures)}")


if __name__ == "__main__":
    main()
