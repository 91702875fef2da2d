"""How a search ends where something else breaks: whoever waits is told, and the project is free again."""

import gc
import logging
import math
import sys
import threading
import warnings
import weakref
from pathlib import Path
from typing import Any

import pytest

from kt_notebook.core.commands import AddTrials, Pause, Resume, StopNow, StopTrial
from kt_notebook.core.errors import StorageError, TrialStoppedError
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.search.executors import ThreadExecutor
from kt_notebook.search.hub import Hub
from kt_notebook.search.output import OutputCapture
from kt_notebook.search.reporter import StopLevel, TrialReporter
from kt_notebook.search.resume import restore_oracle
from kt_notebook.storage.project_store import ProjectStore
from kt_notebook.storage.projects import Project
from tests.search.searches import WAIT_S, Records, failing, make_session, run, score_of, statuses


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), Wordless()])
def test_whatever_a_trial_raises_costs_that_trial_alone(error: BaseException) -> None:
    def function(assignment: Assignment, reporter: Reporter) -> Result:
        if assignment.trial_id == "1":
            raise error
        return score_of(assignment, reporter)

    session = run(make_session(function, max_trials=3))
    assert (session.state, statuses(session)) == ("finished", ["COMPLETED", "FAILED", "COMPLETED"])


def test_retries_of_one_trial_are_not_three_first_trials_that_fail_alike() -> None:
    calls: list[str] = []

    def function(assignment: Assignment, reporter: Reporter) -> Result:
        calls.append(assignment.trial_id)
        if len(calls) <= 4:
            raise ValueError("flaky")
        return score_of(assignment, reporter)

    oracle = RandomSearchOracle("score:min", max_trials=2, seed=1, max_retries_per_trial=5)
    session = run(make_session(function, oracle=oracle))
    assert (session.state, statuses(session)) == ("finished", ["COMPLETED", "COMPLETED"])


def test_failures_of_a_search_that_goes_on_are_not_its_first_trials() -> None:
    before = run(make_session(max_trials=2))
    oracle = RandomSearchOracle("score:min", max_trials=6, seed=1)
    restore_oracle(oracle, before.hub.record)
    session = run(make_session(failing(lambda number: "broken"), oracle=oracle, hub=Hub(record=before.hub.record)))
    assert (session.state, len(statuses(session))) == ("finished", 6)


def test_the_frames_of_a_failed_trial_are_let_go_once_another_has_completed() -> None:
    class Model:
        pass

    models: list[weakref.ref[Model]] = []

    def function(assignment: Assignment, reporter: Reporter) -> Result:
        if assignment.trial_id == "0":
            model = Model()
            models.append(weakref.ref(model))
            raise MemoryError("too large")
        return score_of(assignment, reporter)

    session = run(make_session(function))
    gc.collect()
    assert statuses(session)[0] == "FAILED"
    assert models[0]() is None


