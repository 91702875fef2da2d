import itertools

from hypothesis import given

from kt_notebook.core.conditions import Parent, Predicate
from kt_notebook.core.configurations import count_configurations, grid_values, walk_configurations
from kt_notebook.core.parameter import Boolean, Choice, Float, Int
from kt_notebook.core.space import HyperParameters
from tests.core.strategies import countable_spaces


def by_brute_force(space):
    """Return the keys of all combinations, inactive values masked, in the order of an odometer."""
    listed = [grid_values(entry) for entry in space.entries]
    names = [entry.name for entry in space.entries]
    return list(dict.fromkeys(space.key(dict(zip(names, row, strict=True))) for row in itertools.product(*listed)))


@given(countable_spaces())
def test_walking_is_the_product_filtered_by_conditions(hp):
    space = hp.search_space
    assert [space.key(values) for values in walk_configurations(space, grid_values)] == by_brute_force(space)


@given(countable_spaces())
def test_counting_counts_what_is_walked(hp):
    assert hp.n_combinations() == hp.n_combinations(on_grid=True) == len(by_brute_force(hp.search_space))


@given(countable_spaces())
def test_a_configuration_holds_active_values_only(hp):
    for values in walk_configurations(hp.search_space, grid_values):
        hp.values = values
        assert hp.active_values() == values


def test_an_empty_space_has_one_configuration():
    assert HyperParameters().n_combinations() == 1


def space_of(*entries):
    hp = HyperParameters()
    hp.merge(entries)
    return hp


def test_a_number_without_steps_has_no_count_but_ten_values_on_a_grid():
    hp = space_of(Float("x", 0, 1), Boolean("b"))
    assert hp.n_combinations() is None
    assert hp.n_combinations(on_grid=True) == 20


def test_whole_numbers_on_a_log_scale_are_all_counted():
    assert space_of(Int("n", 1, 1000, sampling="log")).n_combinations() == 1000


def test_a_float_that_is_never_active_does_not_count():
    hp = space_of(Choice("m", ["a", "b"]), Float("x", 0, 1, conditions=[Parent("m", ["c"])]))
    assert hp.n_combinations() == 2


def test_many_independent_hyperparameters_are_counted_at_once():
    assert space_of(*(Int(f"n{number}", 1, 10) for number in range(50))).n_combinations() == 10**50


def test_layers_of_a_network_are_counted():
    layers = [
        Int(f"units_{number}", 1, 4, conditions=[Predicate("n", lambda n, at=number: n > at, label=f"n > {number}")])
        for number in range(5)
    ]
    assert space_of(Int("n", 1, 5), *layers).n_combinations() == sum(4**n for n in range(1, 6))


def test_what_would_take_too_long_to_count_has_no_count():
    parents = [Int(f"p{number}", 1, 100) for number in range(3)]
    child = Boolean("child", conditions=[Parent(parent.name, 1) for parent in parents])
    assert count_configurations(space_of(*parents, child).search_space) is None


def test_a_name_with_two_ranges_is_counted_by_the_one_in_force():
    hp = space_of(
        Boolean("m"), Int("u", 1, 3, conditions=[Parent("m", True)]), Int("u", 1, 5, conditions=[Parent("m", False)])
    )
    assert hp.n_combinations() == 8


def test_values_listed_twice_are_tried_once():
    assert space_of(Choice("c", [1, 1, 2])).n_combinations(on_grid=True) == 2
