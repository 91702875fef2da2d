"""Cross-validation: splits what `search(x, y, cv=…)` was given into folds, each of which one execution is fitted with.

How it works: which rows belong to which fold is worked out once, so that all trials are compared on the same folds.
Only the numbers of the rows are kept; a fold's data are copied when its fit begins, and freed after it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kt_notebook.core.errors import DataError, OptionError
from kt_notebook.training.fit_arguments import FIT_NAMES, has_validation, named_arguments
from kt_notebook.training.kinds import describe
from kt_notebook.training.rows import Rows, count_rows, is_array, take_rows

__all__ = ["Folds"]

_FORMS = (
    "Give a number of folds (cv=5), a splitter of scikit-learn (cv=KFold(5)), or pairs of (train, test) row numbers."
)


class Folds:
    """The folds of a search's data.

    An integer means that many folds of equal size, with rows drawn at random from a seed: rows often come sorted, by
    class or by time of recording, and a fold cut from sorted rows trains on what it is not tested with. Where the order
    matters give `TimeSeriesSplit(5)`; to keep the share of each class, `StratifiedKFold(5, shuffle=True, …)`.

    Args:
        cv: A number of folds, 2 or more; an object with `split(X, y, groups)`, as scikit-learn's; or pairs of train
            and test row numbers, or masks.
        fit_args: As given to `search`: x and y.
        fit_kwargs: As given to `search`; `groups` among them goes to the splitter and to no fit.
        seed: What the rows are shuffled with, where `cv` is an integer.

    Raises:
        OptionError: `cv` gives no folds for these data, or another argument says what to validate with.
        DataError: The data have no rows to be taken by number.

    Attributes:
        n_folds: How many folds there are.
        n_rows: How many rows the data have.

    Example:
        >>> folds = Folds(2, (np.zeros((6, 3)), np.zeros(6)), {"epochs": 5})
        >>> args, kwargs = folds.arguments(0, (np.zeros((6, 3)), np.zeros(6)), {"epochs": 5})
        >>> len(args[0]), len(kwargs["validation_data"][0])
        (3, 3)
    """

    # Any: `cv` is whatever the user gives; data and arguments of Keras' `fit`, here and below.
    def __init__(self, cv: Any, fit_args: Sequence[Any], fit_kwargs: Mapping[str, Any], *, seed: int = 0) -> None:
        named = named_arguments(fit_args, fit_kwargs)
        self.n_rows = _count_all(named)
        groups = named.get("groups")
        if groups is not None and (n := count_rows("groups", groups)) != self.n_rows:
            raise DataError(f"groups has {n} labels for {self.n_rows} rows. Give one label for each row.")
        pairs = _pairs(cv, named, groups, self.n_rows, seed)
        self._folds = [_checked(pair, number, self.n_rows) for number, pair in enumerate(pairs, 1)]
        if not self._folds:
            raise OptionError(f"cv={_shown(cv)} gives no folds. {_FORMS}")
        self.n_folds = len(self._folds)

    def __repr__(self) -> str:
        return f"Folds({self.n_folds} of {self.n_rows} rows)"

    def arguments(
        self, fold: int, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of a fold's fit: its rows to train with, the held-out ones as `validation_data`.

        Args:
            fold: Which, from 0.
            args: Positional arguments as given to `search`, or changed since.
            kwargs: Its keyword arguments.

        Raises:
            DataError: The data are not those that the folds were made for.
            OptionError: An argument says what to validate with.
        """
        named = named_arguments(args, kwargs)
        n_rows = _count_all(named)
        if n_rows != self.n_rows:
            raise DataError(
                f"The folds were made for the {self.n_rows} rows that search(…) was given, and now there are {n_rows}. "
                "Change rows before the search, or split them in run_trial without cv=."
            )
        train, test = self._folds[fold]
        parts = {name: named[name] for name in ("x", "y", "sample_weight") if named.get(name) is not None}
        fitted = {name: take_rows(part, train) for name, part in parts.items()}
        held_out = [take_rows(parts[name], test) if name in parts else None for name in ("x", "y", "sample_weight")]
        while held_out[-1] is None:
            held_out.pop()
        positional = tuple(fitted.get(_name_at(number), value) for number, value in enumerate(args))
        further = {name: fitted.get(name, value) for name, value in kwargs.items() if name != "groups"}
        if len(args) > FIT_NAMES.index("validation_data"):  # In its place, which holds None.
            place = FIT_NAMES.index("validation_data")
            return (*positional[:place], tuple(held_out), *positional[place + 1 :]), further
        return positional, {**further, "validation_data": tuple(held_out)}


def _name_at(number: int) -> str:
    return FIT_NAMES[number] if number < len(FIT_NAMES) else ""


def _shown(cv: Any) -> str:
    text = repr(cv)
    return text if len(text) <= 60 else type(cv).__name__


# The data.


