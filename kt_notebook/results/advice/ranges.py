"""Findings on the ranges of numbers: the best lies at the edge, a log scale would suit, the range is too wide."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.parameter import Float, HyperParameter, Int
from kt_notebook.results.advice.bounds import Number, as_number, change_of_scale, extended, narrowed
from kt_notebook.results.advice.findings import Advice, AdviceKind
from kt_notebook.results.advice.response import Response, fit_response
from kt_notebook.results.advice.wording import percent, shown

__all__ = ["MIN_ACTIVE", "advice_on_ranges", "places_of", "single_entries", "top_trials"]

Array = NDArray[np.float64]

# Thresholds as benchmarks/advice_rates.py chose them.
MIN_EDGE_PROBABILITY = 0.7
MIN_LOG_EVIDENCE = 1.5
MIN_EFFECT = 0.04
MAX_WIDTH = 0.25
# A log scale is no news for a range that does not span as much.
MIN_RATIO = 10.0
# Where the best is at the lower end of a range that spans as much, more of it on that side is what is missing.
SURE_RATIO = 100.0
# A hyperparameter that fewer trials had says nothing.
MIN_ACTIVE = 6

_N_PLACES = 17
_EDGE = 0.07
# Where a profile is this far above its best, in shares of its height, the good part ends.
_GOOD, _FAIR = 0.25, 0.5


def advice_on_ranges(response: Response) -> Iterator[Advice]:
    """Yield what is to be said of each number's range; at most one finding of a kind for each."""
    acts = np.median(response.effects[0], axis=0) >= MIN_EFFECT
    for column in single_entries(response):
        entry = as_number(response.trials.entries[column])
        if entry is None:
            continue
        places = places_of(entry)
        profile = response.profile(column, places)
        best_at = places[profile.argmin(axis=1)]
        at_low, at_high = float(np.mean(best_at <= _EDGE)), float(np.mean(best_at >= 1 - _EDGE))
        if not acts[column]:  # Where nothing changes, the best of a draw is anywhere.
            at_low = at_high = 0.0
        scale = _log_scale(response, column, entry, at_low)
        if scale is not None:
            yield scale
            continue
        edge = _edge(response, column, entry, "low", at_low) or _edge(response, column, entry, "high", at_high)
        if edge is not None:
            yield edge
            continue
        wide = _too_wide(response, column, entry, places, profile)
        if wide is not None:
            yield wide


def single_entries(response: Response) -> list[int]:
    """Return the columns that can be judged: active in enough trials, of names that have one range."""
    trials = response.trials
    by_name = trials.space.by_name
    return [
        column
        for column, entry in enumerate(trials.entries)
        if len(by_name[entry.name]) == 1
        and entry.name not in trials.space.dependent
        and int(trials.active[:, column].sum()) >= MIN_ACTIVE
    ]


def top_trials(response: Response) -> NDArray[np.int_]:
    """Return the numbers of the best tenth of the trials, three at least, best first."""
    losses = response.trials.losses
    return np.argsort(losses, kind="stable")[: max(3, round(len(losses) / 10))]


def places_of(entry: HyperParameter) -> Array:
    """Return the places of the unit cube at which a hyperparameter is looked at, shape `(n,)`."""
    n_values = entry.n_values
    if n_values is not None and (n_values <= _N_PLACES or not isinstance(entry, Float | Int)) and not _is_log(entry):
        levels: Array = np.arange(n_values) / (n_values - 1)
        return levels
    return np.linspace(0, 1, _N_PLACES)


def _is_log(entry: HyperParameter) -> bool:
    """Return whether an entry's values are no evenly spaced places: whole numbers on a log scale."""
    return isinstance(entry, Int) and entry.step is None


