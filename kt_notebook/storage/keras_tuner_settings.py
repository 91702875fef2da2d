"""What a search was set to, as far as KerasTuner's files of it tell: its space, its objective, its seed.

KerasTuner writes the space and the seed, and leaves out the objective: that is the metric whose best value is the score
of every trial.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kt_notebook.core.errors import SpaceError
from kt_notebook.core.objective import MultiObjective
from kt_notebook.core.parameter import deserialize
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from kt_notebook.storage.keras_tuner_reader import FoundProject, FoundTrial

__all__ = ["found_objective", "found_seed", "found_space"]


# Any, here and below: JSON
def found_space(
    found: FoundProject, known: Sequence[Mapping[str, Any]] = ()
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return the space of a project, put together from its files, and what of it cannot be read.

    Args:
        found: What the files hold.
        known: Hyperparameters that are known already, and stay as they are.
    """
    space, faults = HyperParameters(), []
    seen: set[str] = set()
    for entry in _entries(found, known):
        text = json.dumps(entry, sort_keys=True, default=str)
        if text in seen:
            continue
        seen.add(text)
        try:
            space.merge([deserialize(entry)], overwrite=False)
        except (AttributeError, KeyError, SpaceError, TypeError, ValueError) as error:
            faults.append(f"a hyperparameter cannot be read: {error}")
    entries: list[dict[str, Any]] = space.get_config()["space"]
    return entries, tuple(faults)


def _entries(found: FoundProject, known: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    yield from known
    yield from found.space
    for trial in found.trials:
        yield from trial.space


def found_seed(found: FoundProject) -> int | None:
    """Return the seed, None where it is lost."""
    seed = found.oracle.get("seed")
    return seed if isinstance(seed, int) and not isinstance(seed, bool) else None


def found_objective(found: FoundProject) -> list[dict[str, str]] | None:
    """Return the objective as records hold it, None where the files leave more than one possible."""
    parts = found.oracle.get("objective")
    if isinstance(parts, list) and parts and all(_is_part(part) for part in parts):
        return [{"name": part["name"], "direction": part["direction"]} for part in parts]
    possible: set[tuple[str, str]] | None = None
    for trial in found.trials:
        if trial.status is TrialStatus.COMPLETED and trial.score is not None and trial.steps:
            here = {pair for pair in trial.directions.items() if _is_score(trial, *pair)}
            possible = here if possible is None else possible & here
    names = [pair for pair in possible or () if pair[0] != MultiObjective.name]
    return [{"name": names[0][0], "direction": names[0][1]}] if len(names) == 1 else None


def _is_part(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("name"), str) and part.get("direction") in ("min", "max")


def _is_score(trial: FoundTrial, name: str, direction: str) -> bool:
    means = [sum(values) / len(values) for values in trial.steps[name].values() if values]
    finite = [mean for mean in means if not math.isnan(mean)]
    if not finite or trial.score is None:
        return False
    # KerasTuner adds up in another order.
    return math.isclose(max(finite) if direction == "max" else min(finite), trial.score, rel_tol=1e-12)
