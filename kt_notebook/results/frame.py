"""A DataFrame of results that also writes itself as JSON, LaTeX and Markdown without losing what matters."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kt_notebook.core.errors import MissingPackageError
from kt_notebook.core.format import pad, width
from kt_notebook.results.cells import cell_text

__all__ = ["ResultsFrame"]

# pandas' own ten decimals would leave of a learning rate of 1.2345e-8 two digits; more than these it does not know.
_DECIMALS = 15
# With one of these the user says how numbers read.
_FORMATS = frozenset({"float_format", "formatters", "decimal", "na_rep"})


class ResultsFrame(pd.DataFrame):
    """An ordinary DataFrame whose files and texts suit results; the rest, `to_csv` among it, is pandas' own.

    Example:
        >>> frame = ResultsFrame({"lr": [1.25e-08, 0.1], "kernel": [(3, 3), None]})
        >>> frame.to_json()
        '{"lr":{"0":0.0000000125,"1":0.1},"kernel":{"0":[3,3],"1":null}}'
        >>> print(frame.to_markdown(index=False))
        |      lr | kernel |
        |--------:|:-------|
        | 1.25e-8 | (3, 3) |
        |     0.1 | None   |
    """

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return type(self)

    # Any, in the three methods: pandas' own arguments, of which it has many overloads, are handed on as they are.
    def to_json(self, *args: Any, **options: Any) -> Any:
        """Write JSON as pandas does, with 15 decimals where `double_precision` says no other number.

        Tuples become lists, and what is missing null: JSON has no word for either.
        """
        return super().to_json(*args, **{"double_precision": _DECIMALS, **options})

    def to_latex(self, *args: Any, **options: Any) -> Any:
        """Write LaTeX as pandas does, with short numbers, blanks where something is missing, and names escaped.

        Numbers stand on the right. Where `float_format`, `formatters`, `decimal` or `na_rep` is given, pandas formats.
        """
        if options.keys() & _FORMATS:
            return super().to_latex(*args, **{"escape": True, **options})
        alignment = "l" * self.index.nlevels if options.get("index", True) else ""
        columns = options.get("columns")
        chosen = self if columns is None else self[list(columns)]
        alignment += "".join("r" if is_right else "l" for is_right in _are_right(chosen))
        held = {"escape": True, "column_format": alignment, **options}
        return _in_text(pd.DataFrame(self)).to_latex(*args, **held)

    def to_markdown(self, buf: Any = None, *, mode: Any = "wt", index: bool = True, **options: Any) -> Any:
        """Write a Markdown table with short numbers; return the text where there is no `buf`.

        Args:
            buf: A path or an open file.
            mode: How a path is opened.
            index: Whether the index is its first column.
            options: Those of the package tabulate, which is then needed and writes the table, through pandas.

        Raises:
            MissingPackageError: Options are given and tabulate is not installed.
        """
        if options:
            try:
                return pd.DataFrame(self).to_markdown(buf, mode=mode, index=index, **options)
            except ImportError as error:
                raise MissingPackageError(
                    f"to_markdown({', '.join(f'{name}=…' for name in options)}) needs the package tabulate. "
                    "Run %pip install tabulate, or leave these options out."
                ) from error
        text = _markdown(self, with_index=index)
        if buf is None:
            return text
        if hasattr(buf, "write"):
            buf.write(text)
            return None
        with Path(buf).open(mode, encoding="utf-8") as file:
            file.write(text)
        return None


def _in_text(frame: pd.DataFrame) -> pd.DataFrame:
    texts = [[_plain(cell_text(value)) for value in frame.iloc[:, i]] for i in range(frame.shape[1])]
    made = pd.DataFrame(dict(enumerate(texts)), index=frame.index, dtype="object")
    made.columns = frame.columns
    return made


def _plain(text: str) -> str:
    """Return a text that every LaTeX can set."""
    return text.replace("−", "-").replace("∞", "inf").replace("–", "--")


def _are_right(frame: pd.DataFrame) -> list[bool]:
    return [
        (pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)) or _holds_numbers(frame, i)
        for i, dtype in enumerate(frame.dtypes)
    ]


def _holds_numbers(frame: pd.DataFrame, column: int) -> bool:
    """Return whether a column of objects is one of numbers, some of which None."""
    held = frame.iloc[:, column].dropna()
    return len(held) > 0 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in held)


def _markdown(frame: pd.DataFrame, *, with_index: bool) -> str:
    rights = _are_right(frame)
    columns = [(_head(name), frame.iloc[:, i].tolist()) for i, name in enumerate(frame.columns)]
    if with_index:
        levels = [frame.index.get_level_values(i) for i in range(frame.index.nlevels)]
        columns = [("" if level.name is None else _head(level.name), level.tolist()) for level in levels] + columns
        rights = [pd.api.types.is_numeric_dtype(level.dtype) for level in levels] + rights
    cells = [[head, *map(_cell, values)] for head, values in columns]
    widths = [max(3, *map(width, column)) for column in cells]
    rule = [f"{'-' * (w + 1)}:" if right else f":{'-' * (w + 1)}" for w, right in zip(widths, rights, strict=True)]
    rows = [
        [f" {pad(cell, w, right=right)} " for cell, w, right in zip(row, widths, rights, strict=True)]
        for row in zip(*cells, strict=True)
    ]
    return "\n".join(f"|{'|'.join(row)}|" for row in [*rows[:1], rule, *rows[1:]])


def _head(name: Hashable) -> str:
    return _cell(" ".join(map(str, name)) if isinstance(name, Sequence) and not isinstance(name, str) else name)


# Any: a table holds values of all kinds.
def _cell(value: Any) -> str:
    """Return a value in one line that ends no cell and begins no tag."""
    text = " ".join(cell_text(value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
