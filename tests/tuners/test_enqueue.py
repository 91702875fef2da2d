"""Facts about `tuner.enqueue`."""

import threading

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import SearchStateError, SpaceError

DEADLINE_S = 20


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def square(hp):
    return (hp.Float("x", -1, 1) - 0.3) ** 2 + hp.Int("n", 1, 9, default=2)


def values_of(tuner):
    return [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]


def test_values_enqueued_before_the_search_are_tried_first():
    tuner = kt.RandomSearch(square, max_trials=4, seed=1)
    assert tuner.enqueue({"x": 0.5}) == 1
    assert tuner.enqueue() == 1
    tuner.search(verbose=0)
    assert values_of(tuner)[:2] == [{"x": 0.5, "n": 2}, {"x": -1.0, "n": 2}]
    assert len(values_of(tuner)) == 4


def test_values_enqueued_during_the_search_are_tried_next():
    begun, go = threading.Event(), threading.Event()

    def held(hp):
        score = square(hp)
        begun.set()
        assert go.wait(DEADLINE_S)
        return score

    tuner = kt.RandomSearch(held, max_trials=3, seed=1)
    tuner.search(block=False, verbose=0)
    try:
        assert begun.wait(DEADLINE_S)
        assert tuner.enqueue([{"x": 0.5}, {"n": 7}]) == 2
        assert tuner.enqueue({"x": 0.5}) == 0
        with pytest.raises(SearchStateError, match="room for 0 by hand, not for 1"):
            tuner.enqueue({"x": 0.25})
    finally:
        go.set()
    assert tuner.wait(DEADLINE_S)
    assert [trial.enqueued.number for trial in list(tuner.oracle.trials.values())[1:]] == [1, 2]


def test_a_search_begins_with_the_best_of_another_project():
    other = kt.RandomSearch(square, max_trials=5, seed=1, project_name="other")
    other.search(verbose=0)
    tuner = kt.BayesianOptimization(square, max_trials=5, seed=2)
    tuner.enqueue(other.get_best_hyperparameters(3))
    tuner.enqueue(other.best)  # Is among them.
    tuner.search(verbose=0)
    assert values_of(tuner)[:3] == [hp.values for hp in other.get_best_hyperparameters(3)]
    assert sum(trial.enqueued is not None for trial in tuner.oracle.trials.values()) == 3


def test_a_script_run_again_goes_on_and_tries_nothing_by_hand_twice():
    def script(max_trials):
        tuner = kt.RandomSearch(square, max_trials=max_trials, seed=1)
        tuner.enqueue([{"x": 0.5}, {"n": 7}])
        tuner.search(verbose=0)
        return values_of(tuner)

    first = script(4)
    assert script(4) == first
    assert script(6)[:4] == first
    assert len(script(6)) == 6


def test_what_the_first_trial_shows_to_be_wrong_is_said_and_right_ones_are_tried():
    tuner = kt.RandomSearch(square, max_trials=3, seed=1)
    tuner.enqueue([{"x": 0.5, "units": 64}, {"n": 10}, {"n": 7}])
    tuner.search(verbose=0)
    notes = [note["text"] for note in tuner.hub.record.search["notes"] if note["level"] == "warning"]
    assert notes[0].startswith("Trial 0, by hand: units=64 had no effect. No hyperparameter is called 'units'")
    assert notes[1].startswith("The trial by hand with n=10 was left out: n=10 does not fit hp.Int('n')")
    assert values_of(tuner)[:2] == [{"x": 0.5, "n": 2}, {"x": -1.0, "n": 7}]


def test_where_the_space_is_known_values_are_checked_at_once():
    hp = kt.HyperParameters()
    hp.Int("n", 1, 9)
    tuner = kt.RandomSearch(square, max_trials=3, hyperparameters=hp)
    with pytest.raises(SpaceError, match="n=10 does not fit"):
        tuner.enqueue({"n": 10})


def test_trials_by_hand_survive_a_search_that_failed_and_are_there_in_another_process():
    def fails(hp):
        hp.Float("x", -1, 1)
        raise ValueError("no")

    tuner = kt.RandomSearch(fails, max_trials=9, seed=1)
    tuner.enqueue([{"x": place / 10} for place in range(5)])
    with pytest.raises(ValueError, match="no"):
        tuner.search(verbose=0)
    again = kt.RandomSearch(lambda hp: hp.Float("x", -1, 1), max_trials=6, seed=1)
    assert [enqueued.values for enqueued in again.oracle.waiting_line.waiting] == [{"x": 0.3}, {"x": 0.4}]
    again.search(verbose=0)
    assert [values["x"] for values in values_of(again)][:5] == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_the_files_of_a_trial_by_hand_say_so():
    import json
    from pathlib import Path

    tuner = kt.RandomSearch(square, max_trials=2, seed=1)
    tuner.enqueue({"x": 0.5})
    tuner.search(verbose=0)
    first, second = (
        json.loads((Path(tuner.get_trial_dir(trial_id)) / "trial.json").read_text("utf-8")) for trial_id in ("0", "1")
    )
    assert first["enqueued"] == {"number": 1, "values": {"x": 0.5}}
    assert second["enqueued"] is None
