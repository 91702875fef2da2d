"""The session: trials, limits, commands, failures, and what a resume finds."""

import math
import threading
from typing import Any

import pytest

from kt_notebook.core.commands import AddTrials, Pause, Resume, Stop, StopNow, StopTrial
from kt_notebook.core.errors import FatalValueError, OptionError, SearchStateError, StorageError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.objective import Objective, create_objective, number_objective
from kt_notebook.core.oracle import Oracle, TooManyFailuresError, Verdict
from kt_notebook.core.protocol import Result
from kt_notebook.core.trial import TrialStatus
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.search.hub import Hub
from kt_notebook.search.resume import restore_oracle
from tests.search.searches import WAIT_S, Held, Records, failing, make_session, run, run_here, score_of, statuses


def test_a_search_runs_its_trials_and_ends_finished() -> None:
    session = run(make_session(max_trials=4))
    assert session.state == "finished"
    assert session.hub.record.search["reason"] == "finished"
    assert statuses(session) == ["COMPLETED"] * 4


def test_trials_on_the_callers_thread_give_the_same_trials_as_in_a_thread() -> None:
    oracle = RandomSearchOracle("score:min", max_trials=4, seed=1)
    oracle.hyperparameters.Float("x", -1.0, 1.0)
    here = run_here(score_of, oracle)
    there = run(make_session(max_trials=4))
    values = [[t.values for t in s.hub.record.trials.values()] for s in (here, there)]
    assert values[0] == values[1]


def test_calling_trials_run_on_the_callers_thread() -> None:
    threads = set()

    def function(assignment: Any, reporter: Any) -> Result:
        threads.add(threading.current_thread())
        return score_of(assignment, reporter)

    run_here(function, RandomSearchOracle("score:min", max_trials=2, seed=1))
    assert threads == {threading.current_thread()}


def test_a_failed_trial_is_recorded_and_the_search_goes_on() -> None:
    session = run(make_session(failing(lambda n: "odd" if n == 1 else ""), max_trials=4))
    assert statuses(session) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    assert session.state == "finished"
    error = session.hub.record.trials["1"].error
    assert error is not None
    assert (error["type"], error["message"]) == ("ValueError", "odd")


def test_three_first_trials_that_fail_alike_end_the_search() -> None:
    session = run(make_session(failing(lambda n: "always"), max_trials=10))
    assert statuses(session) == ["FAILED"] * 3
    assert session.state == "failed"
    assert isinstance(session.error, ValueError)


def test_failures_at_different_lines_do_not_end_the_search() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        assignment.hyperparameters.Float("x", -1.0, 1.0)
        if int(assignment.trial_id) % 2:
            raise ValueError("here")
        raise ValueError("there")

    session = run(make_session(function, max_trials=5))
    assert len(statuses(session)) == 5


def test_a_search_in_which_every_trial_failed_has_failed() -> None:
    session = run(make_session(failing(lambda n: "always"), max_trials=2))
    assert session.state == "failed"
    assert isinstance(session.error, ValueError)


def test_failures_after_a_completed_trial_do_not_end_the_search() -> None:
    session = run(make_session(failing(lambda n: "late" if n else ""), max_trials=6))
    assert session.state == "finished"
    assert len(statuses(session)) == 6


def test_a_fatal_error_ends_the_search_at_once() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        raise FatalValueError("no data")

    session = run(make_session(function))
    assert session.state == "failed"
    assert len(statuses(session)) == 1


def test_a_limit_of_failures_in_a_row_counts_nan_too() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        assignment.hyperparameters.Float("x", -1.0, 1.0)
        return Result({"score": math.nan}, 0)

    oracle = RandomSearchOracle("score:min", max_trials=10, seed=1, max_consecutive_failed_trials=2)
    session = run(make_session(function, oracle=oracle))
    assert isinstance(session.error, TooManyFailuresError)
    assert statuses(session) == ["INVALID", "INVALID"]


def test_nan_is_invalid_and_never_best() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        assignment.hyperparameters.Float("x", -1.0, 1.0)
        return Result({"score": math.nan if assignment.trial_id == "0" else 1.0}, 0)

    session = run(make_session(function, max_trials=2))
    assert statuses(session) == ["INVALID", "COMPLETED"]
    assert [t.trial_id for t in session.oracle.get_best_trials(5)] == ["1"]


def test_stop_lets_the_running_trial_end() -> None:
    held = Held()
    session = make_session(held)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(Stop())
    held.go.set()
    assert session.wait(WAIT_S)
    assert (session.state, statuses(session)) == ("stopped", ["COMPLETED"])


