"""Facts about what a record tells of a trial's fits, and the words for it."""

import pytest

from kt_notebook.core.events import FitChosen
from kt_notebook.core.fit_record import FitRecord, format_fit, format_fits, read_fit, slowest
from kt_notebook.core.fit_way import FitPath


@pytest.mark.parametrize("path", FitPath)
def test_an_event_comes_back_as_what_it_told(path):
    record = FitChosen("0", 1, 2, path.value, "why").to_record(1, 0.0)

    assert read_fit(record) == FitRecord(1, 2, path.value, "why")


def test_a_path_that_is_not_known_is_passed_over():
    assert read_fit(FitChosen("0", 0, 0, "compiled", None).to_record(1, 0.0)) is None


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["reused", "reused"], "reused"),
        (["fused", "reused"], "fused"),
        (["reused", "plain", "fused"], "plain"),
    ],
)
def test_a_trial_is_as_fast_as_the_slowest_of_its_fits(paths, expected):
    found = slowest([FitRecord(i, 0, path, None) for i, path in enumerate(paths)])

    assert found == {"path": expected, "reason": None}


def test_of_equal_fits_the_first_says_why():
    fits = [FitRecord(0, 0, "fused", None), FitRecord(0, 1, "plain", "a"), FitRecord(1, 0, "plain", "b")]

    assert slowest(fits) == {"path": "plain", "reason": "a"}


def test_no_fit_is_none():
    assert slowest([]) is None


@pytest.mark.parametrize(
    ("path", "reason", "text"),
    [
        ("reused", None, "fused, graph taken over"),
        ("fused", None, "fused"),
        ("plain", "Plot acts at each batch", "plain (Keras) – Plot acts at each batch"),
    ],
)
def test_a_fit_is_told_in_words(path, reason, text):
    assert format_fit(path, reason) == text


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({}, ""),
        ({("fused", None): 1}, "fused 1 of 1 trial"),
        (
            {("plain", "a"): 5, ("fused", None): 1, ("fused", "b"): 1, ("reused", None): 5},
            "fused 7 of 12 trials, graph taken over in 5",
        ),
        ({("plain", None): 1, ("fused", None): 1_200}, "fused 1,200 of 1,201 trials"),
    ],
)
def test_trials_that_fitted_faster_are_counted(counts, text):
    assert format_fits(counts) == text


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ({"why": 1}, "plain: 1 of 1 trial – why"),
        ({"a": 1, "b": 2}, "plain: 3 of 3 trials – b"),
        ({"a": 2, "b": 2, None: 3}, "plain: 7 of 7 trials – a"),
        ({None: 4}, ""),
    ],
)
def test_where_no_trial_fitted_faster_the_commonest_reason_is_told(reasons, text):
    assert format_fits({("plain", reason): n for reason, n in reasons.items()}) == text


def test_a_long_reason_is_cut_to_one_line():
    text = format_fits({("plain", "the model\ncannot be built " + "x" * 400): 4})

    assert text.startswith("plain: 4 of 4 trials – the model cannot be built xx")
    assert text.endswith("x…")
    assert len(text.partition(" – ")[2]) == 160
