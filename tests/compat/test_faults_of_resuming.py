"""The faults of going on with a KerasTuner project, each with what happens here; numbers are its issues."""

from collections import Counter

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import OptionError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def searched(tuner, function, **options):
    made = tuner(function, **{"seed": 1} | options)
    made.search(verbose=0)
    return made


def values(tuner):
    return [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]


@pytest.mark.parametrize("n_before", range(1, 9))
def test_a_grid_search_stopped_anywhere_goes_on_with_the_trial_that_was_cut(n_before):
    """Fault: GridSearch stopped half-way cannot resume: KeyError [1055]; resume reruns the trial that ended last."""
    asked = []

    def function(hp):
        asked.append((hp.Choice("a", ["p", "q", "r"]), hp.Int("b", 1, 3)))
        if len(asked) == n_before + 1:
            raise KeyboardInterrupt("again")  # As a second Ctrl-C does, wherever the trial is.
        return float(asked[-1][1])

    with pytest.raises(KeyboardInterrupt, match="again"):
        searched(kt.GridSearch, function)
    tuner = searched(kt.GridSearch, function)

    # What had ended is not run again, and the cut trial is, then the rest in the grid's order.
    grid = [(a, b) for a in "pqr" for b in (1, 2, 3)]
    assert asked == grid[: n_before + 1] + grid[n_before:]
    assert list(tuner.results.status) == ["COMPLETED"] * 9


def test_a_grid_search_whose_limit_is_lifted_goes_on_to_its_end():
    """Fault: GridSearch stopped half-way cannot resume [1055]; settings changed on resume are ignored [803]."""
    asked = []

    def function(hp):
        asked.append(hp.Int("n", 1, 7))
        return asked[-1]

    for limit in (2, 5, None):
        searched(kt.GridSearch, function, max_trials=limit)
    assert asked == [1, 2, 3, 4, 5, 6, 7]


def test_a_search_that_has_ended_runs_nothing_again():
    """Fault: resume reruns the trial that ended last [1055]."""
    asked = []

    def function(hp):
        asked.append(hp.Float("x", 0, 1))
        return asked[-1]

    for _ in range(3):
        searched(kt.RandomSearch, function, max_trials=4)
    assert len(asked) == 4


def test_a_larger_max_trials_counts_on_resume():
    """Fault: settings changed on resume are ignored [803]."""

    def square(hp):
        return hp.Float("x", -1, 1) ** 2

    first = searched(kt.RandomSearch, square, max_trials=3)
    again = searched(kt.RandomSearch, square, max_trials=6)
    assert len(again.results) == 6
    assert values(again)[:3] == values(first)


def test_another_beta_counts_on_resume():
    """Fault: settings changed on resume are ignored [803]."""

    def bowl(hp):
        return sum((hp.Float(name, 0, 1) - 0.3) ** 2 for name in "ab")

    def proposed(project, beta):
        searched(kt.BayesianOptimization, bowl, max_trials=6, project_name=project)
        return values(searched(kt.BayesianOptimization, bowl, max_trials=8, project_name=project, beta=beta))

    same, other = proposed("same", None), proposed("other", 50.0)
    assert [a == b for a, b in zip(same, other, strict=True)] == [True] * 6 + [False] * 2


def test_more_hyperband_iterations_count_on_resume():
    """Fault: settings changed on resume are ignored [803]."""

    def function(hp):
        return hp.Float("x", 0, 1) / hp.get("tuner/epochs")

    for n_iterations in (1, 2):
        tuner = searched(
            kt.Hyperband, function, objective="loss", max_epochs=4, factor=2, hyperband_iterations=n_iterations
        )
        assert len(tuner.results) == n_iterations * (4 + 2 + 1 + 3 + 1 + 3)


def test_more_executions_per_trial_count_on_resume():
    """Fault: settings changed on resume are ignored [803]."""
    calls = Counter()

    def function(hp):
        calls[hp.Float("x", 0, 1)] += 1
        return 1.0

    searched(kt.RandomSearch, function, max_trials=2)
    searched(kt.RandomSearch, function, max_trials=4, executions_per_trial=3)
    assert list(calls.values()) == [1, 1, 3, 3]


def test_what_cannot_change_on_resume_is_said():
    """Fault: settings changed on resume are ignored [803]."""

    def function(hp):
        return {"loss": hp.Float("x", 0, 1) / hp.get("tuner/epochs"), "other": 1.0}

    searched(kt.Hyperband, function, objective="loss", max_epochs=4, factor=2)
    for change in ({"max_epochs": 9}, {"factor": 3}, {"objective": "other:max"}):
        with pytest.raises(OptionError, match=r"overwrite=True"):
            searched(kt.Hyperband, function, **{"objective": "loss", "max_epochs": 4, "factor": 2} | change)
