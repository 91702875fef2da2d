"""Tiny data and models for the tests of training."""

from typing import Any

import numpy as np

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("float32")
VALIDATION = (X[:16], Y[:16])


def model(units: int = 4, *, metrics: Any = ("accuracy",), compiled: bool = True, dropout: float = 0.0) -> Any:
    import keras

    made = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(units, activation="relu")])
    if dropout:
        made.add(keras.layers.Dropout(dropout))
    made.add(keras.layers.Dense(1, activation="sigmoid"))
    if compiled:
        # Run eagerly: a test of ours has nothing to gain from a traced graph, which costs half a second.
        made.compile("adam", "binary_crossentropy", metrics=list(metrics), run_eagerly=True)
    return made
