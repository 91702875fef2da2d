"""KerasTuner's `engine.hyperparameters`: the space, its kinds of hyperparameter, and their JSON."""

from kt_notebook.core.parameter import Boolean, Choice, Fixed, Float, HyperParameter, Int, deserialize, serialize
from kt_notebook.core.space import HyperParameters

__all__ = [
    "Boolean",
    "Choice",
    "Fixed",
    "Float",
    "HyperParameter",
    "HyperParameters",
    "Int",
    "deserialize",
    "serialize",
]
