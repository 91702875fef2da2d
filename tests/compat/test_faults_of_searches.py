"""The faults of a KerasTuner search, from its failures to its text, each with what happens here; numbers are issues."""

import io
import math
import re
import threading

import pandas as pd
import pytest

import kt_notebook as kt
from kt_notebook.core.commands import Pause, Resume, Stop, StopNow, StopTrial
from tests.search.searches import Records

WAIT_S = 30.0


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def searched(function, **options):
    """Return a tuner that has searched with a function of hp."""
    made = kt.RandomSearch(function, **{"max_trials": 10, "seed": 1} | options)
    made.search(verbose=0)
    return made


def statuses(tuner):
    return list(tuner.results.sort_index().status)


# Failures.


def seldom(hp):
    """Fail in most of the space in its own way each time, give no number in a corner, and work in the rest."""
    x = hp.Float("x", 0, 1)
    if 0.2 < x < 0.9:
        raise ValueError(f"no trial at x={x}")
    return math.nan if x >= 0.9 else x


def test_failed_and_nan_trials_in_a_row_are_recorded_and_the_search_goes_on():
    """Fault: three failed or NaN trials in a row end the search [1032]."""
    tuner = searched(seldom, max_trials=15)

    assert tuner.session.state == "finished"
    assert "FAILED FAILED FAILED" in " ".join(statuses(tuner))
    assert set(statuses(tuner)) == {"COMPLETED", "FAILED", "INVALID"}
    errors = tuner.results.error[tuner.results.status == "FAILED"]
    assert all(re.match(r"ValueError: no trial at x=0\.\d+", error) for error in errors)


def test_three_first_trials_that_fail_alike_end_the_search_with_their_error():
    """Fault: three failed trials in a row end the search [1032]; here the first three, with one error at one line."""

    def broken(hp):
        raise ZeroDivisionError(f"a mistake at x={hp.Float('x', 0, 1) * 0}")

    with pytest.raises(ZeroDivisionError, match="a mistake") as caught:
        searched(broken)
    assert caught.traceback[-1].name == "broken"

    beside = kt.RandomSearch(broken, max_trials=10, project_name="beside")
    beside.search(verbose=0, block=False)
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        beside.wait()
    assert beside.session.state == "failed"
    assert statuses(beside) == ["FAILED"] * 3


def test_three_first_trials_that_fail_at_different_lines_end_nothing():
    """Fault: three failed trials in a row end the search [1032]."""

    def broken(hp):
        x = hp.Float("x", 0, 1)
        n_calls.append(x)
        if len(n_calls) == 2:
            raise ValueError("another line")
        if len(n_calls) < 5:
            raise ValueError("a line")
        return x

    n_calls = []
    assert statuses(searched(broken)) == ["FAILED"] * 4 + ["COMPLETED"] * 6


@pytest.mark.parametrize("ends", ["FAILED", "INVALID"])
def test_an_integer_limit_of_failures_is_kerastuners_rule(ends):
    """Fault: three failed or NaN trials in a row end the search [1032]; here where the user asks for that."""

    def function(hp):
        x = hp.Float("x", 0, 1)
        calls.append(x)
        if len(calls) <= 2:
            return x
        if ends == "FAILED":
            raise ValueError("planted")
        return math.nan

    calls = []
    tuner = kt.RandomSearch(function, max_trials=10, max_consecutive_failed_trials=3)
    with pytest.raises(RuntimeError, match="3 trials in a row failed"):
        tuner.search(verbose=0)
    assert statuses(tuner) == ["COMPLETED"] * 2 + [ends] * 3


def test_a_bad_configuration_is_run_once():
    """Fault: retries rerun a bad configuration [1032]."""
    asked = []

    def function(hp):
        asked.append(hp.Int("n", 1, 8))
        if asked[-1] % 2:
            raise ValueError(f"odd: {asked[-1]}")
        return math.nan if asked[-1] == 4 else float(asked[-1])

    tuner = searched(function, max_trials=20)
    assert sorted(asked) == list(range(1, 9))
    assert len(tuner.results) == 8


class Text(kt.RandomSearch):
    def run_trial(self, trial, **kwargs):
        trial.hyperparameters.Float("x", 0, 1)
        return "a text"


def fatal(hp):
    hp.Float("x", 0, 1)
    raise kt.errors.FatalError("no further trial")


@pytest.mark.parametrize(
    ("tuner", "hypermodel", "error", "said"),
    [
        (kt.RandomSearch, fatal, kt.errors.FatalError, "no further trial"),
        (Text, None, TypeError, "returned str 'a text', which is no score"),
        (kt.RandomSearch, lambda hp: None, TypeError, "returned None"),
    ],
    ids=["FatalError", "text", "no model"],
)
def test_what_would_fail_every_trial_ends_the_search_at_once(tuner, hypermodel, error, said):
    """Fault: three failed trials in a row end the search [1032]; here and there one is enough for these."""
    made = tuner(hypermodel, max_trials=10)
    with pytest.raises(error, match=said):
        made.search(verbose=0)
    assert len(made.results) == 1


def test_a_failed_trial_is_never_among_the_best(capsys):
    """Fault: FAILED trials come back as "best"."""

    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            x = trial.hyperparameters.Float("x", 0, 1)
            self.oracle.update_trial(trial.trial_id, {"loss": x - 9 * (trial.trial_id == "1")})
            if trial.trial_id in "123":
                raise ValueError(f"planted in {trial.trial_id}")

    tuner = Own(objective="loss", max_trials=6, seed=1)
    tuner.search(verbose=0)

    assert statuses(tuner) == ["COMPLETED", *["FAILED"] * 3, *["COMPLETED"] * 2]
    good = {"0", "4", "5"}
    assert {trial.trial_id for trial in tuner.oracle.get_best_trials(9)} == good
    assert len(tuner.get_best_hyperparameters(9)) == 3
    assert tuner.best.trial_id in good
    tuner.results_summary(9)
    assert set(re.findall(r"Trial (\d) summary", capsys.readouterr().out)) == good


def test_where_every_trial_has_failed_there_is_no_best():
    """Fault: FAILED trials come back as "best"."""

    def failing(hp):
        raise KeyError(f"{hp.Float('x', 0, 1)}")

    tuner = kt.RandomSearch(failing, "score:min", max_trials=2)
    with pytest.raises(KeyError, match=r"0\.0"):
        tuner.search(verbose=0)
    assert statuses(tuner) == ["FAILED"] * 2
    assert tuner.oracle.get_best_trials(9) == []
    assert (tuner.best.trial_id, dict(tuner.best)) == (None, {})
    with pytest.raises(KeyError, match=r"0\.0"):
        tuner.get_best_hyperparameters()


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
