"""Facts about training a trial's model anew: what it takes over, what it leaves out, and that nobody else notices."""

import random
import re

import numpy as np
import pytest

import kt_notebook as kt
from kt_notebook.core.errors import OptionError, ResultError
from kt_notebook.core.objective import MultiObjective, Objective
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.data_hash import data_hash, definition_hash, settings_hash
from kt_notebook.training.hypermodel import as_hypermodel
from kt_notebook.training.refit import Refit, RefitData
from kt_notebook.training.refit_arguments import GivenFit, watched_validation
from tests.training.keras_models import VALIDATION, X, Y, model

pytestmark = pytest.mark.keras

DATA = RefitData(X[:48], Y[:48], X[48:], Y[48:])
ACCURACY = Objective("val_accuracy", "max")


def build(hp):
    return model(hp.Int("units", 2, 8), dropout=0.2)


def refit(hypermodel=build, given=None, *, objective=ACCURACY, data=DATA, **options):
    """Return what trains models of `build` anew."""
    made = GivenFit((X, Y), {"epochs": 9, "validation_data": VALIDATION}) if given is None else given
    changes = options.pop("changes", {})
    return Refit(as_hypermodel(hypermodel), ModelSettings(), made, changes, data, objective, **options)


def train(made, seed=1, epochs=2):
    hp = HyperParameters()
    hp.Int("units", 2, 8, default=4)
    return made(hp, "3", seed, epochs)


class Spy(kt.HyperModel):
    """Remembers what its fit is given; trains as it is told."""

    def __init__(self):
        super().__init__("spy")
        self.given = []

    def build(self, hp):
        return build(hp)

    def fit(self, hp, model, *args, **kwargs):
        self.given.append((args, kwargs))
        return model.fit(*args, **kwargs)


# Seeds.


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    one, same, other = train(refit()), train(refit()), train(refit(), seed=2)
    assert one.metrics == same.metrics
    for a, b in zip(one.model.get_weights(), same.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.metrics["loss"] != other.metrics["loss"]


def test_the_second_model_of_a_seed_is_the_first_whatever_was_trained_between():
    made = refit()
    first = train(made)
    train(made, seed=5)
    assert train(made).metrics == first.metrics


def test_the_users_random_states_and_dtype_policy_are_untouched():
    import keras

    keras.utils.set_random_seed(7)
    before = random.getstate(), np.random.get_state()[1].tolist(), keras.config.dtype_policy().name
    draw = np.asarray(keras.random.normal((2,)))
    keras.utils.set_random_seed(7)
    train(refit())
    assert (random.getstate(), np.random.get_state()[1].tolist(), keras.config.dtype_policy().name) == before
    np.testing.assert_array_equal(np.asarray(keras.random.normal((2,))), draw)


def test_it_gives_what_keras_gives_by_hand():
    from kt_notebook.training.keras_state import KerasScope
    from kt_notebook.training.seeding import seeded

    found = train(refit(given=GivenFit((X, Y), {"batch_size": 16})), seed=3)
    hp = HyperParameters()
    hp.Int("units", 2, 8, default=4)
    with KerasScope(), seeded(3):
        by_hand = build(hp)
        by_hand.fit(DATA.x_train, DATA.y_train, batch_size=16, epochs=2, verbose=0)
        metrics = by_hand.evaluate(DATA.x_test, DATA.y_test, batch_size=16, verbose=0, return_dict=True)
    assert found.metrics == metrics


# What is taken over.


def test_the_score_is_the_objective_without_val():
    found = train(refit())
    assert found.score == found.metrics["accuracy"]
    assert found.n_parameters == found.model.count_params()
    loss = train(refit(objective=Objective("val_loss", "min")))
    assert loss.score == loss.metrics["loss"]


def test_several_objectives_are_one_sum():
    both = MultiObjective((Objective("val_loss", "min"), ACCURACY))
    found = train(refit(objective=both))
    assert found.score == pytest.approx(found.metrics["loss"] - found.metrics["accuracy"])


def test_all_rows_are_trained_with_for_the_epochs_asked_in_the_searchs_batches():
    import keras

    seen = []

    class Steps(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, self.params["steps"], sorted(logs)))

    train(refit(given=GivenFit((X, Y), {"batch_size": 16, "callbacks": [Steps], "validation_split": 0.5})), epochs=2)
    assert seen == [(0, 3, ["accuracy", "loss"]), (1, 3, ["accuracy", "loss"])]


