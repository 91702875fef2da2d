import inspect
from typing import Any

import pytest

from kt_notebook.core.metrics import infer_metric_direction

pytestmark = pytest.mark.keras

# Containers of whatever is fed to them, and a similarity that is a loss with a minus and a metric without.
_UNDIRECTED = {"CosineSimilarity", "Loss", "Mean", "MeanMetricWrapper", "Metric", "Sum"}
# As metrics these names commonly mean a coefficient, which is better large.
_AMBIGUOUS = {"CTC", "Circle", "Dice", "Tversky"}
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "MeanRelativeError": {"normalizer": [1.0]},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}


def _made(module: Any, base: type) -> list[Any]:
    classes = {n: c for n, c in vars(module).items() if inspect.isclass(c) and issubclass(c, base)}
    return [kind(**_ARGUMENTS.get(name, {})) for name, kind in sorted(classes.items()) if name not in _UNDIRECTED]


def test_the_direction_of_every_keras_metric_is_known_by_its_default_name() -> None:
    import keras

    found = {m.name: infer_metric_direction(m.name) for m in _made(keras.metrics, keras.metrics.Metric)}
    assert len(found) > 30
    assert [name for name, direction in found.items() if direction is None] == []


def test_a_metric_and_its_validation_have_one_direction() -> None:
    import keras

    for metric in _made(keras.metrics, keras.metrics.Metric):
        assert infer_metric_direction(f"val_{metric.name}") == infer_metric_direction(metric)


def test_every_keras_loss_is_to_be_small() -> None:
    import keras

    losses = _made(keras.losses, keras.losses.Loss)
    directions = {loss.name: infer_metric_direction(loss.name) for loss in losses}
    assert len(directions) > 15
    assert {n for n, d in directions.items() if d != "min"} <= {name.lower() for name in _AMBIGUOUS}
