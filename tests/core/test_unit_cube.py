import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kt_notebook.core.conditions import Parent, Predicate
from kt_notebook.core.parameter import Boolean, Choice, Fixed, Float, Int
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.unit_cube import UnitCube
from tests.core.strategies import countable_spaces, discrete, floats, ints, parameters, probs

seeds = st.integers(0, 2**31)


@st.composite
def conditional_spaces(draw):
    """Return a space of all kinds; some depend on others, some names have two entries."""
    entries = []
    for number in range(draw(st.integers(1, 6))):
        entry = draw(ints(f"p{number}") | floats(f"p{number}") | discrete(f"p{number}"))
        if entries and draw(st.booleans()):
            parent = draw(st.sampled_from(entries))
            value = parent.prob_to_value(draw(probs))
            listed = Parent(parent.name, [value])
            condition = draw(
                st.sampled_from([listed, Predicate(parent.name, lambda v, p=listed: not p.holds(v), "not")])
            )
            entry = entry.with_conditions([condition])
            if draw(st.booleans()):
                other = draw(ints(f"p{number}") | floats(f"p{number}"))
                entries.append(other.with_conditions([Parent(parent.name, [parent.default])]))
        entries.append(entry)
    return SearchSpace(entries)


def rows_of(cube, seed, n_rows=20):
    return cube.draw(np.random.default_rng(seed).random((n_rows, cube.n_columns)))


@given(parameters, probs)
def test_a_value_that_was_encoded_is_decoded_to_itself(entry, prob):
    cube = UnitCube(SearchSpace([entry]))
    value = entry.prob_to_value(prob)
    decoded = cube.decode(cube.encode({entry.name: value}))
    if entry.n_values is None:  # a float: up to rounding
        span = entry.max_value - entry.min_value
        assert decoded[entry.name] == pytest.approx(value, rel=1e-9, abs=1e-9 * span)
    else:
        assert entry.identity(decoded[entry.name]) == entry.identity(value)


@given(conditional_spaces(), seeds)
def test_what_is_decoded_is_active_and_inside_its_range(space, seed):
    cube = UnitCube(space)
    for row in rows_of(cube, seed):
        values = cube.decode(row)
        assert [entry.name for entry in space.active_entries(values)] == list(values)
        assert cube.covers(values)


@given(conditional_spaces(), seeds)
def test_columns_count_exactly_when_the_space_says_that_they_are_active(space, seed):
    cube = UnitCube(space)
    rows = rows_of(cube, seed)
    columns = [entry for entry in space.ordered if entry.n_values != 1]
    for row, active in zip(rows, cube.active(rows), strict=True):
        holds = {id(entry) for entry in space.active_entries(cube.decode(row))}
        assert active.tolist() == [id(entry) in holds for entry in columns]


@given(countable_spaces(), seeds)
def test_rows_of_a_countable_space_share_a_key_exactly_if_their_configurations_are_the_same(hp, seed):
    space = hp.search_space
    cube = UnitCube(space)
    rows = rows_of(cube, seed)
    by_row, by_space = cube.keys(rows), [space.key(cube.decode(row)) for row in rows]
    assert len(set(zip(by_row, by_space, strict=True))) == len(set(by_row)) == len(set(by_space))


def test_numbers_without_a_step_share_a_key_where_they_are_as_good_as_equal():
    hp = HyperParameters()
    hp.Float("lr", 1e-4, 1e-1, sampling="log")
    hp.Int("n", 1, 1000)
    cube = UnitCube(hp.search_space)
    rows = np.array([cube.encode(values) for values in ({"lr": 0.01, "n": 5}, {"lr": 0.01005, "n": 5})])
    assert len(set(cube.keys(rows))) == 1
    rows = np.array([cube.encode(values) for values in ({"lr": 0.01, "n": 5}, {"lr": 0.011, "n": 5})])
    assert len(set(cube.keys(rows))) == 2
    rows = np.array([cube.encode(values) for values in ({"lr": 0.01, "n": 5}, {"lr": 0.01, "n": 6})])
    assert len(set(cube.keys(rows))) == 2


@given(conditional_spaces(), seeds)
def test_an_encoded_configuration_has_the_key_of_the_row_it_came_from(space, seed):
    cube = UnitCube(space)
    rows = rows_of(cube, seed)
    again = np.array([cube.encode(cube.decode(row)) for row in rows]).reshape(rows.shape)
    active = cube.active(rows)
    assert (cube.active(again) == active).all() or any(
        entry.n_values is None for entry in space.entries
    )  # a float's last bit may decide a predicate
    assert np.where(active, again, 0) == pytest.approx(np.where(active, rows, 0), abs=1e-9)


