"""Facts about Keras models of trials that were taken over from another search."""

import numpy as np
import pytest

from tests.training.keras_models import X, Y

pytestmark = pytest.mark.keras

CELL = (
    "def build(hp):\n"
    '    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(hp.Int("units", 2, {most})),\n'
    '                              keras.layers.Dense(1, activation="sigmoid")])\n'
    '    model.compile("adam", "binary_crossentropy", run_eagerly=True)\n'
    "    return model\n"
    "search(x, y, epochs=2, validation_data=val)\n"
)


def test_models_of_trials_taken_over_come_back_with_their_weights(notebook):
    import keras

    notebook.shell.user_ns.update(keras=keras, x=X.copy(), y=Y.copy(), val=(X[:16].copy(), Y[:16].copy()))
    notebook.ok("%%tune a --tuner random --max-trials 3 --seed 1 --wait\n" + CELL.format(most=4))
    expected = [model.predict(X[:4], verbose=0) for model in notebook["a"].get_best_models(3)]
    notebook.ok("%%tune b --tuner random --max-trials 3 --wait --start-from a\n" + CELL.format(most=8))
    models = notebook["b"].get_best_models(3)

    assert [record.n_epochs for record in notebook["b"].hub.record.trials.values()] == [2, 2, 2]
    for model, prediction in zip(models, expected, strict=True):
        np.testing.assert_array_equal(model.predict(X[:4], verbose=0), prediction)
