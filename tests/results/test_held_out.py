import numpy as np
import pytest

from kt_notebook.results.held_out import HeldOut
from kt_notebook.storage.finish_file import Look

MARKS = np.random.default_rng(1).integers(0, 2**63, 3000, dtype=np.uint64)


def held_out(marks, name="other"):
    return HeldOut(name, len(marks), marks)


def look_at(test):
    return Look(test.hash, [], "0", "q", 0.0, 0.5, test.n_rows, test.some_marks)


@pytest.mark.parametrize("marks", [MARKS, MARKS[::-1], MARKS[:200], np.concatenate([MARKS, MARKS[:10]])])
def test_the_same_rows_in_another_set_were_seen(marks):
    assert held_out(marks).was_seen(look_at(held_out(MARKS, "first")))


@pytest.mark.parametrize("marks", [MARKS + 1, np.concatenate([MARKS[:100], MARKS[1000:] + 1]), None])
def test_other_rows_were_not(marks):
    test = HeldOut("other", 3000, marks)
    assert not test.was_seen(look_at(held_out(MARKS, "first")))


def test_a_look_of_an_earlier_version_is_known_by_its_hash():
    assert HeldOut("first", None).was_seen(Look("first", [], "0", "q", 0.0, None))