def test_stop_now_cuts_the_running_trial_and_it_runs_again_with_its_values() -> None:
    held = Held()
    session = make_session(held, max_trials=2)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(StopNow())
    assert session.wait(WAIT_S)
    assert (session.state, statuses(session)) == ("stopped", ["IDLE"])
    before = session.hub.record.trials["0"].values
    held.go.set()
    run(session)
    assert statuses(session) == ["COMPLETED", "COMPLETED"]
    assert session.hub.record.trials["0"].values == before


def test_a_paused_search_holds_its_trial_and_starts_no_other() -> None:
    held = Held()
    sink = Records()
    session = make_session(held, max_trials=2)
    session.hub.attach(sink)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(Pause())
    sink.wait_for("search_paused")
    assert session.state == "paused"
    held.go.set()
    session.post(Resume())
    assert session.wait(WAIT_S)
    kinds = sink.kinds()
    assert kinds.index("search_paused") < kinds.index("search_resumed") < kinds.index("search_ended")


def test_stop_now_ends_a_paused_search() -> None:
    held, sink = Held(), Records()
    session = make_session(held)
    session.hub.attach(sink)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(Pause())
    sink.wait_for("search_paused")
    session.post(StopNow())
    assert session.wait(WAIT_S)
    assert session.state == "stopped"


def test_a_trial_stopped_by_hand_keeps_what_it_reached() -> None:
    held = Held()
    session = make_session(held, max_trials=1)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(StopTrial(trial_id="0"))
    assert session.wait(WAIT_S)
    trial = session.hub.record.trials["0"]
    assert trial.status == "STOPPED"
    assert trial.score == trial.metrics["score"]


def test_added_trials_run() -> None:
    held = Held()
    session = make_session(held, max_trials=1)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(AddTrials(n=2))
    held.go.set()
    assert session.wait(WAIT_S)
    assert len(statuses(session)) == 3
    assert session.hub.record.search["max_trials"] == 3


def test_a_command_is_applied_once_however_often_it_comes() -> None:
    held = Held()
    session = make_session(held, max_trials=1)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    command = AddTrials(n=1)
    session.post(command)
    session.post(command)
    held.go.set()
    assert session.wait(WAIT_S)
    assert len(statuses(session)) == 2


def test_a_command_to_an_ended_search_says_so() -> None:
    session = run(make_session(max_trials=1))
    with pytest.raises(SearchStateError, match=r"has ended \(finished\)"):
        session.post(Stop())


def test_a_running_search_cannot_be_started_again() -> None:
    held = Held()
    session = make_session(held)
    session.start()
    with pytest.raises(SearchStateError, match="running already"):
        session.start()
    session.post(StopNow())
    assert session.wait(WAIT_S)


def test_a_timeout_cuts_the_running_trial() -> None:
    session = run(make_session(Held(), timeout_s=0.05))
    assert (session.state, statuses(session)) == ("timed_out", ["IDLE"])


def test_interrupt_stops_and_the_trial_hears_of_it() -> None:
    held = Held()
    session = make_session(held)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.interrupt()
    held.go.set()
    assert session.wait(WAIT_S)
    assert session.state == "stopped"


def test_a_trial_that_declares_more_makes_the_space_grow() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        assignment.hyperparameters.Int("late", 1, 5)
        return score_of(assignment, reporter)

    session = run(make_session(function, max_trials=2))
    assert [entry["config"]["name"] for entry in session.hub.record.search["space"]] == ["x", "late"]


def test_an_objective_that_was_left_out_is_settled_before_the_first_epoch() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        reporter.choose_objective(number_objective())
        reporter.report(0, 0, {"default_objective": 1.0})
        return Result({"default_objective": 1.0}, 0)

    sink = Records()
    session = make_session(function, oracle=RandomSearchOracle(max_trials=1, seed=1))
    session.hub.attach(sink)
    run(session)
    kinds = sink.kinds()
    assert kinds.index("objective_chosen") < kinds.index("epoch_ended")
    assert session.state == "finished"


def test_several_workers_run_several_trials_at_a_time() -> None:
    barrier = threading.Barrier(3, timeout=WAIT_S)

    def function(assignment: Any, reporter: Any) -> Result:
        barrier.wait()
        return score_of(assignment, reporter)

    oracle = RandomSearchOracle("score:min", max_trials=6, seed=1)
    oracle.hyperparameters.Float("x", -1.0, 1.0)
    session = run(make_session(function, oracle=oracle, threads=3))
    assert statuses(session) == ["COMPLETED"] * 6


def test_an_oracle_that_raises_ends_the_search_with_its_error() -> None:
    class Broken(Oracle):
        def populate_space(self, trial_id: str) -> dict[str, Any]:
            raise RuntimeError("no idea")

    session = run(make_session(oracle=Broken("score:min", max_trials=3)))
    assert session.state == "failed"
    assert str(session.error) == "no idea"


