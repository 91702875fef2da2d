"""The samples that scikit-learn estimators are tuned with, and the folds into which they are split."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kt_notebook.core.errors import DataError, OptionError
from kt_notebook.training.kinds import describe

__all__ = ["Fold", "Samples", "group_splitter", "is_number_of_folds", "make_splitter", "split"]

Rows = npt.NDArray[np.intp]
# Numbers of the rows to fit with, and of those to score with.
Fold = tuple[Rows, Rows]

_N_FOLDS = 5  # As KerasTuner's default, which is KFold(5, shuffle=True, random_state=1).
_FORMS = (
    "Give a number of folds (cv=5), a splitter of scikit-learn (cv=StratifiedKFold(5)), or pairs of (train, test) row "
    "numbers."
)


@dataclass(frozen=True, slots=True)
class Samples:
    """What `fit` and `score` of an estimator take: arrays, tables, sparse matrices or lists, with the same rows.

    Attributes:
        X: The features.
        y: The targets, None where the estimator learns without.
        sample_weight: A weight for each row, or None.
        groups: A label for each row, of rows that belong together; or None.
    """

    # Any: data come in every shape that scikit-learn knows; here and below.
    X: Any
    y: Any = None
    sample_weight: Any = None
    groups: Any = None

    @classmethod
    def of(cls, X: Any, y: Any, sample_weight: Any, groups: Any) -> "Samples":
        """Return the samples in a form whose rows can be taken by number.

        Raises:
            DataError: One of them has no rows, or not as many as X.
        """
        if X is None:
            raise DataError("There are no data to fit estimators with: X is None. Give them: search(X, y).")
        given = {"X": X, "y": y, "sample_weight": sample_weight, "groups": groups}
        parts = {name: None if part is None else _indexable(name, part) for name, part in given.items()}
        counts = {name: _count(part) for name, part in parts.items() if part is not None}
        for name, count in counts.items():
            if count != counts["X"]:
                raise DataError(
                    f"X has {counts['X']} rows and {name} has {count}. Give {name} with one row for each row of X."
                )
        return cls(**parts)

    @property
    def n_rows(self) -> int:
        """How many there are."""
        return _count(self.X)

    def take(self, rows: Rows) -> "Samples":
        """Return these rows, in this order."""
        return Samples(*(_take(part, rows) for part in (self.X, self.y, self.sample_weight, self.groups)))


def is_number_of_folds(cv: Any) -> bool:
    """Return whether a `cv` says only how many folds there are; None does."""
    return cv is None or (isinstance(cv, int | np.integer) and not isinstance(cv, bool))


def make_splitter(cv: Any) -> Any:
    """Return the splitter that a `cv` means, pairs of row numbers as they are.

    Args:
        cv: None for 5 folds, a number of folds, an object with `split(X, y, groups)`, or pairs of row numbers or masks.

    Raises:
        OptionError: It is none of these.
    """
    from sklearn.model_selection import KFold

    if is_number_of_folds(cv):
        n_folds = _N_FOLDS if cv is None else int(cv)
        if n_folds < 2:
            raise OptionError(f"cv={n_folds} leaves nothing to fit with or to score with. Give 2 folds or more.")
        return KFold(n_folds, shuffle=True, random_state=1)
    if isinstance(cv, type):
        raise OptionError(f"cv is the class {cv.__name__}. Give an instance, such as {cv.__name__}(n_splits=5).")
    if callable(getattr(cv, "split", None)) and not isinstance(cv, str | bytes):
        return cv
    if not isinstance(cv, Iterable) or isinstance(cv, str | bytes | Mapping):
        raise OptionError(f"cv is {describe(cv)}. {_FORMS}")
    return list(cv)  # The next search needs them too.


def group_splitter(splitter: Any) -> Any:
    """Return a splitter with as many folds that keeps the rows of a group together."""
    from sklearn.model_selection import GroupKFold

    return GroupKFold(splitter.get_n_splits())


def split(cv: Any, samples: Samples) -> list[Fold]:
    """Return the folds of the samples.

    Args:
        cv: What `make_splitter` or `group_splitter` gave.
        samples: What is split.

    Raises:
        OptionError: `cv` gives no folds for these samples.
    """
    pairs = cv if isinstance(cv, list) else _pairs(cv, samples)
    if not pairs:
        raise OptionError(f"cv={_shown(cv)} gives no folds. {_FORMS}")
    return [_fold(pair, number, samples.n_rows) for number, pair in enumerate(pairs, 1)]


def _pairs(splitter: Any, samples: Samples) -> list[Any]:
    groups = {} if samples.groups is None else {"groups": samples.groups}
    try:
        return list(splitter.split(samples.X, samples.y, **groups))
    except (TypeError, ValueError) as error:
        if samples.groups is None and "groups" in str(error):
            raise OptionError(
                f"cv={_shown(splitter)} needs groups, a label for each row. Give them: search(X, y, groups=…)."
            ) from error
        raise OptionError(
            f"cv={_shown(splitter)} cannot split these {samples.n_rows} rows: {error} Give fewer folds or another cv."
        ) from error


def _fold(pair: Any, number: int, n_rows: int) -> Fold:
    if not isinstance(pair, Sequence | np.ndarray) or isinstance(pair, str) or len(pair) != 2:
        raise OptionError(f"Fold {number} of cv is {describe(pair)}, no pair of (train, test) row numbers. {_FORMS}")
    train, test = (_row_numbers(part, number, n_rows) for part in pair)
    return train, test


def _row_numbers(part: Any, number: int, n_rows: int) -> Rows:
    rows = np.asarray(part)
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    if not rows.size:
        raise OptionError(f"Fold {number} of cv has an empty part. Give each fold rows to fit with and rows to score.")
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise OptionError(
            f"Fold {number} of cv has {describe(part)} with dtype {rows.dtype} for rows. Give lists of row numbers, or "
            f"masks of {n_rows} bools."
        )
    if rows.min() < 0 or rows.max() >= n_rows:
        wrong = rows.min() if rows.min() < 0 else rows.max()
        raise OptionError(
            f"Fold {number} of cv has row {wrong}, and there are the rows 0 to {n_rows - 1}. Count from 0."
        )
    return rows.astype(np.intp)


def _shown(cv: Any) -> str:
    text = repr(cv)
    return text if len(text) <= 60 else type(cv).__name__


def _indexable(name: str, part: Any) -> Any:
    """Return data whose rows can be taken by number: a sparse matrix as CSR, what is no sequence as an array."""
    from sklearn.utils import indexable

    try:
        return indexable(part)[0]
    except TypeError as error:
        raise DataError(
            f"{name} is {describe(part)}, which has no rows to be taken by number. Give an array, a table or a list."
        ) from error


def _count(part: Any) -> int:
    return int(part.shape[0]) if hasattr(part, "shape") else len(part)


def _take(part: Any, rows: Rows) -> Any:
    if part is None:
        return None
    if hasattr(part, "iloc"):  # pandas: by position, whatever the index is.
        return part.iloc[rows]
    if isinstance(
        part, list | tuple
    ):  # Of rows; that these may be arrays makes no several inputs of them, as in Keras.
        return [part[row] for row in rows]
    return part[rows]
