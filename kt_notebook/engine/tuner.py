"""KerasTuner's `engine.tuner`: the tuner of Keras models."""

from kt_notebook.tuners.tuner import Tuner

__all__ = ["Tuner"]
