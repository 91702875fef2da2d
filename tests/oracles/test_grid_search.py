import inspect
import itertools
from typing import ClassVar

from hypothesis import given, settings

from kt_notebook.core.configurations import grid_values
from kt_notebook.core.parameter import Float, Int
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.grid_search import GridSearchOracle
from tests.core.strategies import countable_spaces
from tests.oracles.contract import OracleContract, run, space_of, twelve


class TestGridSearch(OracleContract):
    oracle: ClassVar = GridSearchOracle


def grid(space, **more):
    return GridSearchOracle("val_loss", seed=0, hyperparameters=space, **more)


@given(countable_spaces())
@settings(max_examples=40)
def test_a_grid_is_the_product_filtered_by_conditions(hp):
    space = hp.search_space
    names = [entry.name for entry in space.entries]
    product = itertools.product(*(grid_values(entry) for entry in space.entries))
    expected = list(dict.fromkeys(space.key(dict(zip(names, row, strict=True))) for row in product))
    assert [space.key(row) for row in run(grid(hp))] == expected


def test_the_last_declared_turns_fastest():
    assert run(grid(space_of(twelve)), 5) == [
        {"model": "a", "n": 1, "deep": True},
        {"model": "a", "n": 1, "deep": 1},
        {"model": "a", "n": 1, "deep": None},
        {"model": "a", "n": 2, "deep": True},
        {"model": "a", "n": 2, "deep": 1},
    ]


def test_a_number_without_a_step_is_tried_at_ten_values():
    hp = HyperParameters()
    hp.merge([Float("lr", 1e-4, 1e-1, sampling="log")])
    rows = run(grid(hp))
    assert len(rows) == 10
    assert all(1e-4 < row["lr"] < 1e-1 for row in rows)


def test_a_grown_space_is_walked_from_its_start_without_what_was_tried():
    def declare(hp):
        hp.Int("a", 1, 2)
        hp.Int("b", 1, 2)

    hp = HyperParameters()
    hp.merge([Int("a", 1, 2)])
    oracle = grid(hp)
    rows = run(oracle, declare=declare)
    assert rows == [{"a": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 2, "b": 2}]


def test_max_trials_on_resume_may_be_higher():
    begun = grid(space_of(twelve), max_trials=5)
    before = run(begun)
    resumed = grid(space_of(twelve), max_trials=9)
    for trial in begun.trials.values():
        resumed.adopt_trial(trial)
    assert before + run(resumed) == run(grid(space_of(twelve)), 9)


def test_the_arguments_are_kerastuners_and_prune():
    signature = inspect.signature(GridSearchOracle).parameters
    assert list(signature) == [
        "objective", "max_trials", "seed", "hyperparameters", "allow_new_entries", "tune_new_entries",
        "max_retries_per_trial", "max_consecutive_failed_trials", "prune",
    ]  # fmt: skip
    assert signature["max_trials"].default is None
