"""How one value of a table reads: short numbers, nothing where nothing is known."""

from typing import Any

import pandas as pd

from kt_notebook.core.format import format_value, shorten
from kt_notebook.core.values import value_to_json

__all__ = ["LONGEST_TEXT", "LONGEST_VALUE", "cell_text", "is_missing"]

# Columns of text that a cell shows at most, of a value and of a sentence.
LONGEST_VALUE, LONGEST_TEXT = 28, 60


# Any, in this file: a table holds values of all kinds.
def is_missing(value: Any) -> bool:
    """Return whether a cell is empty: NaN, NaT or NA. None is a value that a hyperparameter may have.

    Example:
        >>> is_missing(float("nan")), is_missing(None), is_missing((1, 3))
        (True, False, False)
    """
    return value is not None and pd.api.types.is_scalar(value) and bool(pd.isna(value))


def cell_text(value: Any, columns: int | None = None) -> str:
    """Return a value as a table shows it: floats with three or four digits, whole numbers in full, "" where missing.

    Args:
        value: Anything.
        columns: Cut the text to so many columns, in one line.

    Example:
        >>> cell_text(0.00123456), cell_text(96.0), cell_text((3, 3)), cell_text(None), cell_text(float("nan"))
        ('1.23e-3', '96', '(3, 3)', 'None', '')
    """
    if is_missing(value):
        return ""
    if pd.api.types.is_integer(value):
        return str(value)  # a seed
    try:
        text = format_value(value_to_json(value))
    except TypeError:  # what a user has put into the table
        text = str(value)
    return text if columns is None else shorten(text, columns)
