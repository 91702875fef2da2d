"""The small Keras model and the data that the benchmarks train: the size of scikit-learn's digits."""

from typing import Any

import numpy as np

__all__ = ["compiled_model", "training_data"]


def training_data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return 1,800 examples of 64 features in 10 classes, always the same."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 1_800)
    x = rng.normal(size=(10, 64))[y] + rng.normal(scale=2.0, size=(1_800, 64))
    return x.astype("float32"), y


def compiled_model(units: int) -> Any:
    """Return a model with one hidden layer."""
    import keras

    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
