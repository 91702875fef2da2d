"""Models of all forms that users write: layers shared, nested, frozen, of their own, steps and losses of their own."""

from collections.abc import Callable
from typing import Any

from tests.training.same_as_fit import FUSED, Case, Values, fit_data, numbers, rows, small_model

Build = Callable[[Values], Any]
OWN = "a class or a function of the user's may have anything in it"


def _compiled(model: Any, v: Values, **further: Any) -> Any:
    import keras

    model.compile(keras.optimizers.Adam(v.rate), "mse", **{"metrics": ["mae"], **further})
    return model


def _sequence(v: Values, *layers: Any, n_inputs: int | None = 8, **further: Any) -> Any:
    import keras

    begin = [] if n_inputs is None else [keras.layers.Input((n_inputs,))]
    return _compiled(keras.Sequential([*begin, *layers]), v, **further)


# Keras' own classes: their graphs are taken over.


def _shared(v: Values) -> Any:
    import keras

    begin, shared = (
        keras.layers.Input((8,)),
        keras.layers.Dense(8, "tanh", kernel_regularizer=keras.regularizers.L2(v.l2)),
    )
    drop = keras.layers.Dropout(v.dropout)
    return _compiled(keras.Model(begin, keras.layers.Dense(1)(drop(shared(drop(shared(begin)))))), v)


def _nested(v: Values) -> Any:
    import keras

    layers = keras.layers
    inner = keras.Sequential([layers.Dense(4), layers.BatchNormalization(), layers.Dropout(v.dropout)], name="inner")
    begin = layers.Input((8,))
    deep = keras.Model(
        begin, inner(layers.Dense(5, kernel_regularizer=keras.regularizers.L1(v.l2))(begin)), name="deep"
    )
    return _sequence(v, deep, layers.Dense(1))


def _frozen(v: Values) -> Any:
    import keras

    layers = keras.layers
    first, norm = layers.Dense(4, kernel_regularizer=keras.regularizers.L2(v.l2)), layers.BatchNormalization()
    first.trainable = norm.trainable = False
    return _sequence(v, first, norm, layers.Dropout(v.dropout), layers.Dense(1))


def _swapped(v: Values) -> Any:
    """Constants of equal value stand in other places in the next trial."""
    import keras

    rates = (0.2, 0.5) if v.rate == 1e-2 else (0.5, 0.2)
    made = [
        layer
        for rate in rates
        for layer in (
            keras.layers.Dense(5, "relu", kernel_regularizer=keras.regularizers.L2(rate / 10)),
            keras.layers.Dropout(rate),
        )
    ]
    return _sequence(v, *made, keras.layers.Dense(1, bias_regularizer=keras.regularizers.L1L2(v.l2, v.dropout / 100)))


def _adjusted(v: Values) -> Any:
    """A layer's rate and a weight's regularizer are set after they were made."""
    import keras

    made = small_model(v)
    made.layers[1].rate = v.dropout / 2
    made.layers[0].kernel.regularizer = keras.regularizers.L2(v.l2 * 3)
    return made


def _with_weights(v: Values) -> Any:
    made = small_model(v)
    made.set_weights([weight + v.l2 for weight in made.get_weights()])
    return made


def _unbuilt(v: Values) -> Any:
    import keras

    layers = keras.layers
    drop, l2 = layers.Dropout(v.dropout), keras.regularizers.L2(v.l2)
    return _sequence(v, layers.Dense(4, kernel_regularizer=l2), drop, layers.Dense(1), n_inputs=None)


def _layered(*make: Callable[[Any, Values], Any]) -> Build:
    """Return what builds a model of these layers, each made by a function of `keras` and the trial's values."""

    def build(v: Values) -> Any:
        import keras

        return _sequence(v, *(one(keras, v) for one in make), keras.layers.Dense(1))

    return build


