import builtins
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from kt_notebook.core.errors import DataError, MissingPackageError, OptionError
from kt_notebook.training.folds import Folds

X = np.arange(20).reshape(10, 2)
Y = np.array([0, 1] * 5)
DATA = (X, Y)


def _held_out(folds: Folds, args: Any = DATA, kwargs: Any = None) -> list[list[int]]:
    """Return the first column's halves of what each fold validates with: the numbers of its rows."""
    made = [folds.arguments(n, args, kwargs or {})[1]["validation_data"][0] for n in range(folds.n_folds)]
    return [(np.asarray(part)[:, 0] // 2).tolist() for part in made]


def test_a_fold_trains_with_its_rows_and_validates_with_the_others() -> None:
    folds = Folds([([0, 1, 2], [3, 4])], DATA, {"epochs": 5})
    args, kwargs = folds.arguments(0, DATA, {"epochs": 5, "class_weight": {0: 1.0}})
    x_val, y_val = kwargs.pop("validation_data")
    assert [part.tolist() for part in args] == [[[0, 1], [2, 3], [4, 5]], [0, 1, 0]]
    assert x_val.tolist() == [[6, 7], [8, 9]]
    assert y_val.tolist() == [1, 0]
    assert kwargs == {"epochs": 5, "class_weight": {0: 1.0}}


def test_an_integer_cuts_shuffled_rows_into_folds_of_nearly_one_size() -> None:
    held_out = _held_out(Folds(3, DATA, {}))
    assert [len(part) for part in held_out] == [4, 3, 3]
    assert sorted(row for part in held_out for row in part) == list(range(10))
    assert held_out[0] != [0, 1, 2, 3]


def test_an_integer_gives_the_same_folds_for_one_seed() -> None:
    assert _held_out(Folds(3, DATA, {}, seed=7)) == _held_out(Folds(3, DATA, {}, seed=7))
    assert _held_out(Folds(3, DATA, {}, seed=7)) != _held_out(Folds(3, DATA, {}, seed=8))


def test_an_integer_needs_no_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_sklearn(name: str, *args: Any, **kwargs: Any) -> Any:
        assert not name.startswith("sklearn")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_sklearn)
    assert Folds(2, DATA, {}).n_folds == 2


def test_the_split_is_worked_out_once_also_where_it_is_random() -> None:
    folds = Folds(ShuffleSplit(3, test_size=0.3), DATA, {})
    assert _held_out(folds) == _held_out(folds)


def test_a_splitter_of_scikit_learn_decides() -> None:
    assert _held_out(Folds(KFold(2), DATA, {})) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert Folds(LeaveOneOut(), DATA, {}).n_folds == 10
    assert Folds(PredefinedSplit([-1] * 8 + [0, 0]), DATA, {}).n_folds == 1
    assert _held_out(Folds(TimeSeriesSplit(3), DATA, {}))[-1] == [8, 9]


def _stratified(y: Any) -> list[list[int]]:
    return _held_out(Folds(StratifiedKFold(2), (X, y), {}), (X, y))


def test_classes_may_be_labels_a_column_texts_a_table_or_one_hot_rows() -> None:
    y = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    expected = _stratified(y)
    assert [max(part) for part in expected] == [8, 9]
    forms = [y[:, None], y.astype(str), list(y), pd.Series(y), pd.DataFrame({"y": y}), np.eye(2)[y]]
    for form in forms:
        assert _stratified(form) == expected


def test_groups_go_to_the_splitter_and_to_no_fit() -> None:
    groups = np.repeat([0, 1], 5)
    folds = Folds(GroupKFold(2), DATA, {"groups": groups})
    _, kwargs = folds.arguments(0, DATA, {"groups": groups})
    assert "groups" not in kwargs
    assert sorted(_held_out(folds)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_an_integer_keeps_groups_together() -> None:
    groups = [row % 4 for row in range(10)]
    held_out = _held_out(Folds(2, DATA, {"groups": groups}), DATA, {"groups": groups})
    assert sorted(row for part in held_out for row in part) == list(range(10))
    first, second = ({groups[row] for row in part} for part in held_out)
    assert not first & second


def test_groups_without_scikit_learn_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(MissingPackageError, match=r"cv=2 with groups= is GroupKFold\(2\) .*pip install scikit-learn"):
        Folds(2, DATA, {"groups": [1, 2] * 5})


def test_a_splitter_of_ones_own_sees_the_table() -> None:
    class ByYear:
        def split(self, x: pd.DataFrame, y: Any) -> Iterator[tuple[Any, Any]]:
            for year in (2001, 2002):
                yield (x["year"] < year).to_numpy(), (x["year"] == year).to_numpy()

    x = pd.DataFrame({"year": [2000, 2001, 2002], "v": [1, 2, 3]}, index=list("abc"))
    folds = Folds(ByYear(), (x, [0, 1, 1]), {})
    args, kwargs = folds.arguments(1, (x, [0, 1, 1]), {})
    assert args[0]["v"].tolist() == [1, 2]
    assert kwargs["validation_data"][0]["v"].tolist() == [3]
    assert (args[1], kwargs["validation_data"][1]) == ([0, 1], [1])


def test_pairs_may_come_from_a_generator_and_be_masks() -> None:
    mask = np.arange(10) < 8
    folds = Folds(((train, ~train) for train in (mask, ~mask)), DATA, {})
    assert _held_out(folds) == [[8, 9], list(range(8))]


def test_sample_weights_are_split_with_the_rows() -> None:
    weights = np.arange(10) / 10
    for args, kwargs in [
        (DATA, {"sample_weight": weights}),
        ((*DATA, 32, 1, 0, None, 0.0, None, True, None, weights), {}),
    ]:
        made_args, made = Folds([([0, 1], [9])], args, kwargs).arguments(0, args, kwargs)
        fitted = made["sample_weight"] if "sample_weight" in made else made_args[10]
        held_out = made["validation_data"] if "validation_data" in made else made_args[7]
        assert fitted.tolist() == [0.0, 0.1]
        assert held_out[2].tolist() == [0.9]
        assert len(made_args) == len(args)


def test_data_may_be_given_by_name_and_have_several_inputs_and_outputs() -> None:
    kwargs = {"x": {"a": X, "b": [X, X]}, "y": [Y, {"c": Y}]}
    args, made = Folds(5, (), kwargs).arguments(4, (), kwargs)
    assert args == ()
    assert made["x"]["b"][1].shape == (8, 2)
    x_val, y_val = made["validation_data"]
    assert x_val["a"].shape == (2, 2)
    assert y_val[1]["c"].shape == (2,)


def test_data_without_outputs_are_validated_without() -> None:
    args, made = Folds(5, (X,), {}).arguments(0, (X,), {})
    assert len(args) == len(made["validation_data"]) == 1


def test_a_fold_of_data_that_run_trial_has_changed_is_made_from_these() -> None:
    folds = Folds([([0, 1], [9])], DATA, {})
    args, _ = folds.arguments(0, (X * 2, Y), {})
    assert args[0].tolist() == [[0, 2], [4, 6]]
    with pytest.raises(DataError, match=r"made for the 10 rows .*, and now there are 9"):
        folds.arguments(0, (X[:9], Y[:9]), {})


def test_a_folds_copies_are_freed_with_its_fit() -> None:
    folds = Folds(2, DATA, {})
    args, kwargs = folds.arguments(0, DATA, {})
    alive = [weakref.ref(part) for part in (*args, *kwargs["validation_data"])]
    del args, kwargs
    assert [part() for part in alive] == [None] * 4


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (1, r"cv=1 leaves nothing to train with .*Give 2 folds or more"),
        (0, "cv=0 leaves nothing"),
        (11, r"cv=11 is more folds than there are rows \(10\)"),
        (True, r"cv is bool True\. Give a number of folds"),
        (2.5, r"cv is float 2\.5"),
        ("5", "cv is str '5'"),
        (KFold, r"cv is the class KFold\. Give an instance, such as KFold\(5\)"),
        (KFold(11), r"cv=KFold\(.*\) cannot split these 10 rows: Cannot have number of splits"),
        (GroupKFold(2), r"cv=GroupKFold\(.*\) needs groups, one label for each row.*groups=…"),
        ([], r"cv=\[\] gives no folds"),
        ([3], "Fold 1 of cv is int 3, no pair"),
        ([([0], [1], [2])], "Fold 1 of cv is tuple, no pair"),
        ([([0], [1]), ([1], [10])], "The held-out rows of fold 2 have row 10, and there are the rows 0 to 9"),
        ([([-1], [1])], "The training rows of fold 1 have row -1"),
        ([([0], [])], "The held-out rows of fold 1 are empty"),
        ([([0.5], [1])], "The training rows of fold 1 are list with dtype float64"),
        ([(slice(None), [1])], "The training rows of fold 1 are slice"),
        ([([True, False], [1])], "The training rows of fold 1 are list with dtype bool"),
        ([([0, 1, 2], [2, 3, 1])], r"Fold 1 of cv trains with 2 of the rows that it is judged by, row 1 among"),
    ],
)
def test_folds_that_cannot_be_are_refused_before_anything_trains(cv: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Folds(cv, DATA, {})


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (DATA, {"validation_data": DATA}, "validation_data= was given as well. Drop one"),
        (DATA, {"validation_split": 0.2}, "validation_split= was given as well. Drop one"),
        ((*DATA, 32, 5, 0, None, 0.2), {}, "validation_split= was given as well"),
        (DATA, {"groups": [1] * 10}, r"cv=GroupKFold\(.*\) cannot split these 10 rows: .*number of groups: 1"),
    ],
)
def test_arguments_that_contradict_cv_are_refused(args: Any, kwargs: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Folds(2, args, kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, r"it has none|there are none"),
        (((n for n in X), Y), {}, "x is generator, which has none"),
        ((lambda hp: X, Y), {}, "x is function, which has none"),
        ((X, Y[:9]), {}, "x has 10 rows and y has 9. Give y with one row"),
        (DATA, {"sample_weight": [1.0]}, "x has 10 rows and sample_weight has 1"),
        (DATA, {"groups": [1, 2]}, "groups has 2 labels for 10 rows"),
    ],
)
def test_data_that_cannot_be_split_are_refused(args: Any, kwargs: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Folds(2, args, kwargs)


@pytest.mark.keras
def test_a_fit_takes_a_folds_arguments() -> None:
    from tests.training.keras_models import X as inputs
    from tests.training.keras_models import Y as outputs
    from tests.training.keras_models import model

    given = {"sample_weight": np.ones(64), "class_weight": None, "epochs": 1, "verbose": 0}
    args, kwargs = Folds(4, (inputs, outputs), given).arguments(3, (inputs, outputs), given)
    assert set(model().fit(*args, **kwargs).history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
