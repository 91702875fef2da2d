"""Small searches for the tests of this room: a trial function of plain numbers, and what runs it."""

import threading
from collections.abc import Callable
from typing import Any

from kt_notebook.core.objective import create_objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.search.executors import CallingExecutor, ThreadExecutor
from kt_notebook.search.hub import Hub
from kt_notebook.search.session import Session
from kt_notebook.search.settings import SessionSettings, Store

WAIT_S = 30.0


def score_of(assignment: Assignment, reporter: Reporter) -> Result:
    """One epoch, with x squared as the score."""
    x = assignment.hyperparameters.Float("x", -1.0, 1.0)
    metrics = {"score": x * x}
    reporter.report(0, 0, metrics, n_epochs=1)
    return Result(metrics, 0)


class Held:
    """A trial function that waits inside its first epoch until `go` is set, calling `hold` as Keras' batches would."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, assignment: Assignment, reporter: Reporter) -> Result:
        result = score_of(assignment, reporter)
        self.has_begun.set()
        while not self.go.wait(0.001):
            reporter.hold()
        return result


class Records:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def receive(self, records: Any) -> None:
        with self._changed:
            self.records.extend(records)
            self._changed.notify_all()

    def wait_for(self, kind: str) -> None:
        """Wait until a record of this kind has come."""
        with self._changed:
            assert self._changed.wait_for(lambda: kind in self.kinds(), WAIT_S)

    def kinds(self) -> list[str]:
        return [record["kind"] for record in self.records]


def make_session(
    function: Any = score_of,
    *,
    oracle: Oracle | None = None,
    max_trials: int = 4,
    threads: int = 1,
    hub: Hub | None = None,
    store: Store | None = None,
    **settings: Any,
) -> Session:
    """Return a session that is not started, with its trials in threads."""
    if oracle is None:
        oracle = RandomSearchOracle(create_objective("score:min"), max_trials=max_trials, seed=1)
        oracle.hyperparameters.Float("x", -1.0, 1.0)
    return Session(
        SessionSettings("id", "test", "random", **settings),
        oracle,
        function,
        ThreadExecutor(threads),
        hub or Hub(),
        store,
    )


def run(session: Session) -> Session:
    """Start a session and wait for its end."""
    session.start()
    assert session.wait(WAIT_S)
    return session


def run_here(function: Any, oracle: Oracle, hub: Hub | None = None) -> Session:
    """Run a search on this thread."""
    executor = CallingExecutor()
    session = Session(SessionSettings("id", "test", "random"), oracle, function, executor, hub or Hub())
    session.start()
    executor.serve()
    assert session.wait(WAIT_S)
    return session


def statuses(session: Session) -> list[str]:
    """Return the trials' statuses in order of their start."""
    return [trial.status for trial in session.hub.record.trials.values()]


def failing(message: Callable[[int], str]) -> Any:
    """Return a trial function that fails with a message made of the trial's number."""

    def function(assignment: Assignment, reporter: Reporter) -> Result:
        assignment.hyperparameters.Float("x", -1.0, 1.0)
        number = int(assignment.trial_id)
        text = message(number)
        if text:
            raise ValueError(text)
        return score_of(assignment, reporter)

    return function
