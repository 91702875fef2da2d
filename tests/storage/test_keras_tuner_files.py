import json
import math

import pytest

from kt_notebook.storage.keras_tuner_files import (
    oracle_state,
    reasons_against_keras_tuner,
    trial_state,
    values_hash,
)

_SPACE = [
    {
        "class_name": "Int",
        "config": {
            "name": "units",
            "default": None,
            "conditions": [],
            "min_value": 32,
            "max_value": 96,
            "step": 32,
            "sampling": "linear",
        },
    },
    {
        "class_name": "Choice",
        "config": {"name": "act", "default": "relu", "conditions": [], "values": ["relu", "tanh"], "ordered": False},
    },
    {"class_name": "Fixed", "config": {"name": "fx", "conditions": [], "value": 3}},
    {
        "class_name": "Float",
        "config": {
            "name": "slope",
            "default": 0.0,
            "conditions": [{"class_name": "Parent", "config": {"name": "act", "values": ["relu"]}}],
            "min_value": 0.0,
            "max_value": 1.0,
            "step": 0.5,
            "sampling": "linear",
        },
    },
]


def _state(**changes):
    return {
        "trial_id": "3",
        "hyperparameters": {"space": _SPACE, "values": {"units": 32, "act": "tanh", "fx": 3}},
        "metrics": {"metrics": {"loss": {"direction": "min", "observations": [{"value": [0.5, "NaN"], "step": 2}]}}},
        "score": 0.5,
        "best_step": 2,
        "status": "COMPLETED",
        "message": None,
        **changes,
    }


def test_a_trial_has_keras_tuners_keys():
    # as KerasTuner 1.4.8 writes them
    assert list(trial_state(_state())) == [
        "trial_id", "hyperparameters", "metrics", "score", "best_step", "status", "message",
    ]  # fmt: skip


def test_numbers_that_are_not_finite_are_bare_as_keras_tuner_reads_them():
    state = trial_state(_state(score="Infinity"))

    assert state["score"] == math.inf
    assert math.isnan(state["metrics"]["metrics"]["loss"]["observations"][0]["value"][1])


def test_making_the_file_changes_nothing_of_the_trial():
    state = _state(score="NaN")
    before = json.dumps(state)
    trial_state(state)
    assert json.dumps(state) == before


@pytest.mark.parametrize(("step", "written"), [(None, 0), (2.6, 3), (4, 4)])
def test_the_best_step_is_a_whole_number(step, written):
    assert trial_state(_state(best_step=step))["best_step"] == written


def test_what_is_ours_stands_beside_keras_tuners_keys():
    state = trial_state(_state(pruned={"epoch": 3, "reason": "slow"}, seed=7))
    assert (state["pruned"], state["seed"]) == ({"epoch": 3, "reason": "slow"}, 7)


def test_an_oracle_has_every_key_that_keras_tuner_asks_for():
    state = oracle_state({"start_order": ["0"], "seed": None}, started_at={"0": 0.0}, id_to_hash={"0": "ab"})

    assert set(state) == {
        "ongoing_trials", "hyperparameters", "start_order", "end_order", "run_times", "retry_queue", "seed",
        "seed_state", "tried_so_far", "id_to_hash", "display", "num_initial_points", "alpha", "beta",
    }  # fmt: skip
    assert set(state["display"]) == {"search_start", "trial_start", "trial_number"}
    assert state["display"]["trial_number"] == {"0": 1}
    assert state["tried_so_far"] == ["ab"]
    assert (state["seed"], state["seed_state"]) == (0, 1)


def test_what_an_oracle_says_itself_is_kept():
    state = oracle_state({"seed": 5, "seed_state": 9, "brackets": [1]}, id_to_hash={"0": "ab"})
    assert (state["seed_state"], state["brackets"]) == (9, [1])


def test_the_hash_of_values_is_keras_tuners():
    # the values and the hash of one trial of a grid search by KerasTuner 1.4.8
    values = {"units": 32, "lr": 0.0001, "act": "relu", "bn": False, "fx": 3, "slope": 0.0}
    assert values_hash(values) == "9fc442434acc4487116857476181cf56"


@pytest.mark.parametrize(
    ("class_name", "config", "reason"),
    [
        ("Choice", {"values": [1, 0.5]}, "mixes values of several types"),
        ("Choice", {"values": [None, "l2"]}, "other than numbers"),
        ("Choice", {"values": [{"__tuple__": [1, 3]}]}, "other than numbers"),
        ("Fixed", {"value": None}, "other than numbers"),
        ("Int", {"conditions": [{"class_name": "Predicate", "config": {}}]}, "depends on a function"),
    ],
)
def test_a_space_that_keras_tuner_cannot_hold_is_said_in_the_file(class_name, config, reason):
    space = [*_SPACE, {"class_name": class_name, "config": {"name": "odd", **config}}]
    state = trial_state(_state(hyperparameters={"space": space, "values": {}}))
    assert reason in state["kt_notebook"]["not_for_keras_tuner"][0]


def test_a_space_that_keras_tuner_can_hold_has_no_reasons():
    assert reasons_against_keras_tuner(_SPACE) == []
