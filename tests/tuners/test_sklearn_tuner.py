"""Facts about SklearnTuner: what estimators are fitted and scored with, what is kept, and what is refused."""

import pickle
import subprocess
import sys
import threading
import types

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    make_scorer,
    max_error,
    mean_squared_error,
    median_absolute_error,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import kt_notebook as kt
from kt_notebook.core.commands import StopNow
from kt_notebook.core.errors import (
    DataError,
    FatalResultError,
    FatalRuntimeError,
    MissingPackageError,
    ObjectiveError,
    OptionError,
    StorageError,
)
from kt_notebook.core.trial import Trial
from kt_notebook.tuners.sklearn_tuner import SklearnTuner

DEADLINE_S = 20
KERAS_TUNERS_FOLDS = KFold(5, shuffle=True, random_state=1)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_of(load, n=120):
    X, y = load(return_X_y=True)
    return X[:n], y[:n]


@pytest.fixture(scope="module")
def cancer():
    return rows_of(load_breast_cancer)


@pytest.fixture(scope="module")
def diabetes():
    return rows_of(load_diabetes)


@pytest.fixture
def weights():
    return np.random.default_rng(0).uniform(0.1, 3, 120)


class Seen(ClassifierMixin, BaseEstimator):
    """An estimator that tells what it was given; its score says nothing."""

    fits: list[dict] = []  # noqa: RUF012
    scores: list[dict] = []  # noqa: RUF012

    def fit(self, X, y=None, *, sample_weight=None):
        self.fits.append({"X": X, "y": y, "sample_weight": sample_weight})
        self.classes_ = np.unique([0] if y is None else y)
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y=None, sample_weight=None):
        self.scores.append({"X": X, "y": y, "sample_weight": sample_weight})
        return 0.5


@pytest.fixture
def seen(monkeypatch):
    """The estimator that remembers, with nothing remembered yet."""
    monkeypatch.setattr(Seen, "fits", [])
    monkeypatch.setattr(Seen, "scores", [])
    return Seen


def tree(hp):
    return DecisionTreeClassifier(max_depth=hp.Int("depth", 1, 3), random_state=0)


def tuner_of(build, objective=None, max_trials=1, cls=SklearnTuner, **kwargs):
    oracle = kt.oracles.RandomSearchOracle(objective=objective, max_trials=max_trials, seed=3)
    return cls(oracle, build, **kwargs)


def searched(build, *data, objective=None, max_trials=1, cls=SklearnTuner, weights=None, groups=None, **kwargs):
    tuner = tuner_of(build, objective, max_trials, cls, **kwargs)
    tuner.search(*data, sample_weight=weights, groups=groups, verbose=0)
    return tuner


def metrics_of(tuner, trial_id="0"):
    return tuner.hub.record.trials[trial_id].metrics


def notes_of(tuner):
    return [note["text"] for note in tuner.hub.record.search["notes"] if note["level"] == "warning"]


# What a trial comes to.


def test_the_score_is_the_mean_over_keras_tuners_folds(cancer):
    tuner = searched(tree, *cancer)

    model = tree(tuner.get_best_hyperparameters()[0])
    assert tuner.best.score == np.mean(cross_val_score(model, *cancer, cv=KERAS_TUNERS_FOLDS))


def test_the_spread_and_each_folds_own_score_are_kept(cancer):
    tuner = searched(tree, *cancer, metrics=f1_score)

    epochs = tuner.hub.record.trials["0"].epochs
    folds = [epoch.metrics["score"] for epoch in epochs]
    assert folds == list(cross_val_score(tree(tuner.get_best_hyperparameters()[0]), *cancer, cv=KERAS_TUNERS_FOLDS))
    assert [(epoch.execution, epoch.epoch) for epoch in epochs] == [(number, 0) for number in range(5)]
    assert metrics_of(tuner) == {
        "score": np.mean(folds),
        "score_std": np.std(folds),
        "f1_score": np.mean([epoch.metrics["f1_score"] for epoch in epochs]),
    }
    assert tuner.hub.record.search["executions_per_trial"] == 5


