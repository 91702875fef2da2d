"""Keeps Hyperband's training states few: one goes when no trial will go on from it any more."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kt_notebook.core.events import Record
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.training.continuation import remove_states

__all__ = ["StateRemover"]

_ENDS = ("finished", "exhausted")  # Of a search that has come through.


class StateRemover:
    """A listener that removes the states of settled trials.

    It looks at the oracle from its own thread: what is settled there stays so.

    Args:
        oracle: Says which trials are settled.
        directory_of: Gives a trial's directory.
    """

    def __init__(self, oracle: HyperbandOracle, directory_of: Callable[[str], str]) -> None:
        self._oracle = oracle
        self._directory_of = directory_of
        self._removed: set[str] = set()

    def receive(self, records: Sequence[Record]) -> None:
        """Look whether the end of a trial, or of the search, has settled others."""
        is_over = any(record["kind"] == "search_ended" and record["reason"] in _ENDS for record in records)
        if is_over or any(record["kind"] == "trial_ended" for record in records):
            settled = set(self._oracle.settled_trials(is_over=is_over)) - self._removed
            for trial_id in settled:
                remove_states(Path(self._directory_of(trial_id)))
            self._removed |= settled
