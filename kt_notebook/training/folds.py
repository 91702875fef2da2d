"""Cross-validation: splits what `search(x, y, cv=…)` was given into folds, each of which one execution is fitted with.

How it works: which rows belong to which fold is worked out once, so that all trials are compared on the same folds.
Only the numbers of the rows are kept; a fold's data are copied when its fit begins, and freed after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kt_notebook.core.errors import DataError, OptionError
from kt_notebook.training.fit_arguments import FIT_NAMES, has_validation, named_arguments
from kt_notebook.training.rows import count_rows, is_array, take_rows
from kt_notebook.training.splitting import Fold, as_cv, make_folds

__all__ = ["Folds"]


class Folds:
    """The folds of a search's data.

    An integer means that many folds of equal size, with rows drawn at random from a seed: rows often come sorted, by
    class or by time of recording, and a fold cut from sorted rows trains on what it is not tested with. Where the order
    matters give `TimeSeriesSplit(5)`; to keep the share of each class, `StratifiedKFold(5, shuffle=True, …)`. With
    `groups` an integer n means scikit-learn's `GroupKFold(n)`, as for `SklearnTuner`: rows of a group stay together.

    Args:
        cv: A number of folds, 2 or more; an object with `split(X, y, groups)`, as scikit-learn's; or pairs of train
            and test row numbers, or masks.
        fit_args: As given to `search`: x and y.
        fit_kwargs: As given to `search`; `groups` among them goes to the splitter and to no fit.
        seed: What the rows are shuffled with, where `cv` is an integer and there are no `groups`.

    Raises:
        OptionError: `cv` gives no folds for these data, or another argument says what to validate with.
        DataError: The data have no rows to be taken by number.
        MissingPackageError: `groups` are to be kept together without scikit-learn.

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
        self._folds = make_folds(
            as_cv(cv),
            self.n_rows,
            _features(named["x"], self.n_rows),
            _labels(named.get("y")),
            groups,
            splitter_of=lambda n_folds: _ShuffledFolds(n_folds, seed),
        )
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


# What splitters are asked with.


class _ShuffledFolds:
    """Splits rows into folds of nearly one size, drawn at random from a seed; needs no scikit-learn."""

    def __init__(self, n_folds: int, seed: int) -> None:
        self._n_folds = n_folds
        self._seed = seed

    def split(self, x: Any, y: Any) -> Iterator[Fold]:
        n_rows = len(x)
        order = np.random.default_rng(self._seed).permutation(n_rows)
        for part in np.array_split(order, self._n_folds):
            yield np.setdiff1d(np.arange(n_rows), part, assume_unique=True), np.sort(part)


def _features(x: Any, n_rows: int) -> Any:
    """Return the inputs as splitters take them: one table, or as many rows of nothing."""
    return x if hasattr(x, "iloc") or isinstance(x, np.ndarray) else np.zeros((n_rows, 1))


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
