"""Every layer that Keras ships and that can stand in a trained model, each in a small branch of a model.

A layer that is new in Keras makes `test_layers.py` fail until it stands here, or among the exceptions with a reason.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.training.same_as_fit import FUSED, REUSED, Case, Values, fit_data, numbers, pictures, whole

# What a branch begins with, by kind: a row's shape.
SHAPES: dict[str, tuple[int, ...]] = {
    "row": (4,),
    "series": (6, 4),
    "image": (6, 6, 2),
    "volume": (4, 4, 4, 2),
    "film1": (3, 4, 2),
    "film2": (2, 4, 4, 2),
    "film3": (2, 3, 3, 3, 1),
    "picture": (8, 8, 3),
    "sound": (128,),
    "tokens": (6,),
    "word": (1,),
}
_WHOLE = ("tokens",)
_RAW = ("picture", "sound", "tokens", "word")  # No layer with weights before them.

Branch = Callable[[Any, Values], Any]


def _layer(name: str, *args: Any, **kwargs: Any) -> Branch:
    """Return a branch of one layer."""

    def made(x: Any, v: Values) -> Any:
        import keras

        return getattr(keras.layers, name)(*args, **kwargs)(x)

    return made


def _channel(layers: Any, sound: Any) -> Any:
    return layers.Reshape((*sound.shape[1:], 1))(sound)


def _dropping(name: str) -> Branch:
    """Return a branch of one layer that takes the rate of dropout in which trials differ."""

    def made(x: Any, v: Values) -> Any:
        import keras

        return getattr(keras.layers, name)(v.dropout)(x)

    return made


def _merged(name: str, **kwargs: Any) -> Branch:
    def made(x: Any, v: Values) -> Any:
        import keras

        return getattr(keras.layers, name)(**kwargs)([x, keras.layers.Dense(x.shape[-1], activation="tanh")(x)])

    return made


def _branch(make: Callable[[Any, Any, Values], Any]) -> Branch:
    """Return a branch made by a function of `keras.layers`, what comes in and the trial's values."""

    def made(x: Any, v: Values) -> Any:
        import keras

        return make(keras.layers, x, v)

    return made


def _adapted(name: str, kind: str, **kwargs: Any) -> Branch:
    def made(x: Any, v: Values) -> Any:
        import keras

        layer = getattr(keras.layers, name)(**kwargs)
        layer.adapt(data_of(kind, 30))
        return layer(x)

    return made


def _embedded(make: Callable[[Any, Any], Any]) -> Branch:
    """Return a branch whose layer gives whole numbers below 8."""
    return _branch(lambda layers, x, v: layers.Embedding(8, 3)(make(layers, x)))


def _regularized(v: Values) -> dict[str, Any]:
    import keras

    return {"kernel_regularizer": keras.regularizers.L2(v.l2), "bias_regularizer": keras.regularizers.L1(v.l2)}