TAKEN_OVER: dict[str, Build] = {
    "shared layers": _shared,
    "nested models": _nested,
    "frozen layers": _frozen,
    "swapped constants": _swapped,
    "constants set afterwards": _adjusted,
    "weights set by hand": _with_weights,
    "unbuilt Sequential": _unbuilt,
    "constraints": _layered(
        lambda k, v: k.layers.Dense(4, kernel_constraint=k.constraints.MaxNorm(0.5), bias_constraint="non_neg"),
        lambda k, v: k.layers.Dense(3, kernel_constraint=k.constraints.UnitNorm()),
        lambda k, v: k.layers.Dense(3, kernel_constraint=k.constraints.MinMaxNorm(0.1, 0.9)),
    ),
    "activity_regularizer": _layered(lambda k, v: k.layers.Dense(4, activity_regularizer=k.regularizers.L2(0.01))),
    "orthogonal regularizer": _layered(
        lambda k, v: k.layers.Dense(4, kernel_regularizer=k.regularizers.OrthogonalRegularizer(0.01))
    ),
    "noise_shape": _layered(
        lambda k, v: k.layers.Reshape((4, 2)),
        lambda k, v: k.layers.Dropout(v.dropout, noise_shape=(None, 1, 2)),
        lambda k, v: k.layers.Flatten(),
    ),
    "seeds of the layers": _layered(
        lambda k, v: k.layers.Dense(4, kernel_initializer=k.initializers.HeNormal(seed=3)),
        lambda k, v: k.layers.Dropout(v.dropout, seed=5),
    ),
    "activations": _layered(
        *(
            lambda k, v, name=name: k.layers.Dense(3, activation=name)
            for name in ("elu", "gelu", "hard_silu", "mish", "selu", "softplus", "leaky_relu", "log_softmax")
        )
    ),
    "initializers": _layered(
        *(
            lambda k, v, name=name: k.layers.Dense(4, kernel_initializer=name)
            for name in (
                "glorot_normal",
                "he_uniform",
                "lecun_normal",
                "orthogonal",
                "random_normal",
                "truncated_normal",
            )
        )
    ),
    "a layer in double precision": _layered(lambda k, v: k.layers.Dense(4, dtype="float64")),
    "a rate of nothing": _layered(lambda k, v: k.layers.Dropout(0.0)),
}
# Another rate or strength that is part of the graph, not a constant that trials may differ in.
OTHER_GRAPHS: dict[str, Build] = {
    "a rate in the activity": _layered(lambda k, v: k.layers.Dense(4, activity_regularizer=k.regularizers.L2(v.l2))),
    "a rate of noise": _layered(lambda k, v: k.layers.GaussianNoise(v.dropout)),
    "a rate in a cell": _layered(
        lambda k, v: k.layers.Reshape((4, 2)),
        lambda k, v: k.layers.GRU(2, dropout=v.dropout, recurrent_dropout=v.dropout),
    ),
    "dropout here, none there": _layered(lambda k, v: k.layers.Dropout(0.0 if v.rate == 1e-2 else v.dropout)),
    "L2 here, none there": _layered(
        lambda k, v: k.layers.Dense(4, kernel_regularizer=k.regularizers.L2(0.0 if v.rate == 1e-2 else v.l2))
    ),
    "another activation": _layered(lambda k, v: k.layers.Dense(4, activation="relu" if v.rate == 1e-2 else "tanh")),
    "another name": _layered(lambda k, v: k.layers.Dense(3, name="one" if v.rate == 1e-2 else "two")),
    "another size": _layered(lambda k, v: k.layers.Dense(4 if v.rate == 1e-2 else 5)),
    "frozen here": lambda v: _frozen_if(v, v.rate == 1e-2),
    "another loss": lambda v: small_model(v, loss="mse" if v.rate == 1e-2 else "mae"),
    "another metric": lambda v: small_model(v, metrics=["mae" if v.rate == 1e-2 else "mape"]),
    "another order of metrics": lambda v: small_model(v, metrics=["mae", "mape"][:: 1 if v.rate == 1e-2 else -1]),
}


def _frozen_if(v: Values, is_frozen: bool) -> Any:
    import keras

    first = keras.layers.Dense(4)
    first.trainable = not is_frozen
    return _sequence(v, first, keras.layers.Dense(1))


# Of the user's own: traced anew in each trial.