def _edge(response: Response, column: int, entry: Number, end: str, probability: float) -> Advice | None:
    change = extended(entry, "low" if end == "low" else "high")
    if change is None or probability < MIN_EDGE_PROBABILITY:
        return None
    top = top_trials(response)
    at = response.trials.rows[top, column]
    n_near = int((at <= 0.25).sum() if end == "low" else (at >= 0.75).sum())
    bound = entry.min_value if end == "low" else entry.max_value
    (new,) = change.arguments.values()
    word = "lower" if end == "low" else "upper"
    text = (
        f"The best {entry.name} is at the {word} end of its range, {shown(bound)}, or beyond it (probability "
        f"{percent(probability)}; {n_near} of the best {len(top)} trials are in that quarter of the range). "
        f"Search {'down' if end == 'low' else 'up'} to {shown(new)}."
    )
    evidence = {"probability": probability, "n_top": len(top), "n_top_near": n_near, "bound": bound, "end": end}
    return Advice(AdviceKind.EDGE, entry.name, text, evidence, change)


def _log_scale(response: Response, column: int, entry: Number, at_low: float) -> Advice | None:
    low, high = entry.min_value, entry.max_value
    if entry.sampling != "linear" or low <= 0 or high / low < MIN_RATIO or (entry.n_values or math.inf) < 8:
        return None
    there = type(entry)(entry.name, low, high, None, "log", None, entry.conditions)
    trials = response.trials
    other = fit_response(trials.limited_to(trials.space.with_replaced(entry, there)))
    if other is None:
        return None
    gain = other.evidence - response.evidence
    is_at_low = at_low >= MIN_EDGE_PROBABILITY and (gain > -1 or high / low >= SURE_RATIO)
    if gain < MIN_LOG_EVIDENCE and not is_at_low:
        return None
    top = top_trials(response)
    middle = math.sqrt(low * high)
    values = [float(trials.values[number][entry.name]) for number in top if entry.name in trials.values[number]]
    below = sum(value < middle for value in values)
    tried = [float(held[entry.name]) for held in trials.values if entry.name in held]
    share = sum(value < middle for value in tried) / len(tried)
    reason = (
        f"the results are {shown(float(f'{min(math.exp(min(gain, 20.0)), 1e6):.2g}'))} times as likely on a log scale"
        if gain >= MIN_LOG_EVIDENCE
        else f"the best is at its lower end (probability {percent(at_low)})"
    )
    text = (
        f"{entry.name} goes from {shown(low)} to {shown(high)} in equal steps, so only {percent(share)} of the trials "
        f'were below {shown(float(f"{middle:.2g}"))}, and {reason}. Sample it with sampling="log".'
    )
    evidence = {
        "log_evidence": gain,
        "probability_low_end": at_low,
        "share_below_middle": share,
        "n_top": len(top),
        "n_top_below_middle": below,
    }
    return Advice(AdviceKind.LOG_SCALE, entry.name, text, evidence, change_of_scale(entry))


def _too_wide(response: Response, column: int, entry: Number, places: Array, profile: Array) -> Advice | None:
    best = profile.min(axis=1, keepdims=True)
    height = profile.max(axis=1, keepdims=True) - best
    width = float(np.quantile((profile <= best + _GOOD * height).mean(axis=1), 0.95))
    if width > MAX_WIDTH or len(places) < 8:
        return None
    fair = places[((profile <= best + _FAIR * height).mean(axis=0)) >= 0.1]
    margin = 1.5 / (len(places) - 1)
    top = top_trials(response)
    at = np.concatenate([fair, response.trials.rows[top[: max(3, len(top) // 2)], column]])
    low, high = max(0.0, float(at.min()) - margin), min(1.0, float(at.max()) + margin)
    if high - low > 0.6:
        return None
    change = narrowed(entry, float(entry.prob_to_value(low)), float(entry.prob_to_value(min(high, 1 - 1e-12))))
    if change is None:
        return None
    new_low = change.arguments.get("min_value", entry.min_value)
    new_high = change.arguments.get("max_value", entry.max_value)
    text = (
        f"Good results of {entry.name} are in a small part of its range from {shown(entry.min_value)} to "
        f"{shown(entry.max_value)}: at most {percent(width)} of it. Search from {shown(new_low)} to {shown(new_high)}."
    )
    return Advice(AdviceKind.TOO_WIDE, entry.name, text, {"good_share": width, "n_trials": response.trials.n}, change)