# Dropout and the regularizers of weights take what trials differ in; other numbers are part of the graph, and the same
# in all of them. test_models.py has trials that differ there, too.
LAYERS: dict[str, tuple[str, Branch]] = {
    "Activation": ("row", _layer("Activation", "tanh")),
    "ActivityRegularization": ("row", _layer("ActivityRegularization", l1=0.01, l2=0.02)),
    "Add": ("row", _merged("Add")),
    "AlphaDropout": ("row", _layer("AlphaDropout", 0.3)),
    "Average": ("row", _merged("Average")),
    "BatchNormalization": ("row", _layer("BatchNormalization", momentum=0.9)),
    "Concatenate": ("row", _merged("Concatenate")),
    "Dense": ("row", _branch(lambda la, x, v: la.Dense(3, activation="gelu", **_regularized(v))(x))),
    "Dot": ("row", _merged("Dot", axes=-1)),
    "Dropout": ("row", _dropping("Dropout")),
    "ELU": ("row", _layer("ELU")),
    "EinsumDense": (
        "row",
        _branch(lambda la, x, v: la.EinsumDense("ab,bc->ac", 3, bias_axes="c", **_regularized(v))(x)),
    ),
    "Flatten": ("image", _layer("Flatten")),
    "GaussianDropout": ("row", _layer("GaussianDropout", 0.3)),
    "GaussianNoise": ("row", _layer("GaussianNoise", 0.3)),
    "GroupNormalization": ("row", _layer("GroupNormalization", groups=2)),
    "Identity": ("row", _layer("Identity")),
    "Lambda": ("row", _branch(lambda la, x, v: la.Lambda(lambda t: t * 2.0)(x))),
    "LayerNormalization": ("row", _layer("LayerNormalization")),
    "LeakyReLU": ("row", _layer("LeakyReLU", 0.1)),
    "Maximum": ("row", _merged("Maximum")),
    "Minimum": ("row", _merged("Minimum")),
    "Multiply": ("row", _merged("Multiply")),
    "Normalization": ("row", _adapted("Normalization", "row")),
    "PReLU": ("row", _layer("PReLU")),
    "Pipeline": ("row", _branch(lambda la, x, v: la.Pipeline([la.Rescaling(0.5), la.Dense(3)])(x))),
    "RMSNormalization": ("row", _layer("RMSNormalization")),
    "ReLU": ("row", _layer("ReLU", max_value=2.0)),
    "RepeatVector": ("row", _layer("RepeatVector", 3)),
    "Rescaling": ("row", _layer("Rescaling", 0.5, offset=0.1)),
    "Reshape": ("row", _layer("Reshape", (2, 2))),
    "Softmax": ("row", _layer("Softmax")),
    "SpectralNormalization": ("row", _branch(lambda la, x, v: la.SpectralNormalization(la.Dense(3))(x))),
    "Subtract": ("row", _merged("Subtract")),
    "UnitNormalization": ("row", _layer("UnitNormalization")),
    # Series.
    "AdaptiveAveragePooling1D": ("series", _layer("AdaptiveAveragePooling1D", 2)),
    "AdaptiveMaxPooling1D": ("series", _layer("AdaptiveMaxPooling1D", 2)),
    "AdditiveAttention": ("series", _branch(lambda la, x, v: la.AdditiveAttention(dropout=0.3)([x, x]))),
    "Attention": ("series", _branch(lambda la, x, v: la.Attention(use_scale=True, dropout=0.3)([x, x]))),
    "AveragePooling1D": ("series", _layer("AveragePooling1D", 2)),
    "Bidirectional": ("series", _branch(lambda la, x, v: la.Bidirectional(la.GRU(2, dropout=0.3))(x))),
    "Conv1D": ("series", _branch(lambda la, x, v: la.Conv1D(2, 2, padding="causal", **_regularized(v))(x))),
    "Conv1DTranspose": ("series", _layer("Conv1DTranspose", 2, 2, strides=2)),
    "Cropping1D": ("series", _layer("Cropping1D", 1)),
    "DepthwiseConv1D": ("series", _layer("DepthwiseConv1D", 2)),
    "GRU": ("series", _branch(lambda la, x, v: la.GRU(3, dropout=0.3, recurrent_dropout=0.2)(x))),
    "GlobalAveragePooling1D": ("series", _layer("GlobalAveragePooling1D")),
    "GlobalMaxPooling1D": ("series", _layer("GlobalMaxPooling1D")),
    "GroupQueryAttention": (
        "series",
        _branch(lambda la, x, v: la.GroupQueryAttention(2, 2, 1, dropout=0.3)(x, x)),
    ),
    "LSTM": ("series", _branch(lambda la, x, v: la.LSTM(3, return_sequences=True, **_regularized(v))(x))),
    "Masking": ("series", _branch(lambda la, x, v: la.LSTM(2)(la.Masking()(la.ReLU()(x))))),
    "MaxPooling1D": ("series", _layer("MaxPooling1D", 2)),
    "MultiHeadAttention": ("series", _branch(lambda la, x, v: la.MultiHeadAttention(2, 2, dropout=0.3)(x, x))),
    "Permute": ("series", _layer("Permute", (2, 1))),
    "RNN": ("series", _branch(lambda la, x, v: la.RNN([la.LSTMCell(2), la.GRUCell(2)], unroll=True)(x))),
    "LSTMCell": ("series", _branch(lambda la, x, v: la.RNN(la.LSTMCell(2, dropout=0.3))(x))),
    "GRUCell": ("series", _branch(lambda la, x, v: la.RNN(la.GRUCell(2, reset_after=False))(x))),
    "SimpleRNNCell": ("series", _branch(lambda la, x, v: la.RNN(la.SimpleRNNCell(2), go_backwards=True)(x))),
    "StackedRNNCells": (
        "series",
        _branch(lambda la, x, v: la.RNN(la.StackedRNNCells([la.SimpleRNNCell(2), la.GRUCell(2)]))(x)),
    ),
    "SeparableConv1D": ("series", _layer("SeparableConv1D", 2, 2)),
    "SimpleRNN": ("series", _layer("SimpleRNN", 3, return_sequences=True)),
    "SpatialDropout1D": ("series", _dropping("SpatialDropout1D")),
    "TimeDistributed": ("series", _branch(lambda la, x, v: la.TimeDistributed(la.Dense(2, **_regularized(v)))(x))),
    "UpSampling1D": ("series", _layer("UpSampling1D", 2)),
    "ZeroPadding1D": ("series", _layer("ZeroPadding1D", 1)),
    # Images.
    "AdaptiveAveragePooling2D": ("image", _layer("AdaptiveAveragePooling2D", 2)),
    "AdaptiveMaxPooling2D": ("image", _layer("AdaptiveMaxPooling2D", 2)),
    "AveragePooling2D": ("image", _layer("AveragePooling2D", 2)),
    "CenterCrop": ("image", _layer("CenterCrop", 4, 4)),
    "Conv2D": ("image", _branch(lambda la, x, v: la.Conv2D(2, 3, padding="same", **_regularized(v))(x))),
    "Conv2DTranspose": ("image", _layer("Conv2DTranspose", 2, 2, strides=2)),
    "Cropping2D": ("image", _layer("Cropping2D", 1)),
    "DepthwiseConv2D": ("image", _layer("DepthwiseConv2D", 2)),
    "GlobalAveragePooling2D": ("image", _layer("GlobalAveragePooling2D")),
    "GlobalMaxPooling2D": ("image", _layer("GlobalMaxPooling2D")),
    "MaxPooling2D": ("image", _layer("MaxPooling2D", 2)),
    "Resizing": ("image", _layer("Resizing", 4, 4)),
    "SeparableConv2D": ("image", _layer("SeparableConv2D", 2, 2)),
    "SpatialDropout2D": ("image", _dropping("SpatialDropout2D")),
    "UpSampling2D": ("image", _layer("UpSampling2D", 2)),
    "ZeroPadding2D": ("image", _layer("ZeroPadding2D", 1)),
    # Volumes and films.
    "AdaptiveAveragePooling3D": ("volume", _layer("AdaptiveAveragePooling3D", 2)),
    "AdaptiveMaxPooling3D": ("volume", _layer("AdaptiveMaxPooling3D", 2)),
    "AveragePooling3D": ("volume", _layer("AveragePooling3D", 2)),
    "Conv3D": ("volume", _layer("Conv3D", 2, 2)),
    "Conv3DTranspose": ("volume", _layer("Conv3DTranspose", 2, 2)),
    "ConvLSTM1D": ("film1", _layer("ConvLSTM1D", 2, 2)),
    "ConvLSTM2D": ("film2", _layer("ConvLSTM2D", 2, 2)),
    "ConvLSTM3D": ("film3", _layer("ConvLSTM3D", 1, 2)),
    "Cropping3D": ("volume", _layer("Cropping3D", 1)),
    "GlobalAveragePooling3D": ("volume", _layer("GlobalAveragePooling3D")),
    "GlobalMaxPooling3D": ("volume", _layer("GlobalMaxPooling3D")),
    "MaxPooling3D": ("volume", _layer("MaxPooling3D", 2)),
    "SpatialDropout3D": ("volume", _dropping("SpatialDropout3D")),
    "UpSampling3D": ("volume", _layer("UpSampling3D", 2)),
    "ZeroPadding3D": ("volume", _layer("ZeroPadding3D", 1)),
    # Whole numbers and texts.
    "CategoryEncoding": ("tokens", _layer("CategoryEncoding", 8, output_mode="multi_hot")),
    "Discretization": ("row", _branch(lambda la, x, v: la.Discretization([-1.0, 0.0, 1.0], output_mode="one_hot")(x))),
    "Embedding": ("tokens", _branch(lambda la, x, v: la.LSTM(2)(la.Embedding(8, 3, mask_zero=True)(x)))),
    "HashedCrossing": (
        "tokens",
        _branch(lambda la, x, v: la.HashedCrossing(8, output_mode="one_hot")((x[:, :1], x[:, 1:2]))),
    ),
    "Hashing": ("tokens", _embedded(lambda la, x: la.Hashing(8)(x))),
    "IntegerLookup": ("tokens", _embedded(lambda la, x: la.IntegerLookup(vocabulary=[1, 3, 5])(x))),
    "ReversibleEmbedding": ("tokens", _layer("ReversibleEmbedding", 8, 3)),
    "StringLookup": ("word", _embedded(lambda la, x: la.StringLookup(vocabulary=["a", "b", "c"])(x))),
    "TextVectorization": (
        "word",
        _embedded(lambda la, x: la.TextVectorization(output_sequence_length=3, vocabulary=["a", "b", "c"])(x)),
    ),
    # Sounds.
    "MelSpectrogram": (
        "sound",
        _layer("MelSpectrogram", fft_length=32, sequence_stride=16, num_mel_bins=4, sampling_rate=256, min_freq=1),
    ),
    "STFTSpectrogram": (
        "sound",
        _branch(lambda la, x, v: la.STFTSpectrogram(frame_length=16, frame_step=16, fft_length=16)(_channel(la, x))),
    ),
    # Pictures that are changed at random.
    "AutoContrast": ("picture", _layer("AutoContrast")),
    "ContrastLimitedAdaptiveHistogramEqualization": (
        "picture",
        _layer("ContrastLimitedAdaptiveHistogramEqualization", tile_grid_size=(2, 2)),
    ),
    "CutMix": ("picture", _layer("CutMix")),
    "Equalization": ("picture", _layer("Equalization")),
    "MixUp": ("picture", _layer("MixUp")),
    "RandAugment": ("picture", _layer("RandAugment")),
    "RandomBrightness": ("picture", _layer("RandomBrightness", 0.3)),
    "RandomColorDegeneration": ("picture", _layer("RandomColorDegeneration", 0.5)),
    "RandomColorJitter": ("picture", _layer("RandomColorJitter", brightness_factor=0.3, hue_factor=0.2)),
    "RandomContrast": ("picture", _layer("RandomContrast", 0.3)),
    # Keras' own does not crop what it predicts from.
    "RandomCrop": ("picture", _branch(lambda la, x, v: la.GlobalAveragePooling2D()(la.RandomCrop(5, 5)(x)))),
    "RandomElasticTransform": ("picture", _layer("RandomElasticTransform")),
    "RandomErasing": ("picture", _layer("RandomErasing")),
    "RandomFlip": ("picture", _layer("RandomFlip")),
    "RandomGaussianBlur": ("picture", _layer("RandomGaussianBlur")),
    "RandomGrayscale": ("picture", _layer("RandomGrayscale")),
    "RandomHue": ("picture", _layer("RandomHue", 0.5)),
    "RandomInvert": ("picture", _layer("RandomInvert", 0.5)),
    "RandomPerspective": ("picture", _layer("RandomPerspective")),
    "RandomPosterization": ("picture", _layer("RandomPosterization", 4)),
    "RandomRotation": ("picture", _layer("RandomRotation", 0.3)),
    "RandomSaturation": ("picture", _layer("RandomSaturation", 0.5)),
    "RandomSharpness": ("picture", _layer("RandomSharpness", 0.5)),
    "RandomShear": ("picture", _layer("RandomShear", 0.3, 0.3)),
    "RandomTranslation": ("picture", _layer("RandomTranslation", 0.2, 0.2)),
    "RandomZoom": ("picture", _layer("RandomZoom", 0.3)),
    "Solarization": ("picture", _layer("Solarization", threshold_factor=0.5)),
}

