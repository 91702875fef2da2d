import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kt_notebook.applications import HyperImageAugment
from kt_notebook.core.errors import OptionError
from kt_notebook.core.space import HyperParameters

OFF = {"rotate": None, "translate_x": None, "translate_y": None, "contrast": None}
IMAGES = np.random.default_rng(0).normal(size=(400, 8, 8, 1)).astype("float32")
# brighter from left to right, the same in each row
SLOPES = np.tile(np.arange(8, dtype="float32")[None, None, :, None], (16, 8, 1, 1))


def augment(**given: Any) -> Any:
    """Return the model with every transform at its greatest factor."""
    layers = given.get("augment_layers", 3)
    pairs = {name: [value, value] for name, value in given.items() if name in OFF and value}
    most = layers if not isinstance(layers, int) or layers == 0 else [layers, layers]
    made = HyperImageAugment(input_shape=(8, 8, 1), **{**OFF, **pairs, "augment_layers": most})
    return made.build(HyperParameters())


def in_training(model: Any, images: Any) -> Any:
    return np.asarray(model(images, training=True))


@pytest.mark.keras
@pytest.mark.parametrize("augment_layers", [0, 2])
def test_images_change_in_training_only(augment_layers: int) -> None:
    model = augment(rotate=0.2, translate_x=0.2, translate_y=0.2, contrast=0.2, augment_layers=augment_layers)
    assert not np.allclose(in_training(model, IMAGES), IMAGES)
    np.testing.assert_array_equal(model(IMAGES, training=False), IMAGES)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES)


@pytest.mark.keras
@pytest.mark.parametrize("augment_layers", [0, 1])
def test_translate_x_shifts_sideways_and_translate_y_up_and_down(augment_layers: int) -> None:
    sideways = augment(translate_x=0.4, augment_layers=augment_layers)
    up_and_down = augment(translate_y=0.4, augment_layers=augment_layers)
    standing = SLOPES.transpose(0, 2, 1, 3)
    assert not np.allclose(in_training(sideways, SLOPES), SLOPES)
    np.testing.assert_allclose(in_training(sideways, standing), standing, atol=1e-5)
    assert not np.allclose(in_training(up_and_down, standing), standing)
    np.testing.assert_allclose(in_training(up_and_down, SLOPES), SLOPES, atol=1e-5)


@pytest.mark.keras
def test_contrast_keeps_the_mean_and_negative_values() -> None:
    changed = in_training(augment(contrast=0.3, augment_layers=0), IMAGES)
    factors = changed.std(axis=(1, 2, 3)) / IMAGES.std(axis=(1, 2, 3))
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), IMAGES.mean(axis=(1, 2, 3)), atol=1e-5)
    assert 0.69 < factors.min() < 0.8 < 1.2 < factors.max() < 1.31
    assert changed.min() < -2


@pytest.mark.keras
def test_a_layer_of_rand_augment_gives_each_image_one_transform_drawn_for_it() -> None:
    # On slopes, translate_y shows as no change, so about half of the images stay.
    slopes = np.repeat(SLOPES, 25, axis=0)
    model = augment(translate_x=0.4, translate_y=0.4, augment_layers=1)
    stayed = [np.allclose(a, b, atol=1e-4) for a, b in zip(in_training(model, slopes), slopes, strict=True)]
    assert 0.4 < np.mean(stayed) < 0.6


@pytest.mark.keras
def test_a_transform_of_factor_0_has_its_share_of_the_images() -> None:
    hp = HyperParameters()
    hp.values.update(augment_layers=1, factor_rotate=0.0, factor_contrast=0.3)
    given = {**OFF, "rotate": 0.5, "contrast": 0.3, "augment_layers": 1}
    model = HyperImageAugment(input_shape=(8, 8, 1), **given).build(hp)
    stayed = [np.array_equal(a, b) for a, b in zip(in_training(model, IMAGES), IMAGES, strict=True)]
    assert 0.4 < np.mean(stayed) < 0.6


