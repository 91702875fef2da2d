"""Turns a `cv`, in whatever form it is given, into checked folds: the rows to train with and those that are held out.

How it works: a number of folds becomes a splitter, a splitter is asked for pairs of row numbers, and what pairs there
are is looked at: no fold may be judged by a row that it is trained with.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeGuard

import numpy as np

from kt_notebook.core.errors import MissingPackageError, OptionError
from kt_notebook.training.kinds import describe
from kt_notebook.training.rows import Rows

__all__ = ["Fold", "as_cv", "is_number_of_folds", "make_folds"]

# Numbers of the rows to train with, and of those that are held out.
Fold = tuple[Rows, Rows]

_FORMS = (
    "Give a number of folds (cv=5), a splitter of scikit-learn (cv=KFold(5)), or pairs of (train, test) row numbers."
)


# Any: a `cv` is whatever the user gives, data are whatever their splitters know; here and below.
def is_number_of_folds(cv: Any) -> TypeGuard[int]:
    """Return whether a `cv` says only how many folds there are."""
    return isinstance(cv, int | np.integer) and not isinstance(cv, bool)


def as_cv(cv: Any) -> Any:
    """Return a `cv` as `make_folds` takes it, any number of times: an int, a splitter, or a list of pairs.

    Args:
        cv: A number of folds, 2 or more; an object with `split(X, y, groups)`, as scikit-learn's; or pairs of train
            and test row numbers, or masks.

    Raises:
        OptionError: It is none of these.
    """
    if is_number_of_folds(cv):
        if cv < 2:
            raise OptionError(f"cv={cv} leaves nothing to train with or to hold out. Give 2 folds or more.")
        return int(cv)
    if isinstance(cv, type):
        raise OptionError(f"cv is the class {cv.__name__}. Give an instance, such as {cv.__name__}(5).")
    if isinstance(cv, str | bytes | Mapping) or not (_is_splitter(cv) or isinstance(cv, Iterable)):
        raise OptionError(f"cv is {describe(cv)}. {_FORMS}")
    return cv if _is_splitter(cv) else list(cv)


def make_folds(cv: Any, n_rows: int, x: Any, y: Any, groups: Any, *, splitter_of: Callable[[int], Any]) -> list[Fold]:
    """Return the folds of some data.

    Args:
        cv: What `as_cv` returned. A number n means `GroupKFold(n)` where there are `groups`.
        n_rows: How many rows the data have.
        x: What splitters take for the features.
        y: What splitters take for the labels, or None.
        groups: A label for each row, of rows that belong together; or None.
        splitter_of: Gives the splitter that a number means without `groups`.

    Raises:
        OptionError: `cv` gives no folds for these data.
        MissingPackageError: `groups` are to be kept together without scikit-learn.
    """
    if is_number_of_folds(cv):
        if cv > n_rows:
            raise OptionError(f"cv={cv} is more folds than there are rows ({n_rows}). Give {n_rows} or fewer.")
        cv = splitter_of(cv) if groups is None else _group_splitter(cv)
    pairs = cv if isinstance(cv, list) else _pairs(cv, n_rows, x, y, groups)
    if not pairs:
        raise OptionError(f"cv={_shown(cv)} gives no folds. {_FORMS}")
    return [_checked(pair, number, n_rows) for number, pair in enumerate(pairs, 1)]


def _is_splitter(cv: Any) -> bool:
    return callable(getattr(cv, "split", None))


def _group_splitter(n_folds: int) -> Any:
    try:
        from sklearn.model_selection import GroupKFold
    except ImportError as error:
        raise MissingPackageError(
            f"cv={n_folds} with groups= is GroupKFold({n_folds}) of scikit-learn, which is not installed. Install it: "
            "pip install scikit-learn; or give pairs of (train, test) row numbers."
        ) from error
    return GroupKFold(n_folds)


def _pairs(splitter: Any, n_rows: int, x: Any, y: Any, groups: Any) -> list[Any]:
    try:
        return list(splitter.split(x, y) if groups is None else splitter.split(x, y, groups))
    except (ValueError, TypeError) as error:
        if groups is None and "groups" in str(error):
            raise OptionError(
                f"cv={_shown(splitter)} needs groups, one label for each row. Give them: search(…, groups=…)."
            ) from error
        raise OptionError(
            f"cv={_shown(splitter)} cannot split these {n_rows} rows: {error} Give fewer folds, another splitter, or "
            "pairs of (train, test) row numbers."
        ) from error


def _checked(pair: Any, number: int, n_rows: int) -> Fold:
    """Return the rows of one fold.

    Raises:
        OptionError: They are no two parts of the data.
    """
    if not isinstance(pair, list | tuple | np.ndarray) or len(pair) != 2:
        raise OptionError(f"Fold {number} of cv is {describe(pair)}, no pair of (train, test) row numbers. {_FORMS}")
    train, test = (
        _row_numbers(part, f"{name} rows of fold {number}", n_rows)
        for part, name in zip(pair, ("training", "held-out"), strict=True)
    )
    shared = np.intersect1d(train, test)
    if shared.size:
        raise OptionError(
            f"Fold {number} of cv trains with {shared.size} of the rows that it is judged by, row {shared[0]} among "
            "them, so its score would be too good. Leave them out of one of the two."
        )
    return train, test


def _row_numbers(part: Any, name: str, n_rows: int) -> Rows:
    rows = np.asarray(part)
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    if not rows.size:
        raise OptionError(f"The {name} are empty. Give each fold rows to train with and rows to hold out.")
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise OptionError(
            f"The {name} are {describe(part)} with dtype {rows.dtype} and shape {rows.shape}. Give a list of row "
            f"numbers, or a mask of {n_rows} bools."
        )
    if rows.min() < 0 or rows.max() >= n_rows:
        wrong = rows.min() if rows.min() < 0 else rows.max()
        raise OptionError(f"The {name} have row {wrong}, and there are the rows 0 to {n_rows - 1}. Count from 0.")
    return rows.astype(np.intp)


def _shown(cv: Any) -> str:
    text = repr(cv)
    return text if len(text) <= 60 else type(cv).__name__
