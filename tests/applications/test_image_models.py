import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kt_notebook
from kt_notebook.applications import HyperEfficientNet, HyperImageAugment, HyperResNet, HyperXception
from kt_notebook.core.errors import FatalRuntimeError, KTNotebookError, OptionError
from kt_notebook.core.space import HyperParameters

SMALL = {"input_shape": (8, 8, 1), "classes": 3}
CLASSIFIERS = [HyperResNet, HyperXception, HyperEfficientNet]
IMAGES = np.random.default_rng(0).random((4, 8, 8, 1)).astype("float32")
LABELS = np.eye(3)[[0, 1, 2, 0]]


def hp_with(**values: Any) -> HyperParameters:
    hp = HyperParameters()
    hp.values.update(values)
    return hp


def test_importing_applications_and_making_hypermodels_loads_no_keras() -> None:
    code = (
        "import sys\n"
        "from kt_notebook.applications import *\n"
        "given = dict(input_shape=(8, 8, 1), classes=3)\n"
        "HyperResNet(**given), HyperXception(**given)\n"
        "HyperEfficientNet(**given, augmentation_model=HyperImageAugment(input_shape=(8, 8, 1)))\n"
        "print({'keras', 'tensorflow'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.keras
@pytest.mark.parametrize(
    ("hypermodel", "values"),
    [
        (HyperResNet(**SMALL), {"version": "v1", "optimizer": "sgd"}),
        (HyperResNet(**SMALL), {"version": "next"}),
        (HyperXception(**SMALL), {"activation": "selu", "sep_num_filters": 128, "num_residual_blocks": 2}),
        (HyperEfficientNet(**SMALL, weights=None), {"pooling": "max"}),
    ],
    ids=lambda value: str(next(iter(value.values()))) if isinstance(value, dict) else type(value).__name__,
)
def test_a_model_of_small_images_trains(hypermodel: Any, values: dict[str, Any]) -> None:
    model = hypermodel.build(hp_with(**values))
    model.run_eagerly = True  # tracing the graph takes ten times as long as the step
    head = np.array(model.trainable_weights[-1])
    history = model.fit(IMAGES[:2], LABELS[:2], verbose=0).history
    assert history.keys() == {"loss", "accuracy"}
    assert not np.array_equal(model.trainable_weights[-1], head)


@pytest.mark.keras
@pytest.mark.parametrize("version", ["v1", "v2", "next"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (None, 8, 3)])
def test_a_resnet_takes_images_of_one_pixel_and_of_unknown_height(version: str, shape: tuple[Any, ...]) -> None:
    model = HyperResNet(input_shape=shape, classes=3).build(hp_with(version=version))
    assert model.output_shape == (None, 3)


@pytest.mark.keras
def test_resnext_says_that_it_needs_a_height_or_a_width() -> None:
    hypermodel = HyperResNet(input_shape=(None, None, 3), classes=3)
    with pytest.raises(OptionError, match=r"'next' cannot be built .* Give one of them in input_shape"):
        hypermodel.build(hp_with(version="next"))
    assert hypermodel.build(hp_with(version="v2")).output_shape == (None, 3)


@pytest.mark.keras
@pytest.mark.parametrize(
    ("hypermodel", "values"),
    [
        (HyperResNet(**SMALL), {"version": "next"}),
        (HyperXception(**SMALL), {"num_residual_blocks": 2}),
    ],
    ids=["resnext", "xception"],
)
def test_a_saved_model_is_loaded_without_custom_objects(
    hypermodel: Any, values: dict[str, Any], tmp_path: Path
) -> None:
    import keras

    model = hypermodel.build(hp_with(**values))
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


@pytest.mark.keras
def test_a_grouped_convolution_is_what_keras_calls_groups() -> None:
    import keras

    from kt_notebook.applications.resnet import _grouped_conv

    inputs = keras.Input((5, 5, 64))
    ours = keras.Model(inputs, _grouped_conv(inputs, 64, 1, "ours"))
    plain = keras.layers.Conv2D(64, 3, groups=32, padding="same", use_bias=False)
    plain.build((None, 5, 5, 64))
    kernel = ours.get_weights()[0]  # (3, 3, inputs, outputs of each input)
    by_group = kernel.reshape(3, 3, 32, 2, 2).transpose(0, 1, 3, 2, 4).reshape(3, 3, 2, 64)
    plain.set_weights([by_group])
    images = np.random.default_rng(0).normal(size=(2, 5, 5, 64)).astype("float32")
    np.testing.assert_allclose(ours(images), plain(images), atol=1e-5)


@pytest.mark.keras
def test_a_model_goes_on_from_an_input_tensor() -> None:
    import keras

    inputs = keras.Input((8, 8, 1))
    scaled = keras.layers.Rescaling(1 / 255)(inputs)
    for hypermodel in (HyperResNet, HyperXception):
        model = hypermodel(input_tensor=scaled, classes=3).build(hp_with(num_residual_blocks=2))
        assert model.inputs[0] is inputs
        assert any(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)


@pytest.mark.keras
def test_channels_first_builds_the_same_network() -> None:
    import keras

    n_parameters = [made.build(hp_with(version="next")).count_params() for made in _resnet_and_xception((8, 6, 3))]
    keras.config.set_image_data_format("channels_first")
    try:
        turned = [made.build(hp_with(version="next")).count_params() for made in _resnet_and_xception((3, 8, 6))]
    finally:
        keras.config.set_image_data_format("channels_last")
    assert turned == n_parameters


def _resnet_and_xception(shape: tuple[int, ...]) -> list[Any]:
    return [HyperResNet(input_shape=shape, classes=3), HyperXception(input_shape=shape, classes=3)]


@pytest.mark.keras
def test_without_tunable_nothing_reaches_the_space() -> None:
    hypermodel = HyperXception(**SMALL, name="fixed", tunable=False)
    hp = HyperParameters()
    hypermodel.build(hp)
    assert hypermodel.name == "fixed"
    assert hp.space == []


@pytest.mark.keras
def test_an_efficientnet_searches_what_its_augmentation_declares_too() -> None:
    hp = hp_with(factor_rotate=0.2)
    augment = HyperImageAugment(input_shape=(8, 8, 1), contrast=None)
    model = HyperEfficientNet(**SMALL, weights=None, augmentation_model=augment).build(hp)
    assert model.get_layer("image_rand_augment").count_params() == 0
    names = [parameter.name for parameter in hp.space]
    assert names[:4] == ["augment_layers", "factor_rotate", "factor_translate_x", "factor_translate_y"]
    assert names[4:] == ["version", "pooling", "top_dropout_rate", "learning_rate"]


@pytest.mark.keras
def test_an_efficientnet_takes_a_keras_model_or_a_hypermodel_from_elsewhere_as_augmentation() -> None:
    import keras

    class Elsewhere:
        def build(self, hp: HyperParameters) -> Any:
            return keras.Sequential([keras.layers.RandomFlip(hp.Choice("flip", ["vertical"]))], name="flips")

    hp = HyperParameters()
    assert HyperEfficientNet(**SMALL, weights=None, augmentation_model=Elsewhere()).build(hp).get_layer("flips")
    assert hp.get("flip") == "vertical"
    ready = keras.Sequential([keras.layers.RandomFlip()], name="ready")
    model = HyperEfficientNet(**SMALL, weights=None, augmentation_model=ready).build(HyperParameters())
    assert model.get_layer("ready") is ready


@pytest.mark.keras
def test_a_subclass_may_compile_an_efficientnet_in_its_own_way() -> None:
    class Own(HyperEfficientNet):
        def _compile(self, model: Any, hp: HyperParameters) -> None:
            model.compile("rmsprop", "categorical_crossentropy")

    assert type(Own(**SMALL, weights=None).build(HyperParameters()).optimizer).__name__ == "RMSprop"


@pytest.mark.keras
def test_weights_of_imagenet_are_for_coloured_images() -> None:
    hypermodel = HyperEfficientNet(**SMALL)
    with pytest.raises(OptionError, match=r"3 channels, these have 1. Give HyperEfficientNet coloured"):
        hypermodel.build(HyperParameters())


@pytest.mark.keras
def test_a_search_finds_values_and_the_best_model_of_a_family(tmp_path: Path) -> None:
    given = HyperParameters()
    for name, value in {"sep_num_filters": 128, "num_residual_blocks": 2}.items():
        given.Fixed(name, value)
    tuner = kt_notebook.RandomSearch(
        HyperXception(**SMALL), objective="val_accuracy", max_trials=1, directory=tmp_path, hyperparameters=given
    )
    tuner.search(IMAGES, LABELS, epochs=1, validation_data=(IMAGES, LABELS), verbose=0)
    best = tuner.get_best_hyperparameters()[0]
    assert best.get("activation") in {"relu", "selu"}
    assert best.get("num_residual_blocks") == 2
    assert tuner.get_best_models()[0].output_shape == (None, 3)


@pytest.mark.parametrize("make", [HyperResNet, HyperXception])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"input_shape": (8, 8, 1)}, "got no classes, .* Give classes, for example classes=10, or include_top=False"),
        ({"input_shape": (8, 8, 1), "classes": "ten"}, "got classes=str 'ten', where a whole number from 1"),
        ({"input_shape": (8, 8, 1), "classes": 0}, "got classes=int 0, where a whole number from 1"),
        ({"input_shape": (8, 8, 1), "classes": True}, "got classes=bool True"),
        ({"classes": 3}, "got neither input_shape nor input_tensor. Give the shape of one image"),
        ({"classes": 3, "input_shape": (8, 8)}, r"got input_shape=\(8, 8\), where height, width and channels"),
        (
            {"classes": 3, "input_shape": (32, 8, 8, 1)},
            r"got input_shape=\(32, 8, 8, 1\), .* without the number of images",
        ),
        ({"classes": 3, "input_shape": (8, 0, 1)}, r"got input_shape=\(8, 0, 1\)"),
        ({"classes": 3, "input_shape": "8x8"}, "got input_shape=str '8x8'"),
        ({"classes": 3, "input_shape": 8}, "got input_shape=int 8"),
    ],
)
def test_bad_arguments_are_refused_with_the_cure(make: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=f"^{make.__name__} {message}"):
        make(**given)


