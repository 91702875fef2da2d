"""HyperResNet: residual networks (ResNet, ResNet V2, ResNeXt) whose version, depth and training are to be found.

How it works: `_STAGES` says what the stages of each version look like, `build` stacks them up, and there is one
function for the block of each version. The layers, their order and their names are those of KerasTuner 1.4.8 (most of
which are those of `keras.applications`), so that the weights that one of the two saves can be loaded by the other.

Sources: He et al. 2015, arXiv:1512.03385 (v1); He et al. 2016, arXiv:1603.05027 (v2); Xie et al. 2017,
arXiv:1611.05431 (next); the choices, filters and strides: KerasTuner 1.4.8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kt_notebook.applications.images import ImageClassifier, channel_axis, open_input, pool
from kt_notebook.core.errors import OptionError

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["HyperResNet"]


class HyperResNet(ImageClassifier):
    """A residual network that classifies images, in 3 versions × 2 × 3 depths, with its optimizer.

    Hyperparameters: `version`, `conv3_depth`, `conv4_depth`, `pooling`, and with `include_top` also `optimizer` and
    `learning_rate`. The model is compiled with `categorical_crossentropy` and `accuracy`: labels are one-hot.

    Args:
        include_top: Whether it ends in a softmax layer and is compiled; else in the pooled features, not compiled.
        input_shape: Height, width and channels of an image. It or `input_tensor` must be given. The version "next"
            needs a height or a width.
        input_tensor: A Keras tensor of images to go on from, which wins over `input_shape`; all trials share it.
        classes: How many classes there are; needed with `include_top`.
        **kwargs: `name` and `tunable`, as for `HyperModel`.

    Raises:
        OptionError: An argument is missing or cannot be used.

    Example:
        >>> hypermodel = HyperResNet(input_shape=(28, 28, 1), classes=10)
        >>> hp = HyperParameters()
        >>> hypermodel.build(hp).output_shape
        (None, 10)
        >>> hp.get("version")
        'v2'
    """

    # Any: Keras objects, here and below.
    def build(self, hp: "HyperParameters") -> Any:
        """Return the network for the values in `hp`."""
        import keras

        version = hp.Choice("version", ["v1", "v2", "next"], default="v2")
        conv3_depth = hp.Choice("conv3_depth", [4, 8])
        conv4_depth = hp.Choice("conv4_depth", [6, 23, 36])

        inputs, x = open_input(self.input_shape, self.input_tensor)
        x = _stem(x, version)
        depths = (3, conv3_depth, conv4_depth, 3)
        for number, (stage, depth) in enumerate(zip(_STAGES[version], depths, strict=True), start=2):
            x = _stack(x, version, stage, depth, f"conv{number}")
        if version == "v2":
            x = _norm_relu(x, "post")
        x = pool(x, hp.Choice("pooling", ["avg", "max"], default="avg"))
        if not self.include_top:
            return keras.Model(inputs, x, name="ResNet")

        outputs = keras.layers.Dense(self.classes, activation="softmax", name="probs")(x)
        model = keras.Model(inputs, outputs, name="ResNet")
        optimizer = keras.optimizers.get(hp.Choice("optimizer", ["adam", "rmsprop", "sgd"], default="adam"))
        optimizer.learning_rate = hp.Choice("learning_rate", [0.1, 0.01, 0.001], default=0.01)
        model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
        return model


@dataclass(frozen=True, slots=True)
class _Stage:
    filters: int
    stride: int


# The stages conv2 to conv5. Those of "next" are KerasTuner's: the paper's ResNeXt-50 has 128, 256, 512 and 1024 filters
# and strides 1, 2, 2, 2. They stay, or a project that was searched there could not go on.
_STAGES = {
    "v1": (_Stage(64, 1), _Stage(128, 2), _Stage(256, 2), _Stage(512, 2)),
    "v2": (_Stage(64, 2), _Stage(128, 2), _Stage(256, 2), _Stage(512, 1)),
    "next": (_Stage(64, 2), _Stage(256, 2), _Stage(512, 2), _Stage(1024, 1)),
}

# The groups into which "next" divides the channels of a convolution (Xie et al. 2017, table 1: "C=32").
_GROUPS = 32


def _stem(x: Any, version: str) -> Any:
    from keras import layers

    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = layers.Conv2D(64, 7, strides=2, use_bias=version != "next", name="conv1_conv")(x)
    if version != "v2":
        x = _norm_relu(x, "conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def _stack(x: Any, version: str, stage: _Stage, depth: int, name: str) -> Any:
    """Return a stage: the first block widens what goes past it, and the first (v2: the last) takes the stride."""
    strided = depth if version == "v2" else 1
    for number in range(1, depth + 1):
        stride = stage.stride if number == strided else 1
        x = _BLOCKS[version](x, stage.filters, stride, number == 1, f"{name}_block{number}")
    return x


def _block_v1(x: Any, filters: int, stride: int, widens: bool, name: str) -> Any:
    from keras import layers

    past = x
    if widens:
        past = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        past = _norm(past, f"{name}_0_bn")
    x = layers.Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = _norm_relu(x, f"{name}_1")
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = _norm_relu(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = _norm(x, f"{name}_3_bn")
    x = layers.Add(name=f"{name}_add")([past, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _block_v2(x: Any, filters: int, stride: int, widens: bool, name: str) -> Any:
    from keras import layers

    before = _norm_relu(x, f"{name}_preact")
    if widens:
        past = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(before)
    else:
        past = layers.MaxPooling2D(1, strides=stride, name=f"{name}_0_pool")(x) if stride > 1 else x
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(before)
    x = _norm_relu(x, f"{name}_1")
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = _norm_relu(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return layers.Add(name=f"{name}_out")([past, x])


def _block_next(x: Any, filters: int, stride: int, widens: bool, name: str) -> Any:
    from keras import layers

    past = x
    if widens:
        past = layers.Conv2D(2 * filters, 1, strides=stride, use_bias=False, name=f"{name}_0_conv")(x)
        past = _norm(past, f"{name}_0_bn")
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(x)
    x = _norm_relu(x, f"{name}_1")
    x = _grouped_conv(x, filters, stride, f"{name}_2")
    x = _norm_relu(x, f"{name}_2")
    x = layers.Conv2D(2 * filters, 1, use_bias=False, name=f"{name}_3_conv")(x)
    x = _norm(x, f"{name}_3_bn")
    x = layers.Add(name=f"{name}_add")([past, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


# Any: Keras tensors. The arguments: x, filters, stride, whether what goes past the block is widened, its name.
_BLOCKS: dict[str, Callable[[Any, int, int, bool, str], Any]] = {
    "v1": _block_v1,
    "v2": _block_v2,
    "next": _block_next,
}


def _grouped_conv(x: Any, filters: int, stride: int, name: str) -> Any:
    """Return a 3 × 3 convolution within each group of channels.

    Depthwise, with the sum over each group's inputs taken afterwards: `Conv2D(groups=32)` is the same sum, but on a CPU
    TensorFlow takes 10 to 160 times as long for it, and its weights would not fit those that KerasTuner saves.
    """
    from keras import layers, ops

    size = filters // _GROUPS
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    x = layers.DepthwiseConv2D(3, strides=stride, depth_multiplier=size, use_bias=False, name=f"{name}_conv")(x)
    split, whole, inputs_axis = _group_shapes(tuple(x.shape), filters, size)
    # An operation of Keras, not a Lambda layer, so that `keras.saving.load_model` loads the model without more ado.
    x = ops.sum(layers.Reshape(split, name=f"{name}_split")(x), axis=inputs_axis)
    return layers.Reshape(whole, name=f"{name}_join")(x)


def _group_shapes(shape: tuple[int | None, ...], filters: int, size: int) -> tuple[Any, Any, int]:
    """Return the shape with the channels split into (group, input, output), the shape after it, the inputs' axis."""
    is_last = channel_axis() == 3
    image = shape[1:3] if is_last else shape[2:]
    if image.count(None) == 2:
        raise OptionError(
            "HyperResNet's version 'next' cannot be built where neither the height nor the width of an image is known. "
            "Give one of them in input_shape, or leave 'next' out: hyperparameters=hp with "
            "hp.Choice('version', ['v1', 'v2'])."
        )
    sizes = tuple(-1 if length is None else length for length in image)
    if is_last:
        return (*sizes, _GROUPS, size, size), (*sizes, filters), 4
    return (_GROUPS, size, size, *sizes), (filters, *sizes), 2


def _norm(x: Any, name: str) -> Any:
    from keras import layers

    # epsilon: that of the authors' networks, as in keras.applications.
    return layers.BatchNormalization(axis=channel_axis(), epsilon=1.001e-5, name=name)(x)


def _norm_relu(x: Any, name: str) -> Any:
    from keras import layers

    return layers.Activation("relu", name=f"{name}_relu")(_norm(x, f"{name}_bn"))