@pytest.mark.keras
def test_rand_augment_trains_as_part_of_a_model() -> None:
    import keras

    augmenting = augment(rotate=0.1, translate_x=0.1, translate_y=0.1, contrast=0.1, augment_layers=2)
    model = keras.Sequential([augmenting, keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(IMAGES[:8], np.zeros(8), verbose=0).history["loss"][0])


@pytest.mark.keras
def test_all_factors_are_in_the_space_where_the_first_trial_has_no_layer() -> None:
    hp = HyperParameters()
    model = HyperImageAugment(input_shape=(8, 8, 1), augment_layers=[0, 2]).build(hp)
    assert len(model.layers) == 1
    assert [parameter.name for parameter in hp.space][1:] == [f"factor_{name}" for name in OFF]


@pytest.mark.keras
def test_without_any_transform_images_pass_unchanged() -> None:
    model = HyperImageAugment(input_shape=(8, 8, 1), **OFF).build(HyperParameters())
    np.testing.assert_array_equal(in_training(model, IMAGES), IMAGES)


@pytest.mark.keras
def test_it_goes_on_from_an_input_tensor() -> None:
    import keras

    inputs = keras.Input((8, 8, 1))
    model = HyperImageAugment(input_tensor=keras.layers.Rescaling(2.0)(inputs)).build(HyperParameters())
    np.testing.assert_allclose(model(IMAGES, training=False), 2 * IMAGES)


@pytest.mark.keras
@pytest.mark.slow
def test_a_saved_model_is_loaded_where_kt_notebook_was_not_imported(tmp_path: Path) -> None:
    augment(rotate=0.1, translate_x=0.1, contrast=0.1, augment_layers=2).save(tmp_path / "m.keras")
    np.save(tmp_path / "images.npy", IMAGES)
    code = (
        "import sys, keras, numpy as np\n"
        "model, images = keras.saving.load_model('m.keras'), np.load('images.npy')\n"
        "print(np.array_equal(model.predict(images, verbose=0), images))\n"
        "print(np.allclose(model(images, training=True), images))\n"
        "print('kt_notebook' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


@pytest.mark.parametrize("name", OFF)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("much", "str 'much'"),
        (-0.1, "float -0.1"),
        (1.5, "float 1.5"),
        (True, "bool True"),
        ([0.1], r"\[0.1\]"),
        ([0.3, 0.1], r"\[0.3, 0.1\]"),
        ((0.1, "b"), r"\(0.1, 'b'\)"),
        ([0.1, 0.2, 0.3], r"\[0.1, 0.2, 0.3\]"),
        (np.array([0.1, 0.2]), "ndarray"),
    ],
)
def test_factors_lie_between_0_and_1(name: str, value: Any, shown: str) -> None:
    with pytest.raises(
        OptionError, match=f"{name}={shown}, where factors lie .* Give the greatest, for example {name}="
    ):
        HyperImageAugment(input_shape=(8, 8, 1), **{name: value})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.5, "float 2.5"),
        (-1, "int -1"),
        (True, "bool True"),
        ("ab", "str 'ab'"),
        ([1.0, 2], r"\[1.0, 2\]"),
        ([2, 1], r"\[2, 1\]"),
        ([-1, 1], r"\[-1, 1\]"),
        ((1, 2, 3), r"\(1, 2, 3\)"),
    ],
)
def test_a_number_of_layers_is_whole(value: Any, shown: str) -> None:
    with pytest.raises(OptionError, match=f"augment_layers={shown}, where whole numbers from 0 .* Give the greatest"):
        HyperImageAugment(input_shape=(8, 8, 1), augment_layers=value)


@pytest.mark.parametrize(
    ("given", "transforms", "layers"),
    [
        ({}, {"rotate": (0, 0.5), "translate_x": (0, 0.4), "translate_y": (0, 0.4), "contrast": (0, 0.3)}, (1, 3)),
        ({**OFF, "rotate": np.float32(0.25), "augment_layers": np.int64(2)}, {"rotate": (0, 0.25)}, (1, 2)),
        ({**OFF, "contrast": (0.1, 1), "translate_x": 0, "augment_layers": (0, 2)}, {"contrast": (0.1, 1)}, (0, 2)),
        ({**OFF, "rotate": False, "augment_layers": None}, {}, (0, 0)),
        ({**OFF, "augment_layers": [0, 0]}, {}, (0, 0)),
    ],
)
def test_numbers_pairs_and_none_say_what_is_searched(given: Any, transforms: Any, layers: Any) -> None:
    made = HyperImageAugment(input_shape=(8, 8, 1), **given)
    assert dict(made.transforms) == transforms
    assert (made.augment_layers_min, made.augment_layers_max) == layers


def test_it_needs_a_shape_and_takes_a_name() -> None:
    with pytest.raises(OptionError, match=r"HyperImageAugment got neither input_shape nor input_tensor. Give"):
        HyperImageAugment()
    assert HyperImageAugment(input_shape=(8, 8, 1), name="mine").name == "mine"
