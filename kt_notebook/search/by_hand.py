"""Trials by hand in a running search: commands that put them in line, and what of that becomes an event."""

from collections.abc import Callable

from kt_notebook.core.commands import Command, Enqueue
from kt_notebook.core.errors import KTNotebookError, SearchStateError
from kt_notebook.core.events import Event, SearchNoted, TrialDropped, TrialEnqueued, TrialStarted
from kt_notebook.core.format import format_trial_id, format_values
from kt_notebook.core.given_values import what_differs
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.trial import Trial
from kt_notebook.core.values import value_to_json
from kt_notebook.core.waiting_line import Enqueued
from kt_notebook.search.one_thread import next_trial

__all__ = ["ByHand", "started"]


def started(trial: Trial) -> TrialStarted:
    """Return the event that a trial has begun."""
    values = {name: value_to_json(value) for name, value in trial.hyperparameters.values.items()}
    enqueued = None if trial.enqueued is None else trial.enqueued.to_json()
    return TrialStarted(trial.trial_id, values, trial.seed, enqueued)


class ByHand:
    """The oracle's line of trials by hand, told as events. `check` is for any thread, the rest for the session's.

    Args:
        oracle: The session's own.
        record: What the published events have come to.
        publish: Makes an event known.
    """

    def __init__(self, oracle: Oracle, record: SearchRecord, publish: Callable[[Event], None]) -> None:
        self._oracle = oracle
        self._record = record
        self._publish = publish

    def check(self, command: Command) -> None:
        """Refuse to put in line what would not be run; other commands pass.

        Raises:
            SpaceError: The space, where it is known, cannot take the values.
            SearchStateError: A trial has these values, or there would be more trials than are allowed.
        """
        if isinstance(command, Enqueue) and not self._oracle.admitted(command.values, again=command.again):
            raise SearchStateError(
                f"A trial has had {_text(Enqueued(0, command.values))} already, or waits in line with it. "
                "Give again=True, or %tune enqueue --again, to try it once more."
            )

    def enqueue(self, command: Enqueue) -> None:
        """Obey a command; say so where that is not possible any more."""
        try:
            self._oracle.enqueue(command.values, again=command.again)
        except KTNotebookError as error:  # It was checked, but before others that came in between.
            self._publish(SearchNoted("warning", "not_enqueued", str(error)))

    def tell(self) -> None:
        """Make known what has joined the line, whoever put it there; call it before `next_trial`."""
        told, waiting = self._record.enqueued, self._oracle.waiting_line.waiting
        last = told[-1]["number"] if told else 0
        if not waiting or waiting[-1].number <= last:
            return
        for enqueued in waiting:
            if enqueued.number > last:
                self._publish(TrialEnqueued(**enqueued.to_json()))

    def next_trial(self, worker: str) -> Trial:
        """Return the oracle's next trial; say which trials by hand were dropped on the way."""
        trial = next_trial(self._oracle, worker)
        dropped = self._oracle.waiting_line.dropped
        while dropped:
            enqueued, error = dropped.pop(0)
            self._publish(TrialDropped(enqueued.number))
            text = f"The trial by hand with {_text(enqueued)} was left out: {error}"
            self._publish(SearchNoted("warning", "trial_dropped", text))
        return trial

    def tell_outcome(self, trial: Trial) -> None:
        """Say what a trial by hand, which has come through, made of its values where that was something else."""
        if trial.enqueued is None:
            return
        space = self._oracle.hyperparameters.search_space
        for text in what_differs(trial.enqueued.values, trial.hyperparameters, space):
            name = format_trial_id(trial.trial_id)
            self._publish(SearchNoted("warning", "not_as_given", f"Trial {name}, by hand: {text}"))


def _text(enqueued: Enqueued) -> str:
    return format_values(enqueued.to_json()["values"]) or "the defaults"
