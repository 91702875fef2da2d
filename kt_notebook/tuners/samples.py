"""The samples that scikit-learn estimators are tuned with, and the folds into which they are split."""

from dataclasses import dataclass
from typing import Any

from kt_notebook.core.errors import DataError
from kt_notebook.training.kinds import describe
from kt_notebook.training.rows import Rows, take_rows_of_one
from kt_notebook.training.splitting import Fold, make_folds

__all__ = ["N_FOLDS", "Samples", "plain_splitter", "split"]

N_FOLDS = 5  # As KerasTuner's default, which is KFold(5, shuffle=True, random_state=1).


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
        return Samples(
            *(
                None if part is None else take_rows_of_one(part, rows)
                for part in (self.X, self.y, self.sample_weight, self.groups)
            )
        )


def plain_splitter(n_folds: int) -> Any:
    """Return the splitter that a number of folds means, without groups: KerasTuner's own where there are 5."""
    from sklearn.model_selection import KFold

    return KFold(n_folds, shuffle=True, random_state=1)


def split(cv: Any, samples: Samples) -> list[Fold]:
    """Return the folds of the samples.

    Args:
        cv: What `as_cv` gave. A number n means `GroupKFold(n)` where there are groups, else `plain_splitter(n)`.
        samples: What is split.

    Raises:
        OptionError: `cv` gives no folds for these samples.
    """
    return make_folds(cv, samples.n_rows, samples.X, samples.y, samples.groups, splitter_of=plain_splitter)


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