def test_an_option_error_is_a_value_error_as_in_keras_tuner() -> None:
    with pytest.raises(ValueError, match="input_tensor") as caught:
        HyperResNet(classes=3)
    assert isinstance(caught.value, KTNotebookError)


def test_features_alone_need_no_classes() -> None:
    assert HyperResNet(include_top=False, input_shape=(8, 8, 1)).classes is None
    assert HyperXception(include_top=False, input_shape=[8, 8, 1]).classes is None


@pytest.mark.parametrize("make", CLASSIFIERS)
def test_unknown_arguments_are_refused(make: Any) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        make(**SMALL, depth=50)


@pytest.mark.keras
def test_a_tensor_that_is_none_of_keras_is_refused() -> None:
    import keras

    with pytest.raises(OptionError, match=r"got input_tensor=ndarray, where a symbolic Keras tensor is needed. Give"):
        HyperResNet(input_tensor=IMAGES, classes=3)
    with pytest.raises(OptionError, match=r"input_tensor of shape \(None, 4\), where images have four axes. Give"):
        HyperXception(input_tensor=keras.Input((4,)), classes=3)


@pytest.mark.keras
def test_an_unknown_number_of_channels_is_named() -> None:
    with pytest.raises(OptionError, match=r"shape \(8, 8, None\) has no known number of channels.* Give it: 1 for"):
        HyperResNet(input_shape=(8, 8, None), classes=3).build(HyperParameters())


