"""The six small trainings that `trial_cost.py` searches: data, and `build(hp)` as users write it.

Each space is mixed: one choice of four widths, which makes another model, and three numbers that leave the model's
shape alone (learning rate, dropout, L2). Data are those of scikit-learn where it brings them, else made, always alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["EPOCHS", "WORKLOADS", "Workload", "throwaway"]

EPOCHS = (1, 5, 20)

# Any: the hyperparameters are either package's, the models Keras', the data arrays, here and below.
Data = tuple[Any, Any, Any, Any]  # x, y, validation's x, validation's y


@dataclass(frozen=True)
class Workload:
    """One training: its data and its model.

    Attributes:
        title: What it is, for the tables.
        build: Makes a compiled model.
        data: Makes the data; the same each time.
        batch_size: What `fit` gets; 32 is Keras' own.
    """

    title: str
    build: Callable[[Any], Any]
    data: Callable[[], Data]
    batch_size: int = 32

    def fit_arguments(self, epochs: int) -> tuple[tuple[Any, Any], dict[str, Any]]:
        """Return what `fit` and `search` are called with."""
        x, y, x_val, y_val = self.data()
        named = {"validation_data": (x_val, y_val), "epochs": epochs, "batch_size": self.batch_size, "verbose": 0}
        return (x, y), named


def _numbers(hp: Any) -> tuple[Any, float]:
    """Declare what does not change a model's shape; return the L2 regularizer and the dropout rate."""
    import keras

    return keras.regularizers.L2(hp.Float("l2", 1e-6, 1e-3, sampling="log")), hp.Float("dropout", 0.1, 0.5)


def _classifier(hp: Any, model: Any) -> Any:
    import keras

    rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _mlp(hp: Any) -> Any:
    import keras
    from keras import layers

    units = hp.Choice("units", [32, 64, 96, 128])
    l2, dropout = _numbers(hp)
    first = layers.Dense(units, "relu", kernel_regularizer=l2)
    parts = [keras.Input((64,)), first, layers.Dropout(dropout), layers.Dense(10, "softmax")]
    return _classifier(hp, keras.Sequential(parts))


def _deep_mlp(hp: Any) -> Any:
    import keras
    from keras import layers

    units = hp.Choice("units", [32, 64, 96, 128])
    l2, dropout = _numbers(hp)
    inputs = x = keras.Input((64,))
    for _ in range(8):
        x = layers.Dense(units, kernel_regularizer=l2)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.Dropout(dropout)(x)
    return _classifier(hp, keras.Model(inputs, layers.Dense(10, "softmax")(x)))


def _cnn(hp: Any) -> Any:
    import keras
    from keras import layers

    filters = hp.Choice("filters", [8, 12, 16, 20])
    l2, dropout = _numbers(hp)
    parts = [
        keras.Input((28, 28, 1)),
        layers.Conv2D(filters, 3, activation="relu", kernel_regularizer=l2),
        layers.MaxPooling2D(),
        layers.Conv2D(2 * filters, 3, activation="relu", kernel_regularizer=l2),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(dropout),
        layers.Dense(10, "softmax"),
    ]
    return _classifier(hp, keras.Sequential(parts))


def _regression(hp: Any) -> Any:
    import keras
    from keras import layers

    units = hp.Choice("units", [16, 32, 64, 128])
    l2, dropout = _numbers(hp)
    parts = [
        keras.Input((10,)),
        layers.Dense(units, "relu", kernel_regularizer=l2),
        layers.Dropout(dropout),
        layers.Dense(units, "relu", kernel_regularizer=l2),
        layers.Dense(1),
    ]
    model = keras.Sequential(parts)
    rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"])
    return model


def _lstm(hp: Any) -> Any:
    import keras
    from keras import layers

    units = hp.Choice("units", [8, 16, 24, 32])
    l2, dropout = _numbers(hp)
    recurrent = layers.LSTM(units, kernel_regularizer=l2)
    parts = [keras.Input((16, 4)), recurrent, layers.Dropout(dropout), layers.Dense(4, "softmax")]
    return _classifier(hp, keras.Sequential(parts))


def _digits() -> Data:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.data))
    x, y = (bunch.data[order] / 16).astype("float32"), bunch.target[order].astype("int32")
    return x[:1_400], y[:1_400], x[1_400:], y[1_400:]


def _diabetes() -> Data:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    order = np.random.default_rng(0).permutation(len(bunch.data))
    x = (bunch.data[order] / bunch.data.std(axis=0)).astype("float32")
    y = ((bunch.target[order] - bunch.target.mean()) / bunch.target.std()).astype("float32")
    return x[:352], y[:352], x[352:], y[352:]


def _made(n: int, n_val: int, shape: tuple[int, ...], n_classes: int) -> Data:
    """Return noisy examples around one pattern for each class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, n + n_val).astype("int32")
    noise = rng.normal(scale=2.0, size=(n + n_val, *shape))
    x = (rng.normal(size=(n_classes, *shape))[y] + noise).astype("float32")
    return x[:n], y[:n], x[n:], y[n:]


WORKLOADS = {
    "mlp": Workload("mlp; digits", _mlp, _digits),
    "deep_mlp": Workload("8 × Dense, BatchNorm; digits", _deep_mlp, _digits),
    "cnn": Workload("cnn; 704 images of 28×28", _cnn, lambda: _made(704, 200, (28, 28, 1), 10)),
    "regression": Workload("regression; diabetes, 442 rows", _regression, _diabetes),
    "lstm": Workload("LSTM; 704 sequences of 16×4", _lstm, lambda: _made(704, 200, (16, 4), 4)),
    "large_mlp": Workload("mlp; 18,000×64 in batches of 256", _mlp, lambda: _made(18_000, 3_600, (64,), 10), 256),
}


def throwaway() -> Workload:
    """Return a training that warms a process up and shares no class of optimizer, loss or metric with the others."""

    def build(hp: Any) -> Any:
        import keras

        rate = hp.Float("learning_rate", 1e-3, 1e-2)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(rate), "log_cosh")
        return model

    def data() -> Data:
        x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
        return x, x[:, 0], x, x[:, 0]

    return Workload("throwaway", build, data)
