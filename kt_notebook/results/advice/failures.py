"""The finding that trials fail in one part of the space: above so many units, or with one choice."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from kt_notebook.core.parameter import Float, HyperParameter, Int
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import Value, value_from_json
from kt_notebook.results.advice.bounds import fixed, narrowed
from kt_notebook.results.advice.findings import Advice, AdviceKind, Change
from kt_notebook.results.advice.trials import ended_trials
from kt_notebook.results.advice.wording import shown

__all__ = ["advice_on_failures"]

_MIN_FAILED = 3
_MIN_SHARE_IN_REGION = 0.75
# Over all splits that are looked at.
_MAX_P = 0.01
# At so many places of a range at most.
_MAX_SPLITS = 50


@dataclass(frozen=True, slots=True)
class _Region:
    """A part of one hyperparameter's values: those above or below a value, or one of a choice's."""

    entry: HyperParameter
    is_in: frozenset[int]  # numbers of trials
    words: str
    rest: tuple[float, float] | list[Value]  # what is left without it


def advice_on_failures(record: SearchRecord) -> Iterator[Advice]:
    """Yield the region in which trials fail and elsewhere do not, where there is one."""
    trials = [trial for trial in ended_trials(record) if trial.status in ("COMPLETED", "FAILED")]
    failed = {at for at, trial in enumerate(trials) if trial.status == "FAILED"}
    if len(failed) < _MIN_FAILED or len(failed) == len(trials):
        return
    space = HyperParameters.from_config({"space": record.search["space"] or [], "values": {}}).search_space
    regions = [
        region
        for name, entries in space.by_name.items()
        if len(entries) == 1 and name not in space.dependent
        for region in _regions(entries[0], trials)
    ]
    best: tuple[float, _Region, int, int] | None = None
    for region in regions:
        n_in = len(region.is_in)
        n_failed = len(region.is_in & failed)
        n_rest = len(failed) - n_failed
        table = np.array([[n_failed, n_in - n_failed], [n_rest, len(trials) - n_in - n_rest]])
        p = min(1.0, float(stats.fisher_exact(table, alternative="greater").pvalue) * len(regions))
        if n_in and n_failed / n_in >= _MIN_SHARE_IN_REGION and (best is None or p < best[0]):
            best = p, region, n_in, n_failed
    if best is None or best[0] > _MAX_P:
        return
    yield _told(best[1], best[2], best[3], best[0], trials, failed)


def _told(region: _Region, n_in: int, n_failed: int, p: float, trials: list[TrialRecord], failed: set[int]) -> Advice:
    entry = region.entry
    kinds = [(trials[at].error or {}).get("type") for at in region.is_in & failed]
    kind = max(set(kinds), key=kinds.count)
    others = f"{len(failed) - n_failed} of the other {len(trials) - n_in}"
    change = _without(region)
    text = (
        f"{n_failed} of {n_in} trials with {entry.name} {region.words} failed"
        f"{f' ({kind})' if kind else ''}, {others} did. "
        + ("Leave that part of the range out." if change is not None else "Look at what fails there.")
    )
    evidence: dict[str, Any] = {"n_failed": n_failed, "n_trials": n_in, "n_failed_elsewhere": len(failed) - n_failed}
    return Advice(AdviceKind.FAILURES, entry.name, text, {**evidence, "p_value": p, "error": kind}, change)


def _without(region: _Region) -> Change | None:
    entry, rest = region.entry, region.rest
    if isinstance(rest, tuple):
        return _inside(entry, rest) if isinstance(entry, Float | Int) else None
    if not rest:
        return None
    return fixed(entry.name, rest[0]) if len(rest) == 1 else Change(entry.name, "Choice", {"values": rest})


def _inside(entry: Float | Int, rest: tuple[float, float]) -> Change | None:
    change = narrowed(entry, *rest)
    if change is None:
        return None
    # Round numbers are outside of what was asked for: here the other side is known to fail.
    arguments = {
        name: value if rest[0] <= value <= rest[1] else _plain(entry, rest[0] if name == "min_value" else rest[1])
        for name, value in change.arguments.items()
    }
    return Change(entry.name, change.kind, arguments)


def _plain(entry: Float | Int, value: float) -> float:
    return int(value) if isinstance(entry, Int) else float(f"{value:.3g}")


def _regions(entry: HyperParameter, trials: list[TrialRecord]) -> Iterator[_Region]:
    held = {
        at: value_from_json(trial.values[entry.name]) for at, trial in enumerate(trials) if entry.name in trial.values
    }
    if isinstance(entry, Float | Int):
        values = sorted({float(value) for value in held.values() if _is_number(value)})
        pairs = list(itertools.pairwise(values))
        for below, above in pairs[:: math.ceil(len(pairs) / _MAX_SPLITS) or 1]:
            high = frozenset(at for at, value in held.items() if float(value) >= above)
            yield _Region(
                entry, high, f"{shown(_plain(entry, above))} or more", (entry.min_value, _between(entry, below, above))
            )
            low = frozenset(at for at, value in held.items() if float(value) <= below)
            yield _Region(entry, low, f"{shown(_plain(entry, below))} or less", (above, entry.max_value))
        return
    options = list(entry.all_values())
    for option in options if len(options) > 1 else ():
        wanted = entry.identity(option)
        chosen = frozenset(at for at, value in held.items() if entry.identity(value) == wanted)
        yield _Region(entry, chosen, f"= {shown(option)}", [o for o in options if entry.identity(o) != wanted])


def _between(entry: Float | Int, below: float, above: float) -> float:
    """Return the number with the fewest digits from the last good value on, below the first that fails."""
    if isinstance(entry, Int) or entry.step is not None or below <= 0:
        return below
    power = math.floor(math.log10(above))
    for digits in range(-power, 6 - power):
        found = round(math.ceil(below * 10.0**digits) / 10.0**digits, max(digits, 0))
        if below <= found < above:
            return found
    return below


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
