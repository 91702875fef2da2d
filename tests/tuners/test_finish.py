"""Facts about `tuner.finish` from end to end: what of a search it takes over, what it refuses, what it warns of."""

import random
import shutil
import warnings

import numpy as np
import pytest

import kt_notebook as kt
from kt_notebook.core.errors import DataError, OptionError, ResultError
from kt_notebook.results.finish import Finish
from kt_notebook.tuners import finishing
from tests.training.keras_models import X, Y, model

pytestmark = pytest.mark.keras

TRAIN, HELD_OUT = (X[:48], Y[:48]), (X[48:], Y[48:])
OPTIONS = {"objective": "val_accuracy", "max_trials": 2, "seed": 1}
SEARCHED = {"epochs": 2, "validation_data": (X[32:48], Y[32:48]), "verbose": 0}


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A project in which `search` has searched, to be copied."""
    place = tmp_path_factory.mktemp("searched")
    tuner = kt.RandomSearch(build, **OPTIONS, directory=place)
    tuner.search(X[:32], Y[:32], **SEARCHED)
    return tuner.project_dir


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, searched):
    """A working directory with that project."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(searched, "untitled_project")


def build(hp):
    return model(hp.Int("units", 2, 8))


def search(hypermodel=build, cls=kt.RandomSearch, *, args=(X[:32], Y[:32]), given=SEARCHED, **options):
    """Return a tuner that has searched; what is searched by default is known already."""
    is_other = bool(options) or hypermodel is not build or given is not SEARCHED
    made = cls(hypermodel, **{**OPTIONS, "overwrite": is_other, **options})
    made.search(*args, **given)
    return made


def finish(tuner, *, train=TRAIN, test=HELD_OUT, **options):
    return tuner.finish(*train, *test, **{"repeats": 1, "verbose": 0, **options})


@pytest.fixture
def fits(monkeypatch):
    """A list that gets the trial, seed and epochs of each fit."""
    seen = []
    call = finishing._KerasTrainer.__call__

    def spy(self, trial_id, seed, epochs):
        seen.append((trial_id, seed, epochs))
        return call(self, trial_id, seed, epochs)

    monkeypatch.setattr(finishing._KerasTrainer, "__call__", spy)
    return seen


def test_winner_and_runner_up_are_trained_for_the_epochs_that_were_best(fits):
    tuner = search()
    found = finish(tuner)
    assert isinstance(found, Finish)
    ranked = tuner.hub.record.ranked()[:2]
    expected = {trial.trial_id: trial.best_step + 1 for trial in ranked}
    assert {trial_id: epochs for trial_id, _, epochs in fits} == expected
    assert list(found.scores.columns) == [int(trial.trial_id) for trial in ranked]
    assert found.table.validation.tolist() == [trial.score for trial in ranked]
    assert found.optimism == pytest.approx(ranked[0].score - found.table.test.iloc[0])


def test_epochs_repeats_and_rivals_may_be_given(fits):
    found = finish(search(), epochs=1, repeats=3, rivals=0)
    assert [epochs for _, _, epochs in fits] == [1, 1, 1]
    assert found.verdict.startswith("There is no other trial")