# Layers that cannot stand in a trained model, and why.
LEFT_OUT: dict[str, str] = {
    "AugMix": "is never fused: it draws with Python's random when it is traced",
    "FlaxLayer": "needs the JAX backend",
    "InputLayer": "begins each of these models",
    "JaxLayer": "needs the JAX backend",
    "Layer": "the base class: custom layers are in test_models.py",
    "MaxNumBoundingBoxes": "works on a dict of bounding boxes, in a dataset",
    "TFSMLayer": "reads a SavedModel, and cannot be trained",
    "TorchModuleWrapper": "needs the Torch backend",
    "Wrapper": "a base class: TimeDistributed and Bidirectional are here",
}

# What is not taken over, and why.
NOT_REUSED: dict[str, str] = {
    "Discretization": "what it has been adapted to is not in its config",
    "IntegerLookup": "what it has been adapted to is not in its config",
    "Lambda": "a function of the user's may have anything in it",
    "Normalization": "what it has been adapted to is not in its config",
    "RandAugment": "its config does not tell all of it",
    "RandomCrop": "its config holds the seed that Keras has drawn for it",
    "RandomShear": "Keras cannot make it of its config",
    "StringLookup": "what it has been adapted to is not in its config",
    "TextVectorization": "what it has been adapted to is not in its config",
}


