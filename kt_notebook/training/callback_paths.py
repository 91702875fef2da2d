"""Gives the files that callbacks write a place for each trial and execution, so that no trial overwrites another's.

How it works: a file keeps its folder, its suffix and its placeholders, and gets the trial in its name:
`ckpt/{epoch:02d}.weights.h5` is `ckpt/{epoch:02d}.trial_7.weights.h5`. A folder gets others below it:
`logs/7/execution0` is where KerasTuner's users look for TensorBoard's. Paths stay text: some are addresses, such as
`gs://…`, and some are formatted by Keras later.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from kt_notebook.core.protocol import Assignment

__all__ = ["place_shown", "set_apart"]

# Keras' classes that write, the attribute that says where, and whether it is a folder.
_WRITERS = (
    ("ModelCheckpoint", "filepath", False),
    ("CSVLogger", "filename", False),
    ("BackupAndRestore", "backup_dir", True),
    ("TensorBoard", "log_dir", True),
)
_SUFFIXES = (".weights.h5", ".keras", ".h5")
_GIVEN = "_kt_notebook_given_path"


# Any: Keras' callbacks, here and below.
def set_apart(callback: Any, assignment: Assignment, execution: int, *, is_of_trial: bool = False) -> None:
    """Let a callback of Keras that writes files write this execution's apart. The folder for a file is made.

    A path inside of the trial's own folder, and one that names the trial where `is_of_trial`, gets no more than the
    execution, where there are several.

    Args:
        callback: This execution's own; classes that Keras does not know to write are left as they are.
        assignment: The trial.
        execution: Which run of the trial, from 0.
        is_of_trial: Whether the callback was made for this trial, so that its path may name it on purpose.

    Raises:
        OSError: The folder cannot be made.
    """
    writer = _writer_of(callback)
    if writer is None:
        return
    attribute, is_folder = writer
    path = _given_path(callback, attribute)
    names_trial = _is_inside(path, assignment) or (is_of_trial and _names(path, assignment.trial_id))
    trial = None if names_trial else assignment.trial_id
    number = execution if assignment.executions > 1 or execution else None  # More, where run_trial calls super() again.
    if attribute == "backup_dir":
        place = _backup(path, trial, number, assignment.seed)
    elif is_folder:
        place = _folder(path, trial, execution if trial is not None else number)
    else:
        place = _file(path, trial, number)
        _make_folder_of(place, is_template=attribute == "filepath")
    _move(callback, attribute, path, place)


def place_shown(callback: Any, *, with_execution: bool) -> str | None:
    """Return where a callback's files go, for a message; None for one that writes no file whose place surprises.

    Args:
        callback: As given to `search`.
        with_execution: Whether trials have several executions.
    """
    writer = _writer_of(callback)
    if writer is None or writer[1]:
        return None
    path = _given_path(callback, writer[0])
    return f"{type(callback).__name__} writes {_file(path, '<id>', '<n>' if with_execution else None)}"


def _writer_of(callback: Any) -> tuple[str, bool] | None:
    keras: Any = sys.modules.get("keras")
    if keras is None:
        return None
    for name, attribute, is_folder in _WRITERS:
        if isinstance(callback, getattr(keras.callbacks, name)) and getattr(callback, attribute, None):
            return attribute, is_folder
    return None


def _given_path(callback: Any, attribute: str) -> str:
    """Return the path as the user gave it, also of a callback that was set apart before."""
    path = os.fspath(getattr(callback, attribute))
    given, made = vars(callback).get(_GIVEN, (path, path))
    return str(given if made == path else path)


def _is_inside(path: str, assignment: Assignment) -> bool:
    if assignment.directory is None or "://" in path:
        return False
    return Path(path).absolute().is_relative_to(Path(assignment.directory).absolute())


def _names(path: str, trial_id: str) -> bool:
    """Return whether a path has the trial's id in it, as a word of its own or after `trial`."""
    plain = re.sub(r"\{[^}]*\}", "", path)
    word = re.escape(trial_id)
    return re.search(rf"((?<![0-9A-Za-z])|trial){word}(?![0-9A-Za-z])", plain, re.IGNORECASE) is not None


def _folder(path: str, trial: str | None, execution: int | None) -> str:
    parts = ([] if trial is None else [trial]) + ([] if execution is None else [f"execution{execution}"])
    return "/".join([path.rstrip("/") if parts else path, *parts])


def _backup(path: str, trial: str | None, execution: int | None, seed: int) -> str:
    """Return one folder for a backup, which Keras removes at the end of the fit.

    The seed is in its name, so that what an earlier search of the same name left behind is not taken up.
    """
    if trial is None and execution is None:
        return path
    return _file(f"{path.rstrip('/')}/backup", None if trial is None else f"{trial}-{seed:x}", execution)


def _file(path: str, trial: str | None, execution: int | str | None) -> str:
    stem, suffix = _split(path)
    parts = ([] if trial is None else [f"trial_{trial}"]) + ([] if execution is None else [f"execution_{execution}"])
    return ".".join([stem, *parts]) + suffix


def _split(path: str) -> tuple[str, str]:
    """Return a path without its suffix, and the suffix; a dot in a placeholder begins none."""
    for suffix in _SUFFIXES:
        if path.endswith(suffix) and not path.removesuffix(suffix).endswith(("/", os.sep)):
            return path.removesuffix(suffix), suffix
    found = re.search(r"(?<=[^/\\])\.[^./\\{}]+$", path)
    return (path, "") if found is None else (path[: found.start()], found.group())


def _make_folder_of(path: str, *, is_template: bool) -> None:
    """Make the folder that a file will lie in; of a template, as far as it is known before the first epoch."""
    if "://" in path:
        return
    known = path.partition("{")[0] if is_template else path
    cut = max(known.rfind("/"), known.rfind(os.sep))
    if cut > 0:
        Path(known[:cut]).mkdir(parents=True, exist_ok=True)


def _move(callback: Any, attribute: str, given: str, place: str) -> None:
    """Let the callback write there: its path, and the paths that it has made from it."""
    before = os.fspath(getattr(callback, attribute)).rstrip("/")
    for name, value in vars(callback).items():
        if isinstance(value, str) and name != attribute and value.startswith((f"{before}/", f"{before}{os.sep}")):
            setattr(callback, name, place + value[len(before) :])
    setattr(callback, attribute, place)
    setattr(callback, _GIVEN, (given, place))
