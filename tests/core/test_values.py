import enum
import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kt_notebook.core.values import fresh, identity, plain, value_from_json, value_to_json
from tests.core.strategies import values


@given(values)
def test_a_value_comes_back_from_json_as_it_went(value):
    text = json.dumps(value_to_json(value), allow_nan=False)
    assert identity(value_from_json(json.loads(text))) == identity(value)


def test_tuples_and_numbers_that_are_not_finite_have_the_agreed_form():
    assert value_to_json(((1, 3), -math.inf)) == {"__tuple__": [{"__tuple__": [1, 3]}, "-Infinity"]}


@given(values, values)
def test_identity_is_equal_exactly_for_the_same_json(first, second):
    texts = [json.dumps(value_to_json(value), sort_keys=True) for value in (first, second)]
    assume(not any("0.0" in text for text in texts))  # 0.0 and -0.0 are one value, written in two ways
    assert (identity(first) == identity(second)) == (texts[0] == texts[1])


@pytest.mark.parametrize(("one", "other"), [(True, 1), (1, 1.0), ((1, 2), [1, 2]), (None, "None"), (0, False)])
def test_values_of_different_types_differ(one, other):
    assert identity(one) != identity(other)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [(np.int64(3), 3), (np.float32(0.5), 0.5), (np.bool_(True), True), (np.str_("a"), "a"), ([np.int8(1)], [1])],
)
def test_numpy_scalars_become_pythons_own(given_value, expected):
    result = plain(given_value)
    assert identity(result) == identity(expected)


def test_an_enum_of_texts_becomes_text():
    class Colour(enum.StrEnum):
        RED = "red"

    assert type(plain(Colour.RED)) is str


@pytest.mark.parametrize("value", [object(), len, {1: 2}, b"x", {1, 2}, np.zeros(2)])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError, match=type(value).__name__):
        plain(value)


@given(st.lists(values, max_size=3))
def test_a_fresh_value_shares_nothing_that_can_change(value):
    copied = fresh(value)
    copied.append(1)
    assert len(value) == len(copied) - 1
