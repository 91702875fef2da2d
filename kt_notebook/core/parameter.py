"""The kinds of hyperparameter in one place, and their way to JSON and back.

How it works: `hyperparameter` says what every kind can do, `discrete` and `numerical` hold the kinds. Each maps
[0, 1) onto its values and back; oracles use nothing else. A hyperparameter is not changed after it was made: the
copies of a space share them.
"""

from collections.abc import Mapping
from typing import Any

from kt_notebook.core.discrete import Boolean, Choice, Fixed
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.numerical import Float, Int
from kt_notebook.core.values import Value, value_from_json, value_to_json

__all__ = [
    "Boolean",
    "Choice",
    "Fixed",
    "Float",
    "HyperParameter",
    "Int",
    "Value",
    "deserialize",
    "serialize",
    "value_from_json",
    "value_to_json",
]

_KINDS: dict[str, type[HyperParameter]] = {
    "HyperParameter": HyperParameter,
    "Boolean": Boolean,
    "Choice": Choice,
    "Fixed": Fixed,
    "Float": Float,
    "Int": Int,
}


# Any: JSON
def serialize(obj: HyperParameter) -> dict[str, Any]:
    """Return the hyperparameter as `{"class_name", "config"}`."""
    return {"class_name": type(obj).__name__, "config": obj.get_config()}


# Any: JSON
def deserialize(config: Mapping[str, Any]) -> HyperParameter:
    """Return the hyperparameter that `serialize`, or KerasTuner, wrote.

    Raises:
        SpaceError: The class is not one of ours, or its values cannot be.
    """
    kind = _KINDS.get(config["class_name"])
    if kind is None:
        raise SpaceError(
            f"A saved hyperparameter has the class {config['class_name']!r}; {', '.join(_KINDS)} are known. "
            f"Open the project with the version of kt_notebook that wrote it."
        )
    return kind.from_config(config["config"])