def _count_all(named: Mapping[str, Any]) -> int:
    """Return the number of rows of x, y and the sample weights.

    Raises:
        DataError: They have none, or not the same number.
        OptionError: An argument says what to validate with.
    """
    if has_validation((), named):
        name = "validation_data" if named.get("validation_data") is not None else "validation_split"
        raise OptionError(
            f"cv= validates each fold with the rows it holds out, and {name}= was given as well. Drop one."
        )
    if named.get("x") is None:
        raise DataError(
            "cv= splits the data that search(…) is given, and there are none. Give them: search(x, y, cv=5)."
        )
    n_rows = count_rows("x", named["x"])
    for name in ("y", "sample_weight"):
        if named.get(name) is not None and (n := count_rows(name, named[name])) != n_rows:
            raise DataError(f"x has {n_rows} rows and {name} has {n}. Give {name} with one row for each row of x.")
    return n_rows


# The folds.


def _pairs(cv: Any, named: Mapping[str, Any], groups: Any, n_rows: int, seed: int) -> list[Any]:
    if isinstance(cv, int | np.integer) and not isinstance(cv, bool):
        if groups is not None:
            raise OptionError(
                f"groups= counts with a splitter that keeps groups together, not with cv={cv}. "
                f"Give cv=sklearn.model_selection.GroupKFold({cv})."
            )
        return _equal_folds(int(cv), n_rows, seed)
    if isinstance(cv, type):
        raise OptionError(f"cv is the class {cv.__name__}. Give an instance, such as {cv.__name__}(5).")
    if callable(getattr(cv, "split", None)) and not isinstance(cv, str | bytes):
        return _split(cv, named, groups, n_rows)
    if not isinstance(cv, Iterable) or isinstance(cv, str | bytes | Mapping):
        raise OptionError(f"cv is {describe(cv)}. {_FORMS}")
    return list(cv)


def _equal_folds(n_folds: int, n_rows: int, seed: int) -> list[tuple[Rows, Rows]]:
    if n_folds < 2:
        raise OptionError(f"cv={n_folds} leaves nothing to train with or to validate with. Give 2 folds or more.")
    if n_folds > n_rows:
        raise OptionError(f"cv={n_folds} is more folds than there are rows ({n_rows}). Give {n_rows} or fewer.")
    order = np.random.default_rng(seed).permutation(n_rows)
    parts = [np.sort(part) for part in np.array_split(order, n_folds)]
    return [(np.setdiff1d(np.arange(n_rows), part, assume_unique=True), part) for part in parts]


def _split(splitter: Any, named: Mapping[str, Any], groups: Any, n_rows: int) -> list[Any]:
    x = named["x"] if hasattr(named["x"], "iloc") or isinstance(named["x"], np.ndarray) else np.zeros((n_rows, 1))
    labels = _labels(named.get("y"))
    try:
        pairs = splitter.split(x, labels) if groups is None else splitter.split(x, labels, groups)
        return list(pairs)
    except (ValueError, TypeError) as error:
        if groups is None and "groups" in str(error):
            raise OptionError(
                f"cv={_shown(splitter)} needs groups, one label for each row. Give them: search(x, y, cv=…, groups=…)."
            ) from error
        raise OptionError(
            f"cv={_shown(splitter)} cannot split these {n_rows} rows: {error} Give fewer folds, another splitter, or "
            "pairs of (train, test) row numbers."
        ) from error


def _labels(y: Any) -> Any:
    """Return the outputs as splitters take them: a column as a row of labels, one-hot rows as numbers of classes."""
    if isinstance(y, list | tuple) and y and not any(is_array(part) or isinstance(part, dict) for part in y):
        return np.asarray(y)
    if not is_array(y) or len(y.shape) > 2:
        return None  # Several outputs, or pictures: nothing to sort rows by.
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        return labels[:, 0]
    if labels.ndim == 2 and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
        return labels.argmax(axis=1)
    return labels


def _checked(pair: Any, number: int, n_rows: int) -> tuple[Rows, Rows]:
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
            f"Fold {number} of cv trains with {shared.size} of the rows that it validates with, row {shared[0]} among "
            "them, so its score would be too good. Leave them out of one of the two."
        )
    return train, test


def _row_numbers(part: Any, name: str, n_rows: int) -> Rows:
    rows = np.asarray(part)
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    if not rows.size:
        raise OptionError(f"The {name} are empty. Give each fold rows to train with and rows to validate with.")
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise OptionError(
            f"The {name} are {describe(part)} with dtype {rows.dtype} and shape {rows.shape}. Give a list of row "
            f"numbers, or a mask of {n_rows} bools."
        )
    if rows.min() < 0 or rows.max() >= n_rows:
        wrong = rows.min() if rows.min() < 0 else rows.max()
        raise OptionError(f"The {name} have row {wrong}, and there are the rows 0 to {n_rows - 1}. Count from 0.")
    return rows.astype(np.intp)
