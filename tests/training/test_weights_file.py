import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kt_notebook.training import weights_file
from kt_notebook.training.checkpoints import WEIGHTS_NAME, BestWeights, save_weights
from kt_notebook.training.keras_state import global_state
from kt_notebook.training.weights_file import WeightsFiles
from tests.training.keras_models import X, Y, model

pytestmark = pytest.mark.keras


def _layered() -> Any:
    """Return a model whose layers hold layers, states, and variables of other types."""
    import keras

    inputs = keras.Input((6, 4))
    x = keras.layers.Bidirectional(keras.layers.LSTM(3))(inputs)
    x = keras.layers.BatchNormalization(dtype="mixed_bfloat16")(x)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.Sequential([keras.layers.Dense(2, dtype=keras.DTypePolicy("bfloat16"))], name="inner")(x)
    made = keras.Model(inputs, keras.layers.Dense(1, dtype="float32")(x))
    made.compile("adam", "mse", metrics=["mae"])
    return made


def _of_ones_own() -> Any:
    import keras

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.parts = {"a": keras.layers.Dense(2), "b": keras.layers.Dense(3)}
            self.more = [keras.layers.Dense(3), keras.layers.Dense(2)]
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

        def build(self, shape: Any) -> None:
            for layer in (*self.parts.values(), *self.more):
                layer.build(shape)

        def call(self, inputs: Any) -> Any:
            return self.scale * self.parts["a"](inputs)

    made = Own()
    made.compile("sgd", "mse")
    made(X)
    return made


def _written(made: Any, directory: Path, files: WeightsFiles) -> bytes:
    best = BestWeights(directory, files)
    best.accepts(made)
    best.keep(made, 0.1)
    best.write()
    return (directory / WEIGHTS_NAME).read_bytes()


def _by_keras(made: Any, directory: Path) -> bytes:
    save_weights(made, directory)
    return (directory / WEIGHTS_NAME).read_bytes()


@pytest.mark.parametrize("make", [model, _layered, _of_ones_own])
def test_the_file_is_keras_own_to_the_byte_for_the_first_model_of_a_kind_and_for_all_others(
    tmp_path: Path, make: Any
) -> None:
    files = WeightsFiles()
    for number in range(4):
        made = make()
        made.set_weights([np.full_like(w, number + 0.5) for w in made.get_weights()])
        assert _written(made, tmp_path / "ours", files) == _by_keras(made, tmp_path / "keras")


def test_models_of_one_kind_share_what_is_known_of_their_file(tmp_path: Path) -> None:
    files, made = WeightsFiles(), model()
    written = []
    for number in range(4):
        made.set_weights([np.full_like(w, number) for w in made.get_weights()])
        written.append(_written(made, tmp_path, files))
        assert written[-1] == _by_keras(made, tmp_path)
    assert len(set(written)) == 4


def test_what_is_known_of_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_file, "_MAX_KINDS", 3)
    files = WeightsFiles()
    for units in (1, 2, 3, 4, 5):
        made = model(units)
        for _ in range(3):
            assert _written(made, tmp_path, files) == _by_keras(made, tmp_path)
    assert len(files._images) == 3


def test_large_files_are_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_file, "_MAX_IMAGE_BYTES", 100)
    files, made = WeightsFiles(), model()
    for _ in range(3):
        assert _written(made, tmp_path, files) == _by_keras(made, tmp_path)
    assert not any(files._images.values())


def test_where_keras_does_not_tell_what_it_writes_it_writes_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras.src.saving import saving_lib

    monkeypatch.delattr(saving_lib, "H5IOStore")
    files, made = WeightsFiles(), model()
    assert files.entries_of(made) is None
    monkeypatch.undo()
    monkeypatch.setattr(WeightsFiles, "entries_of", lambda *_: None)
    assert _written(made, tmp_path, files) == _by_keras(made, tmp_path)


