"""Metrics: which way each one is better, and what a trial's metrics were."""

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Self

from kt_notebook.core.events import decode_number, encode_number

__all__ = ["MetricHistory", "MetricObservation", "MetricsTracker", "infer_metric_direction", "nearest_metric"]

# Names of Keras' metrics and losses and their short forms, by what they measure. Held against Keras by
# tests/training/test_metric_directions.py. Whatever ends in one of these words is known too (`my_accuracy`).
_MAX = (
    "accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
    "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy", "auc", "precision", "recall",
    "precision_at_recall", "recall_at_precision", "sensitivity_at_specificity", "specificity_at_sensitivity",
    "true_positives", "true_negatives", "f1_score", "f1", "fbeta_score", "f_beta_score", "r2_score", "r2",
    "io_u", "iou", "mean_io_u", "mean_iou", "binary_io_u", "one_hot_io_u", "one_hot_mean_io_u",
    "pearson_correlation", "concordance_correlation", "score",
)  # fmt: skip
_MIN = (
    "loss", "error", "mse", "mae", "mape", "msle", "rmse", "root_mean_squared_error", "mean_squared_error",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "crossentropy", "ce",
    "kl_divergence", "kld", "poisson", "hinge", "squared_hinge", "categorical_hinge", "logcosh", "log_cosh",
    "categorical_generalized_cross_entropy",
    "huber", "false_positives", "false_negatives", "perplexity",
)  # fmt: skip
# Of difflib: val_acuracy is val_accuracy by 0.96, my_score is score by 0.77.
_CLOSE = 0.85
_DIRECTIONS = {**dict.fromkeys(_MAX, "max"), **dict.fromkeys(_MIN, "min")}


# Any: KerasTuner takes names, metric objects, classes and functions alike.
def infer_metric_direction(metric: Any) -> str | None:
    """Return "min" or "max" for a metric that Keras knows, else None.

    Args:
        metric: A name (with or without `val_` and `weighted_`), or a metric or loss object, class or function. What an
            object is counts before what it is called.
    """
    names = [metric] if isinstance(metric, str) else _names_of(metric)
    return next((direction for name in names if (direction := _direction_of(name)) is not None), None)


def _direction_of(name: str) -> str | None:
    for text in (name.lower(), name):
        known = _snake_case(text.removeprefix("val_").removeprefix("weighted_"))
        stem = known.rstrip("0123456789").rstrip("_")  # Keras calls a second metric of one class auc_1.
        tail = stem.rpartition("_")[2]
        for candidate in (known, stem):
            if candidate in _DIRECTIONS:
                return _DIRECTIONS[candidate]
        if tail in ("accuracy", "acc", "auc"):
            return "max"
        if tail in ("loss", "error", "crossentropy"):
            return "min"
    return None


def nearest_metric(name: str) -> str | None:
    """Return the known metric that a misspelt name is close to, with `val_` where the name has it; else None."""
    with_val = [f"val_{known}" for known in _DIRECTIONS]
    known = with_val if name.startswith("val_") else [*_DIRECTIONS, *with_val]
    near = difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)
    return near[0] if near else None


def _names_of(metric: Any) -> Iterator[str]:
    """Return the names by which a metric that is no text may be known, the surest first."""
    if isinstance(metric, FunctionType):
        yield metric.__name__
        return
    kind = metric if isinstance(metric, type) else type(metric)
    yield from (base.__name__ for base in kind.__mro__)  # a user's subclass of AUC is one, and a Loss is small
    function = getattr(metric, "_fn", None)  # what Keras' MeanMetricWrapper takes the mean of
    yield from (text for text in (getattr(function, "__name__", None), getattr(metric, "name", None)) if text)


def _snake_case(name: str) -> str:
    """Return a class's name as Keras calls its objects: `MeanIoU` is mean_io_u."""
    apart = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower()