@pytest.mark.keras
def test_what_is_no_augmentation_is_refused_with_the_cure() -> None:
    import keras

    flip = keras.layers.RandomFlip()
    for given, shown in ((3, "int 3"), (flip, "RandomFlip"), (HyperImageAugment, "the class HyperImageAugment")):
        with pytest.raises(
            OptionError, match=f"augmentation_model={shown}, where a HyperModel or a Keras model .* Give"
        ):
            HyperEfficientNet(**SMALL, augmentation_model=given)


def test_an_efficientnet_needs_classes_and_knows_its_weights() -> None:
    with pytest.raises(OptionError, match=r"HyperEfficientNet got no classes.* Give their number"):
        HyperEfficientNet(input_shape=(8, 8, 3))
    with pytest.raises(OptionError, match=r"got weights=str 'noisy-student'. Give 'imagenet', or None"):
        HyperEfficientNet(**SMALL, weights="noisy-student")


def test_weights_that_cannot_be_downloaded_are_told_with_the_way_out(monkeypatch) -> None:
    import keras

    def fail(**given: object) -> None:
        raise Exception("URL fetch failure on somewhere: None -- no network")  # What keras.utils.get_file raises.

    monkeypatch.setattr(keras.applications, "EfficientNetB0", fail)
    with pytest.raises(FatalRuntimeError, match="weights=None"):
        HyperEfficientNet(input_shape=(8, 8, 3), classes=3).build(HyperParameters())