def _own_classes() -> dict[str, type]:
    """Return models whose steps are the user's own."""
    import keras
    import tensorflow as tf

    class Stepping(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                predicted = self(x, training=True)
                found = self.compute_loss(x=x, y=y, y_pred=predicted) + tf.reduce_mean(predicted**2)
            self.optimizer.apply_gradients(
                zip(tape.gradient(found, self.trainable_weights), self.trainable_weights, strict=True)
            )
            for metric in self.metrics:
                metric.update_state(*((found,) if metric.name == "loss" else (y, predicted)))
            return {metric.name: metric.result() for metric in self.metrics}

    class Telling(keras.Model):
        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            return {**logs, "largest": tf.reduce_max(tf.abs(data[0])), "step": self.optimizer.iterations}

        def test_step(self, data: Any) -> Any:
            return {"loss": tf.reduce_mean(tf.abs(data[1] - self(data[0], training=False)))}

    class Losing(keras.Model):
        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
            found = super().compute_loss(x, y, y_pred, sample_weight, training)
            return found + 0.1 * tf.reduce_mean(tf.abs(y_pred))

    class Measuring(keras.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.spread = keras.metrics.Mean(name="spread")
            self.total = keras.metrics.Sum(name="total")

        @property
        def metrics(self) -> Any:
            return [*super().metrics, self.spread, self.total]

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            self.spread.update_state(tf.math.reduce_std(y_pred))
            self.total.update_state(y_pred)
            return super().compute_metrics(x, y, y_pred, sample_weight)

    return {"train_step": Stepping, "other logs": Telling, "compute_loss": Losing, "metrics": Measuring}


def own_step_case(name: str) -> Case:
    """Return a case with a model whose class has this of its own."""

    def build(v: Values) -> Any:
        import keras

        begin = keras.layers.Input((8,))
        x = keras.layers.Dense(4, "relu", kernel_regularizer=keras.regularizers.L2(v.l2))(begin)
        made = _own_classes()[name](begin, keras.layers.Dense(1)(keras.layers.Dropout(v.dropout)(x)))
        return _compiled(made, v)

    return Case(name, build, rows, later=FUSED, why=OWN)


def _subclassed(v: Values) -> Any:
    import keras

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L2(v.l2))
            self.drop = keras.layers.Dropout(v.dropout)
            self.last = keras.layers.Dense(1)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.last(self.drop(self.first(x), training=training))

    return _compiled(Net(), v)


def _adding_loss(v: Values) -> Any:
    import keras

    class Spread(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seeds = keras.random.SeedGenerator(4)

        def call(self, x: Any, training: bool = False) -> Any:
            self.add_loss(v.l2 * keras.ops.mean(keras.ops.square(x)))
            return x + keras.random.normal(keras.ops.shape(x), seed=self.seeds) * v.dropout if training else x

    return _sequence(v, keras.layers.Dense(4), Spread(), keras.layers.Dense(1))


def _counting(v: Values) -> Any:
    import keras

    class Counting(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

        def call(self, x: Any, training: bool = False) -> Any:
            if training:
                self.seen.assign_add(1.0)
            return x / (1.0 + self.seen)

    return _sequence(v, keras.layers.Dense(4), Counting(), keras.layers.Dense(1))


def _with_functions(v: Values) -> Any:
    import keras

    return _sequence(
        v,
        keras.layers.Dense(4, activation=lambda t: keras.ops.tanh(t) * v.dropout),
        keras.layers.Dense(4, kernel_regularizer=lambda w: v.l2 * keras.ops.sum(keras.ops.abs(w))),
        keras.layers.Dense(1),
    )


def _with_operations(v: Values) -> Any:
    """The user's numbers stand in operations between layers, as constants of the graph."""
    import keras

    begin = keras.layers.Input((8,))
    x = keras.layers.Dense(4)(begin) * v.dropout
    return _compiled(keras.Model(begin, keras.layers.Dense(1)(keras.ops.tanh(x) + v.l2)), v)


OF_USERS: dict[str, Build] = {
    "subclassed": _subclassed,
    "add_loss and draws": _adding_loss,
    "a state of its own": _counting,
    "functions": _with_functions,
    "operations": _with_operations,
}


def autoencoder() -> Case:
    """Return a case with a model that has no labels: its losses are its own."""

    def build(v: Values) -> Any:
        import keras

        class Distance(keras.layers.Layer):
            def call(self, both: Any) -> Any:
                self.add_loss(keras.ops.mean(keras.ops.square(both[0] - both[1])))
                return both[1]

        begin = keras.layers.Input((8,))
        back = keras.layers.Dense(8)(keras.layers.Dropout(v.dropout)(keras.layers.Dense(3)(begin)))
        made = keras.Model(begin, Distance()([begin, back]))
        made.compile(keras.optimizers.Adam(v.rate))
        return made

    def arguments() -> dict[str, Any]:
        return {**fit_data(lambda n: numbers(n, 8)), "y": None, "validation_data": (numbers(20, 8),)}

    return Case("autoencoder", build, arguments, later=FUSED, why=OWN)


def stateful() -> Case:
    """Return a case with a recurrent layer that remembers from batch to batch."""

    def build(v: Values) -> Any:
        import keras

        layers = keras.layers
        begin = layers.Input((6, 4), batch_size=8)
        x = layers.GRU(3, stateful=True)(layers.Dropout(v.dropout)(begin))
        return _compiled(keras.Model(begin, layers.Dense(1)(x)), v)

    def arguments() -> dict[str, Any]:
        return fit_data(
            lambda n: numbers(n // 8 * 8, 6, 4), lambda n: numbers(n // 8 * 8, 1), batch_size=8, shuffle=False
        )

    why = "what the layer remembers is no variable that Keras tells of"
    return Case("stateful", build, arguments, later=FUSED, why=why, is_used_on=False)
