"""What goes into an image model and comes out of it: the arguments that say so, checked and kept, and the tensors."""

import operator
from collections.abc import Sequence
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.kinds import describe

__all__ = ["ImageClassifier", "as_whole_number", "channel_axis", "check_classes", "check_input", "open_input", "pool"]


class ImageClassifier(HyperModel):
    """What hypermodels of classifiers with an optional last layer are made with, checked and kept.

    Args:
        include_top: Whether the model ends in a softmax layer and is compiled.
        input_shape: Height, width and channels of an image. It or `input_tensor` must be given.
        input_tensor: A Keras tensor of images to go on from.
        classes: How many classes there are; needed with `include_top`.
        **kwargs: `name` and `tunable`, as for `HyperModel`.

    Raises:
        OptionError: An argument is missing or cannot be used.
    """

    def __init__(
        self,
        include_top: bool = True,
        # Any: what is no shape and no tensor is refused here.
        input_shape: Any = None,
        input_tensor: Any = None,
        classes: int | None = None,
        **kwargs: Any,  # narrowed by HyperModel
    ) -> None:
        owner = type(self).__name__
        if include_top:
            check_classes(owner, classes, "Give classes, for example classes=10, or include_top=False.")
        check_input(owner, input_shape, input_tensor)
        super().__init__(**kwargs)
        self.include_top = include_top
        self.input_shape = input_shape
        self.input_tensor = input_tensor
        self.classes = classes


# Any: arguments as a user gave them, and Keras tensors; here and below.
def check_input(owner: str, input_shape: Any, input_tensor: Any) -> None:
    """Check that one of the two says what goes into the model.

    Args:
        owner: The class whose arguments they are, for the messages.
        input_shape: Height, width and channels of an image.
        input_tensor: What `keras.Input(…)` or a layer called on it returned.

    Raises:
        OptionError: Neither is given, the shape is no three sizes, or the tensor is no Keras tensor of images.
    """
    if input_tensor is not None:
        _check_tensor(owner, input_tensor)
    elif input_shape is None:
        raise OptionError(
            f"{owner} got neither input_shape nor input_tensor. "
            "Give the shape of one image, for example input_shape=(28, 28, 1)."
        )
    else:
        _check_shape(owner, input_shape)


def _check_shape(owner: str, input_shape: Any) -> None:
    is_listed = isinstance(input_shape, Sequence) and not isinstance(input_shape, str | bytes)
    if is_listed and len(input_shape) == 3:
        sizes = [1 if size is None else as_whole_number(size) for size in input_shape]
        if all(size is not None and size >= 1 for size in sizes):
            return
    shown = repr(tuple(input_shape)) if is_listed else describe(input_shape)
    raise OptionError(
        f"{owner} got input_shape={shown}, where height, width and channels of one image are needed, without the "
        "number of images. Give three whole numbers, for example (28, 28, 1)."
    )


def _check_tensor(owner: str, input_tensor: Any) -> None:
    import keras

    if not isinstance(input_tensor, keras.KerasTensor):
        raise OptionError(
            f"{owner} got input_tensor={describe(input_tensor)}, where a symbolic Keras tensor is needed. "
            "Give what keras.Input(…) or a layer called on it returned, or input_shape instead."
        )
    if len(input_tensor.shape) != 4:
        raise OptionError(
            f"{owner} got an input_tensor of shape {tuple(input_tensor.shape)}, where images have four axes. "
            "Give one of shape (None, height, width, channels)."
        )


def check_classes(owner: str, classes: Any, advice: str = "Give their number, for example classes=10.") -> None:
    """Check that `classes` is a whole number of at least 1.

    Args:
        owner: The class whose argument it is, for the messages.
        classes: How many classes there are.
        advice: What to do where it is missing.

    Raises:
        OptionError: It is missing, or something else.
    """
    if classes is None:
        raise OptionError(f"{owner} got no classes, and its last layer has one output for each. {advice}")
    number = as_whole_number(classes)
    if number is None or number < 1:
        raise OptionError(f"{owner} got classes={describe(classes)}, where a whole number from 1 is needed. {advice}")


def as_whole_number(value: Any) -> int | None:
    """Return an int or a numpy integer as an int; None for anything else, bools too."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def open_input(input_shape: Any, input_tensor: Any) -> tuple[Any, Any]:
    """Return the inputs of the model that is to be built, and the tensor to go on from.

    Raises:
        OptionError: It is not known how many channels an image has.
    """
    import keras

    if input_tensor is None:
        inputs = x = keras.Input(shape=tuple(input_shape))
    else:
        sources = keras.utils.get_source_inputs(input_tensor)
        inputs, x = sources[0] if len(sources) == 1 else sources, input_tensor
    if x.shape[channel_axis()] is None:
        raise OptionError(
            f"An image of shape {tuple(x.shape[1:])} has no known number of channels, with which a convolution begins. "
            "Give it: 1 for grey images, 3 for coloured ones."
        )
    return inputs, x


def channel_axis() -> int:
    """Return the axis of the channels in a batch of images: 3, or 1 where Keras is set to channels_first."""
    import keras

    return 3 if keras.config.image_data_format() == "channels_last" else 1


def pool(x: Any, pooling: str) -> Any:
    """Return one number for each channel: its average over the image ("avg"), or its greatest value ("max")."""
    from keras import layers

    if pooling == "avg":
        return layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.GlobalMaxPooling2D(name="max_pool")(x)