def data_of(kind: str, n: int) -> Any:
    """Return n rows of a kind."""
    shape = (n, *SHAPES[kind])
    if kind == "word":
        return np.array(["a", "b", "c", "d e"])[whole(4, *shape)].astype(object)
    if kind == "picture":
        return pictures(n, SHAPES[kind][0])
    return whole(8, *shape).astype("int32") if kind in _WHOLE else numbers(*shape)


def layers_case(names: Sequence[str], name: str, **further: Any) -> Case:
    """Return a case whose model has each of these layers in a branch of its own; all of one kind."""
    (kind,) = {LAYERS[one][0] for one in names}
    exceptions = [NOT_REUSED[one] for one in names if one in NOT_REUSED]
    further.setdefault("later", FUSED if exceptions else REUSED)
    return Case(
        name,
        lambda v: _model_of(kind, [LAYERS[one][1] for one in names], v),
        lambda: _data(kind),
        why=", ".join(exceptions),
        **further,
    )


def _data(kind: str) -> dict[str, Any]:
    import tensorflow as tf

    as_words = tf.constant if kind == "word" else np.asarray
    return fit_data(lambda n: as_words(data_of(kind, n)))


def _model_of(kind: str, branches: Sequence[Branch], v: Values) -> Any:
    import keras

    shape = SHAPES[kind]
    dtype = {"tokens": "int32", "word": "string"}.get(kind)
    begin = keras.layers.Input(shape, dtype=dtype)
    ends = []
    for branch in branches:
        x = begin if kind in _RAW else keras.layers.Dense(shape[-1], activation="tanh")(begin)
        x = branch(x, v)
        ends.append(keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    out = keras.layers.Dense(1)(keras.layers.Concatenate()(ends) if len(ends) > 1 else ends[0])
    made = keras.Model(begin, out)
    made.compile(keras.optimizers.Adam(v.rate), "mse")
    return made