def test_an_argument_that_is_a_function_of_hp_gives_the_trials_own():
    spy = Spy()
    train(refit(spy, GivenFit((X, Y), {"batch_size": lambda hp: hp.get("units") * 2})))
    assert spy.given[0][1]["batch_size"] == 8


def test_changes_win():
    spy = Spy()
    train(refit(spy, GivenFit((X, Y), {"batch_size": 4}), changes={"batch_size": 12}))
    assert spy.given[0][1]["batch_size"] == 12


def test_weights_of_the_searchs_rows_are_asked_for_anew():
    given = GivenFit((X, Y), {"sample_weight": np.ones(64)})
    with pytest.raises(OptionError, match="sample_weight"):
        refit(given=given)
    assert train(refit(given=given, changes={"sample_weight": np.ones(48)})).score > 0


@pytest.mark.parametrize("name", ["validation_data", "validation_split", "epochs", "x"])
def test_what_has_no_place_here_is_refused(name):
    with pytest.raises(OptionError, match=f"takes no {name}="):
        refit(changes={name: 1})


# Callbacks.


def test_callbacks_that_wait_for_a_validation_are_left_out_and_told():
    import keras

    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1)
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_accuracy")
    spy = Spy()
    found = train(refit(spy, GivenFit((X, Y), {"callbacks": [stopping, lambda: plateau]})))
    assert not any(isinstance(c, keras.callbacks.EarlyStopping) for c in spy.given[0][1]["callbacks"])
    assert [note.split()[0] for note in found.notes] == ["EarlyStopping", "ReduceLROnPlateau"]


def test_a_stop_by_the_training_loss_stays_and_a_shorter_fit_is_told():
    import keras

    stopping = keras.callbacks.EarlyStopping("loss", baseline=0.0, patience=1)
    found = train(refit(given=GivenFit((X, Y), {"callbacks": [stopping]})), epochs=5)
    assert len(found.notes) == 1
    assert re.fullmatch(r"A fit ended after [1-4] of 5 epochs\.", found.notes[0])


def test_which_callbacks_act_on_a_validation():
    import keras

    of = keras.callbacks
    assert watched_validation(of.ModelCheckpoint("a.keras", save_best_only=True)) == "val_loss"
    assert watched_validation(of.ModelCheckpoint("a.keras")) is None
    assert watched_validation(of.ModelCheckpoint("{val_loss}.keras")) == "val_loss"
    assert watched_validation(of.EarlyStopping("loss")) is None
    assert watched_validation(of.CSVLogger("a.csv")) is None


# A fit of the user's own.


def test_a_fit_of_the_users_own_gets_the_test_rows_once_where_the_validation_rows_were():
    class Scaled(Spy):
        def fit(self, hp, model, x, y, validation_data=None, **kwargs):
            self.given.append(((x, y), {"validation_data": validation_data, **kwargs}))
            if validation_data is not None:
                validation_data = (validation_data[0] * 2, validation_data[1])
            return model.fit(x * 2, y, validation_data=validation_data, **kwargs)

    spy = Scaled()
    found = train(refit(spy), epochs=3)
    assert spy.given[0][1]["validation_freq"] == [3]
    assert set(found.metrics) >= {"loss", "val_accuracy"}
    again = found.model.evaluate(DATA.x_test * 2, DATA.y_test, verbose=0, return_dict=True)
    assert found.score == pytest.approx(again["accuracy"])


def test_a_number_that_such_a_fit_measures_on_its_validation_is_the_test_score():
    class Measured(Spy):
        def fit(self, hp, model, x, y, validation_data, **kwargs):
            model.fit(x, y, **kwargs)
            return float(np.mean(np.abs(model.predict(validation_data[0], verbose=0)[:, 0] - validation_data[1])))

    found = train(refit(Measured(), objective=Objective("default_objective", "min")))
    predicted = found.model.predict(DATA.x_test, verbose=0)[:, 0]
    assert found.score == pytest.approx(float(np.mean(np.abs(predicted - DATA.y_test))))


def test_such_a_fit_that_validates_each_epoch_is_refused():
    class Greedy(Spy):
        def fit(self, hp, model, x, y, validation_freq=1, **kwargs):
            return model.fit(x, y, **kwargs)

    with pytest.raises(ResultError, match="validated after 2 epochs"):
        train(refit(Greedy()))


