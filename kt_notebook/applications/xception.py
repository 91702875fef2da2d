"""HyperXception: networks of separable convolutions whose width, depth and training are to be found.

The layers and their order are those of KerasTuner 1.4.8, so that the weights that one of the two saves can be loaded by
the other. Every layer has a name of its own here, which no layer before an `input_tensor` is likely to have; and with
channels_first the channels are normalised, where KerasTuner normalises the columns.

Sources: Chollet 2017, arXiv:1610.02357; the choices and what stands between them: KerasTuner 1.4.8.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kt_notebook.applications.images import ImageClassifier, channel_axis, open_input, pool

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["HyperXception"]


class HyperXception(ImageClassifier):
    """A network of separable convolutions that classifies images; its width, depth, activation, head and training.

    Hyperparameters: `activation`, `conv2d_num_filters`, `kernel_size`, `initial_strides`, `sep_num_filters`,
    `num_residual_blocks`, `pooling`, and with `include_top` also `num_dense_layers`, `dropout_rate`, `dense_use_bn` (1
    or 0) and `learning_rate`. The model is compiled with Adam, `categorical_crossentropy` and `accuracy`: labels are
    one-hot.

    Args:
        include_top: Whether it ends in dense layers and is compiled; else in the pooled features, not compiled.
        input_shape: Height, width and channels of an image. It or `input_tensor` must be given.
        input_tensor: A Keras tensor of images to go on from, which wins over `input_shape`; all trials share it.
        classes: How many classes there are; needed with `include_top`.
        **kwargs: `name` and `tunable`, as for `HyperModel`.

    Raises:
        OptionError: An argument is missing or cannot be used.

    Example:
        >>> hp = HyperParameters()
        >>> HyperXception(input_shape=(28, 28, 1), classes=10).build(hp).output_shape
        (None, 10)
        >>> hp.get("sep_num_filters")
        256
    """

    # Any: Keras objects, here and below.
    def build(self, hp: "HyperParameters") -> Any:
        """Return the network for the values in `hp`."""
        import keras

        inputs, x = open_input(self.input_shape, self.input_tensor)
        parts = _Parts(hp.Choice("activation", ["relu", "selu"]))
        x = self._body(hp, parts, x)
        if not self.include_top:
            return keras.Model(inputs, x, name="Xception")

        x = self._head(hp, parts, x)
        model = keras.Model(inputs, x, name="Xception")
        learning_rate = hp.Choice("learning_rate", [1e-3, 1e-4, 1e-5])
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate), loss="categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    def _body(self, hp: "HyperParameters", parts: "_Parts", x: Any) -> Any:
        from keras import layers

        x = parts.conv(
            x,
            hp.Choice("conv2d_num_filters", [32, 64, 128], default=64),
            hp.Choice("kernel_size", [3, 5]),
            hp.Choice("initial_strides", [2]),
            "entry",
        )
        filters = hp.Int("sep_num_filters", 128, 768, step=128, default=256)
        for number in range(1, hp.Int("num_residual_blocks", 2, 8, default=4) + 1):
            x = parts.residual(x, filters, f"block{number}")
        x = parts.shrinking_residual(x, 2 * filters, "exit")
        pooling = hp.Choice("pooling", ["avg", "flatten", "max"])
        return layers.Flatten(name="flatten_pool")(x) if pooling == "flatten" else pool(x, pooling)

    def _head(self, hp: "HyperParameters", parts: "_Parts", x: Any) -> Any:
        from keras import layers

        n_dense = hp.Int("num_dense_layers", 1, 3)
        dropout_rate = hp.Float("dropout_rate", 0.0, 0.6, step=0.1, default=0.5)
        # 1 and 0: what KerasTuner makes of True and False, so that its projects go on here and ours there.
        use_bn = bool(hp.Choice("dense_use_bn", [1, 0]))
        for number in range(1, n_dense + 1):
            # As wide as the last layer: KerasTuner's choice.
            x = parts.dense(x, self.classes, use_bn, dropout_rate, f"dense{number}")
        return layers.Dense(self.classes, activation="softmax", name="probs")(x)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Makes the parts of a network with one activation: "relu" behind normalisation, or "selu", which needs none."""

    activation: str

    def conv(self, x: Any, filters: int, size: int, strides: int, name: str) -> Any:
        from keras import layers

        if self.activation == "selu":
            layer = layers.Conv2D(
                filters,
                size,
                strides=strides,
                padding="same",
                activation="selu",
                kernel_initializer="lecun_normal",
                name=f"{name}_conv",
            )
            return layer(x)
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return _norm_relu(x, name)

    def separable(self, x: Any, filters: int, name: str) -> Any:
        from keras import layers

        if self.activation == "selu":
            layer = layers.SeparableConv2D(
                filters,
                3,
                padding="same",
                activation="selu",
                depthwise_initializer="lecun_normal",
                pointwise_initializer="lecun_normal",
                name=f"{name}_conv",
            )
            return layer(x)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return _norm_relu(x, name)

    def residual(self, x: Any, filters: int, name: str) -> Any:
        from keras import layers

        past = x
        if x.shape[channel_axis()] != filters:
            past = layers.Conv2D(filters, 1, padding="same", name=f"{name}_past_conv")(x)
        x = self.separable(x, filters, f"{name}_1")
        x = self.separable(x, filters, f"{name}_2")
        return layers.Add(name=f"{name}_add")([x, past])

    def shrinking_residual(self, x: Any, filters: int, name: str) -> Any:
        from keras import layers

        past = layers.Conv2D(filters, 1, strides=2, padding="same", name=f"{name}_past_conv")(x)
        x = self.separable(x, filters, f"{name}_1")
        x = self.separable(x, filters, f"{name}_2")
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
        return layers.Add(name=f"{name}_add")([x, past])

    def dense(self, x: Any, units: int | None, use_bn: bool, dropout_rate: float, name: str) -> Any:
        from keras import layers

        is_selu = self.activation == "selu"
        initializer = "lecun_normal" if is_selu else "glorot_uniform"
        x = layers.Dense(units, activation=self.activation, kernel_initializer=initializer, name=name)(x)
        if use_bn and not is_selu:
            x = layers.BatchNormalization(name=f"{name}_bn")(x)
        return layers.Dropout(dropout_rate, name=f"{name}_dropout")(x) if dropout_rate else x


def _norm_relu(x: Any, name: str) -> Any:
    from keras import layers

    x = layers.BatchNormalization(axis=channel_axis(), name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)
