"""Facts about trials of another search as the first of a new one: which fit, what is kept of them."""

import json

import pytest

from kt_notebook.core.errors import SearchStateError
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.bayesian import BayesianOptimizationOracle
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.search.resume import restore_oracle
from kt_notebook.search.taking_over import fitting_trials, n_taken_over, take_over
from kt_notebook.storage.project_store import load_record
from kt_notebook.storage.projects import Project
from tests.results.searches import Tale


def space_of(declare):
    hp = HyperParameters()
    declare(hp)
    return hp.search_space


def two(hp):
    hp.Int("units", 8, 64, step=8)
    hp.Choice("act", ["relu", "tanh"])


def tale():
    """Tell of four trials: 0 and 2 are complete, 1 failed, 3 runs still."""
    told = Tale(two, [("loss", "min")])
    told.begin("0", {"units": 8, "act": "relu"}, seed=5).curve("0", [0.5, 0.3]).end("0", 0.3)
    told.begin("1", {"units": 64, "act": "relu"}).begin("2", {"units": 16, "act": "tanh"})
    told.end("2", 0.2).end("1", None, status="FAILED", error="out of memory")
    return told.begin("3", {"units": 24, "act": "relu"})


@pytest.mark.parametrize(
    ("declare", "fitting"),
    [
        (two, ["0", "1", "2"]),
        (lambda hp: (hp.Int("units", 8, 32, step=8), hp.Choice("act", ["relu", "tanh"])), ["0", "2"]),
        (lambda hp: (hp.Int("units", 0, 64, step=16), hp.Choice("act", ["relu", "tanh"])), ["1", "2"]),
        (lambda hp: (hp.Int("units", 8, 64, sampling="log"), hp.Choice("act", ["relu", "tanh"])), ["0", "1", "2"]),
        (lambda hp: (hp.Int("units", 8, 64, step=8), hp.Fixed("act", "relu")), ["0", "1"]),
        (lambda hp: (hp.Int("units", 8, 64, step=8), hp.Choice("act", ["tanh", "gelu"])), ["2"]),
        (lambda hp: (two(hp), hp.Boolean("norm")), []),
        (lambda hp: hp.Int("units", 8, 64, step=8), []),
    ],
)
def test_a_trial_fits_where_the_space_gives_its_very_values(declare, fitting):
    assert [trial.trial_id for trial in fitting_trials(tale().record, space_of(declare))] == fitting


def test_a_trial_fits_by_the_conditions_of_the_new_space():
    told = Tale(two, [("loss", "min")])
    told.end("0", 0.3, {"units": 8, "act": "relu"}).end("1", 0.3, {"act": "tanh"})

    def conditional(hp):
        hp.Choice("act", ["relu", "tanh"])
        with hp.conditional_scope("act", ["relu"]):
            hp.Int("units", 8, 64, step=8)

    assert [trial.trial_id for trial in fitting_trials(told.record, space_of(conditional))] == ["0", "1"]


def test_hyperbands_trials_do_not_fit():
    told = Tale(two, [("loss", "min")])
    told.end("0", 0.3, {"units": 8, "act": "relu", "tuner/epochs": 2})

    assert fitting_trials(told.record, space_of(two)) == []


def taken(tmp_path, oracle, declare=two):
    source, project = Project(tmp_path / "old-1a2b3c4d"), Project(tmp_path / "new")
    told = take_over(source, tale().record, project, oracle, space_of(declare))
    return told, load_record(project)[0]


def test_trials_are_taken_over_with_scores_epochs_and_seeds(tmp_path):
    told, record = taken(tmp_path, RandomSearchOracle("loss", max_trials=20, seed=1))

    assert (told.n_taken, told.n_ended) == (3, 3)
    assert list(record.trials) == ["00", "01", "02"]
    assert record.end_order == ["00", "02", "01"]
    first = record.trials["00"]
    assert (first.status, first.score, first.seed, first.n_epochs) == ("COMPLETED", 0.3, 5, 2)
    assert [epoch.metrics for epoch in first.epochs] == [{"loss": 0.5}, {"loss": 0.3}]
    assert record.trials["01"].error["message"] == "out of memory"
    assert first.outputs[0]["text"] == "Taken over from trial 0 of old-1a2b3c4d.\n"
    assert n_taken_over(record) == 3
    assert record.search["elapsed_s"] == 0


@pytest.mark.parametrize("kind", [RandomSearchOracle, BayesianOptimizationOracle, GridSearchOracle])
def test_an_oracle_tries_nothing_again_and_counts_what_was_taken_over(tmp_path, kind):
    oracle = kind("loss", max_trials=16, seed=1)
    _, record = taken(tmp_path, oracle)
    restore_oracle(oracle, record)
    values = []
    while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
        values.append((trial.hyperparameters.get("units"), trial.hyperparameters.get("act")))
        oracle.update_trial(trial.trial_id, {"loss": 1.0})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    assert len(values) == 13
    assert not {(8, "relu"), (64, "relu"), (16, "tanh")} & set(values)
    assert oracle.get_best_trials()[0].score == 0.2


def test_weights_have_a_second_name_in_the_new_project(tmp_path):
    folder = Project(tmp_path / "old-1a2b3c4d").trial_dir("2")
    folder.mkdir(parents=True)
    (folder / "checkpoint.weights.h5").write_bytes(b"weights")
    (folder / "build_config.json").write_text(json.dumps({}))
    taken(tmp_path, RandomSearchOracle("loss", max_trials=20))

    new = Project(tmp_path / "new").trial_dir("02")
    assert (new / "checkpoint.weights.h5").read_bytes() == b"weights"
    assert (new / "build_config.json").exists()


def test_a_project_in_which_a_search_has_begun_takes_nothing(tmp_path):
    taken(tmp_path, RandomSearchOracle("loss", max_trials=20))

    with pytest.raises(SearchStateError, match="with --overwrite to begin anew"):
        taken(tmp_path, RandomSearchOracle("loss", max_trials=20))


def test_nothing_is_written_where_no_trial_fits(tmp_path):
    told, record = taken(tmp_path, RandomSearchOracle("loss"), lambda hp: hp.Boolean("norm"))

    assert told.n_taken == 0
    assert record.seq == 0
    assert not (tmp_path / "new").exists()
