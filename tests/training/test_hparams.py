"""Facts about TensorBoard's table of hyperparameters; they need the package tensorboard, which the install lacks."""

import importlib.util

import pytest

import kt_notebook as kt
from tests.training.keras_models import X, Y, model

pytestmark = [
    pytest.mark.keras,
    pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"),
]


def test_each_execution_tells_tensorboard_the_values_of_its_trial(tmp_path, monkeypatch):
    import keras

    monkeypatch.chdir(tmp_path)
    tuner = kt.RandomSearch(lambda hp: model(hp.Int("my_units", 2, 4)), "loss", max_trials=2, executions_per_trial=2)
    tuner.search(X, Y, callbacks=[keras.callbacks.TensorBoard("logs")], verbose=0)

    for trial in ("0", "1"):
        for execution in ("execution0", "execution1"):
            written = [path.read_bytes() for path in (tmp_path / "logs" / trial / execution).glob("events*")]
            assert any(b"hparams" in text and b"my_units" in text for text in written)
