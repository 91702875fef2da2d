"""Finds hyperparameters that only running code declares, by building a model once and throwing it away."""

from typing import TYPE_CHECKING

from kt_notebook.training.keras_state import KerasScope, capture_settings
from kt_notebook.training.seeding import seeded

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters
    from kt_notebook.training.hypermodel import HyperModel

__all__ = ["build_once"]


def build_once(hypermodel: "HyperModel", hp: "HyperParameters") -> None:
    """Build with the default values; what is declared joins `hp`. Nothing is trained.

    Args:
        hypermodel: Its `build` is called once.
        hp: The space known so far; it grows.
    """
    with KerasScope(capture_settings()), seeded(0):
        hypermodel.build(hp)
