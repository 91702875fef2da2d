"""Finds hyperparameters that only running code declares, by building models and throwing them away."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kt_notebook.core.conditions import Condition
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value
from kt_notebook.training.keras_state import KerasScope, capture_settings
from kt_notebook.training.kinds import is_model
from kt_notebook.training.seeding import seeded

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters
    from kt_notebook.training.hypermodel import HyperModel

__all__ = ["explore"]

# KerasTuner has no limit. A space with more scopes than this is met by the trials themselves.
_MAX_BUILDS = 100
_Scope = tuple[Condition, ...]


def explore(hypermodel: "HyperModel", hp: "HyperParameters", *, max_builds: int = _MAX_BUILDS) -> int:
    """Declare what the hypermodel declares beforehand, then build until the inside of every scope has been seen.

    The first model is built with the default values. As long as there are conditional scopes that held in no build,
    another is built with values for which one of them holds. What is declared joins `hp`, whose values stay as the
    first build left them. A scope whose condition no value of its parent meets is left out, and so is what only a
    plain `if` of Python hides: trials find that when they get there.

    Where `build` returns something else than a model it may have trained one, and is called once only.

    Args:
        hypermodel: Its `declare_hyperparameters` and `build` are called.
        hp: The space known so far; it grows.
        max_builds: Most models built.

    Returns:
        How many models were built.

    Raises:
        Exception: What `declare_hyperparameters` or `build` raises.
    """
    hypermodel.declare_hyperparameters(hp)
    waiting: dict[_Scope, None] = {}
    done: set[_Scope] = set()
    trial = hp
    for n_builds in range(1, max_builds + 1):
        with KerasScope(capture_settings()), seeded(0):
            can_go_on = is_model(hypermodel.build(trial))
        if trial is not hp:
            hp.merge(trial, overwrite=False)
        done.update(tuple(scope) for scope in trial.active_scopes)
        waiting.update(dict.fromkeys(tuple(scope) for scope in trial.inactive_scopes))
        following = _with_next(hp, waiting, done) if can_go_on else None
        if following is None:
            return n_builds
        trial = following
    return max_builds


def _with_next(hp: "HyperParameters", waiting: Iterable[_Scope], done: set[_Scope]) -> "HyperParameters | None":
    """Return `hp` with values for which a scope that waits holds; None where there is no such scope left."""
    for scope in waiting:
        if scope not in done:
            done.add(scope)  # Whether it then holds or not: code may leave it out again.
            wanted = next(_values_for(hp.search_space, scope, {}), None)
            if wanted is not None:
                trial = hp.copy()
                trial.values.update(wanted)
                trial.ensure_active_values()
                return trial
    return None


def _values_for(
    space: SearchSpace, conditions: Iterable[Condition], chosen: dict[str, Value]
) -> Iterator[dict[str, Value]]:
    """Go through the sets of values with which all conditions hold and all their parents are active.

    Args:
        space: Says what values parents take, and when they are active.
        conditions: To hold together.
        chosen: Values that are settled already; part of each set.
    """
    pending = list(conditions)
    if not pending:
        yield chosen
        return
    condition, rest = pending[0], pending[1:]
    name = condition.name
    if name in chosen:
        if condition.holds(chosen[name]):
            yield from _values_for(space, rest, chosen)
        return
    for entry in space.by_name.get(name, ()):
        candidates = getattr(condition, "values", None) or [entry.default, *entry.values]
        for value in candidates:
            if entry.contains(value) and condition.holds(value):
                yield from _values_for(space, [*entry.conditions, *rest], {**chosen, name: value})
