"""All that is to be said of a search's results, in the order in which it matters."""

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.advice.effects import advice_on_choices, advice_on_effects, advice_on_noise
from kt_notebook.results.advice.failures import advice_on_failures
from kt_notebook.results.advice.findings import Advice, AdviceKind
from kt_notebook.results.advice.ranges import advice_on_ranges
from kt_notebook.results.advice.response import Response, fit_response
from kt_notebook.results.advice.training import advice_on_epochs, advice_on_pruning
from kt_notebook.results.advice.trials import Trials, trials_of
from kt_notebook.results.advice.wording import trials_text

__all__ = ["advice", "trials_needed"]

_TRIALS_PER_COLUMN = 5
_MIN_TRIALS = 10
# Findings that the best lies where few trials were, or none.
_ELSEWHERE = frozenset({AdviceKind.EDGE, AdviceKind.LOG_SCALE})
_SURELY_IDLE = 0.15
_ORDER = {kind: place for place, kind in enumerate(AdviceKind)}


def advice(record: SearchRecord) -> list[Advice]:
    """Return what a search's results advise to change, the most important first; empty where nothing is to be said.

    Each finding states its evidence in numbers. How often a fault is found, and how often a search without fault is
    spoken of, is measured in benchmarks/advice_rates.py. The record may be of a search that still runs.

    Args:
        record: The search.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> advice(SearchRecord())
        []
    """
    trials = trials_of(record)
    found = [*advice_on_failures(record), *advice_on_pruning(record), *advice_on_epochs(record)]
    needed = trials_needed(trials)
    if 0 < trials.n < needed:
        found.append(_too_few(trials, needed))
    elif (response := fit_response(trials)) is not None:
        found += _on_response(response, record)
    cut = {item.parameter for item in found if item.kind is AdviceKind.FAILURES and item.change is not None}
    found = [
        item for item in found if item.kind is AdviceKind.FAILURES or item.change is None or item.parameter not in cut
    ]
    return sorted(found, key=lambda item: _ORDER[item.kind])


def trials_needed(trials: Trials) -> int:
    """Return how many trials with a result it takes to say something of the hyperparameters: five for each."""
    names = {entry.name for entry in trials.entries}
    return max(_MIN_TRIALS, _TRIALS_PER_COLUMN * len(names))


def _on_response(response: Response, record: SearchRecord) -> list[Advice]:
    noise = list(advice_on_noise(response, record))
    if noise:  # What else there seems to be may be chance.
        return noise
    idle = {item.parameter: item for item in advice_on_effects(response)}
    ranges = list(advice_on_ranges(response))
    if any(item.kind in _ELSEWHERE and item.parameter not in idle for item in ranges):
        # What is little beside a hyperparameter that is far off may be much once that is mended.
        idle = {name: item for name, item in idle.items() if item.evidence["effect_near_best_at_most"] <= _SURELY_IDLE}
    return [*idle.values(), *(item for item in [*ranges, *advice_on_choices(response)] if item.parameter not in idle)]


def _too_few(trials: Trials, needed: int) -> Advice:
    n = len({entry.name for entry in trials.entries})
    text = (
        f"{trials_text(trials.n)} with a result are too few to tell anything of "
        f"{n} hyperparameter{'' if n == 1 else 's'}: run {needed} or more."
    )
    return Advice(AdviceKind.TOO_FEW_TRIALS, None, text, {"n_trials": trials.n, "n_needed": needed, "n_parameters": n})
