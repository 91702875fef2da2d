"""Keeps TensorFlow's advice on frequent tracing out of places where each model is new, and has functions of its own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_retracing_advice"]

_ADVICE = "triggered tf.function retracing"


@contextmanager
def without_retracing_advice() -> Iterator[None]:
    """Let TensorFlow's logger pass over that advice in the block; everything else it says is heard."""
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_other)
    try:
        yield
    finally:
        logger.removeFilter(_is_other)


def _is_other(record: logging.LogRecord) -> bool:
    return _ADVICE not in str(record.msg)
