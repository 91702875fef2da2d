"""Facts about folds that hold for fits of Keras and for estimators alike: what a `cv` and its folds may be."""

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold

from kt_notebook.core.errors import OptionError
from kt_notebook.training.splitting import as_cv, is_number_of_folds, make_folds

X = np.zeros((6, 1))


def _folds(cv: Any, groups: Any = None) -> list[tuple[list[int], list[int]]]:
    folds = make_folds(as_cv(cv), 6, X, None, groups, splitter_of=KFold)
    return [(train.tolist(), test.tolist()) for train, test in folds]


def test_a_number_is_what_its_user_takes_it_for() -> None:
    assert _folds(np.int64(2)) == [([3, 4, 5], [0, 1, 2]), ([0, 1, 2], [3, 4, 5])]
    assert is_number_of_folds(np.int64(2))
    assert not any(is_number_of_folds(cv) for cv in (True, 2.0, None, "2", [2]))


def test_a_number_with_groups_splits_no_group() -> None:
    assert _folds(3, [0, 1, 2, 0, 1, 2]) == [([0, 1, 3, 4], [2, 5]), ([0, 2, 3, 5], [1, 4]), ([1, 2, 4, 5], [0, 3])]


def test_a_splitter_of_ones_own_is_not_asked_for_groups_that_there_are_not() -> None:
    class Halves:
        def split(self, x: Any, y: Any) -> Any:
            yield [0, 1, 2], [3, 4, 5]

    assert _folds(Halves()) == [([0, 1, 2], [3, 4, 5])]


def test_what_as_cv_returns_serves_again() -> None:
    pairs = as_cv(pair for pair in [([0], [1])])
    assert as_cv(pairs) == pairs == [([0], [1])]


@pytest.mark.parametrize("cv", [-3, 1, KFold, "5", {0: 1}, None, 2.5, False])
def test_what_is_no_cv_is_refused_with_what_is(cv: Any) -> None:
    with pytest.raises(OptionError, match=r"^cv(=| is ).*\. Give (2 folds|an instance|a number of folds)"):
        as_cv(cv)


def test_a_row_that_is_trained_with_does_not_judge() -> None:
    with pytest.raises(OptionError, match=r"Fold 2 of cv trains with 1 of the rows that it is judged by, row 4 among"):
        _folds([([0], [1]), (np.arange(6) > 3, [3, 4])])
