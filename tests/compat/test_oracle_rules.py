"""Where an oracle meets trials' code: KerasTuner's rules for new entries, retries, ends and answers, kept here."""

import re

import pytest

import kt_notebook as kt
from kt_notebook.engine.trial import TrialStatus


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def space():
    hp = kt.HyperParameters()
    hp.Int("a", 0, 100)
    return hp


def made(function, **options):
    return kt.RandomSearch(function, **{"objective": "val:min", "max_trials": 4, "seed": 1} | options)


def search_through(tuner, block):
    tuner.search(verbose=0, block=block)
    tuner.wait()


# Entries beyond the space given.


def beyond(hp):
    return {"val": float(hp.Int("a", 0, 100) + hp.Int("b", 0, 10))}


def beyond_later(hp):
    """Declare more where the seed draws a large number, which it does for the third trial."""
    return {"val": float(hp.Int("b", 0, 10) if hp.Int("a", 0, 100) > 50 else 0)}


def beyond_and_broken(hp):
    hp.Int("b", 0, 10)
    raise ValueError("broken")


@pytest.mark.parametrize("tune_new_entries", [True, False])
@pytest.mark.parametrize("block", [True, False])
@pytest.mark.parametrize(
    ("function", "n_ended"),
    [(beyond, 0), (beyond_later, 2), (beyond_and_broken, 0)],
    ids=["1st", "3rd", "failed"],
)
def test_a_trial_that_declares_more_than_is_allowed_ends_the_search(function, n_ended, block, tune_new_entries):
    """KerasTuner raises from search, when the trial has ended, a RuntimeError that names the entries.

    It does so too where the trial itself failed, and whatever tune_new_entries says.
    """
    options = {"hyperparameters": space(), "allow_new_entries": False, "tune_new_entries": tune_new_entries, "seed": 3}
    tuner = made(function, **options)
    said = r"declared hp\.Int\('b'\), and allow_new_entries=False .* 'a'\. Declare it there too, or leave allow_new_"
    with pytest.raises(RuntimeError, match=said):
        search_through(tuner, block)
    assert tuner.session.state == "failed"
    assert tuner.results.status.tolist().count("COMPLETED") == n_ended
    # What was cut runs again where the mended search goes on.
    again = made(lambda hp: {"val": float(hp.Int("a", 0, 100))}, **options)
    again.search(verbose=0)
    assert again.results.status.tolist() == ["COMPLETED"] * 4


def test_a_summary_of_a_space_that_is_not_allowed_says_so():
    """KerasTuner raises when it is made, where it looks for the hypermodel's space."""
    tuner = kt.RandomSearch(
        beyond, "val:min", max_trials=2, hyperparameters=kt.HyperParameters(), allow_new_entries=False
    )
    with pytest.raises(RuntimeError, match=r"hp\.Int\('a'\), hp\.Int\('b'\), and .* declares: none\."):
        tuner.search_space_summary()


# An objective that was left out.


def test_an_objective_that_was_left_out_is_called_as_there_once_a_number_has_come():
    """KerasTuner's oracle.objective is called "default_objective" from the start; here it is None till then."""
    tuner = kt.RandomSearch(lambda hp: hp.Float("x", 0, 1), max_trials=1)
    assert tuner.oracle.objective is None
    tuner.search(verbose=0)
    assert (tuner.oracle.objective.name, tuner.oracle.objective.direction) == ("default_objective", "min")


# Retries.


@pytest.mark.parametrize("how", ["FailedTrialError", "TooLarge", "ValueError", "NaN"])
def test_retries_are_for_what_was_not_failed_on_purpose(how):
    """KerasTuner runs a trial again after an exception or NaN; a FailedTrialError of any kind fails it for good."""

    class TooLarge(kt.errors.FailedTrialError):
        pass

    errors = {
        "FailedTrialError": kt.errors.FailedTrialError("no"),
        "TooLarge": TooLarge("no"),
        "ValueError": ValueError(),
    }
    ran = []

    def function(hp):
        ran.append(hp.Int("a", 0, 100))
        if how in errors:
            raise errors[how]
        return {"val": float("nan")}

    tuner = made(function, max_trials=2, max_retries_per_trial=2)
    with pytest.raises(kt.errors.KTNotebookError if how != "ValueError" else ValueError):
        tuner.search(verbose=0)
    assert [ran.count(value) for value in dict.fromkeys(ran)] == ([3, 3] if how in ("ValueError", "NaN") else [1, 1])
    # What a user sees of it is as ever.
    assert tuner.results.status.tolist() == ["INVALID" if how == "NaN" else "FAILED"] * 2
    assert [trial.status for trial in tuner.oracle.trials.values()] == tuner.results.status.tolist()


def test_a_fatal_error_is_not_tried_again():
    """KerasTuner leaves search at once; the trial counts as running there."""
    ran = []

    def function(hp):
        ran.append(hp.Int("a", 0, 100))
        raise kt.errors.FatalError("no further trial")

    tuner = made(function, max_retries_per_trial=2)
    with pytest.raises(kt.errors.FatalError, match="no further trial"):
        tuner.search(verbose=0)
    assert len(ran) == 1
    assert tuner.results.status.tolist() == ["FAILED"]


