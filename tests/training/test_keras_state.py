import threading
from typing import Any

import pytest

from kt_notebook.training.keras_state import KerasScope, capture_settings
from tests.training.keras_models import X, Y

pytestmark = pytest.mark.keras


def test_names_begin_anew_in_a_scope_and_go_on_after_it() -> None:
    import keras

    with KerasScope():
        keras.layers.Dense(1)
        with KerasScope():
            assert keras.layers.Dense(1).name == "dense"
            assert keras.metrics.AUC().name == "auc"
        assert keras.layers.Dense(1).name == "dense_1"


def test_a_policy_set_inside_does_not_outlive_the_scope() -> None:
    import keras

    with KerasScope():
        keras.config.set_dtype_policy("mixed_bfloat16")
    assert keras.config.dtype_policy().name == "float32"


def test_settings_of_one_thread_hold_in_another() -> None:
    import keras

    class Own(keras.layers.Layer):
        pass

    seen: list[str] = []
    with KerasScope(), keras.saving.custom_object_scope({"Own": Own}):
        keras.config.set_dtype_policy("mixed_bfloat16")
        settings = capture_settings()

    def look() -> None:
        with KerasScope(settings):
            seen.append(keras.config.dtype_policy().name)
            layer = keras.saving.deserialize_keras_object({"class_name": "Own", "config": {"dtype": "float32"}})
            seen.append(type(layer).__name__)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == ["mixed_bfloat16", "Own"]


def test_clear_session_in_a_trial_leaves_the_other_threads_their_state() -> None:
    import keras

    inside: list[str] = []

    def build() -> None:
        with KerasScope(capture_settings()) as scope:
            keras.layers.Dense(1)
            keras.utils.clear_session(free_memory=False)
            inside.append(keras.layers.Dense(1).name)
            scope.mend()
            inside.append(keras.layers.Dense(1).name)

    with KerasScope():
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.layers.Dense(1)
        thread = threading.Thread(target=build)
        thread.start()
        thread.join()
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        assert keras.layers.Dense(1).name == "dense_1"
    assert inside == ["dense", "dense_1"]


def test_clear_session_in_the_scopes_own_thread_does_not_break_its_end() -> None:
    import keras

    with KerasScope():
        keras.layers.Dense(1)
        with KerasScope():
            keras.utils.clear_session(free_memory=False)
        assert keras.layers.Dense(1).name == "dense_1"


def test_clear_session_after_the_last_build_leaves_the_other_threads_their_state() -> None:
    import keras

    def trial() -> None:
        with KerasScope():
            keras.utils.clear_session(free_memory=False)

    with KerasScope():
        keras.config.set_dtype_policy("mixed_bfloat16")
        thread = threading.Thread(target=trial)
        thread.start()
        thread.join()
        assert keras.config.dtype_policy().name == "mixed_bfloat16"


def test_models_that_are_built_by_their_first_fit_work_in_one_scope_after_another() -> None:
    import keras

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.layer = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.layer(inputs)

    keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    with keras.StatelessScope():  # Leaves Keras' list of variables to be made in this thread, empty.
        pass
    for _ in range(3):
        with KerasScope():
            made = Own()
            made.compile("sgd", "mse", run_eagerly=True)
            made.fit(X, Y, verbose=0)
            assert len(made.weights) == 2
