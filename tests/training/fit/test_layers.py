import pytest

from tests.training.fit.layer_cases import LAYERS, LEFT_OUT, layers_case
from tests.training.same_as_fit import check, classes_of

pytestmark = [
    pytest.mark.keras,
    # Nothing flows back through layers that sort into bins: Keras says so, in both ways.
    pytest.mark.filterwarnings("ignore:Gradients do not exist for variables:UserWarning"),
]
# At once, each in a branch of its own: one graph is quicker traced than many.
_TOGETHER = {
    "row": ("Dense", "Dropout", "BatchNormalization", "GaussianNoise", "ActivityRegularization", "PReLU", "Multiply"),
    "series": ("Conv1D", "LSTM", "SpatialDropout1D", "MultiHeadAttention"),
    "image": ("Conv2D", "MaxPooling2D", "SpatialDropout2D", "Resizing"),
    "tokens": ("Embedding", "CategoryEncoding"),
    "picture": ("RandomFlip", "RandomContrast"),
}


def test_every_layer_of_keras_is_here() -> None:
    import keras

    assert classes_of(keras.layers, keras.layers.Layer) == LAYERS.keys() | LEFT_OUT.keys()


@pytest.mark.parametrize("kind", _TOGETHER)
def test_some_layers_of_a_kind_are_the_same(kind: str) -> None:
    check(layers_case(_TOGETHER[kind], kind))


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_the_same(name: str) -> None:
    check(layers_case([name], name))
