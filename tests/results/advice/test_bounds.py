"""Facts about proposed ranges: where they end, that they are round, on steps and within nature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.parameter import Float, Int
from kt_notebook.results.advice import Advice, AdviceKind, Change, changes_of
from kt_notebook.results.advice.bounds import change_of_scale, extended, narrowed
from tests.core.strategies import floats, ints


@pytest.mark.parametrize(
    ("entry", "end", "arguments"),
    [
        (Float("x", 2, 6), "high", {"max_value": 8.0}),
        (Float("x", 2, 6), "low", {"min_value": 1.0}),
        (Float("x", -1, 1), "low", {"min_value": -2.0}),
        (Float("x", 0, 0.5), "high", {"max_value": 0.8}),
        (Float("x", 0.1, 0.8), "high", {"max_value": 1.0}),
        (Float("x", 1e-4, 1e-2, sampling="log"), "high", {"max_value": 0.1}),
        (Float("x", 1e-4, 1e-2, sampling="log"), "low", {"min_value": 1e-5}),
        (Float("x", 0, 0.3, step=0.1), "high", {"max_value": 0.5}),
        (Int("x", 32, 256, step=32), "high", {"max_value": 384}),
        (Int("x", 64, 256, step=32), "low", {"min_value": 32}),
        (Int("x", 8, 64, step=2, sampling="log"), "high", {"max_value": 256}),
        (Int("x", 16, 128, sampling="log"), "low", {"min_value": 5}),
        (Int("x", 3, 9), "low", {"min_value": 1}),
        (Int("x", 8, 64), "high", {"max_value": 100}),
        (Int("x", 32, 512), "high", {"max_value": 800}),
        (Int("x", 32, 512), "low", {"min_value": 16}),
        (Int("x", -5, 5), "low", {"min_value": -10}),
        (Float("x", 3e-4, 3e-3, sampling="log"), "low", {"min_value": 1e-4}),
        (Float("x", 1e-6, 1e-3, sampling="log"), "high", {"max_value": 0.03}),
        (Float("x", 0.5, 0.9), "high", {"max_value": 0.99}),
        (Float("x", -10, -2), "high", {"max_value": -1.0}),
    ],
)
def test_a_range_goes_on_by_half_in_round_numbers(entry, end, arguments):
    change = extended(entry, end)

    assert dict(change.arguments) == arguments


@pytest.mark.parametrize(
    ("entry", "end"),
    [
        (Float("dropout", 0, 0.5), "low"),
        (Float("p", 0.5, 1), "high"),
        (Float("momentum", 0.8, 0.99), "high"),
        (Float("momentum", 0.8, 0.99, sampling="reverse_log"), "low"),
        (Int("layers", 1, 5), "low"),
        (Int("layers", 0, 5), "low"),
        (Int("units", 32, 256, step=32), "low"),
        (Float("x", 1, 1), "high"),
    ],
)
def test_a_range_ends_where_nature_ends_it(entry, end):
    assert extended(entry, end) is None


@given(ints() | floats(), st.sampled_from(["low", "high"]))
def test_a_range_that_goes_on_holds_the_old_one_and_its_steps(entry, end):
    change = extended(entry, end)
    if change is None:
        return
    held = {"min_value": entry.min_value, "max_value": entry.max_value}
    new = type(entry)("x", **{**held, **change.arguments}, step=entry.step, sampling=entry.sampling)

    assert new.min_value <= entry.min_value
    assert new.max_value >= entry.max_value
    assert (new.min_value, new.max_value) != (entry.min_value, entry.max_value)


@given(ints() | floats(), st.floats(0, 1), st.floats(0, 1))
def test_a_narrowed_range_lies_in_the_old_one_and_holds_what_was_asked_for(entry, one, other):
    low, high = sorted(float(entry.prob_to_value(min(place, 1 - 1e-9))) for place in (one, other))
    change = narrowed(entry, low, high)
    if change is None:
        return
    new = {"min_value": entry.min_value, "max_value": entry.max_value, **change.arguments}

    assert entry.min_value <= new["min_value"] <= low + 1e-5 * abs(low)
    assert high - 1e-5 * abs(high) <= new["max_value"] <= entry.max_value


@pytest.mark.parametrize(
    ("entry", "arguments"),
    [
        (Float("x", 1, 100), {"sampling": "log"}),
        (Float("x", 1, 100, step=1), {"sampling": "log", "step": None}),
        (Int("x", 1, 100), {"sampling": "log", "step": None}),
        (Int("x", 1, 100, sampling="log"), {"sampling": "log"}),
        (Int("x", 8, 128, step=8), {"sampling": "log", "step": None}),
    ],
)
def test_a_step_is_no_step_on_a_log_scale(entry, arguments):
    assert dict(change_of_scale(entry).arguments) == arguments


def finding(change):
    return Advice(AdviceKind.EDGE, change.parameter, "…", change=change)


def test_changes_of_one_hyperparameter_become_one():
    scale, wider = Change("x", "Float", {"sampling": "log"}), Change("x", "Float", {"max_value": 1.0})
    other = Change("y", "Int", {"max_value": 9})

    assert changes_of([finding(scale), finding(other), finding(wider)]) == [
        Change("x", "Float", {"max_value": 1.0, "sampling": "log"}),
        other,
    ]


def test_one_value_wins_over_a_range():
    fixed = Change("x", "Fixed", {"value": 3.0})

    assert changes_of([finding(Change("x", "Float", {"max_value": 1.0})), finding(fixed)]) == [fixed]


def test_whole_numbers_are_narrowed_to_round_ones():
    assert narrowed(Int("x", 32, 512), 176, 272).arguments == {"min_value": 160, "max_value": 280}
    assert narrowed(Int("x", 1, 8), 3, 5).arguments == {"min_value": 3, "max_value": 5}