def test_the_largest_score_is_best_where_no_objective_is_given(cancer):
    tuner = searched(tree, *cancer, max_trials=3)

    assert tuner.objective == kt.Objective("score", "max")
    assert tuner.best.score == max(tuner.results.score) > min(tuner.results.score)


def test_a_metric_may_be_the_objective(diabetes):
    def build(hp):
        return DecisionTreeRegressor(max_depth=hp.Int("depth", 1, 4), random_state=0)

    objective = kt.Objective("mean_squared_error", "min")
    tuner = searched(build, *diabetes, objective=objective, max_trials=4, metrics=[mean_squared_error])

    assert tuner.best.score == min(tuner.results.mean_squared_error) < max(tuner.results.mean_squared_error)


@pytest.mark.parametrize(
    "scoring", ["f1", make_scorer(f1_score), lambda model, X, y: f1_score(y, model.predict(X))], ids=type
)
def test_a_scorer_may_be_a_name_an_object_or_a_function(cancer, scoring):
    tuner = searched(tree, *cancer, scoring=scoring, metrics=(f1_score, accuracy_score))

    metrics = metrics_of(tuner)
    assert metrics["score"] == metrics["f1_score"] != metrics["accuracy_score"]


def test_metrics_that_are_called_alike_are_numbered(cancer):
    def score(y_true, y_pred):
        return 7.0

    tuner = searched(tree, *cancer, metrics=[lambda a, b: 1.0, lambda a, b: 2.0, score])

    metrics = metrics_of(tuner)
    assert (metrics["<lambda>"], metrics["<lambda>_1"], metrics["score_1"]) == (1.0, 2.0, 7.0)
    assert metrics["score"] < 1


def test_a_search_with_a_seed_is_the_same_again_also_where_estimators_have_none(cancer):
    def build(hp):
        return DecisionTreeClassifier(max_depth=hp.Int("depth", 2, 9), splitter="random", max_features=2)

    first, second = (searched(build, *cancer, max_trials=4, project_name=name) for name in "ab")

    assert first.results.score.tolist() == second.results.score.tolist()
    assert len(set(first.results.score)) > 1


def test_a_tuner_made_again_goes_on(cancer):
    searched(tree, *cancer, max_trials=1)
    again = tuner_of(tree, max_trials=3)

    assert again.best.score == metrics_of(again)["score"]
    again.search(*cancer, verbose=0)
    assert len(again.results) == 3


# Data.


def test_rows_of_pandas_tables_are_taken_by_position(cancer):
    X, y = cancer
    index = np.random.default_rng(1).permutation(np.arange(1000, 1000 + len(X)))
    frame = pd.DataFrame(X, index=index).rename(columns=str)

    of_arrays = searched(tree, X, y, project_name="arrays")
    of_tables = searched(tree, frame, pd.Series(y, index=index[::-1]), project_name="tables")

    assert metrics_of(of_tables) == metrics_of(of_arrays)
    assert list(of_tables.get_best_models()[0].feature_names_in_) == list(frame.columns)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.coo_matrix, lambda X: X.tolist(), list], ids=str)
def test_sparse_matrices_and_lists_of_rows_are_data_too(cancer, make):
    X, y = cancer

    assert metrics_of(searched(tree, make(X), list(y))) == metrics_of(searched(tree, X, y, project_name="arrays"))


def test_there_may_be_several_targets(diabetes):
    X, y = diabetes
    both = np.column_stack([y, y**2])

    tuner = searched(lambda hp: Ridge(alpha=hp.Float("alpha", 0.1, 1)), X, both)

    alpha = tuner.best["alpha"]
    assert tuner.best.score == np.mean(cross_val_score(Ridge(alpha=alpha), X, both, cv=KERAS_TUNERS_FOLDS))


@pytest.mark.parametrize("scoring", [None, lambda model, X: model.score(X)])
def test_estimators_that_learn_without_targets_need_none(cancer, scoring):
    tuner = searched(
        lambda hp: KMeans(hp.Int("k", 2, 4), n_init=1, random_state=0), cancer[0], max_trials=3, scoring=scoring
    )

    assert tuner.best["k"] == 4


