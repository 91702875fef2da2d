"""A private model that owns the variables and the traced steps which trials of one signature use one after another.

How it works: a graph is tied to the TensorFlow variables that it was traced with. A trial's own model must not own
them: it may live on while others use the graph. So a template is made of the first model's config, and a model that
borrows it has its values copied into the template's variables, at which its Keras variables then point. Given back, the
values are copied into the model's own again, which were kept aside.
"""

from collections.abc import Callable, Mapping
from typing import Any

from kt_notebook.training.compiling import compiled_with, made_anew
from kt_notebook.training.fit.arrays import EpochRows, Rows, as_they_are
from kt_notebook.training.fit.building import build_for
from kt_notebook.training.fit.internals import Internals
from kt_notebook.training.fit.steps import StepFunction, evaluating, training
from kt_notebook.training.fit.variables import all_variables
from kt_notebook.training.keras_state import KerasScope, capture_settings
from kt_notebook.training.reuse.attributes import NotShareableError
from kt_notebook.training.reuse.constants import Constants
from kt_notebook.training.reuse.signature import signature_of
from kt_notebook.training.seeding import seeded

__all__ = ["Template", "made_of_config"]


class Template:
    """A graph's owner, lent to one model at a time.

    Args:
        known: Keras' insides.
        model: The first model of its signature: built, compiled, its optimizer and metrics built too.
        batch: A symbolic batch of what it is trained with.
        signature: The model's.

    Attributes:
        size_bytes: What its variables take.

    Raises:
        NotShareableError: Made of its config the model is not the same.
    """

    # Any: Keras' models and variables, here and below.
    def __init__(self, known: Internals, model: Any, batch: Any, signature: str) -> None:
        with KerasScope(capture_settings()), seeded(0, process_wide=False):
            self._model = made_of_config(model)
            build_for(known, self._model, batch)
        if signature_of(self._model, batch) != signature:
            raise NotShareableError("made of its config the model is another one")
        variables = all_variables(self._model)
        self._constants = Constants(self._model)
        self._slots = [variable._value for variable in variables]
        self._training: StepFunction = training(self._model)
        self._evaluating: StepFunction = evaluating(self._model)
        self._model.train_function, self._model.test_function = self._training, self._evaluating
        self._predicting: Any = None
        self._borrower: Any = None
        self._own: list[tuple[Any, Any]] = []
        self.size_bytes = sum(slot.dtype.size * slot.shape.num_elements() for slot in self._slots)

    @property
    def borrower(self) -> Any:
        """The model that it is lent to, None where it is free."""
        return self._borrower

    @property
    def slots(self) -> list[Any]:
        """TensorFlow's variables that it owns."""
        return [*self._slots, *self._constants.variables]

    def lend(self, model: Any, numbers: list[float], look: Callable[[], StepFunction | None] | None = None) -> None:
        """Let a model of this signature train with these variables and steps.

        Args:
            model: The model.
            numbers: What `shared_numbers` gives for it.
            look: Called before its first step, see `StepFunction.look`.

        Raises:
            NotShareableError: The model's variables are others than the template's.
        """
        variables = all_variables(model)
        _check_alike(variables, self._slots)
        self._constants.assign(numbers)
        self._own = [(variable, variable._value) for variable in variables]
        _copy([own for _, own in self._own], self._slots)
        for variable, slot in zip(variables, self._slots, strict=True):
            variable._value = slot
        _number_anew(model.optimizer)
        model.train_function, model.test_function = self._training, self._evaluating
        if self._predicting is None:
            self._model.make_predict_function()
            self._predicting = self._model.predict_function
        model.predict_function = self._predicting
        self._training.look = look
        self._borrower = model

    def trace(self, rows: Rows, validation: Rows | None) -> None:
        """Trace the steps that a fit with these rows runs.

        Raises:
            NotShareableError: They use something that is not of this template: it would not be the borrower's. Or
                they cannot be traced, which the fit itself tells best.
        """
        try:
            resources = self._training.trace(EpochRows(rows, as_they_are(rows)))
            if validation is not None:
                resources += self._evaluating.trace(EpochRows(validation, as_they_are(validation)))
        except Exception as error:  # Of the user's data and losses: whatever tracing raises.
            raise NotShareableError(f"its steps cannot be traced ({type(error).__name__})") from error
        known = {id(variable.handle) for variable in self.slots}
        if any(id(resource) not in known for resource in resources):
            raise NotShareableError("its steps use variables or tables that no layer, metric or optimizer tells of")

    def take_back(self) -> None:
        """Give the borrower its own variables again, with the values of now. Without effect where it is not lent."""
        model, own = self._borrower, self._own
        self._borrower, self._own = None, []
        self._training.look = None
        if model is None:
            return
        _copy(self._slots, [variable for _, variable in own])
        for variable, value in own:
            variable._value = value
        _number_anew(model.optimizer)
        ours = {"train_function": self._training, "test_function": self._evaluating}
        for name, function in {**ours, "predict_function": self._predicting}.items():
            if getattr(model, name) is function:  # A compile has set it to None.
                setattr(model, name, None)


def made_of_config(model: Any) -> Any:
    """Return a model like this one, with weights that are of no interest."""
    made = type(model).from_config(_without_initializers(model.get_config()))
    for there, here in zip(made._flatten_layers(), model._flatten_layers(), strict=True):
        if there.trainable != here.trainable:
            there.trainable = here.trainable
    made.compile(**{name: made_anew(value) for name, value in compiled_with(model).items()})
    if type(made.optimizer) is not type(model.optimizer):
        raise NotShareableError("the optimizer made of its config is another one")
    return made


def _without_initializers(part: Any) -> Any:
    """Return a config in which all weights begin with zeros: making random ones takes time, and these get others."""
    if isinstance(part, Mapping):
        return {
            name: "zeros" if str(name).endswith("_initializer") and value is not None else _without_initializers(value)
            for name, value in part.items()
        }
    if isinstance(part, list | tuple):
        return type(part)(_without_initializers(value) for value in part)
    return part


def _check_alike(variables: list[Any], others: list[Any]) -> None:
    """Raise NotShareableError where two models' variables, Keras' or TensorFlow's, cannot take each other's values."""
    import keras

    def described(variable: Any) -> tuple[Any, ...]:
        return tuple(variable.shape), keras.backend.standardize_dtype(variable.dtype)

    if [described(variable) for variable in variables] != [described(other) for other in others]:
        raise NotShareableError("the model made of its config has other variables")


def _number_anew(optimizer: Any) -> None:
    """Let an optimizer find its variables, which it knows by TensorFlow's, now that these are others."""
    parts: list[Any] = [optimizer, getattr(optimizer, "inner_optimizer", None)]
    for part in parts:
        if getattr(part, "_trainable_variables_indices", None):
            part._trainable_variables_indices = {
                part._var_key(variable): number for number, variable in enumerate(part._trainable_variables)
            }


def _copy(sources: list[Any], targets: list[Any]) -> None:
    """Copy TensorFlow variables' values."""
    import tensorflow as tf

    for source, target in zip(sources, targets, strict=True):
        tf.raw_ops.AssignVariableOp(resource=target.handle, value=source.read_value())
