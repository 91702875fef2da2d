"""What both packages search in the round trips: numbers, and small Keras models. Runs under either one's `hp`."""


def number(hp):
    """A number from each kind of hyperparameter; `grid` below is the part of it that a grid can cover."""
    x = hp.Float("x", -1.0, 1.0)
    units = hp.Int("units", 1, 64, sampling="log")
    return x * x + units / 64 + grid(hp)


def grid(hp):
    """A number from 10 combinations."""
    kind = hp.Choice("kind", ["relu", "tanh"])
    with hp.conditional_scope("kind", ["relu"]):
        slope = hp.Float("slope", 0.0, 1.0, step=0.25) if kind == "relu" else 0.0
    normed = hp.Boolean("normed") if kind == "relu" else False
    hp.Fixed("seventeen", 17)
    return slope + normed


def epochs(hp):
    """A number that falls with the epochs that Hyperband gives."""
    return hp.Float("x", 0.0, 1.0) + 1 / hp.get("tuner/epochs")


def data():
    """Return x and y of 32 points."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def model(hp):
    """A model that gets its input shape from its first data, so that build_config.json is needed."""
    import keras

    layers = [keras.layers.Dense(hp.Int("units", 2, 6), activation=hp.Choice("kind", ["relu", "tanh"]))]
    net = keras.Sequential([*layers, keras.layers.Dense(1)])
    net.compile(keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-1, sampling="log")), "mse")
    return net
