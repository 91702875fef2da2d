"""Keeps a trial's best weights while it runs, writes them once, and makes the model from them again."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from kt_notebook.core.errors import ResultError, StorageError
from kt_notebook.training.keras_state import KerasScope
from kt_notebook.training.kinds import describe, is_model
from kt_notebook.training.memory import is_plain_variable
from kt_notebook.training.weights_file import Entry, WeightsFiles

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["BUILD_CONFIG_NAME", "WEIGHTS_NAME", "BestWeights", "load_best", "save_weights"]

# KerasTuner's names, so that either side reads the other's files.
WEIGHTS_NAME = "checkpoint.weights.h5"
BUILD_CONFIG_NAME = "build_config.json"


class BestWeights:
    """The best epoch's weights over the executions of one trial: in memory, then once in a file.

    Of several models in one execution only the first fitted one counts: it is the one that building gives again. Of
    several trainings of a trial (`training`) the last one counts, whatever an earlier one has reached: as KerasTuner.

    Args:
        directory: The trial's directory, made when needed; None: nothing is kept.
        files: Writes the files of all trials of the search.
    """

    def __init__(self, directory: PurePath | None, files: WeightsFiles | None = None) -> None:
        self._directory = None if directory is None else Path(directory)
        self._files = files or WeightsFiles()
        self._best: float | None = None
        # Any: Keras objects.
        self._model: Any = None
        # Keras variables, never what lies behind them, which may change while a trial runs, and what they were.
        self._values: list[tuple[Any, Any]] = []

    @contextmanager
    def training(self) -> Iterator[None]:
        """Keep what is trained in this block apart from what was before it, and from what comes after it."""
        self._forget()
        try:
            yield
        finally:
            self._forget()

    def _forget(self) -> None:
        self._best, self._model, self._values = None, None, []

    def accepts(self, model: Any) -> bool:
        """Return whether this model's weights are the ones to keep: an execution's first model claims the place."""
        if self._directory is None:
            return False
        if self._model is None:
            self._model = model
        return self._model is model

    @property
    def best(self) -> float | None:
        """The objective's value of the kept weights, also those of earlier executions of the same training."""
        return self._best

    def keep(self, model: Any, value: float) -> None:
        """Copy the model's weights as they are; `value` is the objective's."""
        self._best = value
        variables = model.weights
        self._values = list(zip(variables, _values_of(variables), strict=True))

    def write(self) -> None:
        """Write what was kept in this execution, if anything, and let go of the model.

        The files lie there when this returns, whole, so whoever hears of the trial's end finds them: a listener, the
        user's `on_trial_end`, a search that goes on after this process was killed. A thread of its own would win less
        than a millisecond in a trial whose file is of a known kind. The model keeps its present weights: the user may
        hold it.

        Raises:
            OSError: The files cannot be written.
        """
        model, values = self._model, self._values
        self._model, self._values = None, []
        if self._directory is None or not values:
            return
        with _without_optimizer(model):
            entries = self._files.entries_of(model)
        filled = None if entries is None else _filled(entries, values)
        if filled is not None:
            with _replacing(self._directory) as path:
                self._files.write(filled, path)
            _write_build_config(model, self._directory / BUILD_CONFIG_NAME)
            return
        with _assigned(values):
            save_weights(model, self._directory)


