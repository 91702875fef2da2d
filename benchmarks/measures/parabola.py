"""One random search for the smallest x² with its project on disk, by ours or by KerasTuner: a process of its own.

    python parabola.py PACKAGE TRIALS FOLDER VERBOSE

The same class serves both packages. What the search costs is printed as JSON; importing the package, and a first small
search, come before the measuring.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def tuner_of(package: Any, n: int, folder: str, name: str) -> Any:
    """Return a tuner whose trials are x², and no Keras model."""

    class Parabola(package.RandomSearch):  # type: ignore[misc,name-defined]  # either package's
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> float:
            x = trial.hyperparameters.Float("x", -1.0, 1.0)
            return float(x * x)

    return Parabola(max_trials=n, seed=1, directory=folder, project_name=name)


def written_bytes() -> int:
    """Return how many bytes this process has handed to the system to write, files and pipes."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def main() -> None:
    """Search and print what it cost."""
    package, folder = importlib.import_module(sys.argv[1]), sys.argv[3]
    n, verbose = int(sys.argv[2]), int(sys.argv[4])
    tuner_of(package, 5, folder, "warm").search(verbose=verbose)
    tuner = tuner_of(package, n, folder, "measured")
    written, wall, cpu = written_bytes(), time.perf_counter(), time.process_time()
    tuner.search(verbose=verbose)
    cost = {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "written": written_bytes() - written,
        "n": len(tuner.oracle.trials),
    }
    print(f"\n{json.dumps(cost)}")


if __name__ == "__main__":
    main()
