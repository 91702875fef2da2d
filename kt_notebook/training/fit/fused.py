"""Keras' `fit` with the steps of an epoch fused: arrays as tensors, and a call of TensorFlow's for many steps."""

from collections.abc import Mapping
from typing import Any

from kt_notebook.training.fit.arrays import Rows, adapter_of
from kt_notebook.training.fit.building import build_for
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
        known, model: As given.
        rows: The rows to train with.
        validation: The rows to validate with, None without validation.

    Raises:
        ValueError: Keras' own, where the arrays do not go together.
    """

    # Any: Keras' models and arguments of their `fit`, here and below.
    def __init__(self, known: Internals, model: Any, arguments: Mapping[str, Any]) -> None:
        import keras

        self.known = known
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
        build_for(self.known, self.model, self.rows.symbolic_batch())

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
        held_out = None
        if self.validation is not None:
            held_out = (adapter_of(self.known, self.validation, lambda: bool(model.stop_evaluating)),)
        rows = adapter_of(self.known, self.rows, lambda: bool(model.stop_training))
        return model.fit(x=rows, validation_data=held_out, **self._others)
