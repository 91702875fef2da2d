import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.conditions import Parent
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.parameter import Boolean, Choice, Fixed, Float, HyperParameter, Int, deserialize, serialize
from kt_notebook.core.values import identity
from tests.core.strategies import discrete, floats, ints, parameters, probs

KINDS = [Int("a", 1, 9), Float("a", 0, 1), Choice("a", [1, 2]), Boolean("a"), Fixed("a", 3)]


@given(parameters, probs)
def test_every_value_drawn_lies_in_the_range(parameter, prob):
    assert parameter.contains(parameter.prob_to_value(prob))


@given(ints() | discrete(), probs)
def test_a_discrete_value_comes_back_from_its_probability(parameter, prob):
    value = parameter.prob_to_value(prob)
    assert identity(parameter.prob_to_value(parameter.value_to_prob(value))) == identity(value)


@given(floats(), probs)
def test_a_float_comes_back_from_its_probability(parameter, prob):
    value = parameter.prob_to_value(prob)
    back = parameter.prob_to_value(parameter.value_to_prob(value))
    assert back == (value if parameter.step else pytest.approx(value, rel=1e-9, abs=1e-9))


@given(ints() | floats(), probs)
def test_every_value_drawn_is_on_a_step(parameter, prob):
    value = parameter.prob_to_value(prob)
    if parameter.step is None:
        return
    if parameter.sampling == "linear":
        n_steps = (value - parameter.min_value) / parameter.step
    else:
        top = parameter.max_value + parameter.min_value
        place = value if parameter.sampling == "log" else top - value
        n_steps = math.log(place / parameter.min_value) / math.log(parameter.step)
    assert n_steps == pytest.approx(round(n_steps), abs=1e-4)


@given(parameters)
def test_every_value_is_reached_and_counted(parameter):
    n_values = parameter.n_values
    if n_values is None or n_values > 2000:
        return
    listed = parameter.all_values()
    assert len({identity(value) for value in listed}) == n_values
    reached = {identity(parameter.prob_to_value(parameter.value_to_prob(value))) for value in listed}
    assert reached == {identity(value) for value in listed}


@given(parameters)
def test_a_hyperparameter_comes_back_from_json_as_it_went(parameter):
    parameter = parameter.with_conditions([Parent("other", [1, None, (2, 3)])])
    text = json.dumps(serialize(parameter), allow_nan=False)
    assert deserialize(json.loads(text)) == parameter


@given(ints() | floats(), ints() | floats())
def test_a_widened_range_holds_the_values_of_both(one, other):
    if type(one) is not type(other):
        return
    wide = one.widened(other)
    for narrow in (one, other):
        for value in (narrow.min_value, narrow.max_value, narrow.prob_to_value(0.4)):
            assert wide.contains(value)
            if wide.step is not None:
                assert wide.prob_to_value(wide.value_to_prob(narrow.prob_to_value(0.4))) == pytest.approx(
                    narrow.prob_to_value(0.4)
                )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
def test_zero_is_a_seed(kind):
    assert kind.random_sample(0) == kind.random_sample(0)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("name", [3, None, ""])
def test_a_name_that_is_no_text_is_refused(kind, name):
    config = kind.get_config() | {"name": name, "conditions": []}
    with pytest.raises(SpaceError, match=r"name=.*left out in a %%tune cell only"):
        type(kind)(**config)


# Faults of KerasTuner that are not repeated.


def test_float_steps_include_the_end_and_are_clean_decimals():
    assert Float("x", 0, 1, step=0.1).values == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert Float("x", 0, 1, step=0.1).prob_to_value(0.999) == 1.0


@pytest.mark.parametrize(
    "values",
    [[True, False], [1, 0.5], [None, "l2"], [(1, 3), (1, 5)], [[64, 32], [128]], [{"a": 1}, None], [True, 1, 1.0, "1"]],
)
def test_a_choice_gives_back_the_types_it_was_given(values):
    parameter = Choice("c", values)
    drawn = [parameter.prob_to_value((number + 0.5) / len(values)) for number in range(len(values))]
    assert [identity(value) for value in drawn] == [identity(value) for value in values]


def test_whole_floats_are_whole_numbers():
    parameter = Int("n", 1e2, np.int64(300), step=50.0)
    assert (parameter.min_value, parameter.max_value, parameter.step) == (100, 300, 50)
    assert all(type(value) is int for value in parameter.values)


