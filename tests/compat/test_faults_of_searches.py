"""What cannot be asked of a KerasTuner search, and its text, each with what happens here; numbers are its issues."""

import io
import re
import threading

import pandas as pd
import pytest

import kt_notebook as kt
from kt_notebook.core.commands import Pause, Resume, Stop, StopNow, StopTrial
from tests.search.searches import Records
from tests.tuners.plain import searched, statuses

WAIT_S = 30.0


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


# Asking a search for something.


class Steps(kt.RandomSearch):
    """Trials that report steps in a loop of their own for as long as `is_over` is not set."""

    def __init__(self, **options):
        super().__init__(objective="score:max", **{"max_trials": 3, "seed": 1} | options)
        self.reports, self.is_over = threading.Semaphore(0), threading.Event()

    def run_trial(self, trial, **kwargs):
        trial.hyperparameters.Float("x", 0, 1)
        step = 0
        while not self.is_over.is_set():
            self.oracle.update_trial(trial.trial_id, {"score": float(step)}, step)
            self.reports.release()
            step += 1

    def wait_for_reports(self, n):
        for _ in range(n):
            assert self.reports.acquire(timeout=WAIT_S)


def test_a_search_may_be_given_a_time_limit():
    """Fault: `search()` cannot be given a time limit [249]."""
    tuner = Steps()
    tuner.search(verbose=0, timeout=0.2)

    assert tuner.session.state == "timed_out"
    # The trial that was cut is no result; it runs again when the search goes on.
    assert statuses(tuner) == ["IDLE"]


def test_a_search_may_be_stopped_at_once_and_goes_on_later():
    """Fault: `search()` cannot be stopped [249, 279]."""
    tuner = Steps()
    tuner.search(verbose=0, block=False)
    tuner.wait_for_reports(3)
    tuner.session.post(StopNow())

    assert tuner.wait(WAIT_S)
    assert (tuner.session.state, statuses(tuner)) == ("stopped", ["IDLE"])

    again = searched(lambda hp: hp.Float("x", 0, 1), objective="score:max", max_trials=3)
    assert statuses(again) == ["COMPLETED"] * 3


def test_a_search_may_be_stopped_after_the_running_trial():
    """Fault: `search()` cannot be stopped [249, 279]."""
    tuner = Steps()
    tuner.search(verbose=0, block=False)
    tuner.wait_for_reports(3)
    tuner.session.post(Stop())
    tuner.wait_for_reports(3)
    tuner.is_over.set()

    assert tuner.wait(WAIT_S)
    assert (tuner.session.state, statuses(tuner)) == ("stopped", ["COMPLETED"])


@pytest.mark.parametrize(("n_steps", "status"), [(1, "COMPLETED"), (1000, "IDLE")], ids=["one report", "many"])
def test_an_interrupt_stops_a_loop_of_ones_own_after_its_step_and_loses_no_whole_result(n_steps, status):
    """Fault: `search()` cannot be stopped [249, 279]."""

    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            trial.hyperparameters.Float("x", 0, 1)
            self.session.interrupt()  # As the first Ctrl-C does.
            for step in range(n_steps):
                self.oracle.update_trial(trial.trial_id, {"score": 1.0}, step)

    tuner = Own(objective="score:min", max_trials=3, seed=1)
    tuner.search(verbose=0)

    assert tuner.session.state == "stopped"
    assert statuses(tuner) == [status]
    assert len(tuner.hub.record.trials["0"].epochs) == min(n_steps, 2)


def test_a_search_may_be_paused():
    """Fault: `search()` cannot be paused [249, 279]."""
    told = Records()
    tuner = Steps(max_trials=1)
    tuner.hub.attach(told)
    tuner.search(verbose=0, block=False)
    tuner.wait_for_reports(3)
    tuner.session.post(Pause())
    told.wait_for("search_paused")
    for _ in range(30):  # Time for a trial that goes on to give itself away.
        tuner.reports.acquire(timeout=0.01)
    assert tuner.session.state == "paused"

    tuner.session.post(Resume())
    told.wait_for("search_resumed")
    tuner.wait_for_reports(40)
    tuner.is_over.set()
    assert tuner.wait(WAIT_S)
    assert statuses(tuner) == ["COMPLETED"]
    # One report may have been on its way; then the trial waited.
    kinds = told.kinds()
    paused = kinds[kinds.index("search_paused") : kinds.index("search_resumed")]
    assert paused.count("epoch_ended") <= 1