def test_pipelines_are_tuned(cancer):
    def build(hp):
        return make_pipeline(StandardScaler(), LogisticRegression(C=hp.Choice("C", [0.001, 1.0])))

    tuner = searched(build, *cancer, max_trials=2)

    model = build(tuner.get_best_hyperparameters()[0])
    assert tuner.best["C"] == 1.0
    assert tuner.best.score == np.mean(cross_val_score(model, *cancer, cv=KERAS_TUNERS_FOLDS))


# Weights and groups.


def test_weights_go_to_the_fit_the_score_and_the_metrics_by_position(diabetes, seen, weights):
    X, y = diabetes
    measured = []

    def metric(y_true, y_pred, sample_weight):
        measured.append(sample_weight)
        return 1.0

    series = pd.Series(weights, index=range(len(y), 0, -1))
    searched(lambda hp: seen(), X, y, weights=series, metrics=metric, cv=KFold(3))

    for number, (train, test) in enumerate(KFold(3).split(X)):
        assert list(seen.fits[number]["sample_weight"]) == list(weights[train])
        assert list(seen.scores[number]["sample_weight"]) == list(weights[test])
        assert list(measured[number]) == list(weights[test])
        assert list(seen.fits[number]["y"]) == list(y[train])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: make_pipeline("passthrough", model),
        TransformedTargetRegressor,
        lambda model: TransformedTargetRegressor(make_pipeline("passthrough", model)),
        lambda model: make_pipeline("passthrough", make_pipeline("passthrough", model)),
    ],
)
def test_weights_reach_an_estimator_inside_of_others(diabetes, weights, wrap):
    def score(weights, name):
        build = lambda hp: wrap(DecisionTreeRegressor(max_depth=3, random_state=0))  # noqa: E731
        return searched(build, *diabetes, weights=weights, scoring="r2", project_name=name).best.score

    X, y = diabetes
    by_hand = []
    for train, test in KERAS_TUNERS_FOLDS.split(X):
        model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X[train], y[train], weights[train])
        by_hand.append(model.score(X[test], y[test], weights[test]))
    assert score(weights, "weighted") == pytest.approx(np.mean(by_hand))
    assert score(None, "plain") != pytest.approx(np.mean(by_hand))


def test_weights_reach_what_a_search_inside_of_a_trial_fits(cancer, seen, weights):
    build = lambda hp: GridSearchCV(seen(), {}, cv=2, scoring="accuracy")  # noqa: E731
    tuner = searched(build, *cancer, weights=weights, cv=2)

    assert all(fit["sample_weight"] is not None for fit in seen.fits)
    assert notes_of(tuner) == [
        "GridSearchCV.score takes no sample_weight: each held-out row counts the same in it.",
    ]


def test_weights_are_routed_where_scikit_learn_is_told_to(cancer, seen, weights):
    with sklearn.config_context(enable_metadata_routing=True):
        build = lambda hp: make_pipeline("passthrough", seen().set_fit_request(sample_weight=True))  # noqa: E731
        searched(build, *cancer, weights=weights, scoring=lambda model, X, y: 1.0)

    assert all(fit["sample_weight"] is not None for fit in seen.fits)


def test_an_estimator_that_takes_no_weights_is_fitted_without_and_that_is_said_once(diabetes, weights):
    build = lambda hp: KNeighborsRegressor(hp.Int("k", 1, 5))  # noqa: E731
    tuner = searched(build, *diabetes, weights=weights, max_trials=3)

    assert notes_of(tuner) == ["KNeighborsRegressor.fit takes no sample_weight: it is fitted without the weights."]
    assert len(tuner.results.score.dropna()) == 3


def test_a_scorer_that_takes_no_weights_gets_none(diabetes, weights):
    scoring = make_scorer(max_error, greater_is_better=False)
    tuner = searched(lambda hp: LinearRegression(), *diabetes, weights=weights, scoring=scoring)

    assert notes_of(tuner) == ["max_error takes no sample_weight: each held-out row counts the same in it."]


def test_rows_of_a_group_stay_together_by_default(diabetes, seen):
    X, y = diabetes
    groups = np.arange(len(y)) % 12
    searched(lambda hp: seen(), np.column_stack([groups, X]), y, groups=groups.tolist())

    assert len(seen.fits) == 5
    for fit, score in zip(seen.fits, seen.scores, strict=True):
        assert not set(fit["X"][:, 0]) & set(score["X"][:, 0])


