"""The faults of KerasTuner's oracles, each with what happens here; numbers are its issues."""

import gc
import itertools
import threading
import weakref

import pytest

import kt_notebook as kt
from kt_notebook.search.executors import ThreadExecutor

WAIT_S = 30.0


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def values(tuner):
    return [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]


# Locks.


class Breaking(kt.oracles.RandomSearchOracle):
    """Breaks where it is told to, as long as it is told to."""

    breaks_in = ""

    def populate_space(self, trial_id):
        if self.breaks_in == "populate_space" and int(trial_id) == 2:
            raise ZeroDivisionError("in the oracle")
        return super().populate_space(trial_id)

    @kt.synchronized
    def end_trial(self, trial):
        if self.breaks_in == "end_trial" and int(trial.trial_id) == 2:
            raise ZeroDivisionError("in the oracle")
        super().end_trial(trial)


@pytest.mark.parametrize("is_made_anew", [True, False])
@pytest.mark.parametrize("method", ["populate_space", "end_trial"])
def test_an_exception_inside_an_oracle_is_raised_and_the_search_goes_on_once_it_is_mended(method, is_made_anew):
    """Fault: an exception inside an oracle leaves its lock held: the other workers hang for ever."""

    def made():
        return kt.Tuner(Breaking(max_trials=5, seed=1), lambda hp: hp.Float("x", 0, 1))

    tuner = made()
    tuner.oracle.breaks_in = method
    with pytest.raises(ZeroDivisionError, match="in the oracle"):
        tuner.search(verbose=0)
    assert tuner.session.state == "failed"

    tuner.oracle.breaks_in = ""
    again = made() if is_made_anew else tuner
    again.search(verbose=0)
    assert list(again.results.status) == ["COMPLETED"] * 5


def test_an_exception_inside_an_oracle_keeps_no_other_thread_waiting():
    """Fault: an exception inside an oracle leaves its lock held: the other workers hang for ever."""
    oracle = Breaking(max_trials=5, seed=1, hyperparameters=space())
    first, second = oracle.create_trial("tuner0"), oracle.create_trial("tuner1")
    oracle.breaks_in = "populate_space"
    with pytest.raises(ZeroDivisionError, match="in the oracle"):
        oracle.create_trial("tuner2")

    def other_worker():
        for trial in (first, second):
            oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
        oracle.breaks_in = ""
        got.append(oracle.create_trial("tuner1"))

    got = []
    oracle.objective = kt.Objective("val_loss", "min")
    thread = threading.Thread(target=other_worker, daemon=True)
    thread.start()
    thread.join(WAIT_S)

    assert [trial.trial_id for trial in got] == ["2"]


def test_an_exception_inside_an_oracle_ends_the_trials_of_other_workers_too():
    """Fault: an exception inside an oracle leaves its lock held: the other workers hang for ever."""
    other_runs, ended = threading.Event(), threading.Event()

    class Own(kt.Tuner):
        """Trial 0 reports for ever; trial 1 ends, so that the oracle is asked for a third."""

        def run_trial(self, trial, **kwargs):
            if trial.trial_id == "1":
                assert other_runs.wait(WAIT_S)
                return 1.0
            try:
                for step in itertools.count():
                    self.oracle.update_trial(trial.trial_id, {"score": 0.0}, step)
                    other_runs.set()
            finally:
                ended.set()

    oracle = Breaking(kt.Objective("score", "min"), max_trials=5, seed=1, hyperparameters=space())
    oracle.breaks_in = "populate_space"
    tuner = Own(oracle)
    session = tuner.open_session((), {}, executor=ThreadExecutor(2))
    session.start()

    assert session.wait(WAIT_S)
    assert isinstance(session.error, ZeroDivisionError)
    assert ended.wait(WAIT_S)
    # The trial that was cut runs again when the search goes on, under its id and with its values.
    cut = values(tuner)[0]
    again = kt.RandomSearch(lambda hp: hp.Float("x", 0, 1), "score:min", max_trials=5, seed=1)
    again.search(verbose=0)
    assert values(again)[0] == cut
    assert set(again.results.status) == {"COMPLETED"}


def space():
    hp = kt.HyperParameters()
    hp.Float("x", 0, 1)
    return hp


# Life.


@pytest.mark.parametrize("tuner_class", [kt.RandomSearch, kt.GridSearch, kt.BayesianOptimization])
def test_a_tuner_that_is_deleted_is_freed_with_its_oracle_and_trials(tuner_class):
    """Fault: oracles live for ever in a module table [873, 395]."""
    tuner = tuner_class(lambda hp: hp.Int("n", 1, 9), max_trials=6, seed=1)
    tuner.search(verbose=0)
    held = [weakref.ref(part) for part in (tuner, tuner.oracle, tuner.session, tuner.oracle.get_trial("0"))]
    assert all(part() is not None for part in held)

    del tuner
    gc.collect()

    assert [part() for part in held] == [None] * 4


# Bayesian search.


def test_twenty_bayesian_trials_try_each_of_twenty_combinations_once():
    """Fault: 20 Bayesian trials on a grid of 20 repeat: 11 distinct [608]."""
    tuner = kt.BayesianOptimization(lambda hp: abs(hp.Int("a", 1, 5) - 3) + hp.Int("b", 1, 4), max_trials=20, seed=1)
    tuner.search(verbose=0)
    assert len({(trial["a"], trial["b"]) for trial in values(tuner)}) == len(tuner.results) == 20


def test_a_bayesian_search_of_used_up_combinations_ends():
    """Fault: 20 Bayesian trials on a grid of 20 repeat [608]."""
    tuner = kt.BayesianOptimization(lambda hp: hp.Int("a", 1, 5) + hp.Int("b", 1, 4), max_trials=50, seed=1)
    tuner.search(verbose=0)
    assert len(tuner.results) == 20
    assert tuner.hub.record.search["reason"] == "exhausted"


def test_ten_bayesian_trials_of_four_hyperparameters_learn_from_the_first_four():
    """Fault: with 4 hyperparameters and `max_trials=10` the Bayesian model is never used."""

    def proposals(sign):
        def function(hp):
            return sign * sum((hp.Float(name, 0, 1) - 0.3) ** 2 for name in "abcd")

        tuner = kt.BayesianOptimization(function, max_trials=10, seed=1, project_name=f"p{sign}")
        tuner.search(verbose=0)
        return values(tuner)

    # The same seed with other results: what is proposed must differ as soon as results count.
    is_same = [one == other for one, other in zip(proposals(1), proposals(-1), strict=True)]
    assert is_same == [True] * 4 + [False] * 6


# Hyperband.


def test_hyperband_searches_a_space_that_only_run_trial_declares():
    """Fault: Hyperband runs 0 trials when the space is declared only in `run_trial`."""

    class Own(kt.Hyperband):
        def run_trial(self, trial, **kwargs):
            x = trial.hyperparameters.Float("x", 0, 1)
            return {"val_loss": x / trial.hyperparameters.get("tuner/epochs")}

    tuner = Own(objective="val_loss", max_epochs=9, seed=1)
    tuner.search(verbose=0)

    # With max_epochs=9 and factor=3 the brackets have 9 + 3 + 1, 5 + 1 and 3 trials.
    assert [trial["tuner/epochs"] for trial in values(tuner)].count(9) == 1 + 1 + 3
    assert len(tuner.results) == 22
    assert len({trial["x"] for trial in values(tuner)}) == 9 + 5 + 3
