"""From a read cell to a running search: the tuner, its project, its session and what is shown.

How it works: `launch` finds the project that the cell means, makes the tuner on it, writes the tuner's name into the
notebook and starts a session: in a thread with a panel where somebody watches, else on the caller's thread.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kt_notebook.core.commands import AddTrials
from kt_notebook.core.errors import OptionError, SearchStateError
from kt_notebook.core.events import SearchNoted, SearchStarted
from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.protocol import TrialFunction
from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.cell_text import CellText
from kt_notebook.magics.data_watch import watching_data
from kt_notebook.magics.fingerprint import changed_names, fingerprints
from kt_notebook.magics.going_on import going_on, is_finished, why_nothing_runs
from kt_notebook.magics.handing_on import hand_on, keep_best_names
from kt_notebook.magics.options import TuneOptions
from kt_notebook.magics.place import (
    TUNER,
    cell_project,
    changed_options,
    has_own_place,
    next_project,
    notebook_path,
    project_with_data,
    read_data,
    search_fingerprints,
    write_data,
)
from kt_notebook.magics.rebinding import watching_names
from kt_notebook.magics.start_from import SKELETON, TAKEN_OVER, source_to_take, start_from, why_not_started
from kt_notebook.magics.tuner_choice import choose_tuner, make_oracle, notes_on_choice
from kt_notebook.panel.host import FrontEnd, Host, HostedSearch, front_end, host_of
from kt_notebook.search.session import Session
from kt_notebook.storage.journal_reader import first_record
from kt_notebook.storage.projects import Project
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.tuners import Tuner
from kt_notebook.tuners.base_tuner import BaseTuner
from kt_notebook.tuners.way import Way, way_of

__all__ = ["CellSearch", "launch", "refuse_taken_name"]


@dataclass(frozen=True, slots=True)
class CellSearch:
    """What the magic has made of a cell.

    Attributes:
        text: The cell itself.
        hypermodel: What a trial does.
        space: What reading the cell has found.
        identity: Hash of what the cell says.
        reads: Names of the notebook that the cell reads.
        notes: Advice to show from the start.
        cell_file: File name that the cell was compiled with.
        fit_args, fit_kwargs: What `search(…)` was given.
        changes: Lines of the cell that may change a name in place, by name.
        collects: Names of lists and dicts that the cell itself fills.
        uses_keras: Whether the cell itself imports Keras, None where only Keras' presence tells.
        is_whole: Whether `space` is all that is searched.
        epochs: How many epochs the cell's fit asks for, None where that is not plain.
        skeleton: Hash of what the cell says beside its ranges.
    """

    text: CellText
    hypermodel: HyperModel
    space: HyperParameters
    identity: str
    reads: tuple[str, ...]
    notes: tuple[SearchNoted, ...]
    cell_file: str
    fit_args: tuple[Any, ...] = ()  # Any: arguments of Keras' fit
    fit_kwargs: Mapping[str, Any] | None = None
    changes: Mapping[str, int] | None = None
    collects: frozenset[str] = frozenset()
    uses_keras: bool | None = None
    is_whole: bool = True
    epochs: int | None = None
    skeleton: str = ""


# Any: IPython's shell.
def launch(shell: Any, options: TuneOptions, cell: CellSearch) -> Tuner:
    """Start a cell's search, or go on with it, or show it where it is running or finished.

    Raises:
        OptionError: NAME holds something else, or --start-from names no search.
        ProjectLockedError: Another process searches in the project.
        SearchStateError: It is to be overwritten and is running.
        StorageError: The project's place cannot be written.
    """
    refuse_taken_name(shell.user_ns, options.name)
    host = host_of(shell)
    data = {**_data_of(cell, shell.user_ns), SKELETON: cell.skeleton}
    project = cell_project(options, cell.identity, notebook_path(shell.user_ns))
    running = _running_in(host, project)
    if running is not None:
        return _join(shell, running, options)
    choice = choose_tuner(options, cell.space, is_whole=cell.is_whole)
    oracle = make_oracle(options, choice.name, cell.space, shell.user_ns, cell.epochs)  # before the disk is touched
    project = _project_for(shell, project, data, options)
    running = _running_in(host, project)
    if running is not None:
        return _join(shell, running, options)
    told = [*_differences(project, options, cell), *why_not_started(shell, options, project)]
    source = source_to_take(shell, options, project)
    if options.overwrite:
        project.archive()
    elif (begun := first_record(project.journal_path, SearchStarted.kind)) is not None:
        before, kept = begun.get("tuner"), read_data(project).get(TUNER)
        choice = choose_tuner(options, cell.space, is_whole=cell.is_whole, before=before, kept=kept)
        oracle = make_oracle(options, choice.name, cell.space, shell.user_ns, cell.epochs)
    notes = notes_on_choice(options, oracle, cell.space, is_whole=cell.is_whole)
    if choice.reason:
        notes.append(SearchNoted("advice", "tuner_chosen", choice.reason))
    if source is not None:
        told.append(start_from(source, options, oracle, cell.space, project, data, is_whole=cell.is_whole))
    cell = replace(cell, notes=(*cell.notes, *notes, *told))
    data |= {**search_fingerprints(options, cell.identity), TUNER: choice.name}
    return _begin(shell, options, cell, oracle, project, data)


def _differences(project: Project, options: TuneOptions, cell: CellSearch) -> list[SearchNoted]:
    """Return the note that an option makes this another search than the one before, where that is so."""
    if has_own_place(options) or project.is_there:
        return []
    before = changed_options(project, options, cell.identity)
    if before is None:
        return []
    text = f"{' and '.join(before[1])} changed, so this is a new search; the one before is kept as {before[0]}."
    return [SearchNoted("advice", "options_changed", text)]


# Any: the notebook's names stand for anything.
def _data_of(cell: CellSearch, namespace: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprints of what the cell reads; what its trials write into a list is no data of theirs."""
    own = {name for name in cell.collects if isinstance(namespace.get(name), list | dict)}
    return fingerprints([name for name in cell.reads if name not in own], namespace)


