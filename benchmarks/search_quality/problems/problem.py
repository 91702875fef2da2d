"""What a problem is: a space, a noise-free value, what is observed of it, and what an epoch costs."""

import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.search_quality.space import Config, Parameter, Space

__all__ = ["Curve", "CurveProblem", "FunctionProblem", "Problem", "Shape", "TableProblem"]

Curve = NDArray[np.float64]
_TABLES = Path(__file__).parent / "tables"
_NO_VALUE = 65_535  # in a table: the training failed
_N_KEPT_CURVES = 20_000


def _one_second(config: Config) -> float:
    return 1.0


class Problem:
    """A problem: `true_curve` and `observed_curve` are in its natural direction, losses always fall.

    Attributes:
        name: Its name; the random numbers of a run depend on it.
        space: The search space.
        direction: "min" or "max".
        metric: What the value is called.
        epochs: How long a training is; 1 without learning curves.
        cost: Simulated seconds that an epoch takes.
    """

    direction = "min"
    metric = "val_loss"
    epochs = 1

    def __init__(
        self, name: str, parameters: Iterable[Parameter], cost: Callable[[Config], float] = _one_second
    ) -> None:
        self.name = name
        self.space = Space(parameters)
        self.cost = cost

    def true_curve(self, config: Config) -> Curve:
        """Return the noise-free value after each epoch, NaN where the training has failed."""
        raise NotImplementedError

    def observed_curve(self, config: Config, rng: np.random.Generator) -> Curve:
        """Return the value after each epoch as a training shows it."""
        raise NotImplementedError

    def true(self, config: Config, n_epochs: int | None = None) -> float:
        """Return the noise-free value of the best checkpoint, of the first epochs where a number is given."""
        return self.best_of(self.true_curve(config)[:n_epochs])

    def best_of(self, curve: Curve) -> float:
        """Return the best value of a curve, NaN where there is none."""
        finite = curve[np.isfinite(curve)]
        if not len(finite):
            return float("nan")
        return float(finite.max() if self.direction == "max" else finite.min())

    def loss(self, value: float) -> float:
        """Return the value as a number that is better when it is lower."""
        return -value if self.direction == "max" else value

    def rng(self, seed: int, number: int) -> np.random.Generator:
        """Return the random numbers of a trial: the same for every method."""
        return np.random.default_rng([zlib.crc32(self.name.encode()), seed, number])


class FunctionProblem(Problem):
    """A plain function of the values, with noise on what is observed, and trials that fail by chance."""

    def __init__(
        self,
        name: str,
        parameters: Iterable[Parameter],
        function: Callable[[Config], float],
        *,
        noise: float = 0.0,
        share_failing: float = 0.0,
    ) -> None:
        super().__init__(name, parameters)
        self.function, self.noise, self.share_failing = function, noise, share_failing

    def true_curve(self, config: Config) -> Curve:
        """Return the function's value as a curve of one epoch."""
        return np.array([self.function(config)])

    def observed_curve(self, config: Config, rng: np.random.Generator) -> Curve:
        """Return the function's value with noise, or NaN where the trial fails by chance."""
        if self.share_failing and rng.random() < self.share_failing:
            return np.array([np.nan])
        curve = self.true_curve(config)
        return curve + self.noise * rng.standard_normal(len(curve)) if self.noise else curve


@dataclass(frozen=True, slots=True)
class Shape:
    """The learning curve of a simulated training.

    Attributes:
        final: The loss that it approaches.
        start: The loss that it comes from.
        tau: How many epochs its fall takes.
        power: How steep the fall is.
        overfit: How much the loss rises again over a whole training.
        overfit_at: The epoch after which it rises.
        diverge_at: The epoch from which the loss is NaN.
    """

    final: float
    start: float
    tau: float
    power: float
    overfit: float = 0.0
    overfit_at: float = 0.0
    diverge_at: int | None = None


