"""A model's whole training state in one file: weights and optimizer, so that training goes on as if never interrupted.

Beside the best epoch's weights, which are a result, this is the state after the last epoch. It holds arrays and one
JSON text; no pickle is ever read.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from kt_notebook.core.errors import StorageError

__all__ = ["load_state", "save_state"]

_HEAD = "head"


# Any: Keras objects and arrays of any type, here and below.
def save_state(model: Any, path: Path) -> None:
    """Write a model's state as it is now.

    Args:
        model: A model that has been trained.
        path: Where to; replaced at once when the file is whole.

    Raises:
        OSError: The file cannot be written.
    """
    weights, optimizer = _variables(model)
    head = {
        "optimizer": _optimizer_name(model),
        "n_weights": len(weights),
        "n_optimizer": len(optimizer),
        "build_config": _build_config(model),
    }
    arrays = {f"{number}": _to_numpy(variable) for number, variable in enumerate([*weights, *optimizer])}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{os.getpid()}.{path.name}")
    try:
        with temporary.open("wb") as file:
            np.savez(file, **{_HEAD: np.array(json.dumps(head)), **arrays})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_state(model: Any, path: Path) -> None:
    """Give a model the state that was written, all of it or nothing.

    A model that is not built yet is built with the shapes that it had.

    Raises:
        StorageError: There is no such file, it cannot be read, or it is the state of another model.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            head: dict[str, Any] = json.loads(str(held[_HEAD]))
            arrays = [held[str(number)] for number in range(head["n_weights"] + head["n_optimizer"])]
    except FileNotFoundError:
        raise StorageError(f"there is no file {str(path)!r}") from None
    except Exception as error:  # A torn or foreign file: zip, numpy and JSON raise what they like.
        raise StorageError(f"the file {str(path)!r} cannot be read ({type(error).__name__}: {error})") from error
    _build(model, head)
    weights, optimizer = _variables(model)
    variables = [*weights, *optimizer]
    counts = (_optimizer_name(model), len(weights), len(optimizer))
    is_same = counts == (head["optimizer"], head["n_weights"], head["n_optimizer"]) and all(
        tuple(variable.shape) == array.shape for variable, array in zip(variables, arrays, strict=True)
    )
    if not is_same:
        raise StorageError("the model that is built now has other weights or another optimizer")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _variables(model: Any) -> tuple[list[Any], list[Any]]:
    optimizer = getattr(model, "optimizer", None)
    return list(model.weights), list(getattr(optimizer, "variables", ()))


def _optimizer_name(model: Any) -> str:
    return type(getattr(model, "optimizer", None)).__name__


def _to_numpy(variable: Any) -> Any:
    import keras

    array = np.array(keras.ops.convert_to_numpy(variable))
    # numpy's files do not know bfloat16 and its like; float32 holds all of their values.
    return array if array.dtype.kind in "biuf" else array.astype(np.float32)


def _build_config(model: Any) -> Any:
    try:
        config = model.get_build_config()
        json.dumps(config)
    except (TypeError, ValueError, NotImplementedError):  # Not every model has one that JSON can hold.
        return None
    return config


def _build(model: Any, head: dict[str, Any]) -> None:
    if not model.built and head["build_config"]:
        try:
            model.build_from_config(head["build_config"])
        except Exception as error:  # The model's own layers: whatever their building raises.
            raise StorageError(f"the model cannot be built as it was ({type(error).__name__}: {error})") from error
        # Keras builds a subclassed model's layers by a call and leaves the model itself as it was.
        if not model.built and len(model.weights) == head["n_weights"]:
            model.built = True
    optimizer = getattr(model, "optimizer", None)
    if model.built and head["n_optimizer"] and optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
