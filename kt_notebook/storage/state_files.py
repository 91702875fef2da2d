"""Writes the state of one object to a file and reads it again, as KerasTuner's `save(fname)` and `load(fname)` do."""

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import StorageError
from kt_notebook.storage.broken_json import read_object
from kt_notebook.storage.faults import storage_error
from kt_notebook.storage.keras_tuner_files import trial_state

__all__ = ["encode", "read_state", "read_trial", "replace_file", "write_state", "write_trial"]

_OF_A_TRIAL = ("trial_id", "hyperparameters", "metrics", "score", "best_step", "status")

# NaN stays bare, as KerasTuner writes and reads it.
encode = json.JSONEncoder(separators=(", ", ": ")).encode


# Any, here and below: a state is JSON.
def write_state(path: str | os.PathLike[str], state: Mapping[str, Any]) -> str:
    """Write a state to a file, at once or not at all, and return the text that was written.

    Raises:
        StorageError: The file cannot be written, or JSON cannot hold the state.
    """
    place = Path(path)
    try:
        text = encode(state)
        replace_file(place, text)
    except OSError as error:
        raise storage_error("write the file", place, error) from error
    except (TypeError, ValueError) as error:
        raise StorageError(
            f"The state for {str(place)!r} cannot be written: {error}. Return plain JSON (text, numbers, lists, "
            "dicts) from get_state."
        ) from error
    return text


def write_trial(path: str | os.PathLike[str], state: Mapping[str, Any]) -> str:
    """Write what `Trial.get_state` gave as KerasTuner's trial.json, and return the text.

    Raises:
        StorageError: The file cannot be written.
    """
    return write_state(path, trial_state(state))


def read_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the state that a file holds, KerasTuner's too.

    Raises:
        StorageError: The file is missing or broken.
    """
    place = Path(path)
    read = read_object(place)
    if read.fault:
        raise StorageError(
            f"The file {str(place)!r} {read.fault}. Give a file that save(…) wrote; a tuner made on the "
            "directory and project_name of a broken project reads what is left of it."
        )
    return read.held


def read_trial(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the state of a trial that a file holds, KerasTuner's too.

    Raises:
        StorageError: The file is missing or broken, or holds no trial.
    """
    state = read_state(path)
    for name in _OF_A_TRIAL:
        if name not in state:
            raise StorageError(
                f"The file {str(path)!r} holds no trial: {name!r} is missing. Give a trial.json, or what Trial.save(…) "
                "wrote."
            )
    return state


def replace_file(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new one, never a part; its folder is made when needed.

    Raises:
        OSError: The file cannot be written.
    """
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        try:
            new.write_text(text, "utf-8")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(text, "utf-8")
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
