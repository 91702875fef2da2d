"""The problems by name, and what is known of each: its best value and what random configurations reach."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search_quality.problems.extra import extra
from benchmarks.search_quality.problems.functions import functions
from benchmarks.search_quality.problems.measured import measured
from benchmarks.search_quality.problems.problem import Problem
from benchmarks.search_quality.problems.simulated import simulated

__all__ = ["EXTRA", "TWELVE", "WITH_CURVES", "Known", "Problem", "known_values", "load"]

TWELVE = (
    "branin",
    "hartmann6_log",
    "ackley_mixed8",
    "rosen_bool6",
    "levy_mixed5",
    "keras_mlp_cond",
    "keras_cnn_aug20",
    "cat_heavy",
    "svm_breast",
    "mlp_digits",
    "mlpdeep_patches",
    "gbm_breast",
)
WITH_CURVES = ("keras_mlp_cond", "mlp_digits", "mlpdeep_patches", "gbm_breast")
EXTRA = ("pure_chance", "hartmann6_fails", "floats20")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a problem, as losses.

    Attributes:
        best: The best value there is, or the best that a long search found.
        median: The median of random configurations.
        q90: What a tenth of them is worse than; counted where a search has no value yet.
    """

    best: float
    median: float
    q90: float


def load(names: Iterable[str]) -> dict[str, Problem]:
    """Return the problems of these names, in this order.

    Raises:
        ValueError: There is no problem of a name.
    """
    everything = {problem.name: problem for problem in (*functions(), *simulated(), *measured(), *extra())}
    wanted = list(names)
    for name in wanted:
        if name not in everything:
            raise ValueError(f"There is no problem {name!r}; there are {', '.join(everything)}.")
    return {name: everything[name] for name in wanted}


def known_values() -> dict[str, Known]:
    """Return what is known of each problem."""
    stored = json.loads((Path(__file__).parent / "best_known.json").read_text(encoding="utf-8"))
    return {name: Known(entry["best"], entry["median"], entry["q90"]) for name, entry in stored.items()}
