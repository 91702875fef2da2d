"""Keras' `fit` with the steps of an epoch fused: arrays as tensors, and a call of TensorFlow's for many steps."""

from collections.abc import Mapping
from typing import Any

from kt_notebook.training.fit.arrays import Rows, adapter_of
from kt_notebook.training.fit.internals import Internals
from kt_notebook.training.fit.steps import StepFunction, evaluating, training

__all__ = ["FusedFit"]

_OF_DATA = frozenset({
    "x", "y", "sample_weight", "class_weight", "batch_size", "shuffle",
    "validation_split", "validation_data", "validation_batch_size", "steps_per_epoch", "validation_steps",
})  # fmt: skip


class FusedFit:
    """One call of `fit` that is to be fused; `reasons` says for which that is right.

    Args:
        known: Keras' insides.
        model: A compiled Keras model.
        arguments: All arguments of its `fit`.

    Attributes:
        model: As given.
        rows: The rows to train with.
        validation: The rows to validate with, None without validation.

    Raises:
        ValueError: Keras' own, where the arrays do not go together.
    """

    # Any: Keras' models and arguments of their `fit`, here and below.
    def __init__(self, known: Internals, model: Any, arguments: Mapping[str, Any]) -> None:
        import keras

        self._known = known
        self._others = {name: value for name, value in arguments.items() if name not in _OF_DATA}
        self.model = model
        x, y, sample_weight = arguments["x"], arguments["y"], arguments["sample_weight"]
        validation = arguments["validation_data"]
        if arguments["validation_split"] and validation is None:
            (x, y, sample_weight), validation = known.split_validation(
                (x, y, sample_weight), validation_split=arguments["validation_split"]
            )
        size = arguments["batch_size"]
        self.rows = Rows(
            known, x, y, sample_weight,
            batch_size=size, shuffle=bool(arguments["shuffle"]), class_weight=arguments["class_weight"],
        )  # fmt: skip
        self.validation: Rows | None = None
        if validation is not None:
            held_out = keras.utils.unpack_x_y_sample_weight(validation)
            self.validation = Rows(known, *held_out, batch_size=arguments["validation_batch_size"] or size)

    def build(self) -> None:
        """Make all variables of the model, its metrics and its optimizer, as the first step of a `fit` would."""
        batch = self.rows.symbolic_batch()
        _build_loss_and_metrics(self._known, self.model, batch)
        self.model._symbolic_build(data_batch=batch)

    def run(self) -> Any:
        """Train, and return what `fit` returns.

        Raises:
            Exception: What callbacks and TensorFlow raise.
        """
        model = self.model
        if model.train_function is None:
            model.train_function = training(model)
        if not isinstance(model.test_function, StepFunction):
            model.test_function = evaluating(model)
        held_out = None if self.validation is None else (adapter_of(self._known, self.validation),)
        return model.fit(x=adapter_of(self._known, self.rows), validation_data=held_out, **self._others)


def _build_loss_and_metrics(known: Internals, model: Any, batch: Any) -> None:
    """Build them from the shapes of a model that knows its output: Keras would call the whole model for that."""
    import keras

    is_plain = type(model) in (keras.Sequential, known.functional) and model.built and len(model.outputs) == 1
    if not is_plain or isinstance(getattr(model, "_outputs_struct", None), list | tuple | dict):
        return
    x, target, weight = keras.utils.unpack_x_y_sample_weight(batch)
    loss, metrics = model._compile_loss, model._compile_metrics
    if target is None or keras.tree.is_nested(target):
        return
    if loss is not None and not loss.built:
        loss.build(target, model.outputs[0])
    if metrics is None or metrics.built:
        return
    metrics.build(target, model.outputs[0])
    if not all(isinstance(metric, known.mean_metric) for metric in metrics.metrics):
        # Others make variables when they first see data.
        known.compute_output_spec(model.compute_metrics, x, target, model.outputs[0], sample_weight=weight)
