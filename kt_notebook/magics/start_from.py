"""`--start-from`: a cell's search begins with the trials of another one, where these can be compared with its own."""

from pathlib import Path
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.objective import create_objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.fingerprint import changed_names
from kt_notebook.magics.options import TuneOptions
from kt_notebook.magics.place import read_data
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.panel.host import host_of
from kt_notebook.search.taking_over import fitting_trials, n_taken_over, take_over
from kt_notebook.storage.project_store import load_record
from kt_notebook.storage.projects import Project, list_projects

__all__ = [
    "SKELETON",
    "TAKEN_OVER",
    "source_project",
    "source_to_take",
    "space_to_search",
    "start_from",
    "why_not",
    "why_not_started",
]

# The note that says that trials were taken over.
TAKEN_OVER = "trials_taken_over"
# Under which what a cell says, ranges aside, is kept with its data: no name of a notebook.
SKELETON = "%%tune cell without ranges"


# Any: IPython's shell.
def source_to_take(shell: Any, options: TuneOptions, project: Project) -> Project | None:
    """Return the project whose trials a search is to begin with, None where it begins with none or has begun.

    Args:
        shell: The notebook.
        options: The cell's.
        project: The new search's, before it is overwritten.

    Raises:
        OptionError: There is no such search, or it is the one that is to be overwritten.
    """
    if options.start_from is None or (project.is_there and not options.overwrite):
        return None
    source = source_project(shell, options.start_from)
    if _is_same(source, project):
        raise OptionError(
            f"--start-from {options.start_from} is the search that --overwrite would begin anew. Leave one of the two "
            "out."
        )
    return source


# Any: as above.
def why_not_started(shell: Any, options: TuneOptions, project: Project) -> list[SearchNoted]:
    """Return the note that a search which has begun takes no trials over, where it has taken none before."""
    if options.start_from is None or options.overwrite or not project.journal_path.exists():
        return []
    try:
        if _is_same(source_project(shell, options.start_from), project):
            return []
    except OptionError:
        pass  # It may be gone: what was taken over is here.
    record, _ = load_record(project)
    if n_taken_over(record):
        return []
    text = (
        f"No trial of {options.start_from} was taken over: {options.name} has begun already, and goes on from its own "
        "trials. Add --overwrite to begin it anew."
    )
    return [SearchNoted("warning", "not_taken_over", text)]


def start_from(
    source: Project,
    options: TuneOptions,
    oracle: Oracle,
    space: HyperParameters,
    project: Project,
    data: dict[str, str],
    *,
    is_whole: bool,
) -> SearchNoted:
    """Put another search's trials into a project that nothing has begun in, and return what to say of it.

    Args:
        source: The other search's project.
        options: The cell's.
        oracle: The new search's.
        space: What reading the cell has found.
        project: The new search's.
        data: The fingerprints of what the cell reads, and of what it says beside its ranges.
        is_whole: Whether `space` is all that is searched.

    Raises:
        StorageError: One of the projects cannot be read, or written.
    """
    record, _ = load_record(source)
    searched = space_to_search(space.search_space, record, is_whole=is_whole)
    reason = why_not(options, oracle, record, read_data(source), data)
    if reason is None and not fitting_trials(record, searched):
        reason = "none of them lies in this cell's ranges"
    if reason is not None:
        text = f"No trial of {source.name} was taken over, this search starts from nothing: {reason}."
        return SearchNoted("warning", "not_taken_over", text)
    taken = take_over(source, record, project, oracle, searched)
    text = (
        f"{taken.n_taken} of {taken.n_ended} trials of {source.name} taken over; they count as trials of this search."
    )
    return SearchNoted("advice", TAKEN_OVER, text)


def _is_same(one: Project, other: Project) -> bool:
    return one.path.resolve() == other.path.resolve()


# Any: as above.
def source_project(shell: Any, text: str) -> Project:
    """Return the project that a NAME or FOLDER means: a folder, then a search of this kernel, then one on disk.

    Raises:
        OptionError: There is none.
    """
    beside = list_projects(Path.cwd())
    known = {project.name: project for project in beside}
    if text in known:
        return known[text]
    if (found := Project(Path(text))).is_there:
        return found
    for search in reversed(host_of(shell).searches()):
        directory = search.feed.record.search["directory"]
        if search.name == text and directory is not None and Project(Path(directory)).is_there:
            return Project(Path(directory))
    named = [project for project in beside if project.name.rpartition("-")[0] == text and project.journal_path.exists()]
    if named:
        return max(named, key=lambda project: project.journal_path.stat().st_mtime)
    names = ", ".join(known) or "none"
    raise OptionError(f"--start-from {text} is no search. Beside this notebook there are: {names}.")


def space_to_search(space: SearchSpace, record: SearchRecord, *, is_whole: bool) -> SearchSpace:
    """Return a cell's space; what reading could not find of it, as the other search has found it."""
    if is_whole:
        return space
    known = HyperParameters.from_config({"space": record.search["space"] or [], "values": {}}).search_space
    more = [entry for entry in known.entries if entry.name not in space]
    return SearchSpace([*space.entries, *more], space.given, space.dependent | known.dependent)


def why_not(
    options: TuneOptions, oracle: Oracle, record: SearchRecord, before: dict[str, str], data: dict[str, str]
) -> str | None:
    """Return why another search's scores cannot be compared with a new one's, None where they can.

    Args:
        options: The new search's.
        oracle: Its oracle.
        record: The other search.
        before: The fingerprints that this one began with.
        data: Those of now.
    """
    if isinstance(oracle, HyperbandOracle) or record.search["tuner"] == "Hyperband":
        return "Hyperband trains trials for different times, so results of two searches are not comparable"
    objective = create_objective(options.objectives)
    if record.objective is None:
        return "it has no result yet"
    if objective is not None and objective.to_json() != record.objective:
        return "its objective is another"
    if (record.search["executions_per_trial"] or 1) != options.executions_per_trial:
        return "its trials had another number of executions"
    if record.search["max_epochs"] != options.max_epochs:
        return "its trials had another number of epochs at most"
    if SKELETON not in before:
        return "nothing is known of its code and data, so its results may be another thing's"
    changed = changed_names(before, data)
    if SKELETON in changed:
        return "this cell says something else than its cell did, beside the ranges"
    return f"{', '.join(changed)} changed since" if changed else None
