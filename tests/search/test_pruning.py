"""Pruning as a search does it: what a verdict makes of a running trial, and that a resumed search decides alike."""

import threading
from typing import Any

import pytest

from kt_notebook.core.commands import StopTrial
from kt_notebook.core.objective import Objective
from kt_notebook.core.oracle import Oracle, Verdict
from kt_notebook.core.protocol import Result
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.search.executors import CallingExecutor
from kt_notebook.search.hub import Hub
from kt_notebook.search.resume import restore_oracle
from kt_notebook.search.session import Session
from kt_notebook.search.settings import SessionSettings
from tests.search.searches import WAIT_S, make_session, run, statuses


class PruningOne(RandomSearchOracle):
    def report(self, trial_id: str, execution: int, epoch: int, metrics: Any) -> Verdict:
        return Verdict(trial_id == "0", f"cannot win at {epoch}")


def pruning_one(max_trials: int) -> Oracle:
    oracle = PruningOne("score:min", max_trials=max_trials, seed=1)
    oracle.hyperparameters.Float("x", -1.0, 1.0)
    return oracle


def pruned_by(first: Any) -> Session:
    """Run two trials, the first by a function of its reporter, with an oracle that wants it pruned."""

    def function(assignment: Any, reporter: Any) -> Result:
        if assignment.trial_id == "0":
            return first(reporter)
        return Result({"score": 100.0}, 0)

    return run(make_session(function, oracle=pruning_one(2)))


def hold(reporter: Any) -> None:
    while True:
        reporter.hold()


def test_a_verdict_prunes_the_trial_which_is_completed_and_last() -> None:
    def first(reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0}, n_epochs=9)
        reporter.report(0, 1, {"score": 4.0}, n_epochs=9)
        hold(reporter)

    session = pruned_by(first)
    trial = session.hub.record.trials["0"]
    assert statuses(session) == ["COMPLETED", "COMPLETED"]
    assert trial.pruned == {"epoch": 0, "reason": "cannot win at 0"}
    assert (trial.score, trial.best_step) == (3.0, 0)
    assert [t.trial_id for t in session.oracle.get_best_trials(2)] == ["1", "0"]


def test_a_verdict_for_a_trial_that_ends_by_itself_does_nothing() -> None:
    def first(reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0}, n_epochs=9)
        return Result({"score": 3.0}, 0)

    session = pruned_by(first)
    assert session.hub.record.trials["0"].pruned is None
    assert session.oracle.trials["0"].pruned is None


def test_a_trial_that_fails_after_its_verdict_has_failed() -> None:
    def first(reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0}, n_epochs=9)
        raise ValueError("while it was to end")

    session = pruned_by(first)
    assert statuses(session) == ["FAILED", "COMPLETED"]
    assert session.hub.record.trials["0"].pruned is None


def test_the_last_epoch_prunes_nothing() -> None:
    hub = Hub()

    def function(assignment: Any, reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0}, n_epochs=1)
        hold_until_heard(hub, assignment.trial_id, reporter)  # Something that follows the fit.
        return Result({"score": 3.0}, 0)

    session = run(make_session(function, oracle=pruning_one(1), hub=hub))
    assert statuses(session) == ["COMPLETED"]
    assert session.hub.record.trials["0"].pruned is None


def test_a_trial_that_a_user_ends_is_not_called_pruned() -> None:
    begun, go = threading.Event(), threading.Event()

    def first(reporter: Any) -> Result:
        begun.set()
        assert go.wait(WAIT_S)
        reporter.report(0, 0, {"score": 3.0}, n_epochs=9)
        hold(reporter)

    session = make_session(lambda _, reporter: first(reporter), oracle=pruning_one(1))
    session.start()
    assert begun.wait(WAIT_S)
    session.post(StopTrial(trial_id="0"))
    go.set()
    assert session.wait(WAIT_S)
    assert statuses(session) == ["STOPPED"]
    assert session.hub.record.trials["0"].pruned is None


def wait_for_verdict(reporter: Any) -> None:
    """Wait until the trial is asked to end."""
    while not reporter.is_stopping:
        threading.Event().wait(0.001)


def test_an_interrupt_while_a_pruned_trial_is_ending_keeps_its_score() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0}, n_epochs=9)
        wait_for_verdict(reporter)
        raise KeyboardInterrupt

    executor = CallingExecutor()
    session = Session(SessionSettings("id", "test", "random"), pruning_one(2), function, executor, Hub())
    session.start()
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        executor.serve()
    assert session.wait(WAIT_S)
    trial = session.hub.record.trials["0"]
    assert (trial.status, trial.score) == ("COMPLETED", 3.0)
    assert trial.pruned == {"epoch": 0, "reason": "cannot win at 0"}
    assert session.state == "stopped"


