"""Numbers, values and times read the same in Python and in the browser."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core import format as formats

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "format.json").read_text(encoding="utf-8"))
CASES = [(name, given_, text) for name, cases in GOLDEN.items() for given_, text in cases]


@pytest.mark.parametrize(("name", "value", "text"), CASES)
def test_a_value_reads_as_the_golden_file_says(name, value, text):
    assert getattr(formats, name)(value) == text


@given(st.text(), st.integers(1, 40))
def test_a_shortened_text_fits_and_is_one_printable_line(text, columns):
    short = formats.shorten(text, columns)

    assert formats.width(short) <= columns
    assert short.isprintable()


def test_a_korean_syllable_takes_two_columns():
    assert formats.width("한a") == 3


def test_columns_line_up_where_letters_are_wide():
    lines = formats.table([["이름", "1"], ["name", "22"]], [False, True])

    assert [formats.width(line) for line in lines] == [8, 8]


def test_an_escape_code_does_not_reach_the_terminal():
    assert "\x1b" not in formats.shorten("\x1b[2Jboom", 40)
