"""Which search a cell is: its identity and the project's folder that follows from it."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kt_notebook.magics.fingerprint import changed_names
from kt_notebook.magics.options import TuneOptions
from kt_notebook.storage.projects import Project, list_projects, next_free_name, notebook_project, project_name

__all__ = [
    "TUNER",
    "cell_project",
    "changed_options",
    "has_own_place",
    "next_project",
    "notebook_path",
    "project_with_data",
    "read_data",
    "search_fingerprints",
    "write_data",
]

# Under which the tuner is kept with the data: no name of a notebook.
TUNER = "%%tune tuner"

_DATA_FILE = "data.json"
# The options that make another search of a cell, in the order in which they enter its folder's name.
_COUNTING = ("objective", "tuner", "seed", "executions_per_trial", "max_epochs")


# Any: the notebook's names stand for anything.
def notebook_path(namespace: Mapping[str, Any]) -> str | None:
    """Return the notebook's file as the front end tells it, None where it does not."""
    told = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    return str(told) if told else None


def cell_project(options: TuneOptions, identity: str, notebook: str | None) -> Project:
    """Return the project of a cell; the same cell has the same one.

    Args:
        options: The cell's options; `--directory` and `--project-name` mean KerasTuner's own rules.
        identity: Hash of what the cell says.
        notebook: The notebook's file, None where unknown: then the working directory counts.
    """
    if has_own_place(options):
        return Project(Path(options.directory or ".") / (options.project_name or "untitled_project"))
    parts = [
        notebook or os.getcwd(),  # noqa: PTH109 - a text is wanted
        options.name,
        identity,
        *(getattr(options, field) for field in _COUNTING),
    ]
    digest = hashlib.blake2b(json.dumps(parts).encode(), digest_size=4).hexdigest()
    return notebook_project(Path.cwd(), project_name(options.name, digest))


def search_fingerprints(options: TuneOptions, identity: str) -> dict[str, str]:
    """Return what makes a cell's search itself, beside its data, as short texts to be kept with those."""
    told = {f"--{field.replace('_', '-')}": repr(getattr(options, field)) for field in _COUNTING}
    return {"%%tune": identity, **told}


def changed_options(project: Project, options: TuneOptions, identity: str) -> tuple[str, list[str]] | None:
    """Return the latest search of the same name and cell, and the options in which this one differs; None without."""
    mine = search_fingerprints(options, identity)
    earlier = re.compile(re.escape(project_name(options.name, "")) + r"[0-9a-f]{8}(-\d+)?")
    found = [p for p in list_projects(Path.cwd()) if earlier.fullmatch(p.name) and p.journal_path.exists()]
    for other in sorted(found, key=lambda p: p.journal_path.stat().st_mtime, reverse=True):
        kept = read_data(other)
        changed = changed_names(kept, mine)
        if kept.get("%%tune") == identity and changed:
            return other.name, changed
    return None


def has_own_place(options: TuneOptions) -> bool:
    """Return whether the user says where the project is."""
    return options.directory is not None or options.project_name is not None


def project_with_data(project: Project, fingerprints: Mapping[str, str]) -> Project | None:
    """Return this project, or the first of its later ones (`<name>-2`, …), that has begun with the same data.

    A project without any records of its data, or none at all yet, counts as the same.
    """
    root = project.path.parent.parent
    number = 1
    candidate = project
    while candidate.path.exists():
        if not changed_names(read_data(candidate), fingerprints):
            return candidate
        number += 1
        candidate = notebook_project(root, f"{project.name}-{number}")
    return project if number == 1 else None


def next_project(project: Project) -> Project:
    """Return the next free project beside this one."""
    root = project.path.parent.parent
    return notebook_project(root, next_free_name(root, project.name))


def read_data(project: Project) -> dict[str, str]:
    """Return the fingerprints that a search began with; empty where they cannot be read."""
    try:
        found = json.loads((project.path / _DATA_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def write_data(project: Project, fingerprints: Mapping[str, str]) -> None:
    """Keep the fingerprints that a search begins with."""
    project.create()
    (project.path / _DATA_FILE).write_text(json.dumps(dict(fingerprints)), "utf-8")
