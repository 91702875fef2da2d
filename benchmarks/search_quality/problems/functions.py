"""Six problems that are plain functions, most under the names and scales of a training's hyperparameters."""

import numpy as np

from benchmarks.search_quality.problems.problem import FunctionProblem, Problem
from benchmarks.search_quality.space import Config, boolean, choice, integer, real

__all__ = ["HARTMANN6", "functions", "hartmann6", "huber"]


def huber(x: float, d: float = 1.0) -> float:
    """Return x²/2 near 0 and a straight line farther than `d` from it."""
    x = abs(x)
    return x * x / 2 if x < d else d * (x - d / 2)


def _branin(c: Config) -> float:
    """Source: Branin 1972, the usual constants."""
    x, y = c["x"], c["y"]
    bowl: float = (y - 5.1 / (4 * np.pi**2) * x * x + 5 / np.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * np.pi)) * float(np.cos(x)) + 10


_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
HARTMANN6 = (
    real("lr", 1e-5, 1.0, is_log=True),
    real("wd", 1e-7, 1e-1, is_log=True),
    real("eps", 1e-9, 1e-1, is_log=True),
    real("a", 0.0, 1.0),
    real("b", 0.0, 10.0),
    real("c", 0.0, 4.0),
)


def hartmann6(c: Config) -> float:
    """Return Hartmann's function of six numbers, three of them on a log scale (Dixon and Szegö 1978)."""
    u = np.array(
        [
            (np.log10(c["lr"]) + 5) / 5,
            (np.log10(c["wd"]) + 7) / 6,
            (np.log10(c["eps"]) + 9) / 8,
            c["a"],
            c["b"] / 10,
            c["c"] / 4,
        ]
    )
    return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(_A * (u - _P) ** 2).sum(1)))


def _ackley_mixed8(c: Config) -> float:
    """Source: Ackley 1987, over floats, ints and ordered choices."""
    z = np.array(
        [(c[f"x{i}"] - s) * 1.5 for i, s in enumerate((0.7, -1.3, 2.1, -0.4))]
        + [
            (c["i0"] - 13) * 0.35,
            (c["i1"] - 40) / 8 * 0.5,
            np.log10(c["o0"] / 1e-3) * 1.2,
            (c["o1"] - 64) / 32,
        ]
    )
    return float(-20 * np.exp(-0.2 * np.sqrt((z**2).mean())) - np.exp(np.cos(2 * np.pi * z).mean()) + 20 + np.e)


def _rosen_bool6(c: Config) -> float:
    """Source: Rosenbrock 1960; a choice stretches and shifts it, a boolean turns it around."""
    z = np.array([c[f"x{i}"] for i in range(4)])
    z = z * {"a": 1.0, "b": 0.8, "c": 1.25}[c["mode"]] + {"a": 0.3, "b": 0.0, "c": -0.5}[c["mode"]]
    if c["flip"]:
        z = z[::-1]
    r = (100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum()
    return float(np.log1p(r) + {"a": 0.4, "b": 0.0, "c": 0.7}[c["mode"]] + (0.5 if not c["flip"] else 0))


def _levy_mixed5(c: Config) -> float:
    """Source: Lévy and Montalvo 1985, over log floats, stepped ints and a stepped float."""
    z = np.array(
        [
            np.log10(c["lr"] / 3e-3) * 2.5,
            np.log10(c["wd"] / 1e-4) * 2,
            (c["units"] - 192) / 48,
            c["layers"] - 4,
            (c["drop"] - 0.3) * 8,
        ]
    )
    w = 1 + z / 4
    return float(
        np.sin(np.pi * w[0]) ** 2
        + ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
        + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    )


_LEVELS = (4, 3, 5, 3, 4, 6, 3, 4)


class _CatHeavy:
    """Eight choices with effects of their own and three pairs that go together, on plateaus."""

    def __init__(self) -> None:
        rng = np.random.RandomState(77)
        scales = (1.2, 0.3, 0.9, 0.1, 0.6, 0.4, 0.1, 0.3)
        self.main = [rng.randn(n) * scale for n, scale in zip(_LEVELS, scales, strict=True)]
        self.pairs = {
            (0, 2): rng.randn(4, 5) * 0.9,
            (1, 4): rng.randn(3, 4) * 0.5,
            (2, 5): rng.randn(5, 6) * 0.4,
        }

    def __call__(self, c: Config) -> float:
        k = [int(c[f"c{i}"][1:]) for i in range(8)]
        y = sum(effect[j] for effect, j in zip(self.main, k, strict=True))
        y += sum(table[k[a], k[b]] for (a, b), table in self.pairs.items())
        y += 0.5 * huber((c["n"] - (9 if k[0] % 2 else 21)) / 5) + 0.3 * huber((c["m"] - 12) / 4)
        return float(np.round(y / 0.25) * 0.25)


def functions() -> list[Problem]:
    """Return the six problems."""
    return [
        FunctionProblem("branin", [real("x", -5.0, 10.0), real("y", 0.0, 15.0)], _branin),
        FunctionProblem("hartmann6_log", HARTMANN6, hartmann6),
        FunctionProblem(
            "ackley_mixed8",
            [
                *(real(f"x{i}", -3.0, 5.0) for i in range(4)),
                integer("i0", 0, 30),
                integer("i1", 8, 96, 8),
                choice("o0", (1e-5, 1e-4, 1e-3, 1e-2, 1e-1), is_ordered=True),
                choice("o1", (16, 32, 64, 128), is_ordered=True),
            ],
            _ackley_mixed8,
        ),
        FunctionProblem(
            "rosen_bool6",
            [*(real(f"x{i}", -2.0, 2.0) for i in range(4)), boolean("flip"), choice("mode", ("a", "b", "c"))],
            _rosen_bool6,
            noise=0.1,
        ),
        FunctionProblem(
            "levy_mixed5",
            [
                real("lr", 1e-5, 1.0, is_log=True),
                real("wd", 1e-7, 1e-1, is_log=True),
                integer("units", 16, 512, 16),
                integer("layers", 1, 12),
                real("drop", 0.0, 0.8, 0.05),
            ],
            _levy_mixed5,
        ),
        FunctionProblem(
            "cat_heavy",
            [
                *(choice(f"c{i}", tuple(f"v{j}" for j in range(n))) for i, n in enumerate(_LEVELS)),
                integer("n", 1, 32),
                integer("m", 1, 32),
            ],
            _CatHeavy(),
        ),
    ]