def test_an_oracle_that_waits_for_nothing_is_an_error() -> None:
    class Waiting(Oracle):
        def populate_space(self, trial_id: str) -> dict[str, Any]:
            return {"status": TrialStatus.IDLE, "values": None}

    session = run(make_session(oracle=Waiting("score:min", max_trials=3)))
    assert "no trial is running" in str(session.error)


def test_a_retried_trial_runs_again_under_its_id() -> None:
    seen: list[str] = []

    def function(assignment: Any, reporter: Any) -> Result:
        seen.append(assignment.trial_id)
        if len(seen) == 1:
            raise ValueError("once")
        return score_of(assignment, reporter)

    oracle = RandomSearchOracle("score:min", max_trials=2, seed=1, max_retries_per_trial=1)
    session = run(make_session(function, oracle=oracle))
    assert seen == ["0", "0", "1"]
    assert statuses(session) == ["COMPLETED", "COMPLETED"]


def test_a_journal_that_cannot_be_written_ends_the_search_with_what_there_is() -> None:
    class FullDisk:
        n_left = 6

        def append(self, records: Any, durable: bool) -> None:
            self.n_left -= len(records)
            if self.n_left < 0:
                raise StorageError("The disk is full.")

    session = run(make_session(hub=Hub(journal=FullDisk()), max_trials=20))
    assert session.state == "failed"
    assert str(session.error) == "The disk is full."
    assert statuses(session)[0] == "COMPLETED"


def test_a_trial_stopped_by_hand_keeps_its_result_though_the_search_is_stopped_too() -> None:
    held = Held()
    session = make_session(held)
    session.start()
    assert held.has_begun.wait(WAIT_S)
    session.post(StopTrial(trial_id="0"))
    session.post(Stop())
    assert session.wait(WAIT_S)
    assert statuses(session) == ["STOPPED"]


def test_a_record_of_another_objective_is_refused() -> None:
    first = run(make_session(max_trials=1))
    oracle = RandomSearchOracle(create_objective("other:max"), max_trials=3, seed=1)
    with pytest.raises(OptionError, match=r"was searched for score \(min\), and this tuner asks for other \(max\)"):
        restore_oracle(oracle, first.hub.record)


def test_notes_are_there_from_the_start() -> None:
    session = make_session(max_trials=1)
    session.start([SearchNoted("advice", "test", "look here", 3)])
    assert session.wait(WAIT_S)
    assert session.hub.record.search["notes"] == [{"level": "advice", "code": "test", "text": "look here", "line": 3}]


@pytest.mark.parametrize("n_before", [1, 3, 5])
def test_a_search_that_goes_on_has_the_trials_of_one_that_was_not_interrupted(n_before: int) -> None:
    whole = run(make_session(max_trials=6))
    first = run(make_session(max_trials=n_before))
    oracle = RandomSearchOracle(create_objective("score:min"), max_trials=6, seed=1)
    restore_oracle(oracle, first.hub.record)
    second = run(make_session(oracle=oracle, hub=Hub(record=first.hub.record)))
    scores = [[t.score for t in s.hub.record.trials.values()] for s in (whole, second)]
    assert scores[0] == scores[1]


def test_a_stop_that_is_heard_at_once_cuts_the_trial_and_does_not_end_it() -> None:
    """The outcome that a stop brings about must not overtake the stop in the inbox."""
    for _ in range(50):
        held = Held()
        session = make_session(held, max_trials=1)
        session.start()
        assert held.has_begun.wait(WAIT_S)
        session.post(StopNow())
        assert session.wait(WAIT_S)
        assert (session.state, statuses(session)) == ("stopped", ["IDLE"])


def test_a_trial_that_was_held_goes_on_when_the_oracle_breaks() -> None:
    class Broken(RandomSearchOracle):
        def report(self, trial_id: str, execution: int, epoch: int, metrics: Any) -> Verdict:
            raise RuntimeError("broken")

    session = run(make_session(Held(), oracle=Broken("score:min", max_trials=2, seed=1)))
    assert str(session.error) == "broken"


def test_a_curve_holds_the_epochs_reported_before_the_objective_was_known() -> None:
    def function(assignment: Any, reporter: Any) -> Result:
        reporter.report(0, 0, {"score": 3.0})
        reporter.choose_objective(Objective("score", "max"))
        reporter.report(0, 1, {"score": 4.0})
        return Result({"score": 4.0}, 1)

    session = run(make_session(function, oracle=RandomSearchOracle(max_trials=1, seed=1)))
    assert session.oracle.trials["0"].curve == {0: 3.0, 1: 4.0}
    again = RandomSearchOracle(max_trials=1, seed=1)
    restore_oracle(again, session.hub.record)
    assert again.trials["0"].curve == {0: 3.0, 1: 4.0}