def test_the_same_call_again_even_of_another_tuner_object_trains_nothing(fits):
    first = finish(search())
    n = len(fits)
    again = finish(search())
    assert len(fits) == n
    assert repr(again) == repr(first)
    for a, b in zip(again.model.get_weights(), first.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_models_score_is_the_first_of_its_column():
    found = finish(search())
    accuracy = found.model.evaluate(*HELD_OUT, verbose=0, return_dict=True)["accuracy"]
    assert accuracy == pytest.approx(found.scores.iloc[0, 0])


def test_other_rows_or_another_batch_size_are_trained_anew(fits):
    tuner = search()
    finish(tuner)
    with pytest.warns(UserWarning, match="second time"):
        finish(tuner, batch_size=4)
    with pytest.warns(UserWarning, match="third time"):
        finish(tuner, train=(X[:40], Y[:40]))
    assert len(fits) == 6


def test_the_warning_points_at_the_callers_line():
    tuner = search()
    tuner.finish(*TRAIN, *HELD_OUT, repeats=1, verbose=0)
    with pytest.warns(UserWarning, match="second time") as caught:
        tuner.finish(*TRAIN, *HELD_OUT, repeats=1, epochs=3, verbose=0)
    assert caught[0].filename == __file__


def test_an_interrupt_keeps_what_has_ended(monkeypatch, fits):
    tuner = search()
    call = finishing._KerasTrainer.__call__

    def interrupted(self, trial_id, seed, epochs):
        if len(fits) == 3:
            raise KeyboardInterrupt
        return call(self, trial_id, seed, epochs)

    with monkeypatch.context() as patch:
        patch.setattr(finishing._KerasTrainer, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            finish(tuner, repeats=2)
    found = finish(tuner, repeats=2)
    assert len(fits) == 4
    assert found.scores.notna().all(axis=None)


def test_the_users_random_numbers_are_untouched():
    tuner = search()
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    finish(tuner)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_a_running_search_is_waited_for():
    tuner = kt.RandomSearch(build, **OPTIONS, overwrite=True)
    tuner.search(X[:32], Y[:32], **SEARCHED, block=False)
    assert len(finish(tuner).table) == 2


def test_executions_have_a_spread_and_their_median_epoch(fits):
    tuner = search(executions_per_trial=2)
    found = finish(tuner, rivals=0)
    assert "validation std" in found.table
    assert fits[0][2] in (1, 2)


def test_a_hyperband_trial_is_trained_from_its_first_epoch(fits):
    tuner = kt.Hyperband(build, objective="val_accuracy", max_epochs=4, factor=2, seed=1, overwrite=True)
    tuner.search(X[:32], Y[:32], **{**SEARCHED, "epochs": 4})
    found = finish(tuner, rivals=0)
    best = tuner.hub.record.ranked()[0]
    assert fits[0] == (best.trial_id, fits[0][1], best.best_step + 1)
    assert found.notes == ()


def test_a_hypermodel_with_a_fit_of_its_own_is_used():
    class Own(kt.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, batch_size=hp.Choice("batch", [8, 16]), **kwargs)

    assert len(finish(search(Own())).scores) == 1


# What it refuses.


def test_a_function_that_trains_itself_is_refused_before_it_runs():
    n_calls = 0

    def objective(hp):
        nonlocal n_calls
        n_calls += 1
        return hp.Float("x", 0, 1)

    tuner = search(objective, args=(), given={"verbose": 0}, objective=None)
    before = n_calls
    with pytest.raises(ResultError, match=r"Trial \d has no model that could be trained on other rows"):
        finish(tuner)
    assert n_calls == before


def test_a_run_trial_of_the_users_own_is_refused_with_the_cure():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            return super().run_trial(trial, *args, **kwargs)

    with pytest.raises(OptionError, match=r"Own trains in a run_trial of its own.*batch_size=lambda hp"):
        finish(search(cls=Own))


def test_hooks_of_the_users_own_are_no_run_trial():
    class Watching(kt.RandomSearch):
        def on_epoch_end(self, trial, model, epoch, logs=None):
            pass

    assert len(finish(search(cls=Watching), repeats=1).scores) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repeats": 0}, "repeats=0"),
        ({"rivals": -1}, "rivals=-1"),
        ({"epochs": "all"}, "epochs='all'"),
        ({"epochs": 0}, "epochs=0"),
        ({"seed": "x"}, "seed='x'"),
        ({"score": 3}, "score=3"),
        ({"fit": "quick"}, "fit='quick'"),
        ({"validation_split": 0.2}, "takes no validation_split="),
        ({"test": (None, None)}, "has no x_test"),
        ({"train": (None, None)}, "has no x_train"),
    ],
)
def test_arguments_without_a_meaning_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        finish(search(), **options)


def test_data_that_can_be_read_once_are_refused():
    with pytest.raises(DataError, match="x_train is a generator"):
        finish(search(), train=((row for row in X), None))


def test_without_a_search_there_is_no_winner():
    tuner = kt.RandomSearch(build, **OPTIONS, project_name="new")
    with pytest.raises(ResultError, match="no winner"):
        finish(tuner)


# What it warns of.


def test_a_test_set_that_the_search_validated_with_is_told():
    with pytest.warns(UserWarning, match="x_test is what the search validated with"):
        found = finish(search(), train=(X[:32], Y[:32]), test=(X[32:48].copy(), Y[32:48]))
    assert any("too good" in note for note in found.notes)