def test_such_a_fit_that_cannot_be_told_is_refused():
    class Closed(Spy):
        def fit(self, hp, model, x, y, validation_data=None, epochs=1, callbacks=None):
            return model.fit(x, y, epochs=epochs, callbacks=callbacks, validation_data=validation_data, verbose=0)

    with pytest.raises(OptionError, match=r"Closed\.fit takes no validation_freq="):
        train(refit(Closed()))


def test_without_a_validation_in_the_search_the_model_is_evaluated_after_such_a_fit():
    found = train(refit(Spy(), GivenFit((X, Y), {})))
    assert set(found.metrics) == {"loss", "accuracy"}


def test_an_error_of_such_a_fit_says_what_it_was_given():
    class Broken(Spy):
        def fit(self, hp, model, *args, **kwargs):
            raise KeyError("oops")

    with pytest.raises(KeyError, match="oops") as caught:
        train(refit(Broken()))
    assert "the test set, once" in caught.value.__notes__[0]


def test_data_by_name_stay_by_name():
    spy = Spy()
    train(refit(spy, GivenFit((), {"x": X, "y": Y})))
    assert spy.given[0][0] == ()
    assert spy.given[0][1]["x"] is DATA.x_train


# What is no model, and what is no score.


def test_a_function_that_returns_no_model_is_refused():
    with pytest.raises(ResultError, match=r"returned float 0\.5\. Let it return the compiled model"):
        train(refit(lambda hp: 0.5))


def test_a_metric_that_evaluating_does_not_give_is_named():
    with pytest.raises(ResultError, match=r"objective is f2, .* gives accuracy, loss.*score=function"):
        train(refit(objective=Objective("val_f2", "max")))


def test_a_function_may_measure_instead():
    found = train(refit(objective=Objective("f2", "max"), scorer=lambda model, x, y: len(x) / len(y)))
    assert (found.score, found.metrics) == (1.0, {"score": 1.0})
    with pytest.raises(ResultError, match="returned no number"):
        train(refit(scorer=lambda model, x, y: "good"))


def test_datasets_have_their_targets_with_them():
    import tensorflow as tf

    train_set = tf.data.Dataset.from_tensor_slices((DATA.x_train, DATA.y_train)).batch(16)
    test_set = tf.data.Dataset.from_tensor_slices((DATA.x_test, DATA.y_test)).batch(16)
    given = GivenFit((train_set,), {"validation_data": test_set, "shuffle": False})
    assert train(refit(given=given, data=RefitData(train_set, None, test_set, None))).score > 0
    assert data_hash(test_set) == data_hash(test_set.map(lambda x, y: (x, y)))
    assert data_hash(test_set.repeat()) is None


# Hashes.


def test_equal_contents_have_equal_hashes_and_others_others():
    import pandas as pd
    from scipy import sparse

    table = pd.DataFrame({"a": [1, 2]})
    contents = [
        X, X[::-1], X.astype("float64"), X.reshape(32, 8), [X, Y], (X, Y), {"a": X}, table,
        table.rename(columns={"a": "b"}), sparse.csr_matrix(X), None, 3, np.array(["a", None], dtype=object),
    ]  # fmt: skip
    found = [data_hash(value) for value in contents]
    assert None not in found
    assert len(set(found)) == len(found)
    assert data_hash(X.copy()) == data_hash(X)
    assert data_hash(np.asfortranarray(X)) == data_hash(X)
    assert data_hash(x for x in X) is None
    assert data_hash([X, object()]) is None


def test_a_changed_row_changes_the_hash():
    other = X.copy()
    other[17, 2] += 1
    assert data_hash(other) != data_hash(X)


def test_settings_and_definitions_are_known_by_what_they_do():
    import keras

    stop = keras.callbacks.EarlyStopping
    assert settings_hash({"a": 1, "b": 2}) == settings_hash({"b": 2, "a": 1})
    assert settings_hash({"callbacks": [stop("loss", patience=2)]}) == settings_hash(
        {"callbacks": [stop("loss", patience=2)]}
    )
    assert settings_hash({"callbacks": [stop("loss", patience=2)]}) != settings_hash({"callbacks": [stop("loss")]})
    assert settings_hash({"b": lambda hp: 1}) != settings_hash({"b": lambda hp: 2})
    assert definition_hash(as_hypermodel(build)) == definition_hash(as_hypermodel(build))
    assert definition_hash(as_hypermodel(build)) != definition_hash(as_hypermodel(lambda hp: model(4)))
    assert definition_hash(Spy()) != definition_hash(as_hypermodel(build))
