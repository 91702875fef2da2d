"""An oracle as other threads see it while a session owns it: calls go to the owner, answers are copies."""

import inspect
from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from typing import Any

from kt_notebook.core.errors import SearchStateError, TrialStoppedError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.search.calls import snapshot
from kt_notebook.search.session import Session

__all__ = ["OracleClient", "TrialsView"]


class TrialsView(Mapping[str, Trial]):
    """An oracle's trials as they were at one moment, each copied when it is asked for. Read-only.

    Args:
        trials: The oracle's own, by id, in a dict that nobody changes.
        session: The oracle's owner.
    """

    def __init__(self, trials: Mapping[str, Trial], session: Session) -> None:
        self._trials = trials
        self._session = session
        self._copies: dict[str, Trial] = {}

    def __getitem__(self, trial_id: str) -> Trial:
        """Return a copy of a trial, the same each time."""
        if trial_id not in self._copies:
            trial = self._trials[trial_id]
            self._copies[trial_id] = self._session.call(lambda: snapshot(trial))
        return self._copies[trial_id]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids, in the order in which the trials began."""
        return iter(self._trials)

    def __len__(self) -> int:
        """Return how many trials there are."""
        return len(self._trials)

    def __contains__(self, trial_id: object) -> bool:
        """Say whether there is a trial with this id."""
        return trial_id in self._trials

    def values(self) -> ValuesView[Trial]:
        """Return copies of all trials."""
        return self._all().values()

    def items(self) -> ItemsView[str, Trial]:
        """Return all ids with copies of their trials."""
        return self._all().items()

    def copy(self) -> dict[str, Trial]:
        """Return a dict of copies."""
        return dict(self._all())

    def __repr__(self) -> str:
        """Return what a dict of the trials would show."""
        return repr(self._all())

    def __reduce__(self) -> tuple[type[dict[str, Trial]], tuple[dict[str, Trial]]]:
        # What is copied or pickled is a dict.
        return dict, (self.copy(),)

    def _all(self) -> dict[str, Trial]:
        left = {trial_id: trial for trial_id, trial in self._trials.items() if trial_id not in self._copies}
        if left:
            self._copies.update(self._session.call(lambda: snapshot(left)))
            self._copies = {trial_id: self._copies[trial_id] for trial_id in self._trials}
        return self._copies


class OracleClient:
    """Stands in for an oracle; `isinstance` and attributes answer as the oracle itself would.

    Args:
        oracle: The session's own.
        session: Its owner.
        hold: Called on a trial's own thread with a copy of it and the step when it has reported: waits while the
            search is paused, and raises where the trial is to end.
    """

    _oracle: Oracle
    _session: Session
    _hold: Callable[[Trial, int], None]

    def __init__(self, oracle: Oracle, session: Session, hold: Callable[[Trial, int], None]) -> None:
        object.__setattr__(self, "_oracle", oracle)
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_hold", hold)

    @property  # type: ignore[misc]  # So that isinstance answers as for the oracle.
    def __class__(self) -> type:
        return type(self._oracle)

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> Trial:
        """Take in metrics of a running trial; return a copy of it, STOPPED where it is to stop.

        Raises:
            ResultError: No objective is known, and several metrics are there to choose from.
            ObjectiveError: The metrics lack the objective, or its direction cannot be told.
            SearchStateError: The trial, or the search, has ended.
            TrialStoppedError: On the trial's own thread: it is to end, as somebody stopped it or its search is over.
        """
        session, is_inside = self._session, self._session.is_inside

        def update() -> Trial:
            if not session.is_running and is_inside:
                raise TrialStoppedError(f"Trial {trial_id} was stopped: its search has ended.")
            if not session.is_running:
                raise SearchStateError(
                    f"Trial {trial_id} cannot report any more: its search has ended. Report while run_trial is at "
                    "work, and wait there for threads that report."
                )
            # Any: snapshot gives back what it was given.
            twin: Trial = snapshot(session.books.update_trial(trial_id, metrics, step))
            return twin

        twin = session.call(update)
        if is_inside:
            self._hold(twin, step)
        return twin

    def end_trial(self, trial: Trial | str, status: str = TrialStatus.COMPLETED) -> None:
        """Leave the ending to the session, which scores the trial when its code has come back."""

    def create_trial(self, tuner_id: str) -> Trial:
        """Refuse: the session asks for trials while it runs.

        Raises:
            SearchStateError: Always.
        """
        raise SearchStateError(
            f"The search is running and asks for its trials itself, {tuner_id!r} cannot have one. "
            "Call create_trial when the search has ended, or enqueue values with tuner.enqueue({…})."
        )

    @property
    def trials(self) -> TrialsView:
        """The trials so far by id; each is copied when it is asked for, so that asking for one costs no more."""
        return TrialsView(self._session.call(lambda: dict(self._oracle.trials)), self._session)

    # Any: an oracle's attributes, a user's subclass's among them.
    def __getattr__(self, name: str) -> Any:
        # Looked at without working anything out: a property is evaluated once, by the owner.
        held = inspect.getattr_static(self._oracle, name, None)
        if not (callable(held) or isinstance(held, classmethod)):
            value = self._session.call(lambda: snapshot(getattr(self._oracle, name)))
            if not callable(value):
                return value

        def forward(*args: Any, **kwargs: Any) -> Any:
            return self._session.call(lambda: snapshot(getattr(self._oracle, name)(*args, **kwargs)))

        return forward

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.call(lambda: setattr(self._oracle, name, value))
