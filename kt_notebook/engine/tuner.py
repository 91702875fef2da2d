"""KerasTuner's `engine.tuner`: the tuner of Keras models."""

from kt_notebook.training.compiling import maybe_distribute
from kt_notebook.tuners.tuner import Tuner

__all__ = ["Tuner", "maybe_distribute"]
