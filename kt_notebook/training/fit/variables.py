"""All variables that a model's steps read or change."""

from typing import Any

__all__ = ["all_variables"]


# Any: Keras' models and variables.
def all_variables(model: Any) -> list[Any]:
    """Return a built model's Keras variables, each once: weights, seeds, metrics, those of the optimizer."""
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    everything = [*model.variables, *model.optimizer.variables, *metrics]
    return list({id(variable): variable for variable in everything}.values())
