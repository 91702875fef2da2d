"""A cell whose search is there already: whether it is finished, and what is said of going on or not."""

import copy

from kt_notebook.core.events import SearchNoted
from kt_notebook.core.format import format_count
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import TrialStatus
from kt_notebook.magics.options import TuneOptions
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.tuners import Tuner

__all__ = ["going_on", "is_finished", "why_nothing_runs"]


def is_finished(tuner: Tuner) -> bool:
    """Return whether a search has ended with nothing left for its oracle, which may be another than it began with."""
    record, limit = tuner.hub.record, tuner.oracle.max_trials
    if record.state != "finished" or any(trial.status == "IDLE" for trial in record.trials.values()):
        return False
    if limit is not None and len(record.trials) >= limit:
        return True
    return record.search["reason"] == "exhausted" and not _has_more(tuner.oracle)


def going_on(tuner: Tuner) -> list[SearchNoted]:
    """Return the note that a search goes on, and from where; empty for a new one."""
    n = len(tuner.hub.record.trials)
    return [SearchNoted("advice", "goes_on", f"{tuner.name} goes on from {_trials(n)}.")] if n else []


def why_nothing_runs(tuner: Tuner, options: TuneOptions) -> str | None:
    """Return why a finished search trains nothing more, where the line asks for another number of trials."""
    n = len(tuner.hub.record.trials)
    if "max_trials" not in options.given or options.max_trials == n:
        return None
    if options.max_trials < n:
        return f"{tuner.name} has {_trials(n)} already, --max-trials {options.max_trials} runs no more."
    if isinstance(tuner.oracle, HyperbandOracle):
        return f"Hyperband's brackets are complete with {_trials(n)}; --tuner bayesian would go on from them."
    return f"Nothing is left to try after {_trials(n)}."


def _has_more(oracle: Oracle) -> bool:
    """Return whether an oracle would begin another trial."""
    try:
        return copy.deepcopy(oracle).create_trial("probe").status is not TrialStatus.STOPPED
    except Exception:  # noqa: BLE001 - an oracle of the user's own: the search asks it in earnest and tells
        return True


def _trials(n: int) -> str:
    return f"{format_count(n)} trial{'' if n == 1 else 's'}"
