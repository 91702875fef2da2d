"""What `hp` answers while a trial runs: the six rules of `core.space`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.conditions import Parent
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.parameter import Choice, Fixed, Float, Int
from kt_notebook.core.space import HyperParameters


def trial(space, /, **values):
    """Return the hyperparameters of a trial with values that an oracle drew."""
    hp = space.copy()
    hp.values = dict(values)
    hp.mark_drawn()
    return hp


def test_a_new_name_grows_the_space_and_has_its_default():
    hp = trial(HyperParameters())
    version = hp.version
    assert hp.Int("late", 3, 9) == 3
    assert hp.version != version


def test_a_value_given_for_a_name_not_yet_declared_is_used_where_it_fits():
    assert trial(HyperParameters(), late=5).Int("late", 3, 9) == 5
    assert trial(HyperParameters(), late=50).Int("late", 3, 9) == 3


def test_a_name_that_was_read_under_a_condition_is_answered_without_the_scope():
    space = HyperParameters()
    space.Choice("model", ["a", "b"])
    space.merge([Int("units", 1, 8, conditions=[Parent("model", ["b"])])])
    hp = trial(space, model="b", units=5)
    assert hp.Choice("model", ["a", "b"]) == "b"
    assert hp.Int("units", 1, 8) == 5
    assert hp.space == space.space


def test_a_name_asked_for_where_it_is_inactive_is_added_beside():
    space = HyperParameters()
    space.Choice("model", ["a", "b"])
    space.merge([Int("units", 1, 8, conditions=[Parent("model", ["b"])])])
    hp = trial(space, model="a")
    assert hp.Int("units", 10, 80) == 10
    assert [entry.conditions for entry in hp.space if entry.name == "units"] == [[Parent("model", ["b"])], []]


def test_scopes_that_exclude_each_other_may_give_a_name_two_ranges():
    hp = HyperParameters()
    hp.Choice("model", ["a", "b"])
    with hp.conditional_scope("model", "a"):
        assert hp.Int("units", 1, 8) == 1
    with hp.conditional_scope("model", "b"):
        assert hp.Int("units", 16, 64) is None
    hp = trial(hp, model="b", units=20)
    with hp.conditional_scope("model", "a"):
        assert hp.Int("units", 1, 8) is None
    with hp.conditional_scope("model", "b"):
        assert hp.Int("units", 16, 64) == 20


# Bounds that depend on another value.


def build(hp):
    a = hp.Int("a", 1, 10)
    return a, hp.Int("b", 0, a)


@given(st.lists(st.tuples(st.integers(1, 10), st.floats(0, 1, exclude_max=True)), max_size=8))
def test_a_dependent_value_is_always_inside_the_bounds_in_force(draws):
    space = HyperParameters()
    build(space)
    for a, prob in draws:
        entry = next(entry for entry in space.space if entry.name == "b")
        hp = trial(space, a=a, b=entry.prob_to_value(prob))
        _, b = build(hp)
        assert 0 <= b <= a
        assert hp.values["b"] == b
        space.merge(hp, overwrite=False)
    widest = next(entry for entry in space.space if entry.name == "b")
    assert widest.max_value == max([1, *(a for a, _ in draws)])


@given(st.integers(1, 10), st.integers(0, 10))
def test_building_again_from_a_trial_gives_the_same_values(a, b):
    space = HyperParameters()
    build(space)
    space.merge([Int("b", 0, 10)])
    hp = trial(space, a=a, b=b)
    first = build(hp)
    assert build(hp) == first
    assert build(hp.copy()) == first
    assert build(HyperParameters.from_config(hp.get_config())) == first
    from_values_alone = space.copy()
    from_values_alone.values = dict(hp.values)
    assert build(from_values_alone) == first


def test_a_drawn_value_moves_to_the_same_place_of_the_new_range():
    space = HyperParameters()
    space.Int("a", 1, 9)
    space.Int("b", 0, 9)
    assert build(trial(space, a=4, b=9))[1] == 4
    assert build(trial(space, a=4, b=4))[1] == 2


def test_a_value_given_by_hand_stays_where_it_fits():
    space = HyperParameters()
    space.Int("a", 1, 9)
    space.Int("b", 0, 9)
    hp = space.copy()
    hp.values = {"a": 4, "b": 4}
    assert build(hp) == (4, 4)


def test_the_space_knows_that_a_range_depends():
    space = HyperParameters()
    build(space)
    hp = trial(space, a=7, b=1)
    build(hp)
    space.merge(hp, overwrite=False)
    assert space.get_config()["dependent"] == ["b"]
    assert HyperParameters.from_config(space.get_config()).search_space.dependent == {"b"}


def test_a_trial_remembers_what_was_drawn_where_it_was_moved():
    space = HyperParameters()
    space.Int("a", 1, 9)
    space.Int("b", 0, 9)
    hp = trial(space, a=4, b=9)
    build(hp)
    read = HyperParameters.from_config(hp.get_config())
    assert read.values == {"a": 4, "b": 4}
    assert read.drawn_values == {"a": 4, "b": 9}
    assert "drawn" not in trial(space, a=9, b=9).get_config()


def test_a_choice_of_dependent_values_holds_them_all():
    space = HyperParameters()
    space.Choice("size", ["s", "l"])
    space.Choice("units", [8, 16])
    hp = trial(space, size="l", units=16)
    hp.Choice("size", ["s", "l"])
    assert hp.Choice("units", [64, 128]) == 128
    space.merge(hp, overwrite=False)
    assert space.space[1] == Choice("units", [8, 16, 64, 128])


def test_a_fixed_value_may_follow_another_value():
    space = HyperParameters()
    space.Fixed("double", 2)
    assert trial(space, double=2).Fixed("double", 4) == 4


def test_values_changed_by_hand_begin_another_run():
    hp = HyperParameters()
    build(hp)
    hp.values["a"] = 5
    hp.values["b"] = 3
    assert build(hp) == (5, 3)


# Contradictions.


@pytest.mark.parametrize(
    "second", [lambda hp: hp.Int("x", 1, 9), lambda hp: hp.Float("x", 1, 8), lambda hp: hp.Choice("x", [1, 8])]
)
def test_two_declarations_of_a_name_in_one_run_that_differ_are_refused(second):
    for hp in (HyperParameters(), trial(HyperParameters(), x=2)):
        hp.Int("x", 1, 8)
        with pytest.raises(SpaceError, match=r"'x' is declared as Int\(.*max_value: 8.* and as .*another name"):
            second(hp)


def test_another_kind_than_the_space_has_is_refused_in_a_later_run_too():
    space = HyperParameters()
    space.Int("x", 1, 8)
    with pytest.raises(SpaceError, match=r"as Int\(.* and as Float\("):
        trial(space, x=2).Float("x", 1, 8)


def test_declaring_alike_ties():
    hp = HyperParameters()
    hp.values["x"] = 3
    assert hp.Int("x", 1, 8) == hp.Int("x", 1, 8, default=2) == 3


# What the user gave beforehand.


@pytest.mark.parametrize("entry", [Fixed("x", 5), Int("x", 4, 6), Choice("x", [5, 7])])
def test_what_was_given_wins_over_the_code(entry):
    space = HyperParameters()
    space.merge([entry])
    space.mark_given()
    hp = trial(space, x=5)
    assert hp.Float("x", 0.0, 1.0) == 5
    assert hp.Int("x", 1, 8) == 5
    space.merge(hp, overwrite=False)
    assert space.space == [entry]


def test_a_mark_of_what_was_given_is_kept_in_copies_and_files():
    space = HyperParameters()
    space.Fixed("x", 5)
    space.mark_given()
    read = HyperParameters.from_config(space.copy().get_config())
    assert read.Float("x", 0, 1) == 5


def test_a_given_name_declared_in_a_scope_that_does_not_hold_is_not_added():
    space = HyperParameters()
    space.Choice("model", ["a", "b"])
    space.Fixed("x", 5)
    space.mark_given()
    hp = trial(space, model="a", x=5)
    with hp.conditional_scope("model", "b"):
        assert hp.Float("x", 0, 1) is None
    assert hp.space == space.space


def test_several_executions_of_one_trial_see_the_same_values():
    space = HyperParameters()
    space.merge([Int("a", 1, 10), Int("b", 0, 10), Float("c", 0, 1)])
    hp = trial(space, a=3, b=9, c=0.5)
    assert build(hp) == build(hp)
