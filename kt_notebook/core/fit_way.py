"""Says how Keras' fits of a search are to run, and how one did."""

from enum import StrEnum

__all__ = ["FitPath", "FitWay"]


class FitWay(StrEnum):
    """How a search's Keras fits are to run.

    Attributes:
        AUTO: As fast as gives provably the same as Keras' own `fit`, which runs where nothing faster does.
        FUSED: The same, and a fit for which nothing faster is the same fails and says why.
        PLAIN: By Keras' own `fit`, always.
    """

    AUTO = "auto"
    FUSED = "fused"
    PLAIN = "plain"


class FitPath(StrEnum):
    """How a fit has run.

    Attributes:
        PLAIN: By Keras' own `fit`.
        FUSED: Many steps to a call of TensorFlow's, whose graph was traced for this fit.
        REUSED: Many steps to a call, by a graph that an earlier fit has had traced.
    """

    PLAIN = "plain"
    FUSED = "fused"
    REUSED = "reused"