def test_groups_go_to_a_splitter_of_ones_own(diabetes, seen):
    X, y = diabetes
    searched(lambda hp: seen(), X, y, groups=np.arange(len(y)) // 40, cv=LeaveOneGroupOut())

    assert [list(score["y"]) for score in seen.scores] == [list(y[:40]), list(y[40:80]), list(y[80:])]


# Folds.


@pytest.mark.parametrize(
    ("cv", "n_folds"), [(3, 3), (np.int64(2), 2), (StratifiedKFold(4), 4), (ShuffleSplit(6, random_state=0), 6)]
)
def test_cv_is_a_number_or_a_splitter(cancer, seen, cv, n_folds):
    tuner = searched(lambda hp: seen(), *cancer, cv=cv)

    assert len(seen.fits) == n_folds
    assert hasattr(tuner.cv, "split")


def test_cv_may_be_pairs_of_rows_or_of_masks_also_made_one_after_the_other(cancer, seen):
    X, y = cancer
    held_out = np.arange(len(y)) < 50
    pairs = [(~held_out, held_out), ([1, 2], [3])]
    tuner = tuner_of(lambda hp: hp.Int("n", 1, 9) and seen(), cv=(pair for pair in pairs))
    tuner.search(X, y, verbose=0)
    tuner.oracle.max_trials = 2
    tuner.search(X, y, verbose=0)

    assert [len(fit["y"]) for fit in seen.fits] == [len(y) - 50, 2] * 2
    assert seen.fits[1]["y"].tolist() == y[1:3].tolist()


def test_cv_may_be_set_on_the_tuner_and_a_number_still_keeps_groups_together(diabetes, seen):
    X, y = diabetes
    groups = np.arange(len(y)) % 12
    tuner = tuner_of(lambda hp: seen(), cv=KFold(5))
    tuner.cv = 3
    tuner.search(np.column_stack([groups, X]), y, groups=groups, verbose=0)

    assert len(seen.fits) == 3
    for fit, score in zip(seen.fits, seen.scores, strict=True):
        assert not set(fit["X"][:, 0]) & set(score["X"][:, 0])


def test_cv_of_a_search_takes_the_place_of_the_tuners(cancer, seen):
    tuner = tuner_of(lambda hp: seen(), cv=5)
    tuner.search(*cancer, cv=2, verbose=0)

    assert len(seen.fits) == 2


def test_all_trials_have_the_same_folds_whatever_the_splitter_draws(cancer, seen):
    searched(lambda hp: hp.Int("n", 1, 9) and seen(), *cancer, max_trials=2, cv=KFold(2, shuffle=True))

    assert len(seen.fits) == 4
    assert np.array_equal(seen.fits[0]["X"], seen.fits[2]["X"])


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (1, r"cv=1 leaves nothing to train with or to hold out\. Give 2 folds or more"),
        (KFold, r"cv is the class KFold\. Give an instance"),
        ("five", r"cv is str 'five'\. Give a number of folds"),
        (True, r"cv is bool\b.*Give a number of folds"),
    ],
)
def test_what_is_no_cv_is_refused_at_once(cv, message):
    with pytest.raises(OptionError, match=message):
        tuner_of(tree, cv=cv)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (500, r"cv=500 is more folds than there are rows \(120\)\. Give 120 or fewer"),
        (KFold(500), r"cv=KFold\(n_splits=500.*cannot split these 120 rows: Cannot have number of splits"),
        (GroupKFold(3), r"cv=GroupKFold\(n_splits=3.*needs groups, one label for each row\. .*groups=…"),
        ([], r"cv=\[\] gives no folds\. Give a number of folds"),
        ([([0], [1]), 7], r"Fold 2 of cv is int 7, no pair of \(train, test\)"),
        ([([0], [120])], r"The held-out rows of fold 1 have row 120, and there are the rows 0 to 119\. Count from 0"),
        ([([0], [])], r"The held-out rows of fold 1 are empty"),
        ([([0.5], [1])], r"The training rows of fold 1 are list with dtype float64"),
        ([([0, 1, 2], [0, 1, 2])], r"Fold 1 of cv trains with 3 of the rows that it is judged by, row 0 among them"),
    ],
)
def test_folds_that_cannot_be_are_refused_before_anything_is_fitted(cancer, seen, cv, message):
    with pytest.raises(OptionError, match=message):
        searched(lambda hp: seen(), *cancer, cv=cv)

    assert seen.fits == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X": None}, r"There are no data to fit estimators with: X is None"),
        ({"X": np.ones((4, 1)), "y": [1, 2, 3]}, r"X has 4 rows and y has 3\. Give y with one row for each row of X"),
        ({"X": np.ones((4, 1)), "sample_weight": [1]}, r"X has 4 rows and sample_weight has 1\."),
        ({"X": np.ones((4, 1)), "groups": [1]}, r"X has 4 rows and groups has 1\."),
        ({"X": (row for row in [1, 2])}, r"X is generator, which has no rows to be taken by number\. Give"),
    ],
)
def test_data_without_the_same_rows_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        tuner_of(tree).search(**given)


