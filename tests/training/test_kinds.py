import numpy as np
import pytest

from kt_notebook.training.kinds import as_number, describe, is_history, is_model
from tests.training.keras_models import model

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0)])
def test_numbers_of_all_kinds_are_numbers(value: object) -> None:
    assert as_number(value) == 2.0


def test_tensors_and_variables_without_dimensions_are_numbers() -> None:
    import keras

    assert as_number(keras.ops.convert_to_tensor(2.0)) == 2.0
    assert as_number(keras.Variable(2.0)) == 2.0


@pytest.mark.parametrize("value", [True, np.bool_(True), np.array(True), "2", None, [2], {"a": 2}, np.array([2.0])])
def test_what_is_not_one_number_is_none(value: object) -> None:
    assert as_number(value) is None


def test_a_symbolic_tensor_is_no_number() -> None:
    import keras

    assert as_number(keras.Input(())[0]) is None


def test_models_and_histories_are_told_apart() -> None:
    import keras

    assert is_model(model())
    assert not is_model(keras.layers.Dense(1))
    assert is_history(keras.callbacks.History())
    assert not is_history(model())


def test_a_long_text_is_cut_in_messages() -> None:
    assert describe(None) == "None"
    assert describe("x" * 100).endswith("…'")
    assert describe([1]) == "list"