def _begin(
    shell: Any, options: TuneOptions, cell: CellSearch, oracle: Oracle, project: Project, data: dict[str, str]
) -> Tuner:
    oracle.hyperparameters.merge(cell.space, overwrite=False)
    tuner = Tuner(
        oracle,
        cell.hypermodel,
        directory=project.path.parent,
        project_name=project.path.name,
        executions_per_trial=options.executions_per_trial,
    )
    tuner.name = options.name
    tuner.cell = cell.text
    way = way_of(shell, wait=options.wait, workers=options.workers)
    session = _open_session(shell, options, cell, tuner, way)
    hand_on(shell.user_ns.get(options.name), tuner)
    shell.user_ns[options.name] = tuner
    if is_finished(tuner):
        texts = [note.text for note in tuner.opening_notes(is_starting=False)]
        for text in filter(None, [*texts, why_nothing_runs(tuner, options)]):
            print(text)  # noqa: T201 - the search has ended, so its panel takes no more notes
        way.show(session, tuner)
        return tuner
    if options.keep:
        keep_best_names(tuner, cell.hypermodel)
    # A search that starts from another's trials goes on from none of its own.
    goes_on = [] if any(note.code == TAKEN_OVER for note in cell.notes) else going_on(tuner)
    notes = [*cell.notes, *goes_on, *tuner.opening_notes()]
    way.run(session, tuner, functools.partial(_start, session, notes, project, data))
    return tuner


def _open_session(shell: Any, options: TuneOptions, cell: CellSearch, tuner: Tuner, way: Way) -> Session:
    return tuner.open_session(
        cell.fit_args,
        dict(cell.fit_kwargs or {}),
        executor=way.executor,
        capture=way.capture,
        timeout_s=options.timeout_s,
        max_epochs=options.max_epochs,
        fit_way=FitWay(options.fit),
        cell_file=cell.cell_file,
        uses_keras=cell.uses_keras,
        wrap=_watched(cell, shell.user_ns),
    )


def _start(session: Session, notes: Sequence[SearchNoted], project: Project, data: dict[str, str]) -> None:
    """Start a session; once the project is ours, keep what its data look like."""
    session.start(notes)
    try:
        write_data(project, data)
    except OSError as error:
        text = f"What the data look like could not be kept, so a change will not be noticed: {error}"
        session.hub.publish(SearchNoted("warning", "data_not_kept", text))


def _watched(cell: CellSearch, namespace: Mapping[str, Any]) -> Callable[[TrialFunction], TrialFunction]:
    """Return what wraps the trial function: it looks after the notebook's data and names."""
    of_data = watching_data(cell.reads, namespace, cell.changes or {})
    of_names = watching_names(cell.reads, namespace)
    return lambda function: of_names(of_data(function))


def refuse_taken_name(namespace: Mapping[str, Any], name: str) -> None:
    """Refuse to write a search over something else of the notebook.

    Raises:
        OptionError: The name holds something that is no tuner.
    """
    held = namespace.get(name)
    if held is not None and not isinstance(held, BaseTuner):
        raise OptionError(
            f"The search would be called {name!r}, but {name} holds {type(held).__name__} in this notebook. "
            f"Give it another NAME: %%tune my_search"
        )


def _running_in(host: Host, project: Project) -> HostedSearch | None:
    path = str(project.path)
    for search in host.searches():
        session = search.session
        if isinstance(session, Session) and session.is_running and session.settings.directory == path:
            return search
    return None


def _join(shell: Any, search: HostedSearch, options: TuneOptions) -> Tuner:
    """Show a search that is running; a higher --max-trials applies, and --wait."""
    session, tuner = search.session, search.tuner
    if not isinstance(session, Session) or not isinstance(tuner, Tuner):
        raise OptionError(f"{options.name} is running, but its tuner is gone. Stop it in the panel, then run the cell.")
    if options.overwrite:
        raise SearchStateError(
            f"{options.name} is running, so --overwrite cannot begin anew. Stop it first: "
            f"%tune stop {options.name} --now"
        )
    limit = session.oracle.max_trials
    if limit is not None and "max_trials" in options.given and options.max_trials > limit:
        session.post(AddTrials(n=options.max_trials - limit))
    shell.user_ns[options.name] = tuner
    way = way_of(shell, wait=options.wait, workers=options.workers)
    if way.blocks and way.place is not FrontEnd.NOTEBOOK:  # what is shown there stays as it is, so it waits for the end
        tuner.wait()
    way.show(session, tuner)
    if way.blocks:
        tuner.wait()
    return tuner


def _project_for(shell: Any, project: Project, data: dict[str, str], options: TuneOptions) -> Project:
    """Return the project to go on with: where the data changed, the user says whether it is the same search."""
    if has_own_place(options):
        return project
    same = project_with_data(project, data)
    if same is not None or options.overwrite:
        return same or project
    changed = ", ".join(changed_names(read_data(project), data))
    if front_end(shell) in (FrontEnd.NOTEBOOK, FrontEnd.TERMINAL):
        answer = input(f"{changed} changed since this search began. Go on with it, or begin a new one? [go on/new] ")
        if answer.strip().lower() in {"go on", "go", "g", "on"}:
            return project
    fresh = next_project(project)
    # Nobody may be there to ask: the output has to say why a new search began.
    print(f"{changed} changed since the search in {project.path.name} began: this is a new one, {fresh.path.name}.")  # noqa: T201
    return fresh