def test_values_worked_out_of_the_weights_are_those_of_the_best_epoch(tmp_path: Path) -> None:
    import keras

    class Doubled(keras.layers.Dense):
        def save_own_variables(self, store: Any) -> None:
            store["0"], store["1"] = self.kernel * 2, self.bias * 2

    made = keras.Sequential([keras.Input((4,)), Doubled(2)])
    made.set_weights([np.full_like(w, 3.0) for w in made.get_weights()])
    best = BestWeights(tmp_path)
    best.accepts(made)
    best.keep(made, 0.1)
    made.set_weights([np.full_like(w, 9.0) for w in made.get_weights()])
    best.write()
    assert np.full(8, 6.0, "float32").tobytes() in (tmp_path / WEIGHTS_NAME).read_bytes()
    assert all((w == 9.0).all() for w in made.get_weights())


def test_kept_weights_stay_what_they_were_while_training_goes_on(tmp_path: Path) -> None:
    made = model()
    made.compile("adam", "binary_crossentropy")
    made.fit(X, Y, verbose=0)
    expected = _by_keras(made, tmp_path)
    best = BestWeights(tmp_path)
    best.accepts(made)
    best.keep(made, 0.1)
    made.fit(X, Y, epochs=2, verbose=0)
    made.set_weights([w + 1 for w in made.get_weights()])
    best.write()
    assert (tmp_path / WEIGHTS_NAME).read_bytes() == expected


def test_a_variable_may_change_what_lies_behind_it_between_the_best_epoch_and_the_end(tmp_path: Path) -> None:
    import tensorflow as tf

    made = model()
    expected = _by_keras(made, tmp_path)
    best = BestWeights(tmp_path)
    best.accepts(made)
    best.keep(made, 0.1)
    for variable in made.weights:
        variable._value = tf.Variable(tf.zeros(variable.shape))
    best.write()
    assert (tmp_path / WEIGHTS_NAME).read_bytes() == expected


def test_the_walk_leaves_nothing_in_the_threads_state_and_teaches_the_next_one(tmp_path: Path) -> None:
    files, made = WeightsFiles(), model()
    state = global_state()
    assert state is not None
    before = dict(state.GLOBAL_STATE_TRACKER.__dict__)
    first = files.entries_of(made)
    assert state.GLOBAL_STATE_TRACKER.__dict__.keys() == before.keys()
    assert files._skipped.keys() >= {"Layer", "Sequential"}
    second = files.entries_of(made)
    assert first is not None
    assert [(e.place, e.named, list(e.values)) for e in first] == [(e.place, e.named, list(e.values)) for e in second]


def test_two_threads_may_write_at_once(tmp_path: Path) -> None:
    files, models = WeightsFiles(), [model(units) for units in (4, 5)]
    expected = [_by_keras(made, tmp_path) for made in models]
    found: dict[tuple[int, int], bytes] = {}

    def write(number: int) -> None:
        for turn in range(20):
            files._images.clear()  # so that both make theirs anew
            found[number, turn] = _written(models[number], tmp_path / str(number), files)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key: value == expected[key[0]] for key, value in found.items()} == dict.fromkeys(found, True)
    assert len(found) == 40


def test_a_file_that_cannot_be_written_is_an_os_error_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    made, files = model(512), WeightsFiles()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for _ in range(3):
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with pytest.raises(OSError, match=r".") as caught:
                _written(made, tmp_path, files)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert isinstance(caught.value, OSError)
        assert list(tmp_path.iterdir()) == []
    assert _written(made, tmp_path, files) == _by_keras(made, tmp_path)


def test_a_keras_that_keeps_its_file_elsewhere_is_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import h5py
    from keras.src.saving import saving_lib

    class Elsewhere(saving_lib.H5IOStore):
        """A store that takes no other file than its own."""

        def __setattr__(self, name: str, value: Any) -> None:
            if name != "h5_file" or "h5_file" not in vars(self):
                super().__setattr__(name, value)

        def make(self, *args: Any, **kwargs: Any) -> Any:
            return super().make(*args, **kwargs) if self.h5_file else {}

    made = model()
    monkeypatch.setattr(saving_lib, "H5IOStore", Elsewhere)
    _written(made, tmp_path, WeightsFiles())
    monkeypatch.undo()
    with h5py.File(tmp_path / WEIGHTS_NAME) as file:
        assert np.array_equal(file["layers/dense/vars/0"], made.get_weights()[0])
