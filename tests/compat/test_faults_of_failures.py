"""The faults of KerasTuner where trials fail, each with what happens here; numbers are its issues."""

import math
import re

import pytest

import kt_notebook as kt
from tests.tuners.plain import searched, statuses


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


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


def test_first_trials_that_all_exit_end_the_search():
    """Fault: a search goes on to its last trial though none can work."""

    def leaves(hp):
        hp.Float("x", 0, 1)
        raise SystemExit(2)

    tuner = kt.RandomSearch(leaves, max_trials=6, seed=1)
    with pytest.raises(kt.errors.FailedTrialError, match=r"raised SystemExit\(2\)"):
        tuner.search(verbose=0)

    assert len(tuner.results) == 3