def save_weights(model: Any, directory: Path) -> None:  # Any: a Keras model.
    """Write a model's present weights where `load_best` finds them, whole or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    with _replacing(directory) as path, _without_optimizer(model):
        model.save_weights(path)
    _write_build_config(model, directory / BUILD_CONFIG_NAME)


def load_best(build: "Callable[[HyperParameters], Any]", hp: "HyperParameters", directory: PurePath) -> Any:
    """Return a trial's model with its best epoch's weights.

    Args:
        build: Builds the model, as a HyperModel's `build`.
        hp: The trial's values.
        directory: The trial's directory.

    Raises:
        StorageError: No weights were kept, or they are those of another model.
        ResultError: `build` gives no Keras model.
    """
    place = Path(directory)
    path = place / WEIGHTS_NAME
    if not path.exists():
        raise StorageError(
            f"There are no weights at {str(path)!r}: the trial ended no epoch of a Keras fit, or nothing was kept on "
            "disk. Build the model with tuner.hypermodel.build(hp) and train it anew."
        )
    with KerasScope() as scope:
        model = build(hp)
        scope.mend()
        if not is_model(model):
            raise ResultError(
                f"build(hp) returned {describe(model)} where a Keras model is needed to load the weights into. "
                "Return the model, or use get_best_hyperparameters()."
            )
        _build_as_recorded(model, place / BUILD_CONFIG_NAME)
    try:
        with _without_optimizer(model):
            model.load_weights(path)
    except OSError as error:
        raise StorageError(
            f"The weights at {str(path)!r} cannot be read, the file is damaged: {error}. Train the model anew with the "
            "trial's values: tuner.hypermodel.build(trial.hyperparameters)."
        ) from error
    except (ValueError, KeyError) as error:
        if not model.built:
            raise StorageError(
                f"The weights at {str(path)!r} cannot be given to the {type(model).__name__} that build(hp) gives: it "
                "has none before it sees data. Let build(hp) call it once, such as model.build((None, n_features))."
            ) from error
        raise StorageError(
            f"The weights at {str(path)!r} do not fit the model that build(hp) gives now. Was the function changed "
            "after the trial ran? Build the model as it was, or train it anew."
        ) from error
    return model


@contextmanager
def _replacing(directory: Path) -> Iterator[Path]:
    """Give a place to write to; what was written there takes its name when the block has come through."""
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / f"{os.getpid()}.{WEIGHTS_NAME}"
    try:
        yield temporary
        temporary.replace(directory / WEIGHTS_NAME)
    finally:
        temporary.unlink(missing_ok=True)


# Any: Keras variables, and values that numpy understands, here and below.
def _values_of(variables: Sequence[Any]) -> list[Any]:
    """Return what variables hold now, unharmed by what comes.

    TensorFlow's reading of a variable is a tensor that never changes: the variable itself moves to other memory when
    it does. That is left to it where it costs no memory of a device; elsewhere the values are copied.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        natives = [variable.value for variable in variables]
        if all(is_plain_variable(native) and "CPU" in native.device for native in natives):
            return [tf.raw_ops.ReadVariableOp(resource=native.handle, dtype=native.dtype) for native in natives]
    # np.array: on some backends the view would change with the variable.
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _filled(entries: Sequence[Entry], values: Sequence[tuple[Any, Any]]) -> list[Entry] | None:
    """Return entries with what was kept in the place of the variables; None where something else stands there.

    A variable that is no weight of the model, as a metric's, has its present value.
    """
    import keras

    kept = {id(variable): value for variable, value in values}
    filled = []
    for entry in entries:
        if not all(isinstance(value, keras.Variable) for value in entry.values.values()):
            return None  # Worked out of the present weights, as those of adapters (LoRA) are.
        arrays = {
            name: np.asarray(kept[id(value)] if id(value) in kept else keras.ops.convert_to_numpy(value))
            for name, value in entry.values.items()
        }
        filled.append(Entry(entry.place, entry.named, arrays))
    return filled


@contextmanager
def _assigned(values: Sequence[tuple[Any, Any]]) -> Iterator[None]:
    variables = [variable for variable, _ in values]
    present = _values_of(variables)
    try:
        for variable, value in values:
            variable.assign(value)
        yield
    finally:
        for variable, value in zip(variables, present, strict=True):
            variable.assign(value)


def _write_build_config(model: Any, path: Path) -> None:
    """Keep the input shapes, for models that know them only from their first data."""
    try:
        text = json.dumps(model.get_build_config())
    except (TypeError, ValueError, NotImplementedError):  # Not every model has one that JSON can hold.
        return
    path.write_text(text, encoding="utf-8")


def _build_as_recorded(model: Any, path: Path) -> None:
    if model.built or not path.exists():
        return
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if config:
        model.build_from_config(config)


@contextmanager
def _without_optimizer(model: Any) -> Iterator[None]:
    """Leave the optimizer out: its state is not the best epoch's, and Keras warns where it does not fit."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        yield
        return
    model.optimizer = None
    try:
        yield
    finally:
        model.optimizer = optimizer
