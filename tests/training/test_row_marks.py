import numpy as np
import pandas as pd
import pytest

from kt_notebook.training.row_marks import row_marks, share_known

ROWS = np.random.default_rng(1).normal(size=(50, 8)).astype("float32")


@pytest.mark.parametrize(
    "other",
    [
        ROWS[::-1],
        ROWS.astype("float64"),
        pd.DataFrame(ROWS),
        ROWS[:20],
        ROWS.reshape(50, 2, 4),
        np.asfortranarray(ROWS),
    ],
)
def test_rows_are_known_again_in_another_order_type_or_container(other):
    assert share_known(row_marks(other), row_marks(ROWS)) == 1.0


def test_other_rows_are_others():
    assert share_known(row_marks(ROWS + 1), row_marks(ROWS)) == 0.0
    assert share_known(row_marks(ROWS[:, ::-1]), row_marks(ROWS)) == 0.0


def test_many_rows_are_marked_in_parts(monkeypatch):
    whole = row_marks(ROWS)
    monkeypatch.setattr("kt_notebook.training.row_marks._CHUNK_BYTES", 8 * 8 * 7)
    assert np.array_equal(row_marks(ROWS), whole)


@pytest.mark.parametrize("data", [None, [[1.0, 2.0]], np.array(["a"]), np.float32(1), np.zeros((0, 3))])
def test_what_is_no_array_of_numbers_has_no_marks(data):
    assert row_marks(data) is None
    assert share_known(row_marks(data), row_marks(ROWS)) == 0.0