# Answers of an oracle of one's own.


class Answering(kt.Oracle):
    """Gives one answer always."""

    def __init__(self, answer, **options):
        super().__init__(objective=kt.Objective("val", "min"), max_trials=2, seed=1, **options)
        self.answer = answer

    def populate_space(self, trial_id):
        return self.answer


@pytest.mark.parametrize("answer", [{"status": "RUNNING"}, {"status": "RUNNING", "values": None}])
def test_an_oracle_may_leave_the_values_out(answer):
    """KerasTuner takes both, and draws what is left out at random; here it is at its default."""
    tuner = kt.Tuner(Answering(answer), lambda hp: {"val": float(hp.Int("a", 5, 100))})
    tuner.search(verbose=0)
    assert [trial.hyperparameters.values for trial in tuner.oracle.trials.values()] == [{"a": 5}] * 2


@pytest.mark.parametrize("block", [True, False])
@pytest.mark.parametrize("answer", [None, "BAD", {"status": "BAD"}, {"values": {}}])
def test_an_oracle_that_answers_nonsense_is_named_with_its_answer(answer, block):
    """KerasTuner raises "'NoneType' object is not subscriptable" and the like, or never ends."""
    tuner = kt.Tuner(Answering(answer), lambda hp: {"val": 1.0})
    with pytest.raises(ValueError, match=r"Answering\.populate_space returned " + re.escape(repr(answer))):
        search_through(tuner, block)


# Ends.


def started(**options):
    oracle = kt.oracles.RandomSearchOracle(kt.Objective("val", "min"), max_trials=3, hyperparameters=space(), **options)
    trial = oracle.create_trial("tuner0")
    oracle.update_trial(trial.trial_id, {"val": 0.5})
    return oracle, trial


@pytest.mark.parametrize(
    ("arguments", "options", "status", "score"),
    [
        (["COMPLETED"], {}, "COMPLETED", 0.5),
        ([TrialStatus.COMPLETED], {}, "COMPLETED", 0.5),
        ([], {"status": "COMPLETED"}, "COMPLETED", 0.5),
        ([], {}, "COMPLETED", 0.5),
        (["FAILED"], {}, "FAILED", None),
        (["INVALID"], {}, "FAILED", None),
    ],
)
def test_a_trial_may_be_ended_by_its_id_and_status(arguments, options, status, score):
    """KerasTuner takes an id with a status, as its first tuners gave them, and forgets the trial's values at that."""
    oracle, trial = started()
    values = dict(trial.hyperparameters.values)
    oracle.end_trial(trial.trial_id, *arguments, **options)
    ended = oracle.get_trial(trial.trial_id)
    assert (ended.status, ended.score, ended.hyperparameters.values) == (status, score, values)
    assert oracle.ongoing_trials == {}


def test_what_ends_as_invalid_is_run_again_and_then_has_failed():
    """KerasTuner: INVALID is subject to retries, FAILED needs no more."""
    oracle, trial = started(max_retries_per_trial=1)
    oracle.end_trial(trial.trial_id, "INVALID")
    assert oracle.create_trial("tuner0").trial_id == trial.trial_id
    oracle.end_trial(trial.trial_id, "INVALID")
    assert oracle.get_trial(trial.trial_id).status == "FAILED"
    assert oracle.create_trial("tuner0").trial_id != trial.trial_id


class ReportsItself(kt.RandomSearch):
    """Reports two steps and ends the trial itself, and looks at the trial in hand."""

    def run_trial(self, trial, **kwargs):
        metrics, x = trial.metrics, trial.hyperparameters.Float("x", 0, 1)
        for step in (0, 1):
            self.oracle.update_trial(trial.trial_id, {"val": x - step}, step)
            seen.append((metrics.get_last_value("val") == x - step, metrics is trial.metrics, trial.status))
        self.oracle.end_trial(trial.trial_id, "COMPLETED")


seen = []


@pytest.mark.parametrize("block", [True, False])
def test_a_trial_in_hand_has_what_was_reported_of_it(block):
    """KerasTuner's run_trial has the oracle's own trial, so that update_trial shows at once in `trial.metrics`."""
    seen.clear()
    tuner = ReportsItself(objective="val:min", max_trials=1)
    search_through(tuner, block)
    assert seen == [(True, True, "RUNNING")] * 2
    trial = tuner.oracle.get_trial("0")
    assert (trial.status, trial.best_step) == ("COMPLETED", 1)


# Counts.


@pytest.mark.parametrize("executions", [1.5, "2", None, True, 0, -1, 2.0])
def test_executions_are_a_whole_number(executions):
    """KerasTuner takes any of these when it is made; its search then fails at the first trial, or runs nothing."""
    with pytest.raises(
        ValueError, match=rf"executions_per_trial={re.escape(repr(executions))} runs nothing\. Give a whole"
    ):
        made(beyond, executions_per_trial=executions)
