"""Tune Keras models from a notebook; importing this has no effect and loads no TensorFlow."""

__version__ = "0.1.0"