@dataclass(slots=True)
class MetricObservation:
    """Values of one metric at one step, one for each execution.

    Args:
        value: The value, or one for each execution.
        step: Step (epoch), from 0.
    """

    value: list[float]
    step: int

    def __post_init__(self) -> None:
        self.value = _as_list(self.value)

    def append(self, value: float | list[float]) -> None:
        """Add the value of another execution, or of several."""
        self.value = [*self.value, *_as_list(value)]

    def mean(self) -> float:
        """Return the mean over the executions."""
        return sum(self.value) / len(self.value) if self.value else math.nan

    def get_config(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"value": [encode_number(v) for v in self.value], "step": self.step}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the observation that `get_config`, or KerasTuner, described."""
        return cls([float(decode_number(v) or 0.0) for v in _as_list(config["value"])], config["step"])


# Any: one or several, numbers or their JSON.
def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


@dataclass(slots=True)
class MetricHistory:
    """One metric of a trial, step by step.

    Args:
        direction: "min" or "max".

    Raises:
        ValueError: The direction is neither.
    """

    direction: str = "min"
    _observations: dict[int, MetricObservation] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.direction not in ("min", "max"):
            raise ValueError(f"A metric's history has direction={self.direction!r}. Give 'min' or 'max'.")

    def update(self, value: float | list[float], step: int) -> None:
        """Set the value (or one for each execution) at a step."""
        values = [float(v) for v in _as_list(value)]
        if step in self._observations:
            self._observations[step].append(values)
        else:
            self._observations[step] = MetricObservation(values, step)

    def get_history(self) -> list[MetricObservation]:
        """Return the observations by step."""
        return sorted(self._observations.values(), key=lambda o: o.step)

    def set_history(self, observations: Iterable[MetricObservation]) -> None:
        """Replace all observations."""
        self._observations = {o.step: o for o in observations}

    def get_best_value(self) -> float | None:
        """Return the best mean over the steps, None where there is none."""
        values = [m for o in self._observations.values() if not math.isnan(m := o.mean())]
        if not values:
            return None
        return max(values) if self.direction == "max" else min(values)

    def get_best_step(self) -> int | None:
        """Return the first step with the best mean."""
        best = self.get_best_value()
        return next((o.step for o in self.get_history() if o.mean() == best), None)

    def get_last_value(self) -> float | None:
        """Return the mean at the last step."""
        history = self.get_history()
        return history[-1].mean() if history else None

    def get_statistics(self) -> dict[str, float]:
        """Return min, max, mean, median, variance and standard deviation over the steps."""
        import numpy as np  # here alone, so that showing a search does not load it

        values = [o.mean() for o in self.get_history()]
        if not values:
            return {}
        return {
            "min": float(np.nanmin(values)),
            "max": float(np.nanmax(values)),
            "mean": float(np.nanmean(values)),
            "median": float(np.nanmedian(values)),
            "var": float(np.nanvar(values)),
            "std": float(np.nanstd(values)),
        }

    def copy(self) -> "MetricHistory":
        """Return a copy that later updates leave as it is. Much cheaper than `copy.deepcopy`."""
        twin = MetricHistory(self.direction)
        twin.set_history(MetricObservation(o.value, o.step) for o in self._observations.values())
        return twin

    def get_config(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"direction": self.direction, "observations": [o.get_config() for o in self.get_history()]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "MetricHistory":
        """Return the history that `get_config` described."""
        history = cls(config["direction"])
        history.set_history(MetricObservation.from_config(observation) for observation in config["observations"])
        return history


class MetricsTracker:
    """The metrics of one trial by name.

    Args:
        metrics: Metric objects to begin with, known by their `name`.
    """

    # Any: Keras' metrics, of which the name is read.
    def __init__(self, metrics: Iterable[Any] | None = None) -> None:
        self.metrics: dict[str, MetricHistory] = {}
        self.register_metrics(metrics)

    def exists(self, name: str) -> bool:
        """Return whether the metric is tracked."""
        return name in self.metrics

    def register_metrics(self, metrics: Iterable[Any] | None = None) -> None:
        """Begin to track metric objects."""
        for metric in metrics or ():
            self.register(metric.name)

    def register(self, name: str, direction: str | None = None) -> None:
        """Begin to track a metric; an unknown direction counts as "min".

        Raises:
            ValueError: The metric is tracked already, or the direction is neither "min" nor "max".
        """
        if direction not in (None, "min", "max"):
            raise ValueError(f"Metric {name!r} has direction {direction!r}. It is 'min', 'max' or None.")
        if name in self.metrics:
            raise ValueError(f"Metric {name!r} is registered already. Call update({name!r}, value, step).")
        self.metrics[name] = MetricHistory(direction or infer_metric_direction(name) or "min")

    def update(self, name: str, value: float, step: int = 0) -> bool:
        """Add a value at a step, registering the metric when it is new; return whether the best value is another."""
        if name not in self.metrics:
            self.register(name)
        history = self.metrics[name]
        before = history.get_best_value()
        history.update(value, step)
        return history.get_best_value() != before

    def get_history(self, name: str) -> list[MetricObservation]:
        """Return a metric's observations by step."""
        return self._get(name).get_history()

    def set_history(self, name: str, observations: Iterable[MetricObservation]) -> None:
        """Replace a metric's observations."""
        if name not in self.metrics:
            self.register(name)
        self.metrics[name].set_history(observations)

    def get_best_value(self, name: str) -> float | None:
        """Return a metric's best value."""
        return self._get(name).get_best_value()

    def get_best_step(self, name: str) -> int | None:
        """Return the step of a metric's best value."""
        return self._get(name).get_best_step()

    def get_last_value(self, name: str) -> float | None:
        """Return a metric's value at its last step."""
        return self._get(name).get_last_value()

    def get_statistics(self, name: str) -> dict[str, float]:
        """Return a metric's statistics over its steps."""
        return self._get(name).get_statistics()

    def get_direction(self, name: str) -> str:
        """Return whether a metric is to be small or large: "min" or "max"."""
        return self._get(name).direction

    def copy(self) -> "MetricsTracker":
        """Return a copy that later updates leave as it is."""
        twin = MetricsTracker()
        twin.metrics = {name: history.copy() for name, history in self.metrics.items()}
        return twin

    def get_config(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"metrics": {name: history.get_config() for name, history in self.metrics.items()}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "MetricsTracker":
        """Return the tracker that `get_config` described."""
        tracker = cls()
        for name, history in config["metrics"].items():
            tracker.metrics[name] = MetricHistory.from_config(history)
        return tracker

    def _get(self, name: str) -> MetricHistory:
        if name not in self.metrics:
            raise ValueError(f"No metric is called {name!r}. There are: {', '.join(self.metrics) or 'none'}.")
        return self.metrics[name]
