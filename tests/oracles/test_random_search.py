import inspect
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kt_notebook.core.conditions import Parent, Predicate
from kt_notebook.core.parameter import Boolean, Choice, Float, Int
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.random_draws import draw_configuration
from kt_notebook.oracles.random_search import RandomSearchOracle
from tests.oracles.contract import OracleContract, finish, network, run, space_of, twelve


class TestRandomSearch(OracleContract):
    oracle: ClassVar = RandomSearchOracle


def oracle_of(*entries, seed=0, max_trials=1000):
    hp = HyperParameters()
    hp.merge(entries)
    return RandomSearchOracle("val_loss", max_trials=max_trials, seed=seed, hyperparameters=hp)


@given(st.permutations([Int("a", 1, 999), Float("b", 0, 1), Boolean("c"), Choice("d", ["x", "y"])]))
def test_the_order_of_declaration_does_not_matter(entries):
    in_order = oracle_of(*sorted(entries, key=lambda entry: entry.name))
    assert run(oracle_of(*entries), 5) == run(in_order, 5)


@given(st.permutations([Int("a", 1, 3), Boolean("c"), Choice("d", ["x", "y"])]))
@settings(max_examples=6)
def test_the_order_of_declaration_does_not_matter_to_the_last_trial(entries):
    in_order = oracle_of(*sorted(entries, key=lambda entry: entry.name))
    assert run(oracle_of(*entries)) == run(in_order)


def test_a_trial_has_the_same_values_after_the_space_has_grown():
    small, large = space_of(twelve), space_of(twelve)
    large.merge([Float("late", 0, 1)])
    for trial_id in map(str, range(20)):
        before = draw_configuration(small.search_space, 3, trial_id)
        after = draw_configuration(large.search_space, 3, trial_id)
        assert before.items() <= after.items()


def test_ids_padded_to_another_width_are_the_same_trials():
    assert run(RandomSearchOracle("val_loss", 9, 0, space_of(network)), 9) == run(
        RandomSearchOracle("val_loss", 1000, 0, space_of(network)), 9
    )


def test_trials_of_different_seeds_differ():
    assert run(RandomSearchOracle("val_loss", 9, 0, space_of(network))) != run(
        RandomSearchOracle("val_loss", 9, 1, space_of(network))
    )


def test_draws_are_spread_evenly():
    space = space_of(lambda hp: hp.Float("x", 0, 1)).search_space
    draws = [draw_configuration(space, 0, str(number))["x"] for number in range(2000)]
    assert [sum(low <= draw < low + 0.25 for draw in draws) for low in (0, 0.25, 0.5, 0.75)] == pytest.approx(
        [500] * 4, abs=80
    )


def test_a_skewed_scale_is_used_up_too():
    assert sorted(row["n"] for row in run(oracle_of(Int("n", 1, 60, sampling="log")))) == list(range(1, 61))


def test_a_space_that_cannot_be_counted_is_searched_without_repeats():
    model = Choice("m", ["a", "b"])
    rate = Float("r", 0, 1, conditions=[Parent("m", "b")])
    rows = run(oracle_of(model, rate), 50)
    assert sum(row == {"m": "a"} for row in rows) == 1
    assert len({row["r"] for row in rows if "r" in row}) == 49


def test_a_space_that_cannot_be_counted_ends_when_nothing_new_is_drawn():
    never = Predicate("x", lambda value: False, label="never")
    oracle = oracle_of(Choice("x", [1, 2]), Float("y", 1, 2, conditions=[never]))
    assert len(run(oracle)) == 2


def test_a_trial_that_ended_with_other_values_counts_as_tried_with_them():
    oracle = oracle_of(Int("n", 1, 2))
    trial = oracle.create_trial("tuner0")
    given_value = trial.hyperparameters.values["n"]
    trial.hyperparameters.values["n"] = 3 - given_value
    finish(oracle, trial)
    assert run(oracle) == []


def test_the_arguments_are_kerastuners_and_prune():
    assert list(inspect.signature(RandomSearchOracle).parameters) == [
        "objective", "max_trials", "seed", "hyperparameters", "allow_new_entries", "tune_new_entries",
        "max_retries_per_trial", "max_consecutive_failed_trials", "prune",
    ]  # fmt: skip
