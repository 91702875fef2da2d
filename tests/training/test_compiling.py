from typing import Any

import numpy as np
import pytest

from kt_notebook.core.errors import FailedTrialError, OptionError, ResultError
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.compiling import ModelSettings, maybe_distribute
from tests.training.keras_models import X, Y, model

pytestmark = pytest.mark.keras


def _prepared(made: Any, **arguments: Any) -> Any:
    ModelSettings(**arguments).prepare(made)
    return made


def _strategy(kind: str) -> Any:
    import tensorflow as tf

    return tf.distribute.OneDeviceStrategy("CPU:0") if kind == "one" else tf.distribute.MirroredStrategy(["CPU:0"])


def _scaled_metric(scale: float) -> Any:
    """Return a metric of which `get_config` does not know all that it was made with."""
    import keras

    class Scaled(keras.metrics.Metric):
        def __init__(self, scale: float = 1.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.scale = scale
            self.n_updates = self.add_weight(name="n_updates", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.n_updates.assign_add(1.0)

        def result(self) -> Any:
            return self.n_updates * self.scale

    return Scaled(scale, name="scaled")


def test_a_model_that_is_not_compiled_is_compiled_with_what_the_tuner_was_given() -> None:
    made = _prepared(model(compiled=False), optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
    assert made.compiled
    assert type(made.optimizer).__name__ == "SGD"
    assert set(made.fit(X, Y, verbose=0).history) == {"accuracy", "loss"}


def test_without_arguments_a_model_stays_as_it_is() -> None:
    made = model()
    optimizer = made.optimizer
    assert _prepared(made).optimizer is optimizer
    assert not _prepared(model(compiled=False)).compiled


def test_an_empty_list_of_metrics_says_nothing_as_in_keras_tuner() -> None:
    assert set(_prepared(model(), metrics=[]).fit(X, Y, verbose=0).history) == {"accuracy", "loss"}


def test_what_is_not_given_stays_the_models_own() -> None:
    import keras

    def own_loss(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

    made = model(compiled=False)
    made.compile(
        keras.optimizers.SGD(0.5),
        own_loss,
        loss_weights=[0.5],
        metrics=["accuracy"],
        weighted_metrics=["mse"],
        run_eagerly=True,
        steps_per_execution=2,
    )
    _prepared(made, optimizer="adam")
    assert type(made.optimizer).__name__ == "Adam"
    config = made.get_compile_config()
    assert config["loss_weights"] == [0.5]
    assert config["weighted_metrics"] == ["mse"]
    assert config["steps_per_execution"] == 2
    assert made.run_eagerly
    assert made.loss is own_loss
    history = made.fit(X, Y, verbose=0).history
    assert set(history) == {"accuracy", "loss", "mse"}


def test_metrics_take_the_place_of_the_models_own() -> None:
    assert set(_prepared(model(), metrics=["mae"]).fit(X, Y, verbose=0).history) == {"mae", "loss"}


def test_each_model_gets_an_optimizer_of_its_own_with_the_settings_given() -> None:
    import keras

    given = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5), beta_1=0.8)
    settings = ModelSettings(optimizer=given)
    first, second = model(), model()
    settings.prepare(first)
    first.fit(X, Y, verbose=0)
    settings.prepare(second)
    assert first.optimizer is not second.optimizer
    assert second.optimizer is not given
    assert second.optimizer.get_config() == given.get_config()
    assert (int(first.optimizer.iterations), int(second.optimizer.iterations), int(given.iterations)) == (2, 0, 0)


@pytest.mark.parametrize("has_config", [True, False])
def test_an_optimizer_with_an_unregistered_schedule_is_made_anew(has_config: bool) -> None:
    import keras

    class Steady(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> float:
            return 0.25

        def get_config(self) -> dict[str, Any]:
            if not has_config:
                raise NotImplementedError
            return {}

    given = keras.optimizers.SGD(Steady())
    made = _prepared(model(), optimizer=given)
    made.fit(X, Y, verbose=0)
    assert made.optimizer is not given
    assert float(made.optimizer.learning_rate) == 0.25
    assert (int(made.optimizer.iterations), int(given.iterations)) == (2, 0)


def test_an_optimizer_may_be_a_config() -> None:
    import keras

    given = keras.optimizers.serialize(keras.optimizers.SGD(0.5))
    settings = ModelSettings(optimizer=given)
    for _ in range(2):
        made = model()
        settings.prepare(made)
        assert float(made.optimizer.learning_rate) == 0.5


def test_metrics_share_no_state_between_models() -> None:
    import keras

    given = keras.metrics.AUC(name="area")
    given.update_state([0, 1], [0.2, 0.9])
    settings = ModelSettings(metrics=[given])
    before = float(given.result())
    for _ in range(2):
        made = model()
        settings.prepare(made)
        assert "area" in made.fit(X, Y, verbose=0).history
    assert float(given.result()) == before


def test_a_metric_whose_config_does_not_tell_all_keeps_what_it_was_made_with() -> None:
    given = _scaled_metric(0.25)
    made = _prepared(model(), metrics=[given])
    assert made.fit(X, Y, batch_size=32, verbose=0).history["scaled"] == [0.5]
    assert float(given.result()) == 0.0


def test_a_loss_object_is_copied_with_its_settings() -> None:
    import keras

    given = keras.losses.Huber(delta=0.3)
    made = _prepared(model(), loss=given)
    assert made.loss is not given
    assert made.loss.get_config() == given.get_config()
    assert np.isfinite(made.fit(X, Y, verbose=0).history["loss"][0])


def test_losses_and_metrics_may_be_given_for_each_output() -> None:
    import keras

    entry = keras.layers.Input((4,))
    outputs = {"a": keras.layers.Dense(1, name="a")(entry), "b": keras.layers.Dense(1, name="b")(entry)}
    made = keras.Model(entry, outputs)
    _prepared(
        made,
        optimizer="sgd",
        loss={"a": "mse", "b": keras.losses.Huber()},
        metrics={"a": ["mae"], "b": [keras.metrics.MeanSquaredError(name="square")]},
    )
    history = made.fit(X, {"a": Y, "b": Y}, verbose=0).history
    assert {"a_mae", "b_square"} <= set(history)


def test_a_compile_of_its_own_gets_what_it_takes_by_name() -> None:
    import keras

    class Own(keras.Sequential):
        def compile(self, optimizer: Any, loss: Any, metrics: Any = None, **kwargs: Any) -> None:
            super().compile(optimizer=optimizer, loss=loss, metrics=metrics, run_eagerly=True, **kwargs)

    made = Own([keras.layers.Input((4,)), keras.layers.Dense(1)])
    made.compile("adam", "mse", metrics=["mae"])
    _prepared(made, optimizer="sgd")
    assert type(made.optimizer).__name__ == "SGD"
    assert set(made.fit(X, Y, verbose=0).history) == {"loss", "mae"}


def test_a_model_without_optimizer_from_either_side_says_what_to_give() -> None:
    with pytest.raises(ResultError, match=r"not compiled, and the tuner was given loss but no optimizer\. Add"):
        _prepared(model(compiled=False), loss="mse")


def test_an_oversized_model_fails_its_trial_with_size_and_limit() -> None:
    with pytest.raises(FailedTrialError, match=r"25 trainable parameters, more than max_model_size=24 allows"):
        _prepared(model(), max_model_size=24)
    _prepared(model(), max_model_size=25)


def test_frozen_parameters_do_not_count_as_in_keras_tuner() -> None:
    made = model()
    made.layers[0].trainable = False
    _prepared(made, max_model_size=5)


@pytest.mark.parametrize("batch_size", [32, 64])
def test_a_model_without_weights_is_looked_at_after_its_first_batch(batch_size: int) -> None:
    import keras

    made = keras.Sequential([keras.layers.Dense(1)])
    made.compile("sgd", "mse", run_eagerly=True)
    settings = ModelSettings(max_model_size=4)
    settings.prepare(made)
    with pytest.raises(FailedTrialError, match="5 trainable parameters"):
        made.fit(X, Y[:, None], batch_size, verbose=0, callbacks=settings.size_callbacks(made))
    assert int(made.optimizer.iterations) == 1
    assert settings.size_callbacks(model()) == []
    assert ModelSettings().size_callbacks(keras.Sequential([keras.layers.Dense(8)])) == []


@pytest.mark.parametrize("kind", ["one", "mirrored"])
def test_a_model_is_built_compiled_and_fitted_under_the_strategy(kind: str) -> None:
    import keras
    import tensorflow as tf

    strategy = _strategy(kind)
    seen = []

    def build(hp: HyperParameters) -> Any:
        seen.append(tf.distribute.get_strategy())
        made = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        made.compile("adam", "mse")
        return made

    settings = ModelSettings(
        optimizer=keras.optimizers.SGD(0.1),
        metrics=[keras.metrics.AUC(name="auc"), _scaled_metric(0.25)],
        distribution_strategy=strategy,
    )
    for _ in range(2):
        made = settings.build(build, HyperParameters())
        history = made.fit(X, Y, batch_size=32, verbose=0).history
        assert set(history) == {"auc", "loss", "scaled"}
        assert history["scaled"] == [0.5]
        assert made.distribute_strategy is strategy
    assert seen == [strategy, strategy]
    assert tf.distribute.get_strategy() is not strategy


def test_building_something_else_than_a_model_passes_it_on() -> None:
    assert ModelSettings(max_model_size=1).build(lambda hp: 0.5, HyperParameters()) == 0.5


def test_maybe_distribute_enters_the_scope_or_nothing() -> None:
    import tensorflow as tf

    strategy = _strategy("one")
    with maybe_distribute(strategy):
        assert tf.distribute.get_strategy() is strategy
    with maybe_distribute(None):
        assert not tf.distribute.has_strategy()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adamm"}, r"optimizer is str 'adamm', which Keras does not know\. Did you mean 'adam'\?"),
        ({"optimizer": 3}, r"optimizer is int 3, .*Give one of adadelta, "),
        ({"loss": "binary_crossentropi"}, r"loss has 'binary_crossentropi', and Keras knows no loss of this name"),
        ({"loss": {"a": "mse", "b": "mes"}}, "loss has 'mes'"),
        ({"metrics": ["accuracy", "acuracy"]}, "metrics has 'acuracy', and Keras knows no metric of this name"),
        ({"metrics": "accuracy"}, r"metrics is str 'accuracy'\. Give a list: metrics=\['accuracy'\]"),
        ({"max_model_size": 0}, "max_model_size=0 leaves no model"),
        ({"max_model_size": True}, "max_model_size=True leaves no model"),
        ({"max_model_size": float("nan")}, "max_model_size=nan leaves no model"),
        ({"max_model_size": "1M"}, "max_model_size='1M' leaves no model"),
        ({"distribution_strategy": "mirrored"}, r"distribution_strategy is str 'mirrored', which has no scope\(\)"),
    ],
)
def test_arguments_that_cannot_be_are_refused_when_the_tuner_is_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ModelSettings(**arguments)


def test_a_class_in_the_place_of_an_object_says_how_to_make_one() -> None:
    import keras
    import tensorflow as tf

    with pytest.raises(OptionError, match=r"optimizer is the class Adam\. Give an instance: Adam\(\)"):
        ModelSettings(optimizer=keras.optimizers.Adam)
    with pytest.raises(OptionError, match=r"the class MirroredStrategy\. Give an instance: MirroredStrategy\(\)"):
        ModelSettings(distribution_strategy=tf.distribute.MirroredStrategy)