class CurveProblem(Problem):
    """A simulated training: a surface of learning curves, with an offset per training and noise per epoch."""

    epochs = 27

    def __init__(
        self,
        name: str,
        parameters: Iterable[Parameter],
        shape: Callable[[Config], Shape | None],
        *,
        noise: float,
        jitter: float,
        cost: Callable[[Config], float],
    ) -> None:
        super().__init__(name, parameters, cost)
        self.shape, self.noise, self.jitter = shape, noise, jitter

    def true_curve(self, config: Config) -> Curve:
        """Return the curve without noise."""
        shape = self.shape(config)
        if shape is None:
            return np.full(self.epochs, np.nan)
        t = np.arange(1, self.epochs + 1)
        curve = shape.final + (shape.start - shape.final) * (1 + t / shape.tau) ** -shape.power
        if shape.overfit:
            curve = curve + shape.overfit * np.maximum(0, t - shape.overfit_at) / self.epochs
        if shape.diverge_at:
            curve = np.where(t >= shape.diverge_at, np.nan, curve)
        return np.asarray(curve, float)

    def observed_curve(self, config: Config, rng: np.random.Generator) -> Curve:
        """Return the curve with this training's offset and with noise that an epoch shares with the next."""
        curve = self.true_curve(config)
        offset = self.noise * rng.standard_normal()
        wobble = rng.standard_normal(len(curve)) * self.jitter
        for i in range(1, len(wobble)):
            wobble[i] = 0.6 * wobble[i - 1] + 0.8 * wobble[i]
        return np.asarray(curve + offset + wobble, float)


class TableProblem(Problem):
    """A table of real trainings, for each branch of the space an array `[axes…, seed, epoch]`.

    Numeric axes are interpolated between the trained points, so that the best trained point is the exact optimum.
    """

    def __init__(
        self, name: str, parameters: Iterable[Parameter], cost: Callable[[Config], float] = _one_second
    ) -> None:
        super().__init__(name, parameters, cost)
        with np.load(_TABLES / f"{name}.npz") as table:
            meta = json.loads(str(table["meta"]))
            packed = [table[f"b{i}"] for i in range(len(meta["branches"]))]
        self.direction, self.epochs, self.metric = meta["direction"], meta["epochs"], meta["metric"]
        self._branches = meta["branches"]
        self._data = []
        for whole in packed:
            values = meta["lo"] + whole.astype(np.float32) / 65_000 * (meta["hi"] - meta["lo"])
            self._data.append(np.where(whole == _NO_VALUE, np.nan, values).astype(np.float32))
        self._curves_of: dict[str, Curve] = {}

    def true_curve(self, config: Config) -> Curve:
        """Return the mean curve of the trainings."""
        return np.asarray(self._curves(config).mean(0), float)

    def true(self, config: Config, n_epochs: int | None = None) -> float:
        """Return the mean over the trainings of each one's best checkpoint."""
        return float(np.mean([self.best_of(curve[:n_epochs]) for curve in self._curves(config)]))

    def observed_curve(self, config: Config, rng: np.random.Generator) -> Curve:
        """Return the curve of one of the trainings."""
        curves = self._curves(config)
        return np.asarray(curves[rng.integers(len(curves))].copy(), float)

    def _curves(self, config: Config) -> Curve:
        key = json.dumps(config, sort_keys=True, default=str)
        if key in self._curves_of:
            return self._curves_of[key]
        branch, table = next(
            (branch, table)
            for branch, table in zip(self._branches, self._data, strict=True)
            if all(config[name] == value for name, value in branch["when"].items())
        )
        corners: list[tuple[tuple[int, ...], float]] = [((), 1.0)]
        for name, kind, grid in branch["axes"]:
            near = _neighbours(kind, grid, config[name])
            corners = [((*index, j), weight * share) for index, weight in corners for j, share in near if share > 1e-9]
        curves = np.asarray(sum(np.float32(weight) * table[index] for index, weight in corners)).astype(float)
        if len(self._curves_of) < _N_KEPT_CURVES:
            self._curves_of[key] = curves
        return curves


# Any: an axis' values, numbers or words.
def _neighbours(kind: str, grid: list[Any], value: Any) -> list[tuple[int, float]]:
    """Return the points of an axis that a value lies between, each with its share."""
    if kind == "cat":
        return [(grid.index(value), 1.0)]
    points, x = np.asarray(grid, float), float(value)
    if kind == "interp_log":
        points, x = np.log(points), float(np.log(x))
    j = int(np.clip(np.searchsorted(points, x) - 1, 0, len(points) - 2))
    share = float(np.clip((x - points[j]) / (points[j + 1] - points[j]), 0, 1))
    return [(j, 1 - share), (j + 1, share)]
