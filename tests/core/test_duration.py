"""Facts about lengths of time as users write them."""

import re

import pytest

from kt_notebook.core.duration import duration_s
from kt_notebook.core.errors import OptionError


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, None), (90, 90.0), (0.5, 0.5), ("30m", 1800.0), ("1h30m", 5400.0)]
)
def test_numbers_are_seconds_and_texts_have_units(value, seconds):
    assert duration_s("timeout", value) == seconds


@pytest.mark.parametrize("value", [0, -1, True, float("nan"), float("inf"), [30], "soon", "0s", "", "1h30"])
def test_what_is_no_time_is_refused_as_it_was_written(value):
    with pytest.raises(OptionError, match=re.escape(f"timeout={value!r} is no time. Give seconds above 0")):
        duration_s("timeout", value)