def test_one_trial_may_be_skipped():
    """Fault: one trial cannot be skipped [279]."""
    tuner = Steps()
    tuner.search(verbose=0, block=False)
    for trial_id in "012":
        tuner.wait_for_reports(3)
        tuner.session.post(StopTrial(trial_id=trial_id))
        while trial_id not in tuner.hub.record.end_order:
            tuner.reports.acquire(timeout=0.001)

    assert tuner.wait(WAIT_S)
    assert tuner.session.state == "finished"
    # What it has reached by then is its result.
    assert statuses(tuner) == ["STOPPED"] * 3
    assert all(tuner.results.score >= 2)


class Terminal(io.StringIO):
    """A terminal that says when something was written to it."""

    def __init__(self, sought):
        super().__init__()
        self.is_told, self._sought = threading.Event(), sought

    def isatty(self):
        return True

    def write(self, text):
        if self._sought in text:
            self.is_told.set()
        return super().write(text)


def test_a_terminal_shows_the_time_that_is_left(monkeypatch):
    """Fault: no ETA [240, 310]."""
    terminal = Terminal(" left")
    monkeypatch.setattr("sys.stdout", terminal)

    def function(hp):
        x = hp.Float("x", 0, 1)
        calls.append(x)
        # Once two trials have ended there is something to reckon with.
        assert len(calls) < 4 or terminal.is_told.wait(WAIT_S)
        return x

    calls = []
    kt.RandomSearch(function, max_trials=6, seed=1).search()
    assert re.search(r"trial 3 · 3 of 6 · best [\d.]+ · \d+:\d\d · \d+:\d\d left", terminal.getvalue())


def test_results_are_a_data_frame():
    """Fault: no DataFrame [183]."""
    tuner = searched(lambda hp: {"score": hp.Float("x", -1, 1) ** 2, "other": hp.Int("n", 1, 9)}, objective="score:min")
    table = tuner.results

    assert isinstance(table, pd.DataFrame)
    assert table.score.is_monotonic_increasing
    assert list(table.x**2) == pytest.approx(list(table.score))
    assert {"status", "x", "n", "time", "seed", "error"} <= set(table.columns)
    assert {int(trial_id) for trial_id in tuner.oracle.trials} == set(table.index)


def test_a_search_may_start_from_known_values_and_from_a_past_projects_best():
    """Fault: no way to start from known values [415, 604, 699]."""

    def function(hp):
        return (hp.Float("x", 0, 1) - 0.7) ** 2 + hp.Int("n", 0, 9)

    past = kt.RandomSearch(function, max_trials=4, seed=5, project_name="past")
    past.search(verbose=0)
    tuner = kt.RandomSearch(function, max_trials=6, seed=1)
    tuner.enqueue({"x": 0.7, "n": 0})
    tuner.enqueue({"n": 3})
    tuner.enqueue(past.get_best_hyperparameters()[0])
    tuner.search(verbose=0)

    ran = [(trial.hyperparameters.get("x"), trial.hyperparameters.get("n")) for trial in tuner.oracle.trials.values()]
    assert ran[:3] == [(0.7, 0), (0.0, 3), (past.best["x"], past.best["n"])]
    assert len(ran) == 6
    assert tuner.best.score == 0.0


# Text.


@pytest.mark.parametrize(("direction", "best"), [("min", min), ("max", max)])
def test_in_a_log_file_each_trial_is_a_plain_line_with_the_best_so_far(capsys, direction, best):
    """Fault: plain scripts get escape codes and cleared output; "best so far" is wrong on trial 1."""
    tuner = kt.RandomSearch(lambda hp: hp.Float("x", -1, 1), f"score:{direction}", max_trials=5, seed=2)
    tuner.search(verbose=1)
    text = capsys.readouterr().out

    assert all(character.isprintable() or character == "\n" for character in text)
    lines = re.findall(r"^trial (\d)  score (\S+)  best (\S+) \(trial (\d)\)  .*x=(\S+)$", text, re.MULTILINE)
    assert [number for number, *_ in lines] == list("01234")
    scores = [trial.score for trial in tuner.oracle.trials.values()]
    for n, (_, score, best_score, best_trial, _) in enumerate(lines):
        so_far = best(scores[: n + 1])
        assert (float(score), float(best_score)) == (pytest.approx(scores[n], 1e-3), pytest.approx(so_far, 1e-3))
        assert scores[int(best_trial)] == so_far


def test_a_first_trial_that_failed_is_called_no_best(capsys):
    """Fault: "best so far" is wrong on trial 1."""

    def function(hp):
        if not hp.Float("x", 0, 1):
            raise ValueError("planted")
        return hp.get("x")

    kt.RandomSearch(function, "score:max", max_trials=2, seed=2).search(verbose=1)
    first, second = re.findall(r"^trial \d .*$", capsys.readouterr().out, re.MULTILINE)
    assert "failed: ValueError: planted" in first
    assert "best" not in first
    assert re.search(r"best \S+ \(trial 1\)", second)
