"""What advice is: one finding with its evidence, and the change of the search space that follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Advice", "AdviceKind", "Change", "changes_of"]


class AdviceKind(StrEnum):
    """What a finding is about."""

    FAILURES = "failures"
    TOO_FEW_TRIALS = "too_few_trials"
    NOISE = "noise"
    EDGE = "edge"
    LOG_SCALE = "log_scale"
    TOO_WIDE = "too_wide"
    WORSE_CHOICES = "worse_choices"
    NO_EFFECT = "no_effect"
    PRUNED_EARLY = "pruned_early"
    TRAIN_LONGER = "train_longer"
    EARLY_STOPPING = "early_stopping"


@dataclass(frozen=True, slots=True)
class Change:
    """Another range for one hyperparameter.

    Attributes:
        parameter: Its name.
        kind: What declares it then: "Int", "Float", "Choice", "Boolean", or "Fixed" for one value.
        arguments: The arguments that differ, by name; None for one that is left out.

    Example:
        >>> Change("units", "Int", {"max_value": 1024}).arguments["max_value"]
        1024
    """

    parameter: str
    kind: str
    arguments: Mapping[str, Any]  # a hyperparameter's values

    def joined(self, other: "Change") -> "Change":
        """Return both changes of one hyperparameter as one; where they differ, this one counts."""
        if "Fixed" in (self.kind, other.kind):
            return self if self.kind == "Fixed" else other
        return Change(self.parameter, self.kind, {**other.arguments, **self.arguments})


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding.

    Attributes:
        kind: What it is about.
        parameter: The hyperparameter's name, None where it is about the whole search.
        text: What was found, with the evidence in numbers, and what to do.
        evidence: The numbers, by name.
        change: The range to search next, None where the space is not what is to change.
    """

    kind: AdviceKind
    parameter: str | None
    text: str
    evidence: Mapping[str, Any] = field(default_factory=dict)  # numbers, and values of hyperparameters
    change: Change | None = None


def changes_of(findings: Sequence[Advice]) -> list[Change]:
    """Return the changes that findings propose, one for each hyperparameter, in the order of the findings.

    Example:
        >>> wider = Advice(AdviceKind.EDGE, "lr", "…", change=Change("lr", "Float", {"max_value": 1.0}))
        >>> scale = Advice(AdviceKind.LOG_SCALE, "lr", "…", change=Change("lr", "Float", {"sampling": "log"}))
        >>> changes_of([wider, scale])[0].arguments == {"max_value": 1.0, "sampling": "log"}
        True
    """
    found: dict[str, Change] = {}
    for advice in findings:
        if advice.change is not None:
            known = found.get(advice.change.parameter)
            found[advice.change.parameter] = advice.change if known is None else known.joined(advice.change)
    return list(found.values())
