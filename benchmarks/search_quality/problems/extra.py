"""Problems beside the twelve, run by name: one that nothing can be learned from, one that fails, one that is large."""

import hashlib
import json

from benchmarks.search_quality.problems.functions import HARTMANN6, hartmann6
from benchmarks.search_quality.problems.problem import FunctionProblem, Problem
from benchmarks.search_quality.space import Config, choice, integer, real

__all__ = ["extra"]

_N_FLOATS = 20


def _pure_chance(c: Config) -> float:
    """Return a number in [0, 1) that is the same for the same values and tells nothing about any others."""
    digest = hashlib.blake2b(json.dumps(c, sort_keys=True).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _valley(c: Config) -> float:
    return float(sum((c[f"x{i}"] - 0.3) ** 2 / (1 + i) for i in range(_N_FLOATS)))


def extra() -> list[Problem]:
    """Return the problems that are not part of the twelve."""
    return [
        FunctionProblem(
            "pure_chance",
            [
                *(real(f"x{i}", 0.0, 1.0) for i in range(3)),
                real("lr", 1e-5, 1.0, is_log=True),
                integer("units", 16, 512, 16),
                choice("kind", ("a", "b", "c")),
            ],
            _pure_chance,
        ),
        FunctionProblem("hartmann6_fails", HARTMANN6, hartmann6, share_failing=0.2),
        FunctionProblem("floats20", [real(f"x{i}", 0.0, 1.0) for i in range(_N_FLOATS)], _valley),
    ]
