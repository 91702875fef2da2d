"""Facts about the benchmark of advice: what is planted, and that most of it is found."""

import numpy as np
import pytest

from benchmarks.advice_rates import FAULTS, ORACLES, judge, make_problem, search


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(6))
def test_a_problem_has_its_fault_and_hyperparameters_that_matter(fault, seed):
    problem = make_problem(fault, seed)
    names = [parameter.name for parameter in problem.parameters]

    assert 2 <= len(names) <= 6
    assert (problem.planted in names) == (fault not in ("none", "noise"))
    assert (problem.noise > 1) == (fault == "noise")


@pytest.mark.parametrize("oracle", ORACLES)
def test_the_same_seed_is_the_same_search(oracle):
    def scores():
        *_, record = search(make_problem("edge", 3), oracle, 3, 8)
        return [trial.score for trial in record.trials.values()]

    assert scores() == scores()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["none", "edge", "log scale", "no effect", "worse choice", "noise"])
def test_faults_are_found_at_50_trials_and_little_is_said_without_one(fault):
    judged = [kinds for seed in range(3000, 3040) for *_, n, kinds in judge(fault, "random", seed) if n == 50]
    hits = np.mean([any(kind in FAULTS[fault] and ours for kind, ours in kinds) for kinds in judged])

    if fault == "none":
        assert np.mean([bool(kinds) for kinds in judged]) <= 0.125
    else:
        assert hits >= 0.75