# Models.


def test_the_best_model_is_the_one_fitted_for_the_last_fold_as_in_keras_tuner(cancer):
    X, y = cancer
    tuner = searched(tree, X, y, max_trials=3)

    train, _ = list(KERAS_TUNERS_FOLDS.split(X))[-1]
    by_hand = tree(tuner.get_best_hyperparameters()[0]).fit(X[train], y[train])
    again = tuner_of(tree, max_trials=3)  # As after a restart.
    for best in (tuner.get_best_models()[0], again.get_best_models(2)[0]):
        assert np.array_equal(best.tree_.threshold, by_hand.tree_.threshold)


def test_a_model_is_written_whole_or_not_at_all_under_keras_tuners_name(here, cancer):
    tuner = searched(tree, *cancer, project_name="p")
    folder = here / "p" / "trial_0"
    before = (folder / "model.pickle").read_bytes()

    with pytest.raises(StorageError, match=r"function was not kept, as it cannot be pickled.*no lambda"):
        tuner.save_model("0", lambda: None)

    assert sorted(path.name for path in folder.iterdir()) == ["model.pickle", "trial.json"]
    assert (folder / "model.pickle").read_bytes() == before
    assert isinstance(pickle.loads(before), DecisionTreeClassifier)


def test_a_model_that_cannot_be_pickled_costs_the_file_and_not_the_trial(cancer):
    build = lambda hp: make_pipeline(FunctionTransformer(lambda X: X), GaussianNB())  # noqa: E731
    tuner = searched(build, *cancer)

    assert len(notes_of(tuner)) == 1
    assert notes_of(tuner)[0].startswith("The Pipeline was not kept, as it cannot be pickled")
    assert tuner.best.score > 0.5
    with pytest.raises(StorageError, match=r"There is no model at .*model\.pickle'.*hypermodel\.build"):
        tuner.get_best_models()


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", pickle.dumps(DecisionTreeClassifier())[:-20], b"cnowhere\nX\n."]
)
def test_a_model_that_cannot_be_read_is_said(here, cancer, content):
    tuner = searched(tree, *cancer, project_name="p")
    (here / "p" / "trial_0" / "model.pickle").write_bytes(content)

    with pytest.raises(StorageError, match=r"model\.pickle' cannot be read here: \w+Error.*fit it anew"):
        tuner.get_best_models()


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


def test_no_pickle_is_read_when_a_project_is_opened(here, cancer):
    searched(tree, *cancer, project_name="p")
    (here / "p" / "trial_0" / "model.pickle").write_bytes(pickle.dumps(Bomb()))

    again = tuner_of(tree, project_name="p", max_trials=2)
    again.search(*cancer, verbose=0)
    assert len(again.results) == 2
    with pytest.raises(pytest.fail.Exception, match="a pickle was read"):
        again.load_model(Trial(kt.HyperParameters(), "0"))