@given(conditional_spaces(), seeds)
@settings(max_examples=50)
def test_a_mutation_stays_in_the_cube_on_places_that_stand_for_values(space, seed):
    cube = UnitCube(space)
    if not cube.n_columns:
        return
    rows, rng = rows_of(cube, seed), np.random.default_rng(seed)
    moved = cube.mutate(rows, rng, np.full(len(rows), 0.3), np.ones(len(rows)))
    assert ((moved >= 0) & (moved <= 1)).all()
    changed = (moved != rows) & ~cube.active(rows)
    assert not changed.any()
    for row in moved:
        again = cube.encode(cube.decode(row))
        active = cube.active(row[None])[0]
        assert again[active] == pytest.approx(row[active], abs=1e-9)


def test_a_mutation_of_steps_and_categories_always_changes_something():
    cube = UnitCube(SearchSpace([Int("n", 1, 3), Choice("c", ["x", "y", "z"]), Boolean("b")]))
    rows = rows_of(cube, 0, 200)
    moved = cube.mutate(rows, np.random.default_rng(1), np.full(200, 1e-6), np.full(200, 0.01))
    assert ((moved != rows).sum(axis=1) >= 1).all()


def test_uniform_numbers_give_each_value_the_share_of_its_scale():
    entries = [Int("n", 1, 4), Int("m", 1, 60, sampling="log"), Choice("c", ["x", "y", "z"]), Float("r", 0, 1, 0.5)]
    cube = UnitCube(SearchSpace(entries))
    uniforms = np.tile(np.linspace(0, 1, 601)[:-1, None], 4)
    for row, prob in zip(cube.draw(uniforms), uniforms[:, 0], strict=True):
        assert cube.decode(row) == {entry.name: entry.prob_to_value(float(prob)) for entry in entries}


def test_two_values_of_an_unordered_choice_are_at_distance_one():
    cube = UnitCube(SearchSpace([Float("x", 0, 1), Choice("c", ["x", "y", "z"])]))
    features = cube.features(np.array([[0.5, 0.0], [0.5, 0.5], [0.5, 1.0]]))
    distances = np.sqrt(((features[:, None] - features[None]) ** 2).sum(axis=2))
    assert distances == pytest.approx(1 - np.eye(3))
    assert (cube.n_numeric, cube.groups.tolist()) == (1, [0, 1, 1, 1])


def test_an_ordered_choice_stands_in_the_order_of_its_numbers():
    cube = UnitCube(SearchSpace([Choice("batch", [64, 16, 256])]))
    assert [cube.encode({"batch": size})[0] for size in (16, 64, 256)] == [0, 0.5, 1]


def test_what_is_not_active_says_nothing():
    entries = [
        Boolean("deep"),
        Float("rate", 0, 1, conditions=[Parent("deep", True)]),
        Choice("kind", ["x", "y", "z"], conditions=[Parent("deep", True)]),
    ]
    cube = UnitCube(SearchSpace(entries))
    first, second = cube.features(np.array([[0.0, 0.1, 0.0], [0.0, 0.9, 1.0]]))
    assert (first == second).all()
    assert cube.keys(np.array([[0.0, 0.1, 0.0]])) == cube.keys(np.array([[0.0, 0.9, 1.0]]))


def test_several_entries_of_one_name_are_several_columns():
    entries = [
        Choice("model", ["a", "b"]),
        Int("n", 1, 3, conditions=[Parent("model", "a")]),
        Int("n", 10, 30, conditions=[Parent("model", "b")]),
    ]
    cube = UnitCube(SearchSpace(entries))
    assert cube.decode(cube.encode({"model": "b", "n": 20})) == {"model": "b", "n": 20}
    assert cube.active(np.array([[0.0, 0.5, 0.5], [1.0, 0.5, 0.5]])).tolist() == [
        [True, True, False],
        [True, False, True],
    ]


def test_a_missing_value_stands_at_its_default_and_one_outside_at_the_nearest_bound():
    cube = UnitCube(SearchSpace([Float("lr", 0, 1, default=0.25), Choice("c", ["x", "y", "z"], default="y")]))
    assert cube.encode({}).tolist() == [0.25, 0.5]
    assert cube.encode({"lr": 7, "c": "gone"}).tolist() == [1, 0.5]
    assert cube.encode({"lr": "text", "c": "z"}).tolist() == [0.25, 1]
    assert not cube.covers({"lr": 7})
    assert cube.covers({"c": "x"})


def test_a_space_of_single_values_has_no_columns():
    cube = UnitCube(SearchSpace([Fixed("batch", 32), Int("n", 4, 4)]))
    assert cube.n_columns == 0
    assert cube.decode(cube.encode({})) == {"batch": 32, "n": 4}


def test_an_activation_by_a_predicate_of_a_number_without_steps_is_exact():
    rate = Float("rate", 0, 1)
    child = Int("n", 1, 3, conditions=[Predicate("rate", lambda value: value > 0.5, "rate > 0.5")])
    cube = UnitCube(SearchSpace([rate, child]))
    rows = np.array([[0.5, 0.0], [np.nextafter(0.5, 1), 0.0]])
    assert cube.active(rows)[:, 1].tolist() == [False, True]
