"""Measures what the engine costs beside the training: per trial, per epoch, for the kernel and for the fit.

    python benchmarks/overhead.py [--quick] [--only many cpu disk beside page kernel watching] [--json]

No test: figures depend on the machine and on what else it does. Ratios within one run say most.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measures.beside import PeersError, beside_keras_tuner
from measures.engine import cpu_in_memory, many_trials, wall_on_disk
from measures.figures import Figure, as_json, as_table, machine
from measures.kernel import KernelError, kernel_answers
from measures.page import epoch_to_page
from measures.watching import cost_of_watching

_Measure = Callable[[], Iterator[Figure]]


def _measures(quick: bool) -> dict[str, _Measure]:
    sizes = [100, 1_000] if quick else [100, 1_000, 10_000]
    n_runs = 3 if quick else 5
    return {
        # First, while the process has no freed memory to use again.
        "many": lambda: many_trials(10_000),
        "cpu": lambda: cpu_in_memory(sizes, n_runs),
        "disk": lambda: wall_on_disk(sizes, 3),
        "beside": lambda: beside_keras_tuner([100, 300] if quick else [100, 1_000, 3_000], n_runs),
        "page": lambda: epoch_to_page(4 if quick else 12),
        "kernel": lambda: kernel_answers(100 if quick else 300),
        "watching": lambda: cost_of_watching(20 if quick else 80),
    }


def main() -> None:
    """Measure and print."""
    names = list(_measures(quick=True))
    parser = argparse.ArgumentParser(description="What the engine of kt_notebook costs.")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs: a minute instead of several")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="measure these alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    on = machine()
    figures: list[Figure] = []
    for name, measure in _measures(options.quick).items():
        if name not in options.only:
            continue
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        try:
            figures += measure()
        except (KernelError, PeersError) as error:
            print(f"left out: {name}. {error}", file=sys.stderr)
    print(as_json("overhead", on, figures) if options.json else f"{on}\n{as_table(figures)}")


if __name__ == "__main__":
    main()
