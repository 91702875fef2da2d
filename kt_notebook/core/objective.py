"""What a search makes as small or as large as it can."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.errors import ObjectiveError
from kt_notebook.core.metrics import infer_metric_direction, nearest_metric

__all__ = [
    "DEFAULT_OBJECTIVE_NAME",
    "MULTI_OBJECTIVE_NAME",
    "AnyObjective",
    "MultiObjective",
    "Objective",
    "create_objective",
    "fit_objective",
    "loss_sign",
    "missing_objective_error",
    "number_objective",
]

# KerasTuner's name for the number that a trial returns, as its files hold it.
DEFAULT_OBJECTIVE_NAME = "default_objective"
# Its name for the sum of several objectives.
MULTI_OBJECTIVE_NAME = "multi_objective"


@dataclass(frozen=True, eq=False)
class Objective:
    """A metric and its direction. Objectives of one name and direction are equal, whatever their class.

    Args:
        name: Name of the metric, such as `val_accuracy`.
        direction: "min" or "max".

    Raises:
        ObjectiveError: The direction is neither "min" nor "max".

    Example:
        >>> Objective("val_auc", "max").better_than(0.9, 0.8)
        True
    """

    name: str
    direction: str

    def __post_init__(self) -> None:
        name: object = self.name  # users pass anything
        if not isinstance(name, str) or not name:
            raise ObjectiveError(f"An objective's name is a text such as 'val_loss', got {self.name!r}.")
        if self.direction not in ("min", "max"):
            raise ObjectiveError(
                f"Objective {self.name!r} has direction {self.direction!r}. It is 'min' or 'max': "
                f"Objective({self.name!r}, 'min')."
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Objective) and (self.name, self.direction) == (other.name, other.direction)

    def __hash__(self) -> int:
        return hash((self.name, self.direction))

    def __str__(self) -> str:
        return f'Objective(name="{self.name}", direction="{self.direction}")'

    def has_value(self, logs: Mapping[str, float]) -> bool:
        """Return whether the metrics hold this objective."""
        return self.name in logs

    def get_value(self, logs: Mapping[str, float]) -> float:
        """Return this objective's value among the metrics."""
        return logs[self.name]

    def better_than(self, a: float, b: float) -> bool:
        """Return whether `a` is strictly better than `b`."""
        return self.loss(a) < self.loss(b)

    def loss(self, value: float) -> float:
        """Return the value so that smaller is better."""
        return -value if self.direction == "max" else value

    def to_json(self) -> list[dict[str, str]]:
        """Return the objective as records hold it."""
        return [{"name": self.name, "direction": self.direction}]


@dataclass(frozen=True, eq=False)
class MultiObjective:
    """Several objectives as one number: the sum of those to minimise minus the sum of those to maximise.

    Those of the same objectives are equal, in whatever order.

    Source: KerasTuner 1.4.8, whose files and order this keeps.
    """

    objectives: tuple[Objective, ...]
    name: str = MULTI_OBJECTIVE_NAME
    direction: str = "min"

    @property
    def name_to_direction(self) -> dict[str, str]:
        """The metrics' names with their directions."""
        return {objective.name: objective.direction for objective in self.objectives}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MultiObjective) and self.name_to_direction == other.name_to_direction

    def __hash__(self) -> int:
        return hash(frozenset(self.objectives))

    def __str__(self) -> str:
        parts = ", ".join(map(str, self.objectives))
        return f'MultiObjective(name="{self.name}", direction="{self.direction}"): [{parts}]'

    def has_value(self, logs: Mapping[str, float]) -> bool:
        """Return whether the metrics hold every objective."""
        return all(objective.has_value(logs) for objective in self.objectives)

    def get_value(self, logs: Mapping[str, float]) -> float:
        """Return the sum of the objectives, those to maximise with a minus."""
        return sum(o.get_value(logs) if o.direction == "min" else -o.get_value(logs) for o in self.objectives)

    def better_than(self, a: float, b: float) -> bool:
        """Return whether the sum `a` is strictly better than `b`."""
        return a < b

    def loss(self, value: float) -> float:
        """Return the sum as it is: smaller is better."""
        return value

    def to_json(self) -> list[dict[str, str]]:
        """Return the objectives as records hold them."""
        return [{"name": o.name, "direction": o.direction} for o in self.objectives]