def test_a_trial_held_by_a_pause_hears_that_it_alone_is_to_end() -> None:
    class Gate(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None, "nobody wakes a trial that waits for the end of the pause"
            reporter.stop(StopLevel.NOW)
            return False

    reporter = TrialReporter("0", HyperParameters(), None, print, Gate())
    with pytest.raises(TrialStoppedError, match="was stopped"):
        reporter.hold()


def test_trials_added_while_paused_run_though_the_oracle_had_no_more() -> None:
    begun, go = threading.Event(), threading.Event()

    def function(assignment: Assignment, reporter: Reporter) -> Result:
        if assignment.trial_id == "1":
            begun.set()
            assert go.wait(WAIT_S)
        return score_of(assignment, reporter)

    sink = Records()
    session = make_session(function, max_trials=2, threads=2)
    session.hub.attach(sink)
    session.start()
    assert begun.wait(WAIT_S)
    session.post(Pause())
    session.post(AddTrials(n=2))
    sink.wait_for("limits_changed")
    go.set()
    session.post(Resume())
    assert session.wait(WAIT_S)
    assert len(statuses(session)) == 4


def test_a_stopped_trial_is_judged_by_its_best_epoch_though_the_first_was_nan() -> None:
    begun = threading.Event()

    def function(assignment: Assignment, reporter: Reporter) -> Result:
        for epoch, score in enumerate([math.nan, 0.5, 0.7]):
            reporter.report(0, epoch, {"score": score})
        begun.set()
        while True:
            reporter.hold()

    session = make_session(function, max_trials=1)
    session.start()
    assert begun.wait(WAIT_S)
    session.post(StopTrial(trial_id="0"))
    assert session.wait(WAIT_S)
    trial = session.hub.record.trials["0"]
    assert (trial.score, trial.best_step) == (0.5, 1)


def test_a_search_that_cannot_start_is_not_left_running(tmp_path: Path) -> None:
    class NoThreads(ThreadExecutor):
        def start(self, run: Any) -> None:
            raise RuntimeError("can't start new thread")

    project = Project(tmp_path / "p")
    session = make_session(store=ProjectStore(project, print))
    session._executor = NoThreads()
    with pytest.raises(RuntimeError, match="can't start new thread"):
        session.start()
    assert (session.is_running, session.state) == (False, "failed")
    assert project.holder() is None


@pytest.mark.parametrize("method", ["get_state", "get_best_trials"])
def test_an_oracle_that_breaks_at_the_end_leaves_no_lock(tmp_path: Path, method: str) -> None:
    def broken(self: Any, *_: Any) -> Any:
        raise TypeError("broken")

    oracle = type("Broken", (RandomSearchOracle,), {method: broken})("score:min", max_trials=2, seed=1)
    project = Project(tmp_path / "p")
    run(make_session(oracle=oracle, store=ProjectStore(project, print)))
    assert project.holder() is None


def test_a_journal_deleted_in_mid_search_leaves_no_lock(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")

    def function(assignment: Assignment, reporter: Reporter) -> Result:
        project.journal_path.unlink(missing_ok=True)
        return score_of(assignment, reporter)

    session = run(make_session(function, store=ProjectStore(project, print)))
    assert "was deleted while its search runs" in str(session.error)
    assert project.holder() is None


def test_files_that_cannot_be_written_do_not_hold_up_the_end_where_saying_so_fails_too(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    (tmp_path / "p" / "tuner0.json").mkdir(parents=True)

    def refuse(error: StorageError) -> None:
        raise StorageError("the journal is full as well")

    session = run(make_session(store=ProjectStore(project, refuse)))
    assert session.state == "finished"


def test_a_sink_that_fails_at_the_end_costs_the_others_nothing_and_the_search_goes_on_later(tmp_path: Path) -> None:
    class Fails:
        def receive(self, batch: Any) -> None:
            if any(record["kind"] == "search_ended" for record in batch):
                raise ValueError("broken")

    project, records, hub = Project(tmp_path / "p"), Records(), Hub()
    hub.attach(Fails())
    hub.attach(records)
    session = make_session(hub=hub, store=ProjectStore(project, print), max_trials=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as a user may have it; on the delivery thread it must end nothing
        run(session)
    assert "search_ended" in records.kinds()
    session.oracle.max_trials = 3
    assert len(statuses(run(session))) == 3


def test_logging_finds_its_stream_again_after_searches_that_overlapped() -> None:
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    try:
        first, second = OutputCapture().installed(), OutputCapture().installed()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        second.__exit__(None, None, None)
        assert handler.stream is sys.stderr
    finally:
        logging.getLogger().removeHandler(handler)


def test_stop_now_also_ends_a_trial_that_is_only_being_made() -> None:
    asked, go = threading.Event(), threading.Event()
    ran: list[str] = []

    class Slow(RandomSearchOracle):
        def populate_space(self, trial_id: str) -> dict[str, Any]:
            asked.set()
            assert go.wait(WAIT_S)
            return super().populate_space(trial_id)

    def function(assignment: Assignment, reporter: Reporter) -> Result:
        ran.append(assignment.trial_id)
        return score_of(assignment, reporter)

    session = make_session(function, oracle=Slow("score:min", max_trials=2, seed=1))
    session.start()
    assert asked.wait(WAIT_S)
    session.post(StopNow())
    go.set()
    assert session.wait(WAIT_S)
    assert (ran, session.state, statuses(session)) == ([], "stopped", ["IDLE"])
