"""Facts about what an oracle's `populate_space` may answer."""

import re
from types import MappingProxyType

import numpy as np
import pytest

from kt_notebook.core.answer import read_answer
from kt_notebook.core.errors import FatalValueError
from kt_notebook.core.trial import TrialStatus


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        ({"status": "RUNNING", "values": {"a": 3}}, {"a": 3}),
        ({"status": TrialStatus.RUNNING, "values": MappingProxyType({"a": (1, 2)})}, {"a": (1, 2)}),
        ({"status": "RUNNING", "values": {}}, {}),
        ({"status": "RUNNING", "values": None}, {}),
        ({"status": "RUNNING"}, {}),
        (MappingProxyType({"status": "RUNNING"}), {}),
    ],
)
def test_a_trial_that_is_to_start_has_the_values_that_are_given(answer, values):
    read = read_answer(answer, "Mine")
    assert (read.status, read.values) == (TrialStatus.RUNNING, values)


@pytest.mark.parametrize("status", ["IDLE", "STOPPED"])
@pytest.mark.parametrize("more", [{}, {"values": None}, {"values": {"a": 3}}, {"values": 5}])
def test_where_no_trial_starts_values_do_not_matter(status, more):
    assert read_answer({"status": status, **more}, "Mine").status is TrialStatus(status)


def test_values_are_the_trials_own_and_plain():
    """KerasTuner takes numpy's numbers too."""
    given = {"n": np.int64(3), "shape": [1, 2]}
    values = read_answer({"status": "RUNNING", "values": given}, "Mine").values
    values["shape"].append(3)
    assert type(values["n"]) is int
    assert given["shape"] == [1, 2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "None, which is NoneType"),
        ("BAD", "'BAD', which is str"),
        (("RUNNING", {}), "('RUNNING', {}), which is tuple"),
        ({}, "{}, which says no status"),
        ({"values": {}}, "{'values': {}}, which says no status"),
        ({"status": "running"}, "which says no status"),
        ({"status": None}, "which says no status"),
        ({"status": ["RUNNING"]}, "which says no status"),
        ({"status": "COMPLETED", "values": {}}, "but no trial begins as COMPLETED"),
        ({"status": "RUNNING", "values": 5}, "whose values are no dict"),
        ({"status": "RUNNING", "values": [("a", 3)]}, "whose values are no dict"),
        ({"status": "RUNNING", "values": {3: 3}}, "whose values are no dict"),
        ({"status": "RUNNING", "values": {"a": {1}}}, "where {1} of type set is no value"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_oracle_what_it_returned_and_what_it_may(answer, said):
    """Of these KerasTuner raises bare TypeErrors and KeyErrors, or searches on with a status that nobody knows."""
    with pytest.raises(FatalValueError, match=r"Mine\.populate_space returned .*" + re.escape(said)) as caught:
        read_answer(answer, "Mine")
    assert "Return {'status': 'RUNNING', 'values': {…}} to start a trial" in str(caught.value)


def test_a_long_answer_is_not_shown_to_its_end():
    with pytest.raises(FatalValueError, match="…, but no trial begins as FAILED") as caught:
        read_answer({"status": "FAILED", "values": {"a": list(range(1000))}}, "Mine")
    assert len(str(caught.value)) < 600
