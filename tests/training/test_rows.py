from collections import namedtuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from kt_notebook.core.errors import DataError
from kt_notebook.training.rows import count_rows, is_array, take_rows

ROWS = np.array([3, 0])
A = np.arange(8).reshape(4, 2)


def _table() -> pd.DataFrame:
    return pd.DataFrame({"a": [10, 11, 12, 13]}, index=[3, 2, 1, 0])


@pytest.mark.parametrize(
    "data",
    [
        A,
        _table(),
        _table()["a"],
        scipy.sparse.csr_array(A),
        scipy.sparse.coo_array(A),
        [1, 2, 3, 4],
        ("a", "b", "c", "d"),
    ],
)
def test_rows_are_counted_in_each_form(data: Any) -> None:
    assert count_rows("x", data) == 4


def test_rows_of_an_array_are_copied() -> None:
    taken = take_rows(A, ROWS)
    assert taken.tolist() == [[6, 7], [0, 1]]
    assert not np.shares_memory(taken, A)


def test_rows_of_a_table_are_taken_by_position_whatever_its_index() -> None:
    taken = take_rows(_table(), ROWS)
    assert isinstance(taken, pd.DataFrame)
    assert taken["a"].tolist() == [13, 10]
    assert take_rows(_table()["a"], ROWS).tolist() == [13, 10]


def test_rows_of_sparse_matrices_stay_sparse() -> None:
    for made in (scipy.sparse.csr_array(A), scipy.sparse.coo_array(A)):
        taken = take_rows(made, ROWS)
        assert scipy.sparse.issparse(taken)
        assert taken.toarray().tolist() == [[6, 7], [0, 1]]


def test_a_list_without_arrays_holds_the_rows() -> None:
    assert take_rows(["a", "b", "c", "d"], ROWS) == ["d", "a"]
    assert take_rows([[1], [2], [3], [4]], ROWS) == [[4], [1]]


def test_several_inputs_keep_their_form() -> None:
    pair = namedtuple("pair", "left right")
    taken = take_rows({"image": A, "table": [A, (A, _table())], "pair": pair(A, A)}, ROWS)
    assert list(taken) == ["image", "table", "pair"]
    assert isinstance(taken["table"], list)
    assert isinstance(taken["table"][1], tuple)
    assert type(taken["pair"]) is pair
    assert taken["table"][1][1]["a"].tolist() == [13, 10]


def test_a_file_of_hdf5_gives_rows_in_any_order(tmp_path: Any) -> None:
    import h5py

    with h5py.File(tmp_path / "data.h5", "w") as file:
        data = file.create_dataset("x", data=A)
        assert count_rows("x", data) == 4
        assert take_rows(data, np.array([3, 0, 3])).tolist() == [[6, 7], [0, 1], [6, 7]]


@pytest.mark.keras
def test_rows_of_tensors_are_tensors() -> None:
    import tensorflow as tf

    assert count_rows("x", tf.constant(A)) == 4
    assert take_rows(tf.constant(A), ROWS).numpy().tolist() == [[6, 7], [0, 1]]
    ragged = tf.ragged.constant([[1], [2, 3], [], [4]])
    assert count_rows("x", ragged) == 4
    assert take_rows(ragged, ROWS).to_list() == [[4], [1]]
    assert take_rows(tf.constant(["a", "b", "c", "d"]), ROWS).numpy().tolist() == [b"d", b"a"]


@pytest.mark.keras
def test_what_has_no_rows_to_take_by_number_is_refused() -> None:
    import keras
    import tensorflow as tf

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> Any:
            return A

    for data in (tf.data.Dataset.from_tensor_slices(A).batch(2), Batches(), tf.sparse.from_dense(A), keras.Input((2,))):
        with pytest.raises(DataError, match=rf"x is {type(data).__name__}, which has none\. Give arrays"):
            count_rows("x", data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((batch for batch in [A]), "x is generator, which has none"),
        (lambda: A, "x is function, which has none"),
        (3.0, r"x is float 3\.0, which has none"),
        (np.float64(3), "x is float64"),
        ([], "x is an empty list, which has none"),
        ({}, "x is an empty dict"),
        ({"a": A, "b": A[:3]}, r"The parts of x differ in their number of rows: x\['a'\] has 4, x\['b'\] has 3"),
        ([A, [A[:3]]], r"x\[0\] has 4, x\[1\]\[0\] has 3"),
    ],
)
def test_an_error_names_the_part_and_what_it_is(data: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        count_rows("x", data)


def test_an_array_is_told_by_its_rows() -> None:
    assert is_array(A)
    assert not is_array(np.array(3))
    assert not is_array([1, 2])
    assert not is_array(np.ndarray)
