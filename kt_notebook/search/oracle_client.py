"""An oracle as other threads see it while a session owns it: calls go to the owner, answers are copies."""

from collections.abc import Callable, Mapping
from typing import Any

from kt_notebook.core.errors import SearchStateError, TrialStoppedError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.search.calls import snapshot
from kt_notebook.search.session import Session

__all__ = ["OracleClient"]


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
            SearchStateError: The trial has ended.
            TrialStoppedError: The trial is to end: one that somebody stopped, or whose search has ended without it.
        """
        session = self._session

        def update() -> Trial:
            if not session.is_running:
                raise TrialStoppedError(f"Trial {trial_id} was stopped: its search has ended.")
            # Any: snapshot gives back what it was given.
            twin: Trial = snapshot(session.books.update_trial(trial_id, metrics, step))
            return twin

        twin = session.call(update)
        if session.is_inside:
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

    # Any: an oracle's attributes, a user's subclass's among them.
    def __getattr__(self, name: str) -> Any:
        value = getattr(self._oracle, name)
        if not callable(value):
            return self._session.call(lambda: snapshot(getattr(self._oracle, name)))

        def forward(*args: Any, **kwargs: Any) -> Any:
            return self._session.call(lambda: snapshot(value(*args, **kwargs)))

        return forward

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.call(lambda: setattr(self._oracle, name, value))
