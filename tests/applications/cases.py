"""What is compared with KerasTuner, and how its facts were recorded.

`keras_tuner.json` was written by KerasTuner 1.4.8 (Keras 3.15), with `python -m tests.applications.cases` in an
environment that has it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("keras_tuner.json")
_SHAPE = {"input_shape": (28, 28, 1)}
_CLASSES = {**_SHAPE, "classes": 10}

# A label: the class, its arguments, the values that are no defaults.
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "resnet v1": ("HyperResNet", _CLASSES, {"version": "v1"}),
    "resnet v2": ("HyperResNet", _CLASSES, {}),
    "resnet next": ("HyperResNet", _CLASSES, {"version": "next"}),
    "resnet without top": ("HyperResNet", {"include_top": False, **_SHAPE}, {"pooling": "max"}),
    "xception": ("HyperXception", _CLASSES, {"num_dense_layers": 2}),
    "xception selu": ("HyperXception", _CLASSES, {"activation": "selu", "pooling": "flatten", "dense_use_bn": 0}),
    "xception without top": ("HyperXception", {"include_top": False, **_SHAPE}, {"num_residual_blocks": 2}),
    "efficientnet": ("HyperEfficientNet", _CLASSES, {}),
    "efficientnet B1": ("HyperEfficientNet", _CLASSES, {"version": "B1", "pooling": "max"}),
    "augment": ("HyperImageAugment", _SHAPE, {}),
    "augment, all transforms": ("HyperImageAugment", {**_SHAPE, "augment_layers": 0}, {}),
    "augment, pairs": (
        "HyperImageAugment",
        {**_SHAPE, "rotate": [0.1, 0.2], "translate_x": None, "contrast": 0, "augment_layers": [2, 4]},
        {},
    ),
    "augment, all of a pair": ("HyperImageAugment", {**_SHAPE, "rotate": [0.1, 0.2], "augment_layers": 0}, {}),
}


def facts(package: str, label: str) -> dict[str, Any]:
    """Return what can be said of a built model, as JSON holds it."""
    name, arguments, values = CASES[label]
    # ImageNet's weights need a network: left out here by an argument of ours, there by `record`.
    further = {"weights": None} if name == "HyperEfficientNet" and package == "kt_notebook" else {}
    hypermodel = getattr(importlib.import_module(f"{package}.applications"), name)(**arguments, **further)
    hp = importlib.import_module(package).HyperParameters()
    hp.values.update(values)
    model = hypermodel.build(hp)
    shapes = [[type(layer).__name__, _shapes(layer)] for layer in model.layers if layer.weights]
    made = {
        "space": [{**entry["config"], "kind": entry["class_name"]} for entry in hp.get_config()["space"]],
        "values": dict(hp.values),
        "name": model.name,
        "output_shape": model.output_shape,
        "n_parameters": model.count_params(),
        # What a file of weights goes by: the kinds of layers in their order, and the shapes of their weights.
        "weights": hashlib.sha256(json.dumps(shapes).encode()).hexdigest()[:16],
        "compiled": _compiled(model),
    }
    return json.loads(json.dumps(made, default=float))


def _compiled(model: Any) -> dict[str, Any] | None:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    given = model.get_compile_config()
    return {
        "optimizer": type(optimizer).__name__,
        "learning_rate": round(float(optimizer.learning_rate), 6),  # a float32 there
        "momentum": getattr(optimizer, "momentum", None),
        "loss": given["loss"],
        "metrics": given["metrics"],
    }


def _shapes(layer: Any) -> list[list[int]]:
    return [list(weight.shape) for weight in layer.weights]


def record() -> None:
    """Write the facts of KerasTuner; without ImageNet's weights, which need a network."""
    from keras_tuner.src.applications import efficientnet

    for version, network in efficientnet.EFFICIENTNET_MODELS.items():
        efficientnet.EFFICIENTNET_MODELS[version] = lambda network=network, **given: network(weights=None, **given)
    found = {label: facts("keras_tuner", label) for label in CASES}
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