AnyObjective = Objective | MultiObjective


# Any: users pass text, objects or lists; narrowed here, once.
def create_objective(objective: Any) -> AnyObjective | None:
    """Return the objective that a user's argument means; None stays None: the first result decides.

    Args:
        objective: None, a metric's name with or without ":min" or ":max", an `Objective`, or a list of these.

    Raises:
        ObjectiveError: The direction cannot be told from the name, or the argument is of another type.
    """
    if objective is None or isinstance(objective, Objective | MultiObjective):
        return objective
    if isinstance(objective, str):
        return _parse(objective)
    if isinstance(objective, Sequence) and objective:
        parts = [create_objective(part) for part in objective]
        if len(parts) == 1:  # one objective keeps its direction and its score's sign, as records show it
            return parts[0]
        if all(isinstance(part, Objective) for part in parts):
            return MultiObjective(tuple(part for part in parts if isinstance(part, Objective)))
    if hasattr(objective, "name") and hasattr(objective, "direction"):
        return Objective(objective.name, objective.direction)
    raise ObjectiveError(
        f"objective={objective!r} is no objective. "
        "Give a metric's name ('val_accuracy'), an Objective, or a list of these."
    )


def _parse(text: str) -> Objective:
    name, colon, direction = text.rpartition(":")
    if colon and direction in ("min", "max"):
        return Objective(name, direction)
    first, _, rest = text.partition(":")
    if first in ("min", "max") and rest:
        raise ObjectiveError(f"Objective {text!r} has its direction first. Write {f'{rest}:{first}'!r}.")
    inferred = infer_metric_direction(text)
    if inferred is None:
        near = nearest_metric(text)
        hint = f"Did you mean {near!r}? If not, write" if near else "Write"
        raise ObjectiveError(
            f"Whether objective {text!r} should be small or large cannot be told from its name. "
            f"{hint} {text + ':min'!r} or {text + ':max'!r}, in Python also Objective({text!r}, 'min')."
        )
    return Objective(text, inferred)


def loss_sign(parts: Sequence[Mapping[str, str]] | None) -> float:
    """Return what makes a score one of which smaller is better: -1.0 for one objective to maximise, else 1.0.

    Args:
        parts: The objective as records hold it; None while it is undecided.
    """
    return -1.0 if parts and len(parts) == 1 and parts[0]["direction"] == "max" else 1.0


def number_objective() -> Objective:
    """Return the objective of a trial that returns one number: as small as it can be."""
    return Objective(DEFAULT_OBJECTIVE_NAME, "min")


def fit_objective(metrics: Iterable[str]) -> Objective:
    """Return the objective of a fit where the user named none: `val_loss`, or `loss` without validation data."""
    return Objective("val_loss" if "val_loss" in metrics else "loss", "min")


def missing_objective_error(objective: AnyObjective, metrics: Iterable[str]) -> ObjectiveError:
    """Return the error for an objective that no metric gives, with the names there are and the nearest one."""
    names = sorted(metrics)
    wanted = [o.name for o in objective.objectives] if isinstance(objective, MultiObjective) else [objective.name]
    missing = next((name for name in wanted if name not in names), wanted[0])
    near = difflib.get_close_matches(missing, names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    without = missing.removeprefix("val_")
    if missing.startswith("val_") and without in names and not any(n.startswith("val_") for n in names):
        hint = f" There is {without!r} but no validation: give the fit validation_data= or validation_split=."
    return ObjectiveError(f"No metric is called {missing!r}. This model gives: {', '.join(names) or 'none'}.{hint}")