@pytest.mark.parametrize("argument", ["min_value", "max_value", "step", "default"])
def test_int_refuses_a_number_that_is_not_whole_and_names_float(argument):
    arguments = {"min_value": 1, "max_value": 8, "step": 1, "default": 2} | {argument: 2.5}
    with pytest.raises(SpaceError, match=rf"hp\.Int\('units'\) got {argument}=2\.5.*hp\.Float"):
        Int("units", **arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Int("n", 5, 1), r"hp\.Int\('n'\) got min_value=5 above max_value=1"),
        (lambda: Float("x", 0, 1, sampling="log"), r"min_value=0\.0 with sampling='log'.*above 0"),
        (lambda: Int("n", -1, 5, sampling="reverse_log"), r"min_value=-1 with sampling='reverse_log'"),
        (lambda: Float("x", 0, 1, default=2), r"default=2\.0, outside its range from 0\.0 to 1\.0"),
        (lambda: Float("x", 0, 1, sampling="exp"), r"sampling='exp'.*'reverse_log'"),
        (lambda: Float("x", 0, 1, step=0), r"step=0\.0.*above 0"),
        (lambda: Int("n", 1, 8, step=1, sampling="log"), r"step=1.*factor above 1"),
        (lambda: Float("x", 0, math.inf), r"max_value=inf.*finite number"),
        (lambda: Float("x", "a", 1), r"min_value='a'.*finite number"),
        (lambda: Int("n", True, 3), r"min_value=True.*finite number"),
        (lambda: Choice("c", []), r"hp\.Choice\('c'\) got values=\[\].*one value or more"),
        (lambda: Choice("c", "relu"), r"values='relu', a str.*square brackets"),
        (lambda: Choice("c", {"a", "b"}), r"a set.*takes a list"),
        (lambda: Choice("c", [len]), r"lists <built-in function len>.*Give names"),
        (lambda: Choice("c", ["a"], default="b"), r"default='b', but its values are \['a'\]"),
        (lambda: Choice("c", ["a"], ordered=True), r"ordered=True.*only numbers"),
        (lambda: Boolean("b", default="yes"), r"default='yes'.*True and False"),
        (lambda: Fixed("f", object()), r"hp\.Fixed\('f'\) got <object"),
        (lambda: deserialize({"class_name": "Vector", "config": {}}), r"'Vector'; HyperParameter, Boolean"),
    ],
)
def test_what_cannot_be_is_refused_with_name_value_and_cure(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


# What KerasTuner's users rely on.


def test_defaults_are_kerastuners():
    assert Int("n", 3, 9).default == 3
    assert Float("x", 0.5, 1).default == 0.5
    assert Choice("c", ["a", "b"]).default == "a"
    assert Choice("c", ["a", None]).default is None
    assert Boolean("b").default is False
    assert Fixed("f", 7).default == 7


def test_numbers_are_ordered_and_others_are_not():
    assert Choice("c", [1, 0.5]).ordered
    assert not Choice("c", [True, False]).ordered
    assert not Choice("c", ["a"]).ordered
    assert not Choice("c", [1, 2], ordered=False).ordered


def test_texts_are_kerastuners():
    assert [repr(kind) for kind in KINDS] == [
        "Int(name: 'a', min_value: 1, max_value: 9, step: 1, sampling: linear, default: 1)",
        "Float(name: 'a', min_value: '0.0', max_value: '1.0', step: 'None', sampling: 'linear', default: '0.0')",
        "Choice(name: 'a', values: [1, 2], ordered: True, default: 1)",
        'Boolean(name: "a", default: False)',
        "Fixed(name: a, value: 3)",
    ]


def test_configs_are_kerastuners():
    assert Int("n", 1, 9).get_config() == {
        "name": "n", "default": None, "conditions": [],
        "min_value": 1, "max_value": 9, "step": 1, "sampling": "linear",
    }  # fmt: skip
    assert Fixed("f", 3, [Parent("m", ["a"])]).get_config() == {
        "name": "f",
        "conditions": [{"class_name": "Parent", "config": {"name": "m", "values": ["a"]}}],
        "value": 3,
    }


def test_a_config_of_an_old_kerastuner_is_read():
    old = {"name": "x", "default": 0.1, "min_value": 0.1, "max_value": 1.0, "step": None, "sampling": None}
    assert Float.from_config(old).sampling == "linear"


@given(st.integers(0, 10**6))
def test_equal_means_kind_name_range_default_and_conditions(number):
    assert Int("n", 0, number) == Int("n", 0, number)
    assert Int("n", 0, number) != Int("n", 0, number + 1)
    assert Int("n", 0, number) != Float("n", 0, number)
    assert Int("n", 0, number) != Int("m", 0, number)
    assert Int("n", 0, number) != Int("n", 0, number, conditions=[Parent("m", 1)])
    assert hash(Int("n", 0, number)) == hash(Int("n", 0, number))


def test_a_value_that_can_change_is_given_as_a_copy():
    parameter = Choice("c", [[64, 32]])
    parameter.prob_to_value(0.1).append(1)
    assert parameter.values == [[64, 32]]


def test_the_base_class_is_public():
    assert isinstance(Int("n", 1, 2), HyperParameter)


def test_reverse_log_steps_are_dropped_where_widening_moves_the_upper_bound():
    narrow = Int("n", 1, 1, step=2, sampling="reverse_log")
    wide = narrow.widened(Int("n", 1, 3, step=2, sampling="reverse_log"))
    assert wide.step is None
