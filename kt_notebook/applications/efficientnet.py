"""HyperEfficientNet: `keras.applications.EfficientNetB0` to `B7`, with a head, augmentation and training to be found.

Sources: Tan and Le 2019, arXiv:1905.11946; the choices: KerasTuner 1.4.8.
"""

from typing import TYPE_CHECKING, Any

from kt_notebook.applications.images import channel_axis, check_classes, check_input, open_input, pool
from kt_notebook.core.errors import FatalRuntimeError, OptionError
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.kinds import describe, is_model

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["HyperEfficientNet"]

# Height and width that each version was made for, in pixels (the tables of keras.applications).
_IMAGE_SIZES = {"B0": 224, "B1": 240, "B2": 260, "B3": 300, "B4": 380, "B5": 456, "B6": 528, "B7": 600}


class HyperEfficientNet(HyperModel):
    """An EfficientNet that classifies images of values from 0 to 255; its version, head, augmentation and training.

    Images are resized to what the version was made for, 224 (B0) to 600 (B7) pixels. Hyperparameters: those of
    `augmentation_model`, then `version`, `pooling`, `top_dropout_rate` and `learning_rate`. The model is compiled with
    SGD, `categorical_crossentropy` and `accuracy`: labels are one-hot.

    It starts from the weights of ImageNet, as KerasTuner does, which Keras downloads once for each version. With these
    the network scales its input in another way than with `weights=None`, so weights of one do not fit the other.

    Args:
        input_shape: Height, width and channels of an image. It or `input_tensor` must be given.
        input_tensor: A Keras tensor of images to go on from, which wins over `input_shape`; all trials share it. Layers
            before it must not be called "rescaling" or "normalization", as two layers of the network are.
        classes: How many classes there are.
        augmentation_model: What images pass through first: a HyperModel such as `HyperImageAugment`, whose
            hyperparameters are then searched too, or a Keras model.
        weights: "imagenet" for those of `keras.applications`, for images of 3 channels; None for random ones, which
            need no network.
        **kwargs: `name` and `tunable`, as for `HyperModel`.

    Raises:
        OptionError: An argument is missing or cannot be used.
        FatalRuntimeError: Building could not download the weights.

    Example:
        >>> augment = HyperImageAugment(input_shape=(32, 32, 3))
        >>> hypermodel = HyperEfficientNet((32, 32, 3), classes=10, augmentation_model=augment, weights=None)
        >>> hypermodel.build(HyperParameters()).output_shape
        (None, 10)
    """

    def __init__(
        self,
        # Any: what is no shape, no tensor and no model is refused here.
        input_shape: Any = None,
        input_tensor: Any = None,
        classes: int | None = None,
        augmentation_model: Any = None,
        *,
        weights: str | None = "imagenet",
        **kwargs: Any,  # narrowed by HyperModel
    ) -> None:
        _check_augmentation(augmentation_model)
        check_classes("HyperEfficientNet", classes)
        check_input("HyperEfficientNet", input_shape, input_tensor)
        if weights not in {None, "imagenet"}:
            raise OptionError(
                f"HyperEfficientNet got weights={describe(weights)}. Give 'imagenet', or None for random ones."
            )
        super().__init__(**kwargs)
        self.input_shape = input_shape
        self.input_tensor = input_tensor
        self.classes = classes
        self.augmentation_model = augmentation_model
        self.weights = weights

    # Any: Keras objects, here and below.
    def build(self, hp: "HyperParameters") -> Any:
        """Return the network for the values in `hp`."""
        import keras
        from keras import layers

        inputs, x = open_input(self.input_shape, self.input_tensor)
        if self.augmentation_model is not None:
            x = self._augmentation(hp)(x)
        x = self._features(hp.Choice("version", list(_IMAGE_SIZES), default="B0"), x)
        x = pool(x, hp.Choice("pooling", ["avg", "max"], default="avg"))
        dropout_rate = hp.Float("top_dropout_rate", min_value=0.2, max_value=0.8, step=0.2, default=0.2)
        x = layers.Dropout(dropout_rate, name="top_dropout")(x)
        outputs = layers.Dense(self.classes, activation="softmax", name="probs")(x)
        model = keras.Model(inputs, outputs, name="EfficientNet")
        self._compile(model, hp)
        return model

    def _augmentation(self, hp: "HyperParameters") -> Any:
        if is_model(self.augmentation_model):
            return self.augmentation_model
        return self.augmentation_model.build(hp)

    def _features(self, version: str, x: Any) -> Any:
        import keras

        n_channels = x.shape[channel_axis()]
        if self.weights == "imagenet" and n_channels != 3:
            raise OptionError(
                f"The weights 'imagenet' are for images of 3 channels, these have {n_channels}. "
                "Give HyperEfficientNet coloured images, or weights=None."
            )
        size = _IMAGE_SIZES[version]
        x = keras.layers.Resizing(size, size, interpolation="bilinear", name="resize")(x)
        network = getattr(keras.applications, f"EfficientNet{version}")
        try:
            return network(include_top=False, weights=self.weights, input_tensor=x).output
        except Exception as error:
            # Keras has no type of its own for a download that failed.
            if self.weights is None or "fetch" not in str(error):
                raise
            raise FatalRuntimeError(
                f"The weights of ImageNet for version {version} could not be downloaded: {error}. "
                "Look at the network, or start from random ones: HyperEfficientNet(…, weights=None)."
            ) from error

    def _compile(self, model: Any, hp: "HyperParameters") -> None:
        """Compile the model; a subclass may do so in its own way, as in KerasTuner."""
        import keras

        learning_rate = hp.Choice("learning_rate", [0.1, 0.01, 0.001], default=0.01)
        optimizer = keras.optimizers.SGD(learning_rate=learning_rate, momentum=0.1)
        model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])


def _check_augmentation(value: Any) -> None:
    """Raise OptionError unless it is None, a Keras model or a HyperModel, which may come from elsewhere."""
    # A layer, a function and a class can be called, a HyperModel cannot.
    is_hypermodel = callable(getattr(value, "build", None)) and not callable(value)
    if value is None or is_model(value) or is_hypermodel:
        return
    shown = f"the class {value.__name__}" if isinstance(value, type) else describe(value)
    raise OptionError(
        f"HyperEfficientNet got augmentation_model={shown}, where a HyperModel or a Keras model is needed. Give "
        "HyperImageAugment(…), or put layers into a model: keras.Sequential([keras.layers.RandomFlip()])."
    )
