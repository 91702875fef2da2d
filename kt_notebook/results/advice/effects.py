"""Findings on what hyperparameters do: nothing at all, or a choice that is clearly worse; and on noise."""

import math
from collections.abc import Iterator

import numpy as np

from kt_notebook.core.parameter import Boolean, Choice, HyperParameter
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.values import Value
from kt_notebook.results.advice.bounds import fixed
from kt_notebook.results.advice.findings import Advice, AdviceKind, Change
from kt_notebook.results.advice.ranges import places_of, single_entries
from kt_notebook.results.advice.response import Response
from kt_notebook.results.advice.trials import Trials, executions_of
from kt_notebook.results.advice.wording import listed, number, percent, shown, trials_text

__all__ = ["advice_on_choices", "advice_on_effects", "advice_on_noise"]

# Thresholds as benchmarks/advice_rates.py chose them.
MAX_EFFECT = 0.035
# Of what lies between the median and the best: where others are at their best, little of the whole may be much.
MAX_EFFECT_NEAR_BEST = 0.34
MIN_GAP = 1.0
MIN_NOISE = 0.5
# Results that are spread more widely than this, in standard deviations of chance, are no work of chance alone.
MOST_SPREAD = 2.0
# Of which some were, with 95 % certainty, in a good part that is a tenth of the range.
MIN_TRIALS_FOR_NO_EFFECT = 29
# With fewer trials an option has had no fair chance.
MIN_TRIALS_OF_OPTION = 3


def advice_on_effects(response: Response) -> Iterator[Advice]:
    """Yield the hyperparameters of which it is known that they change next to nothing."""
    effects, _ = response.effects
    columns = single_entries(response)
    for column in columns:
        entry, most = response.trials.entries[column], float(np.quantile(effects[:, column], 0.95))
        if most > MAX_EFFECT or int(response.trials.active[:, column].sum()) < MIN_TRIALS_FOR_NO_EFFECT:
            continue
        profile = response.profile(column, places_of(entry))
        step = float(np.median(response.targets) - response.targets.min())
        near_best = float(np.quantile(np.ptp(profile, axis=1), 0.95)) / step if step > 0 else math.inf
        if near_best > MAX_EFFECT_NEAR_BEST:
            continue
        best, share = _best_value(response.trials, entry), f"{max(most * 100, 0.1):.1f} %"
        text = (
            f"{entry.name} has no effect that counts: with 95 % certainty it makes at most {share} of "
            f"the differences between {trials_text(response.trials.n)}, and among the best ones at most "
            f"{percent(near_best)} of what lies between these and a middling one. Fix it at the best trial's "
            f"{shown(best)}, or leave it out."
        )
        evidence = {
            "effect_at_most": most,
            "effect": float(np.median(effects[:, column])),
            "effect_near_best_at_most": near_best,
            "best": best,
        }
        yield Advice(AdviceKind.NO_EFFECT, entry.name, text, evidence, fixed(entry.name, best))


def advice_on_choices(response: Response) -> Iterator[Advice]:
    """Yield the choices with which no trial would come near the best."""
    _, variance = response.effects
    spread = np.sqrt(variance)[:, None]
    for column in single_entries(response):
        entry = response.trials.entries[column]
        if not isinstance(entry, Boolean | Choice):
            continue
        options = _options(entry)
        places = np.arange(len(options)) / (len(options) - 1)
        profile = response.profile(column, places)
        gaps = np.quantile((profile - profile.min(axis=1, keepdims=True)) / spread, 0.05, axis=0)
        counts = [_n_trials_with(response.trials, entry, option) for option in options]
        worse = [at for at, gap in enumerate(gaps) if gap >= MIN_GAP and counts[at] >= MIN_TRIALS_OF_OPTION]
        if worse and len(worse) < len(options):
            yield _worse(response, entry, options, worse, gaps.tolist(), counts)


def _worse(
    response: Response,
    entry: HyperParameter,
    options: list[Value],
    worse: list[int],
    gaps: list[float],
    counts: list[int],
) -> Advice:
    kept = [option for at, option in enumerate(options) if at not in worse]
    change = fixed(entry.name, kept[0]) if len(kept) == 1 else Change(entry.name, "Choice", {"values": kept})
    spread = math.sqrt(float(np.median(response.effects[1]))) * response.loss_per_target
    gap = min(gaps[at] for at in worse)
    names = listed([shown(options[at]) for at in worse])
    n = sum(counts[at] for at in worse)
    text = (
        f"{entry.name} = {names} is clearly worse: at its best, {number(gap * spread)} or more behind the best of "
        f"{listed([shown(option) for option in kept])} ({trials_text(n)} had it). Drop it."
    )
    evidence = {
        "worse": [options[at] for at in worse],
        "gap_in_spreads": gap,
        "gap": gap * spread,
        "n_trials": n,
    }
    return Advice(AdviceKind.WORSE_CHOICES, entry.name, text, evidence, change)


def advice_on_noise(response: Response, record: SearchRecord) -> Iterator[Advice]:
    """Yield that results differ more by chance than by hyperparameters, where that is so."""
    _, variance = response.effects
    trials = response.trials
    measured = executions_of(trials.records, record)
    noise = response.noise if measured is None else measured / response.loss_per_target
    ratio = noise / math.sqrt(float(np.quantile(variance, 0.95)))
    if not ratio >= MIN_NOISE:
        return
    n_executions = int(record.search["executions_per_trial"] or 1)
    chance = noise * response.loss_per_target
    losses = np.sort(trials.losses)
    if chance * MOST_SPREAD < float(np.std(np.clip(losses, *np.quantile(losses, [0.05, 0.95])))):
        return  # The model sees little but the crowd of good trials, and the others tell of hyperparameters.
    n_alike = max(2, int((losses <= losses[0] + 2 * math.sqrt(2) * chance).sum()))
    typical = noise / math.sqrt(float(np.median(variance)))
    n_needed = math.ceil(n_executions * (2 * typical) ** 2)
    how = "measured over executions" if measured is not None else "as the model finds it"
    text = (
        f"Results differ more by chance than by what was searched: the same values come out within ± {number(chance)} "
        f"({how}), so the best {trials_text(n_alike)} cannot be told apart. "
        f"With --executions-per-trial {max(n_needed, n_executions + 1)} they could."
    )
    evidence = {
        "noise_to_signal": typical,
        "noise_to_signal_at_least": ratio,
        "noise": chance,
        "n_not_distinguishable": n_alike,
        "executions_needed": max(n_needed, n_executions + 1),
    }
    yield Advice(AdviceKind.NOISE, None, text, evidence)


def _options(entry: Boolean | Choice) -> list[Value]:
    """Return the values in the order of their places in the cube."""
    listed_values = list(entry.all_values())
    is_ordered = isinstance(entry, Boolean) or entry.ordered
    return sorted(listed_values) if is_ordered else listed_values


def _n_trials_with(trials: Trials, entry: HyperParameter, option: Value) -> int:
    wanted = entry.identity(option)
    return sum(entry.name in held and entry.identity(held[entry.name]) == wanted for held in trials.values)


def _best_value(trials: Trials, entry: HyperParameter) -> Value:
    order = np.argsort(trials.losses, kind="stable")
    return next(trials.values[at][entry.name] for at in order if entry.name in trials.values[at])
