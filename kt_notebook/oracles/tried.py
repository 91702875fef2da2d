"""Which configurations a search has tried already, running trials included."""

from collections.abc import Hashable
from collections.abc import Set as AbstractSet
from typing import Any

from kt_notebook.core.oracle import Oracle
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.trial import TrialStatus

__all__ = ["TriedConfigurations", "nothing_left", "proposal"]


class TriedConfigurations:
    """The keys of an oracle's trials: as proposed and, once ended, as they came out.

    A trial may end with other values than it was given: with more of them, met while running, or with one that was
    moved into bounds that depend on another. The set follows the oracle's trials at the cost of those that are new;
    only when the space changes it is made anew.
    """

    def __init__(self) -> None:
        self._space: SearchSpace | None = None
        self._keys: set[Hashable] = set()
        self._n_started = 0
        self._n_ended = 0

    def keys(self, oracle: Oracle) -> AbstractSet[Hashable]:
        """Return the keys, by the oracle's present space, of all its trials so far."""
        space = oracle.hyperparameters.search_space
        started, ended = oracle.start_order, oracle.end_order
        if space is not self._space or len(started) < self._n_started or len(ended) < self._n_ended:
            self._space, self._keys, self._n_started, self._n_ended = space, set(), 0, 0
        for trial_id in started[self._n_started :]:
            self._keys.add(space.key(oracle.trials[trial_id].hyperparameters.drawn_values))
        for trial_id in ended[self._n_ended :]:
            self._keys.add(space.key(oracle.trials[trial_id].hyperparameters.values))
        self._n_started, self._n_ended = len(started), len(ended)
        return self._keys


# Any: KerasTuner's form of an answer, a status and values
def proposal(values: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of `populate_space` that starts a trial with these values."""
    return {"status": TrialStatus.RUNNING, "values": values}


# Any: as above
def nothing_left(oracle: Oracle) -> dict[str, Any]:
    """Return the answer of `populate_space` when every configuration was tried.

    While a trial runs that may declare more, it is to wait and ask again (IDLE); else the search is over (STOPPED).
    """
    may_grow = oracle.allow_new_entries and oracle.tune_new_entries and bool(oracle.ongoing_trials)
    return {"status": TrialStatus.IDLE if may_grow else TrialStatus.STOPPED, "values": None}