def test_what_a_trial_reports_after_its_verdict_is_shown_and_not_counted() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0}, n_epochs=9)
        wait_for_verdict(reporter)
        reporter.report(0, 1, {"score": 1.0}, n_epochs=9)
        reporter.report(1, 0, {"score": 0.5}, n_epochs=9)
        hold(reporter)

    oracle = pruning_one(1)
    record = run(make_session(function, oracle=oracle)).hub.record
    assert [epoch.metrics["score"] for epoch in record.trials["0"].epochs] == [3.0, 1.0, 0.5]
    assert (record.trials["0"].score, record.trials["0"].best_step) == (3.0, 0)
    assert oracle.trials["0"].curve == {0: 3.0}
    restore_oracle(again := pruning_one(1), record)
    assert again.trials["0"].curve == {0: 3.0}


def test_a_trial_that_ends_by_itself_after_its_verdict_keeps_its_whole_curve() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0}, n_epochs=9)
        wait_for_verdict(reporter)
        reporter.report(0, 1, {"score": 1.0}, n_epochs=9)
        return Result({"score": 1.0}, 1)

    oracle = pruning_one(1)
    assert run(make_session(function, oracle=oracle)).hub.record.trials["0"].pruned is None
    assert oracle.trials["0"].curve == {0: 3.0, 1: 1.0}


def test_an_objective_that_is_settled_late_fills_the_curves_of_ended_trials_too() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0, "other": 1.0}, n_epochs=1)
        if assignment.trial_id == "0":
            raise ValueError("before any result")
        reporter.choose_objective(Objective("score", "min"))
        return Result({"score": 3.0, "other": 1.0}, 0)

    oracle = RandomSearchOracle(None, max_trials=2, seed=1)
    oracle.hyperparameters.Float("x", -1.0, 1.0)
    session = run(make_session(function, oracle=oracle))
    assert statuses(session) == ["FAILED", "COMPLETED"]
    restore_oracle(again := RandomSearchOracle(None, max_trials=2, seed=1), session.hub.record)
    for trials in (oracle.trials, again.trials):
        assert [trial.curve for trial in trials.values()] == [{0: 3.0}, {0: 3.0}]


def hold_until_heard(hub: Hub, trial_id: str, reporter: Any) -> None:
    """Wait as batches would until the session has done all that this trial has told it."""
    outputs = hub.record.trials[trial_id].outputs
    n_before = len(outputs)
    reporter.output("stdout", "")
    while len(outputs) == n_before:
        reporter.hold()
    reporter.hold()


def falling(hub: Hub) -> Any:
    """Return a trial function of six epochs whose level is the trial's value."""

    def function(assignment: Any, reporter: Any) -> Result:
        x = assignment.hyperparameters.Float("x", -1.0, 1.0)
        for epoch in range(6):
            reporter.report(0, epoch, {"score": x + 1 / (epoch + 1)}, n_epochs=6)
            hold_until_heard(hub, assignment.trial_id, reporter)
        return Result({"score": x + 1 / 6}, 5)

    return function


def pruning_oracle(max_trials: int, prune: str = "auto") -> RandomSearchOracle:
    oracle = RandomSearchOracle("score:min", max_trials=max_trials, seed=1, prune=prune)
    oracle.hyperparameters.Float("x", -1.0, 1.0)
    return oracle


@pytest.mark.parametrize("n_before", [3, 8])
def test_a_search_that_goes_on_prunes_as_one_that_was_not_interrupted(n_before: int) -> None:
    hubs = [Hub(), Hub()]
    whole = run(make_session(falling(hubs[0]), oracle=pruning_oracle(12), hub=hubs[0]))
    first = run(make_session(falling(hubs[1]), oracle=pruning_oracle(n_before), hub=hubs[1]))
    oracle, hub = pruning_oracle(12), Hub(record=first.hub.record)
    restore_oracle(oracle, first.hub.record)
    assert [t.curve for t in oracle.trials.values()] == [t.curve for t in first.oracle.trials.values()]
    second = run(make_session(falling(hub), oracle=oracle, hub=hub))
    pruned = [
        [trial.pruned["reason"] if trial.pruned else None for trial in session.hub.record.trials.values()]
        for session in (whole, second)
    ]
    assert pruned[0] == pruned[1]
    assert any(pruned[0])