# What is refused.


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda hp: None, r"build\(hp\) returned None, which has no fit"),
        (lambda hp: 3.0, r"build\(hp\) returned float 3\.0, which has no fit\(X, y\)\. Return an estimator"),
        (lambda hp: GaussianNB, r"build\(hp\) returned the class GaussianNB\. Return an instance: GaussianNB\("),
        (lambda hp: DBSCAN(), r"returned DBSCAN, which has no score\(…\)\. Give the tuner scoring="),
    ],
)
def test_what_is_no_estimator_ends_the_search(cancer, build, message):
    tuner = tuner_of(build, max_trials=5)
    with pytest.raises(FatalResultError, match=message):
        tuner.search(*cancer, verbose=0)

    assert len(tuner.results) == 1


def test_a_keras_model_is_sent_to_the_other_tuners(cancer, monkeypatch):
    class Model(Seen):
        pass

    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(Model=Model))

    with pytest.raises(FatalResultError, match=r"the Keras model Model.*RandomSearch, .*cv= too"):
        searched(lambda hp: Model(), *cancer)


def test_metrics_need_predictions_and_targets(cancer):
    with pytest.raises(FatalResultError, match=r"returned DBSCAN, which has no predict\(…\)\. Leave out metrics="):
        searched(lambda hp: DBSCAN(), *cancer, scoring=lambda model, X, y: 1.0, metrics=f1_score)
    with pytest.raises(FatalResultError, match=r"with y, which is None: f1_score\. Leave them out"):
        searched(lambda hp: KMeans(2, n_init=1), cancer[0], metrics=f1_score, project_name="b")


def test_a_tuner_without_a_hypermodel_has_nothing_to_fit(cancer):
    with pytest.raises(FatalRuntimeError, match=r"SklearnTuner has no hypermodel.*Give a function of hp"):
        searched(None, *cancer)


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ("accurcy", r"scoring='accurcy' is no scorer of scikit-learn\. Did you mean 'accuracy'\?"),
        ("mean_squared_error", r"Did you mean 'neg_mean_squared_error'\?"),
        ("zzzz", r"get_scorer_names\(\) lists them"),
        (accuracy_score, r"scoring is the metric accuracy_score, and a scorer takes .*make_scorer\(accuracy_score\)"),
        (["f1", "accuracy"], r"scoring is list\. Give one scorer.*metrics="),
    ],
)
def test_what_is_no_scorer_is_refused_at_once(scoring, message):
    with pytest.raises(OptionError, match=message):
        tuner_of(tree, scoring=scoring)


@pytest.mark.parametrize("metrics", ["accuracy", [f1_score, 3], make_scorer(f1_score)])
def test_what_is_no_metric_is_refused_at_once(metrics):
    with pytest.raises(OptionError, match=r"metrics has .*Give functions of \(y_true, y_pred\)"):
        tuner_of(tree, metrics=metrics)


def test_a_measurement_that_is_no_number_ends_the_search(cancer):
    with pytest.raises(
        FatalResultError, match=r"confusion_matrix came out as ndarray\. Give a function that returns one"
    ):
        searched(tree, *cancer, metrics=confusion_matrix)
    with pytest.raises(FatalResultError, match=r"score came out as dict"):
        searched(tree, *cancer, scoring=lambda model, X, y: {"f1": 1.0}, project_name="b")


def test_an_objective_that_no_trial_gives_is_refused_before_anything_is_fitted(cancer, seen):
    with pytest.raises(ObjectiveError, match=r"No metric is called 'val_loss'\. .*f1_score, score, score_std"):
        searched(lambda hp: seen(), *cancer, objective="val_loss", metrics=f1_score)

    assert seen.fits == []


@pytest.mark.parametrize(
    ("scoring", "is_told"), [(None, True), ("f1", True), (lambda model, X, y: median_absolute_error(y, y), False)]
)
def test_searching_for_the_smallest_score_is_warned_of(cancer, scoring, is_told):
    tuner = searched(tree, *cancer, objective=kt.Objective("score", "min"), scoring=scoring)

    assert any("the better the larger" in note for note in notes_of(tuner)) is is_told


def test_an_estimator_that_fails_costs_the_trial_and_three_alike_the_search(cancer):
    def build(hp):
        return DecisionTreeClassifier(max_depth=hp.Choice("depth", [1, -1]))

    tuner = tuner_of(build, max_trials=2)
    tuner.search(*cancer, verbose=0)
    assert sorted(tuner.results.status) == ["COMPLETED", "FAILED"]
    with pytest.raises(ValueError, match="max_depth"):
        searched(
            lambda hp: DecisionTreeClassifier(max_depth=-hp.Int("d", 1, 9)), *cancer, max_trials=9, project_name="b"
        )


