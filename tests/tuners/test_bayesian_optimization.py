"""Facts about the Bayesian tuner used from Python: it finds, and a project made again goes on as one never stopped."""

import math

import pytest

import kt_notebook as kt


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def valley(hp):
    """Declare a little at a time, fail in a corner, and return one number."""
    x, kind = hp.Float("x", -1, 1), hp.Choice("kind", ["p", "q", "r"])
    loss = (x - 0.3) ** 2 + 0.2 * (kind != "q")
    if kind == "q":
        loss += (math.log10(hp.Float("lr", 1e-4, 1, sampling="log")) + 2) ** 2 / 10
    return math.nan if x > 0.8 else loss


def two(hp):
    """Return two metrics that draw apart."""
    x, y = hp.Float("x", 0, 1), hp.Float("y", 0, 1)
    return {"first": x + y, "second": 1 - x + y}


def bayesian(max_trials, project, hypermodel=valley, objective=None):
    return kt.BayesianOptimization(hypermodel, objective, max_trials=max_trials, seed=3, project_name=project)


def test_it_finds_the_valley(here):
    tuner = bayesian(40, "p")
    tuner.search(verbose=0)
    assert tuner.results["score"].min() < 0.03


@pytest.mark.parametrize("n_before", [1, 3, 8, 13])
def test_a_project_made_again_goes_on_as_one_that_never_stopped(here, n_before):
    whole = bayesian(20, "whole")
    whole.search(verbose=0)
    bayesian(n_before, "cut").search(verbose=0)
    again = bayesian(20, "cut")
    again.search(verbose=0)
    assert [trial.hyperparameters.values for trial in again.oracle.trials.values()] == [
        trial.hyperparameters.values for trial in whole.oracle.trials.values()
    ]


def test_a_project_of_several_objectives_goes_on_too(here):
    objective = [kt.Objective("first", "min"), kt.Objective("second", "min")]
    whole = bayesian(16, "whole", two, objective)
    whole.search(verbose=0)
    bayesian(7, "cut", two, objective).search(verbose=0)
    again = bayesian(16, "cut", two, objective)
    again.search(verbose=0)
    assert [trial.hyperparameters.values for trial in again.oracle.trials.values()] == [
        trial.hyperparameters.values for trial in whole.oracle.trials.values()
    ]