def test_rows_for_validation_that_were_forgotten_are_told():
    assert any("free now" in note for note in finish(search(), train=(X[:32], Y[:32])).notes)


def test_nothing_is_said_where_all_rows_are_given():
    assert finish(search()).notes == ()


def test_a_search_of_another_session_has_arguments_that_nobody_knows():
    tuner = kt.RandomSearch(build, **OPTIONS)
    with pytest.warns(UserWarning, match=r"not known here.*batch_size=32"):
        finish(tuner)


def test_nothing_is_warned_of_where_all_is_well():
    tuner = search()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        finish(tuner)


def test_progress_is_one_line_and_can_be_left_out(capsys):
    tuner = search()
    tuner.finish(*TRAIN, *HELD_OUT, repeats=1)
    printed = capsys.readouterr().out
    assert printed.startswith("2 fits in ")
    assert printed.count("\n") == 1
    with pytest.warns(UserWarning, match="second"):
        finish(tuner, epochs=3, repeats=1)
    assert capsys.readouterr().out == ""


# Estimators.


def sklearn_search(build, **options):
    from kt_notebook.oracles.random_search import RandomSearchOracle

    tuner = kt.SklearnTuner(RandomSearchOracle(max_trials=3, seed=1), build, cv=3, overwrite=True, **options)
    tuner.search(X[:48], Y[:48], verbose=0)
    return tuner


def forest(hp):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(hp.Int("n_estimators", 2, 9), random_state=0)


def test_estimators_are_fitted_with_other_seeds_and_scored_once():
    tuner = sklearn_search(forest)
    found = finish(tuner, repeats=3)
    assert found.scores.shape == (3, 2)
    assert found.scores.nunique().max() > 1
    assert found.table.validation.iloc[0] == tuner.hub.record.ranked()[0].score
    assert found.model.score(*HELD_OUT) == found.scores.iloc[0, 0]
    assert "validation std" in found.table
    again = finish(tuner, repeats=3)
    assert repr(again) == repr(found)
    assert again.model.score(*HELD_OUT) == found.scores.iloc[0, 0]


def test_estimators_without_chance_are_said_to_have_none():
    from sklearn.neighbors import KNeighborsClassifier

    found = finish(sklearn_search(lambda hp: KNeighborsClassifier(hp.Int("k", 1, 9))), repeats=2)
    assert any("Nothing in the estimators is random" in note for note in found.notes)


def test_an_estimators_scorer_and_second_look_count():
    tuner = sklearn_search(forest, scoring="balanced_accuracy")
    finish(tuner)
    tuner.scoring = "accuracy"
    with pytest.warns(UserWarning, match="second time"):
        finish(tuner)


def test_an_estimators_run_trial_of_the_users_own_is_refused():
    class Own(kt.SklearnTuner):
        def run_trial(self, trial, X, y=None, sample_weight=None, groups=None):
            return super().run_trial(trial, X, y)

    from kt_notebook.oracles.random_search import RandomSearchOracle

    tuner = Own(RandomSearchOracle(max_trials=1, seed=1), forest, cv=3, overwrite=True)
    tuner.search(X, Y, verbose=0)
    with pytest.raises(OptionError, match="run_trial of its own"):
        finish(tuner)


def test_test_rows_among_the_rows_to_train_with_are_warned_of():
    with pytest.warns(UserWarning, match=r"16 of the 16 test rows are among the rows to train with.*Take them out"):
        finish(search(), train=(X, Y))


def test_a_test_set_in_another_order_is_no_other_test_set():
    tuner = search()
    finish(tuner)
    with pytest.warns(UserWarning, match="second time that rows of this test set are looked at"):
        finish(tuner, test=(HELD_OUT[0][::-1].astype("float64"), HELD_OUT[1][::-1]))


def test_a_score_of_ones_own_is_the_better_the_larger_and_no_promise_of_the_searchs():
    tuner = search(objective="val_loss")
    best, other = (trial.trial_id for trial in tuner.oracle.get_best_trials(2))
    units = {trial: tuner.oracle.trials[trial].hyperparameters.get("units") for trial in (best, other)}
    wanted = max(units, key=units.get)

    found = finish(tuner, repeats=3, score=lambda made, x, y: float(made.layers[0].units))

    assert found.verdict.startswith(f"Trial {int(wanted)} is ahead of trial")
    assert np.isnan(found.optimism)
    assert "promised" not in found.summary