def test_what_to_install_is_said_where_scikit_learn_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)

    with pytest.raises(MissingPackageError, match=r"needs scikit-learn, which is not installed\. .*pip install"):
        tuner_of(tree)


# Searching.


def test_a_subclass_may_change_what_a_trial_is_given_and_measure_more(cancer):
    class OfColumns(SklearnTuner):
        def run_trial(self, trial, X, y, sample_weight=None, groups=None):
            n_columns = trial.hyperparameters.Int("columns", 2, 9)
            return {**super().run_trial(trial, X[:, :n_columns], y), "size": n_columns}

    tuner = searched(tree, *cancer, cls=OfColumns, objective=kt.Objective("size", "min"), max_trials=4)

    assert tuner.best.score == min(tuner.results["columns"]) < max(tuner.results["columns"])
    assert tuner.get_best_models()[0].n_features_in_ == tuner.best["columns"]


def test_a_subclass_may_make_the_rows_itself():
    class Reading(SklearnTuner):
        def run_trial(self, trial, X, y=None, sample_weight=None, groups=None):
            return super().run_trial(trial, *rows_of(X.load))

    tuner = searched(tree, types.SimpleNamespace(load=load_digits), cls=Reading)

    model = tree(tuner.get_best_hyperparameters()[0])
    assert tuner.best.score == np.mean(cross_val_score(model, *rows_of(load_digits), cv=KERAS_TUNERS_FOLDS))


def test_a_search_may_go_on_beside_the_caller_with_his_settings_of_scikit_learn(cancer):
    threads = []

    class Threaded(Named):
        def fit(self, X, y=None, *, sample_weight=None):
            threads.append(threading.current_thread())
            return super().fit(X, y, sample_weight=sample_weight)

    tuner = tuner_of(lambda hp: make_pipeline(StandardScaler(), Threaded()))
    with sklearn.config_context(transform_output="pandas"):
        tuner.search(*cancer, block=False, verbose=0)
        assert tuner.wait(DEADLINE_S)

    assert len(threads) == 5
    assert threading.main_thread() not in threads
    assert tuner.best.score == 1.0


class Named(Seen):
    """Scores 1 where its data have names."""

    def score(self, X, y=None, sample_weight=None):
        return float(isinstance(X, pd.DataFrame))


def test_a_search_that_is_stopped_ends_between_two_folds(cancer):
    fits = []

    def build(hp):
        fits.append(hp)
        if len(fits) == 7:
            tuner.session.post(StopNow())
        return tree(hp)

    tuner = tuner_of(build, max_trials=3)
    tuner.search(*cancer, verbose=0)

    assert len(fits) == 7
    assert [trial.status for trial in tuner.hub.record.trials.values()] == ["COMPLETED", "IDLE"]


def test_a_time_limit_holds(cancer):
    tuner = tuner_of(tree, max_trials=50)
    tuner.search(*cancer, timeout=1e-6, verbose=0)

    assert tuner.hub.record.state == "timed_out"


def test_epochs_of_keras_are_no_argument_of_its_search(cancer):
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        tuner_of(tree).search(*cancer, epochs=3)


def test_searching_loads_no_keras(here):
    code = """
        import sys
        from sklearn.datasets import load_iris
        from sklearn.naive_bayes import GaussianNB
        from kt_notebook.oracles import RandomSearchOracle
        from kt_notebook.tuners.sklearn_tuner import SklearnTuner
        tuner = SklearnTuner(RandomSearchOracle(max_trials=1), lambda hp: GaussianNB())
        assert "sklearn" in sys.modules
        tuner.search(*load_iris(return_X_y=True), verbose=0)
        assert tuner.best.score > 0.9
        assert "keras" not in sys.modules and "tensorflow" not in sys.modules
    """
    lines = "\n".join(line.strip() for line in code.splitlines())
    subprocess.run([sys.executable, "-c", lines], check=True, cwd=here, timeout=120)
