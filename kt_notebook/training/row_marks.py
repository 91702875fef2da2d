"""Numbers by which single rows of data are known again, in any order, type of number or container.

How it works: a row is taken as float32 and its bits are multiplied by fixed random odd numbers and added up, modulo
2**64 (Carter and Wegman 1979, section 3). Rows with other contents share a mark with a chance of about 2**-60.
"""

from typing import Any

import numpy as np

__all__ = ["row_marks", "share_known"]

_SEED = 20240607
_CHUNK_BYTES = 2**24


# Any: arrays, tables, tensors.
def row_marks(x: Any) -> np.ndarray | None:
    """Return a mark for each row, shape `(n,)`, uint64; None for what is no array of numbers.

    Example:
        >>> rows = np.array([[1, 2], [3, 4]])
        >>> np.array_equal(row_marks(rows)[::-1], row_marks(rows[::-1].astype("float32")))
        True
    """
    if not (hasattr(x, "__array__") and hasattr(x, "shape")) or hasattr(x, "tocsr"):
        return None
    values = np.asarray(x)
    if values.ndim == 0 or values.dtype.kind not in "biuf" or not len(values):
        return None
    rows = values.reshape(len(values), -1)
    halves = np.random.default_rng(_SEED).integers(0, 2**63, rows.shape[1], dtype=np.uint64)
    weights = halves * np.uint64(2) + np.uint64(1)
    size = max(1, _CHUNK_BYTES // max(1, 8 * rows.shape[1]))
    return np.concatenate([_marks(rows[begin : begin + size], weights) for begin in range(0, len(rows), size)])


def _marks(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    bits = (np.ascontiguousarray(rows, dtype=np.float32) + np.float32(0)).view(np.uint32)  # -0.0 is 0.0
    marks: np.ndarray = (bits.astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64)
    return marks


def share_known(rows: np.ndarray | None, known: np.ndarray | None) -> float:
    """Return which share of some rows' marks, 0 to 1, is among others; 0 where either is not known."""
    if rows is None or known is None or not len(rows):
        return 0.0
    return float(np.isin(rows, known).mean())
