"""What counts as a difference: a bit, or more than noise."""

import numpy as np
import pytest

from kt_notebook.training.guard.comparing import first_difference

ONE = np.float32(1)
NEXT = np.nextafter(ONE, np.float32(2))


def test_a_bit_is_a_difference() -> None:
    told = first_difference({"loss": ONE}, {"loss": NEXT})
    assert told == "loss is 1.0 by Keras' own fit and 1.0000001192092896 with fused steps"


def test_nan_is_as_good_as_nan_and_zero_is_not_minus_zero() -> None:
    nan = np.array([np.nan, 1], "float32")
    other_nan = nan.copy()
    other_nan.view("uint32")[0] ^= 1
    assert first_difference({"a": nan}, {"a": other_nan}) is None
    assert first_difference({"a": np.float32(0)}, {"a": np.float32(-0.0)}) is not None


def test_it_says_which_numbers_of_an_array_differ() -> None:
    a, b = np.ones((2, 2), "float32"), np.ones((2, 2), "float32")
    b[1, 0] = 3
    told = first_difference({"0 dense/kernel": a}, {"0 dense/kernel": b})
    assert told == "1 of 4 numbers of dense/kernel differ, the first is 1.0 by Keras' own fit and 3.0 with fused steps"


@pytest.mark.parametrize("other", [np.ones(3, "float32"), np.ones(2, "float64")])
def test_shapes_and_types_count(other: np.ndarray) -> None:
    assert "float32[2] by Keras' own fit" in (first_difference({"a": np.ones(2, "float32")}, {"a": other}) or "")


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [({"a": ONE}, {}, "only by Keras' own fit"), ({}, {"a": ONE}, "only with fused steps")],
)
def test_what_is_missing_differs(expected: dict, found: dict, told: str) -> None:
    assert told in (first_difference(expected, found) or "")


def test_whole_numbers_and_texts_are_compared() -> None:
    assert first_difference({"a": np.array([1, 2])}, {"a": np.array([1, 2])}) is None
    assert first_difference({"a": np.array([1, 2])}, {"a": np.array([1, 3])}) is not None
    assert first_difference({"a": np.array([b"x"], object)}, {"a": np.array([b"x"], object)}) is None


def test_where_runs_differ_by_themselves_more_than_that_is_a_difference() -> None:
    before = {"a": np.zeros(100, "float32")}
    learnt = np.linspace(1, 2, 100, dtype="float32")
    expected, again = {"a": learnt}, {"a": learnt + np.float32(1e-4)}
    near, far = {"a": learnt + np.float32(5e-4)}, {"a": learnt + np.float32(5e-1)}
    assert first_difference(expected, near, noisy=(again, before)) is None
    assert first_difference(expected, far, noisy=(again, before)) is not None
    assert first_difference(expected, near) is not None


def test_noise_excuses_no_count_and_no_nan() -> None:
    noisy = ({"n": np.array(4), "a": ONE}, {})
    assert first_difference({"n": np.array(4)}, {"n": np.array(5)}, noisy=noisy) is not None
    assert first_difference({"a": ONE}, {"a": np.float32("nan")}, noisy=noisy) is not None
