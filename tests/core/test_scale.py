import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.scale import Scale


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from(["linear", "log", "reverse_log"]))
def test_whole_numbers_without_a_step_are_all_reached(low, span, sampling):
    scale = Scale(low, low + span, None, sampling, is_whole=True)
    for value in {low, low + 1, low + span // 2, low + span}:
        assert scale.decode(scale.encode(value)) == value


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["linear", "log", "reverse_log"]))
def test_a_higher_probability_never_gives_a_lower_value(one, other, sampling):
    for scale in (Scale(1, 300, None, sampling, is_whole=True), Scale(0.5, 9.0, None, sampling, is_whole=False)):
        low, high = sorted((one, other))
        assert scale.decode(low) <= scale.decode(high) + 1e-12


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (Scale(0.0, 1.0, 0.1, "linear", is_whole=False), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (Scale(0.0, 1.0, 1 / 3, "linear", is_whole=False), [0.0, 0.3333333333333333, 0.6666666666666666, 1.0]),
        (Scale(0.0, 0.95, 0.3, "linear", is_whole=False), [0.0, 0.3, 0.6, 0.9]),
        (Scale(1e-4, 1.0, 10, "log", is_whole=False), [0.0001, 0.001, 0.01, 0.1, 1.0]),
        (Scale(2, 32, 2, "log", is_whole=True), [2, 4, 8, 16, 32]),
        (Scale(1, 16, 2, "reverse_log", is_whole=True), [1, 9, 13, 15, 16]),
        (Scale(3, 10, 3, "linear", is_whole=True), [3, 6, 9]),
        (Scale(5, 5, None, "log", is_whole=True), [5]),
        (Scale(1, 4, None, "log", is_whole=True), [1, 2, 3, 4]),
    ],
)
def test_the_values_of_a_scale(scale, expected):
    assert scale.samples() == expected
    assert scale.n_values == len(expected)


def test_a_grid_tries_ten_values_of_a_number_without_a_step():
    assert Scale(0.0, 1.0, None, "linear", is_whole=False).samples() == pytest.approx(
        [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95], abs=1e-15
    )


def test_huge_ranges_do_not_overflow():
    scale = Scale(1e-300, 1e300, None, "log", is_whole=False)
    assert scale.decode(0.5) == pytest.approx(1.0)


def test_a_range_wider_than_a_float_has_places_too():
    scale = Scale(-1e308, 1e308, None, "linear", is_whole=False)
    assert scale.encode(scale.decode(0.25)) == pytest.approx(0.25)
