"""Measures whether a long search stays as quick and as small as it began: time and memory of each trial, in windows.

    python benchmarks/memory.py [--trials 500] [--traced 100] [--json]

Three ways, each in a process of its own: a search whose trials take over graphs (four sizes of a model, learning rate
and dropout free), a search in which each model is another one and is traced, and a plain loop of `model.fit` over such
models. A way is flat if the second half of its trials adds no more memory than the aim says, and if the last window's
trials take no longer than the second's. Memory is that of the process; its slope is the median of all pairs of trials
(Theil and Sen), so that a single collection or pool does not decide it.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measures.figures import Figure, as_json, as_table, machine, median
from measures.models import compiled_model, training_data

_EPOCHS = 2
_N_WINDOWS = 10
_SLOWER_AT_MOST = 1.25


@dataclass(frozen=True)
class _Way:
    """One way to run trials.

    Attributes:
        name: What it is called in the table.
        run: Runs so many trials and calls a function before each and at the end.
        at_most_mb: What a trial of the second half may leave behind; None: it stands beside the others.
    """

    name: str
    run: Callable[[int, Callable[[], None]], None]
    at_most_mb: float | None


def _loop(n_trials: int, note: Callable[[], None]) -> None:
    x, y = training_data()
    for number in range(n_trials):
        note()
        compiled_model(16 + number).fit(x, y, epochs=_EPOCHS, validation_split=0.2, verbose=0)
    note()


def _search(build: Callable[[Any], Any], n_trials: int) -> None:
    from kt_notebook import RandomSearch

    x, y = training_data()
    with tempfile.TemporaryDirectory() as directory:
        tuner = RandomSearch(build, "val_loss", max_trials=n_trials, seed=0, directory=directory)
        tuner.search(x, y, epochs=_EPOCHS, validation_split=0.2, verbose=0)


def _alike(n_trials: int, note: Callable[[], None]) -> None:
    import keras

    def build(hp: Any) -> Any:
        note()  # before a trial, so that the one before has been put away
        layers = [
            keras.Input((64,)),
            keras.layers.Dense(hp.Int("units", 16, 64, step=16), "relu"),
            keras.layers.Dropout(hp.Float("dropout", 0.1, 0.5)),
            keras.layers.Dense(10, "softmax"),
        ]
        model = keras.Sequential(layers)
        adam = keras.optimizers.Adam(hp.Float("lr", 1e-4, 1e-2))
        model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    _search(build, n_trials)
    note()


def _others(n_trials: int, note: Callable[[], None]) -> None:
    numbers = itertools.count(16)

    def build(hp: Any) -> Any:
        note()
        hp.Float("unused", 0.0, 1.0)
        return compiled_model(next(numbers))

    _search(build, n_trials)
    note()


_WAYS = {
    "alike": _Way("a search whose trials take over graphs", _alike, 0.25),
    "others": _Way("a search that traces each trial's model", _others, 2.0),
    "loop": _Way("a plain loop of model.fit", _loop, None),
}


def _run_here(way: str, n_trials: int) -> None:
    """Run one way in this process and print memory in bytes and the clock in seconds, before each trial, as JSON."""
    import psutil

    process = psutil.Process()
    notes: list[tuple[int, float]] = []
    _WAYS[way].run(n_trials, lambda: notes.append((process.memory_info().rss, time.perf_counter())))
    print(json.dumps(notes[-n_trials - 1 :]))


def _notes_of(way: str, n_trials: int) -> tuple[list[float], list[float]]:
    """Run one way in a process of its own; return the memory after each trial in MB, and each trial's seconds."""
    print(f"measuring: {_WAYS[way].name}, {n_trials} trials …", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--trials", str(n_trials), "--way", way]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stderr}")
    notes = json.loads(done.stdout.splitlines()[-1])
    sizes = [size / 2**20 for size, _ in notes[1:]]
    return sizes, [after - before for (_, before), (_, after) in itertools.pairwise(notes)]


def _slope(sizes: Sequence[float]) -> float:
    later = list(enumerate(sizes))[len(sizes) // 2 :]
    return median([(b - a) / (j - i) for (i, a), (j, b) in itertools.combinations(later, 2)])


def _windows(values: Sequence[float]) -> list[Sequence[float]]:
    length = max(1, len(values) // _N_WINDOWS)
    return [values[start : start + length] for start in range(0, length * (len(values) // length), length)]


def _figures(way: _Way, sizes: Sequence[float], seconds: Sequence[float]) -> list[Figure]:
    windows = [median(window) * 1e3 for window in _windows(seconds)]
    early = windows[min(1, len(windows) - 1)]  # the first window has the start of everything in it
    slower = None if way.at_most_mb is None else _SLOWER_AT_MOST
    times = " ".join(f"{window:.0f}" for window in windows)
    held = " ".join(f"{window[-1]:.0f}" for window in _windows(sizes))
    return [
        Figure(way.name, "memory that a trial leaves behind", _slope(sizes), "MB", way.at_most_mb, f"MB held: {held}"),
        Figure(way.name, "the last window's trials beside the second's", windows[-1] / early, "×", slower),
        Figure(way.name, "a trial", median(seconds) * 1e3, "ms", None, f"ms in each window: {times}"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time and memory of each trial in a long search.")
    parser.add_argument("--trials", type=int, default=500, help="how many trials take over graphs (500)")
    parser.add_argument("--traced", type=int, default=100, help="how many trials of each way that traces (100)")
    parser.add_argument("--only", choices=_WAYS, help="this way alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--way", choices=_WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        _run_here(options.way, options.trials)
        return
    on = machine()
    figures: list[Figure] = []
    for name, way in _WAYS.items():
        if options.only in {None, name}:
            figures += _figures(way, *_notes_of(name, options.trials if name == "alike" else options.traced))
    print(as_json("memory", on, figures) if options.json else f"{on}\n{as_table(figures)}")


if __name__ == "__main__":
    main()
