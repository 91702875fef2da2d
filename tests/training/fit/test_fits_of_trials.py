"""Trials whose own code fits more than once, looks at its models between fits, or goes around them."""

from typing import Any

import numpy as np
import pytest

from kt_notebook.core.fit_way import FitWay
from kt_notebook.training.fit_hook import fit_hook
from tests.training.same_as_fit import (
    FUSED,
    PLAIN,
    REUSED,
    Case,
    Values,
    check,
    numbers,
    rows,
    run_trials,
    slow_but,
    small_model,
)

pytestmark = pytest.mark.keras


def _judged(v: Values, model: Any, **further: Any) -> None:
    import keras

    model.compile(keras.optimizers.Adam(v.rate), "mse", metrics=["mae"], **further)


def _fine_tuned(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    """Train the last layer, then all of them with another optimizer."""
    import keras

    model.layers[0].trainable = False
    _judged(trial.values, model)
    fit_hook(model)(*args, **kwargs)
    model.layers[0].trainable = True
    model.compile(keras.optimizers.SGD(trial.values.rate / 10, momentum=0.9), "mae")
    return fit_hook(model)(*args, **kwargs)


def _gone_on(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    fit_hook(model)(*args, **kwargs)
    model.optimizer.learning_rate = trial.values.rate / 3
    model.layers[1].rate = 0.9  # Too late for what is traced, here as there.
    return fit_hook(model)(*args, **{**kwargs, "initial_epoch": 2, "epochs": 3})


def _other_rows(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    """Go on with other numbers of rows and other sizes of batches."""
    fit_hook(model)(*args, **kwargs)
    fit_hook(model)(numbers(64, 8), numbers(64, 1), batch_size=16, epochs=1, callbacks=kwargs["callbacks"])
    return fit_hook(model)(numbers(30, 8), numbers(30, 1), batch_size=7, epochs=1, callbacks=kwargs["callbacks"])


def _with_weights_later(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    fit_hook(model)(*args, **kwargs)
    weights = np.abs(numbers(len(kwargs["x"])))
    return fit_hook(model)(*args, **{**kwargs, "sample_weight": weights})


def _three_models(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    histories = [fit_hook(made)(*args, **kwargs) for made in (model, trial.another(), trial.another())]
    return float(np.mean([history.history["val_loss"][-1] for history in histories]))


def _in_turns(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    """Train two models of one kind a little at a time."""
    other = trial.another()
    for made in (model, other, model):
        history = fit_hook(made)(*args, **kwargs)
    return history


def _looked_at(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    told = trial.case.told
    told.append(model.predict(numbers(20, 8), batch_size=BATCH_OF_LOOKS, verbose=0))
    fit_hook(model)(*args, **kwargs)
    told.append(model.predict(numbers(20, 8), batch_size=BATCH_OF_LOOKS, verbose=0))
    told.append(model.evaluate(numbers(20, 8), numbers(20, 1), batch_size=7, verbose=0, return_dict=True))
    told.append(np.array(model(numbers(3, 8))))
    history = fit_hook(model)(*args, **kwargs)
    told.append(model.evaluate(kwargs["x"], kwargs["y"], verbose=0))
    told.append(model.predict_on_batch(numbers(4, 8)))
    told.append(model.train_on_batch(numbers(4, 8), numbers(4, 1), return_dict=True))
    return history


def _weights_given(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    fit_hook(model)(*args, **kwargs)
    best = model.get_weights()
    fit_hook(model)(*args, **kwargs)
    model.set_weights(best)
    return fit_hook(model)(*args, **kwargs)


def _cloned(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    import keras

    fit_hook(model)(*args, **kwargs)
    made = keras.models.clone_model(model)
    made.set_weights(model.get_weights())
    _judged(trial.values, made)
    trial.models.append(made)
    return fit_hook(made)(*args, **kwargs)


def _head_exchanged(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    """Train a second model on the trained layers of the first, then the first again."""
    import keras

    fit_hook(model)(*args, **kwargs)
    other = keras.Sequential([*model.layers[:2], keras.layers.Dense(1, name="head")])
    _judged(trial.values, other)
    trial.models.append(other)
    fit_hook(other)(*args, **kwargs)
    fit_hook(model)(*args, **kwargs)
    return fit_hook(other)(*args, **kwargs)


def _seeded(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    import keras

    keras.utils.set_random_seed(11)
    history = fit_hook(trial.another())(*args, **kwargs)
    trial.case.told.append(keras.random.normal((3,)))
    return history


def _batch_before(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    model.train_on_batch(numbers(4, 8), numbers(4, 1))
    return fit_hook(model)(*args, **kwargs)


def _unseen(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    return model.fit(*args, **kwargs)


def _unseen_later(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    fit_hook(model)(*args, **kwargs)
    return model.fit(*args, **kwargs)


BATCH_OF_LOOKS = 8
# What a trial does; the paths of its fits in the first trial, and in the others.
TRIALS: dict[str, tuple[Any, Any, Any]] = {
    # Compiled again, a model still has the metrics of its first compile: no copy of it has.
    "fine-tuned": (_fine_tuned, [FUSED, FUSED], [REUSED, FUSED]),
    "gone on": (_gone_on, [FUSED, REUSED], [REUSED, REUSED]),
    "other rows": (_other_rows, [FUSED, REUSED, REUSED], [REUSED, REUSED, REUSED]),
    "weights later": (_with_weights_later, [FUSED, REUSED], [REUSED, REUSED]),
    # The second model's layers have other names than the first one's, which are those of the next trial's first.
    "three models": (_three_models, [FUSED, FUSED, FUSED], [REUSED, REUSED, REUSED]),
    "in turns": (_in_turns, [FUSED, FUSED, REUSED], [REUSED, REUSED, REUSED]),
    "looked at": (_looked_at, [FUSED, REUSED], [REUSED, REUSED]),
    "weights given": (_weights_given, [FUSED, REUSED, REUSED], [REUSED, REUSED, REUSED]),
    "cloned": (_cloned, [FUSED, FUSED], [REUSED, REUSED]),
    "head exchanged": (_head_exchanged, [FUSED, FUSED, REUSED, REUSED], [REUSED, REUSED, REUSED, REUSED]),
    "seeded": (_seeded, [FUSED], [REUSED]),
    "a batch before": (_batch_before, [PLAIN], [PLAIN]),
    "model.fit, unseen": (_unseen, [PLAIN], [PLAIN]),
    "model.fit, unseen later": (_unseen_later, [FUSED, PLAIN], [REUSED, PLAIN]),
}
_QUICK = ("fine-tuned", "looked at", "head exchanged")


@pytest.mark.parametrize("name", slow_but(_QUICK, TRIALS))
def test_a_trial_with_fits_of_its_own_comes_to_the_same(name: str) -> None:
    fit, first, later = TRIALS[name]
    why = "" if later == [REUSED] * len(later) else "unseen, or compiled again"
    check(Case(name, small_model, rows, first, later, why=why, fit=fit))


# Layers that live longer than a trial.


@pytest.mark.parametrize("is_trained", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_layer_that_all_trials_train_on_is_the_same(is_trained: bool) -> None:
    """One set of layers, as of a pretrained model, stands in the models of all trials."""
    import keras

    held: dict[str, Any] = {}

    def data() -> dict[str, Any]:
        keras.utils.set_random_seed(5)
        layers = [keras.layers.Dense(4, name="one"), keras.layers.BatchNormalization(name="two")]
        held["base"] = keras.Sequential([keras.layers.Input((8,), name="rows"), *layers], name="base")
        held["base"].trainable = is_trained
        return rows()

    def build(v: Values) -> Any:
        made = keras.Sequential(
            [held["base"], keras.layers.Dense(4), keras.layers.Dropout(v.dropout), keras.layers.Dense(1)]
        )
        _judged(v, made)
        return made

    # Used on, the first trial's model would be seen to have the weights of the last: with Keras' fit, too.
    check(Case("base", build, data, is_used_on=False), 3)


def test_metrics_that_all_trials_share_begin_at_nothing_in_each() -> None:
    """Keras' own fit does not reset them before the first epoch: what the trial before has left counts there."""
    import keras

    held: dict[str, Any] = {}

    def data() -> dict[str, Any]:
        held["shared"] = keras.metrics.RootMeanSquaredError()
        return rows()

    def own(v: Values) -> Any:
        return small_model(v, metrics=[keras.metrics.RootMeanSquaredError()])

    expected = run_trials(Case("own", own, is_used_on=False), FitWay.PLAIN)
    shared = Case("shared", lambda v: small_model(v, metrics=[held["shared"]]), data, is_used_on=False)
    found = run_trials(shared, FitWay.AUTO)
    assert [left.epochs for left in found] == [left.epochs for left in expected]
