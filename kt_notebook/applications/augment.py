"""HyperImageAugment: how strongly images are turned, shifted and changed in contrast while a model trains.

How it works: the model is made of Keras' own layers and operations alone, so that it can be saved, and loaded where
kt_notebook is not installed.

Sources: Cubuk et al. 2020, arXiv:1909.13719 (RandAugment); the choices: KerasTuner 1.4.8.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kt_notebook.applications.images import as_whole_number, check_input, open_input
from kt_notebook.core.errors import OptionError
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.kinds import as_number, describe

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["HyperImageAugment"]


class HyperImageAugment(HyperModel):
    """A model that augments images in training alone: `predict` and `evaluate` leave them as they are.

    Each of the four transforms has a hyperparameter, `factor_rotate`, `factor_translate_x`, `factor_translate_y` or
    `factor_contrast`: the most by which an image may be changed, drawn for each image. In the argument of that name a
    number `b` means a search from 0 to `b`, a pair `[a, b]` from `a` to `b`, and None or 0 leaves the transform out.

    With RandAugment (`augment_layers` above 0) an image passes through as many layers as the hyperparameter
    `augment_layers` says, and in each through one transform, drawn for it. Without, it passes through all of them, one
    after the other, and factors are searched in steps of 0.05.

    To see what it does, call the model: `model(images, training=True)`. Unlike KerasTuner 1.4.8, whose RandAugment
    cannot be trained with Keras 3: `translate_x` shifts sideways and `translate_y` up and down (there it is the other
    way round), contrast goes both ways and does not cut values off at 0 and 255, and all factors are in the space from
    the first trial also where `augment_layers` starts at 0.

    Args:
        input_shape: Height, width and channels of an image. It or `input_tensor` must be given.
        input_tensor: A Keras tensor of images to go on from, which wins over `input_shape`.
        rotate: Turns by up to this part of a full turn, both ways.
        translate_x: Shifts sideways by up to this part of the width, both ways.
        translate_y: Shifts up and down by up to this part of the height, both ways.
        contrast: Changes the distance of each value from its channel's mean by up to this part, both ways.
        augment_layers: A number `n` means a search from 1 to `n`, a pair `[a, b]` from `a` to `b`; 0 or None: no
            RandAugment.
        **kwargs: `name` and `tunable`, as for `HyperModel`.

    Raises:
        OptionError: An argument is missing or cannot be used.

    Example:
        >>> hp = HyperParameters()
        >>> augment = HyperImageAugment(input_shape=(32, 32, 3), rotate=[0.1, 0.2], contrast=None, augment_layers=0)
        >>> augment.build(hp).output_shape
        (None, 32, 32, 3)
        >>> hp.values
        {'factor_rotate': 0.1, 'factor_translate_x': 0.0, 'factor_translate_y': 0.0}
    """

    def __init__(
        self,
        # Any: numbers or pairs, as a user gives them; narrowed here.
        input_shape: Any = None,
        input_tensor: Any = None,
        rotate: Any = 0.5,
        translate_x: Any = 0.4,
        translate_y: Any = 0.4,
        contrast: Any = 0.3,
        augment_layers: Any = 3,
        **kwargs: Any,  # narrowed by HyperModel
    ) -> None:
        check_input("HyperImageAugment", input_shape, input_tensor)
        super().__init__(**kwargs)
        self.input_shape = input_shape
        self.input_tensor = input_tensor
        given = {"rotate": rotate, "translate_x": translate_x, "translate_y": translate_y, "contrast": contrast}
        self.transforms = _transforms(given)
        bounds = _layer_bounds(augment_layers)
        self.model_name = "image_augment" if bounds is None else "image_rand_augment"
        self.augment_layers_min, self.augment_layers_max = bounds or (0, 0)

    # Any: Keras objects, here and below.
    def build(self, hp: "HyperParameters") -> Any:
        """Return the augmenting model for the values in `hp`; it is not compiled."""
        import keras

        inputs, x = open_input(self.input_shape, self.input_tensor)
        x = self._all(hp, x) if self.model_name == "image_augment" else self._drawn(hp, x)
        return keras.Model(inputs, x, name=self.model_name)

    def _all(self, hp: "HyperParameters", x: Any) -> Any:
        for name, (low, high) in self.transforms:
            factor = hp.Float(f"factor_{name}", low, high, step=0.05, default=low)
            if factor:
                x = _transform(name, factor, name)(x)
        return x

    def _drawn(self, hp: "HyperParameters", x: Any) -> Any:
        n_layers = hp.Int(
            "augment_layers", self.augment_layers_min, self.augment_layers_max, default=self.augment_layers_min
        )
        factors = {name: hp.Float(f"factor_{name}", low, high, default=low) for name, (low, high) in self.transforms}
        for number in range(1, n_layers + 1):
            x = _one_of(x, factors, f"augment{number}")
        return x


def _transform(transform: str, factor: float, name: str) -> Any:
    """Return the layer that does a transform, in training only."""
    from keras import layers

    match transform:
        case "rotate":
            return layers.RandomRotation(factor, name=name)
        case "translate_x":
            return layers.RandomTranslation(height_factor=0.0, width_factor=factor, name=name)
        case "translate_y":
            return layers.RandomTranslation(height_factor=factor, width_factor=0.0, name=name)
    # A pair, as Keras takes a single number for "more" alone; and Keras would cut values off at 0 and 255, which loses
    # half of an image that lies around 0.
    return layers.RandomContrast((factor, factor), value_range=(float("-inf"), float("inf")), name=name)


def _one_of(x: Any, factors: Mapping[str, float], name: str) -> Any:
    """Return each image after one of the transforms, drawn for it; one of factor 0 leaves it as it is."""
    from keras import layers, ops

    transforms = [(number, transform, factor) for number, (transform, factor) in enumerate(factors.items()) if factor]
    if not transforms:
        return x
    # A number from 0 to 1 for each image, from a layer that draws when those of the transforms do, and is saved as they
    # are: one value of 0.5, made brighter or darker by up to 0.5.
    middle = ops.full_like(x[:, :1, :1, :1], 0.5, dtype="float32")
    place = layers.RandomBrightness(0.5, value_range=(0, 1), dtype="float32", name=f"{name}_draw")(middle)
    drawn = ops.floor(len(factors) * place)
    for number, transform, factor in transforms:
        x = ops.where(ops.equal(drawn, number), _transform(transform, factor, f"{name}_{transform}")(x), x)
    return x


def _transforms(given: Mapping[str, Any]) -> list[tuple[str, tuple[float, float]]]:
    """Return the name and the least and greatest factor of each transform that is not left out."""
    found = []
    for name, value in given.items():
        if _is_pair(value):
            bounds = (_factor(name, value, value[0]), _factor(name, value, value[1]))
        elif value is None or value is False or as_number(value) == 0:
            continue
        else:
            bounds = (0.0, _factor(name, value, value))
        if bounds[0] > bounds[1]:
            raise _factor_error(name, value)
        found.append((name, bounds))
    return found


def _factor(name: str, given: Any, value: Any) -> float:
    number = as_number(value)
    if number is None or not 0 <= number <= 1:
        raise _factor_error(name, given)
    return number


def _factor_error(name: str, given: Any) -> OptionError:
    return OptionError(
        f"HyperImageAugment got {name}={_shown(given)}, where factors lie between 0 and 1. "
        f"Give the greatest, for example {name}=0.2, the least and the greatest, {name}=[0.1, 0.2], or None for no "
        f"{name}."
    )


def _layer_bounds(given: Any) -> tuple[int, int] | None:
    """Return the least and greatest number of layers; None without RandAugment."""
    if given is None or given is False:
        return None
    least, most = (
        (as_whole_number(given[0]), as_whole_number(given[1])) if _is_pair(given) else (1, as_whole_number(given))
    )
    if most == 0 and not _is_pair(given):
        return None
    if least is None or most is None or not 0 <= least <= most:
        raise OptionError(
            f"HyperImageAugment got augment_layers={_shown(given)}, where whole numbers from 0 are needed. "
            "Give the greatest, for example augment_layers=3, the least and the greatest, [1, 3], or 0 for all "
            "transforms one after the other."
        )
    return least, most


def _is_pair(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) == 2


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, list | tuple) else describe(value)
