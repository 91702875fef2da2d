"""What a cell's new tuner takes over from the one before: `--keep`'s best names, and values that wait in line."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from kt_notebook.core.errors import SearchStateError
from kt_notebook.core.events import Record
from kt_notebook.magics.inline import InlineHyperModel
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.tuners import Tuner

__all__ = ["hand_on", "keep_best_names"]


# Any: whatever the notebook holds under the name.
def hand_on(held: Any, tuner: Tuner) -> None:
    """Let what the user gave a tuner, and what its best trial left behind, outlive it where the same search goes on."""
    search_id = tuner.hub.record.search["search_id"]
    if isinstance(held, Tuner) and search_id is not None and held.hub.record.search["search_id"] == search_id:
        tuner.best_names = held.best_names
        for enqueued in held.oracle.waiting_line.waiting:
            with suppress(SearchStateError):  # No room: the search has come to its end, and shows its results.
                tuner.enqueue(enqueued.values)


def keep_best_names(tuner: Tuner, hypermodel: HyperModel) -> None:
    """Keep the names of the best trial from now on; only an inline cell leaves any."""
    if isinstance(hypermodel, InlineHyperModel):
        tuner.hub.attach(_BestNames(tuner, hypermodel))


class _BestNames:
    """A listener that takes the names over whenever a trial is the best so far."""

    def __init__(self, tuner: Tuner, hypermodel: InlineHyperModel) -> None:
        self._tuner = tuner
        self._hypermodel = hypermodel

    def receive(self, records: Sequence[Record]) -> None:
        """Look for a new best trial."""
        ended = [record["trial_id"] for record in records if record["kind"] == "trial_ended"]
        if not ended:
            return
        best = self._tuner.best.trial_id
        if best is None:
            return
        if best in self._hypermodel.names_of:
            self._tuner.best_names = self._hypermodel.names_of[best]
        running = {t.trial_id for t in list(self._tuner.hub.record.trials.values()) if t.status == "RUNNING"}
        self._hypermodel.forget_all_but(running | {best})
