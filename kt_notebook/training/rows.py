"""Counts and takes the rows of data in the forms that Keras' `fit` takes: arrays, tables, tensors, and several of them.

How it works: a list, tuple or dict that holds arrays means several inputs or outputs, each with the same rows. A list
without arrays holds the rows themselves, such as texts.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kt_notebook.core.errors import DataError
from kt_notebook.training.kinds import describe

__all__ = ["Rows", "count_rows", "is_array", "take_rows", "take_rows_of_one"]

# Numbers of rows, from 0.
Rows = npt.NDArray[np.intp]


# Any: data come in every shape that Keras, numpy, pandas or torch know; here and below.
def is_array(data: Any) -> bool:
    """Return whether the data are one array, table or tensor with rows that can be taken by number."""
    if isinstance(data, type) or not hasattr(data, "__getitem__"):
        return False
    try:
        shape = tuple(data.shape)
    except (AttributeError, TypeError, ValueError):  # A tensor of unknown rank has a shape without a length.
        return False
    return len(shape) > 0 and isinstance(shape[0], int | np.integer)


def count_rows(name: str, data: Any) -> int:
    """Return how many rows the data have.

    Args:
        name: What to call them in an error.
        data: An array or table, a list of rows, or a list, tuple or dict of these.

    Raises:
        DataError: They have no rows to be taken by number, or their parts have not the same number.
    """
    counts = {part_name: _count(part_name, part) for part_name, part in _parts(name, data)}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{part_name} has {count}" for part_name, count in counts.items())
        raise DataError(f"The parts of {name} differ in their number of rows: {listed}. Give each the same rows.")
    if not counts:
        raise DataError(f"{name} is an empty {type(data).__name__}. Give arrays.")
    return next(iter(counts.values()))


def take_rows(data: Any, rows: Rows) -> Any:
    """Return these rows of the data, in this order, in the form that the data have."""
    if isinstance(data, dict):
        return {name: take_rows(part, rows) for name, part in data.items()}
    if _is_structure(data):
        parts = [take_rows(part, rows) for part in data]
        if isinstance(data, list):
            return parts
        return type(data)(*parts) if hasattr(data, "_fields") else tuple(parts)
    return take_rows_of_one(data, rows)


def take_rows_of_one(data: Any, rows: Rows) -> Any:
    """Return these rows of one array, table, tensor or list of rows: a list of arrays is no several inputs here."""
    if isinstance(data, list | tuple):
        return [data[row] for row in rows]
    if hasattr(data, "iloc"):  # pandas: by position, whatever the index is.
        return data.iloc[rows]
    tensorflow: Any = sys.modules.get("tensorflow")
    if tensorflow is not None and tensorflow.is_tensor(data):
        return tensorflow.gather(data, rows)
    if hasattr(data, "tocsr"):  # scipy: not each kind of sparse matrix can be indexed.
        return data.tocsr()[rows]
    if type(data).__module__.startswith("h5py"):  # Takes increasing numbers only.
        increasing, places = np.unique(rows, return_inverse=True)
        return data[increasing][places]
    return data[rows]


def _parts(name: str, data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, part in data.items():
            yield from _parts(f"{name}[{key!r}]", part)
    elif _is_structure(data):
        for number, part in enumerate(data):
            yield from _parts(f"{name}[{number}]", part)
    else:
        yield name, data


def _is_structure(data: Any) -> bool:
    return isinstance(data, list | tuple) and any(is_array(part) or isinstance(part, dict) for part in data)


def _count(name: str, data: Any) -> int:
    if isinstance(data, list | tuple) and data:
        return len(data)
    if not is_array(data):
        raise DataError(
            f"cv= takes rows by their number, and {name} is {_described(data)}, which has none. Give arrays, pandas "
            "tables or tensors (a tf.data.Dataset can be split beforehand: a search without cv= for each part)."
        )
    return int(data.shape[0])


def _described(data: Any) -> str:
    return "an empty list" if isinstance(data, list | tuple) else describe(data)
