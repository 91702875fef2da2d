"""`%tune WORD`: look at the searches of this kernel and on disk, and steer them."""

import difflib
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kt_notebook.core.commands import Enqueue, Pause, Resume, Stop, StopNow
from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import format_duration, format_values
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.values import value_to_json
from kt_notebook.magics.bake import bake_word
from kt_notebook.magics.finish import finish_word
from kt_notebook.magics.given_line import read_given_line
from kt_notebook.magics.named_search import named_search, tuner_of
from kt_notebook.magics.refine import refine_word
from kt_notebook.magics.show import show_word
from kt_notebook.panel.host import HostedSearch, Owner, host_of
from kt_notebook.storage.project_store import load_record
from kt_notebook.storage.projects import Project, list_projects
from kt_notebook.tuners.summaries import progress_parts

__all__ = ["LINE_HELP", "WORDS", "run_line"]

LINE_HELP = """Look at searches and steer them; %%tune? is the help for a cell.

Usage:

    %tune [WORD] [NAME]          NAME is the search's, the latest without

    list                         every search of this kernel and every project beside the notebook
    show, status                 its panel; one line of it
    show N                       trial N in full
    results, best                the table of its trials; the best values
    plot KIND                    a figure and what it says: history, curves, parallel, importance, slice, contour,
                                 timeline, pareto, rank; %tune plot says which is what
    bake [N]                     a new cell below: the tuned cell with the values of trial N, the best without N
    refine                       what the results advise, and the next cell with better ranges
    finish x_train y_train x_test y_test
                                 the winner trained anew on all rows, and evaluated once: how good is it really?
    wait                         until it has ended
    pause, resume                no new trial; go on
    stop [--now]                 after the running trial, or at once
    enqueue units=64 lr=1e-3     the next trial has these values, and the default of what is left out; a dict does
                                 too: enqueue NAME {"units": 64}. --again: also where a trial has had them
    open FOLDER                  a project on disk
"""


# Any: IPython's shell, and whatever a word returns for the notebook to show.
def run_line(shell: Any, line: str) -> Any:
    """Do what a `%tune` line says and return what the notebook is to show.

    Raises:
        OptionError: The word is unknown, or names no search.
    """
    head, _, rest = line.strip().partition(" ")
    words = [head, rest] if head == "enqueue" else _split(line)  # Values keep their quotes.
    word = words[0] if words else "list"
    action = WORDS.get(word)
    if action is None:
        near = difflib.get_close_matches(word, WORDS, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(WORDS)}."
        raise OptionError(f"%tune has no word {word!r}. {hint}")
    return action(shell, words[1:])


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise OptionError(f"The line {line.strip()!r} cannot be read: {error}. Close the quotes.") from error


def _list(shell: Any, _words: list[str]) -> None:
    """Print every search of this kernel, and every project on disk beside the notebook."""
    lines = []
    shown: set[str] = set()
    for search in reversed(host_of(shell).searches()):
        record = search.feed.record
        folder = str(record.search["directory"])
        # Searches of one name, such as those of a cell before and after an edit, differ in their folders.
        lines.append(f"{_status_line(record, time.time())}  ({Path(folder).name})")
        shown.add(folder)
    on_disk = [project for project in list_projects(Path.cwd()) if str(project.path) not in shown]
    for project in on_disk:
        record = load_record(project)[0]
        # Nobody may be running it any more: what is known of it ends with its last record.
        lines.append(f"{_status_line(record, record.time)}  (on disk: %tune open {project.path.name})")
    print("\n".join(lines) or "No search yet. Put %%tune over a cell.")  # noqa: T201


def _status(shell: Any, words: list[str]) -> None:
    """Print one search's state, progress and best."""
    print(_status_line(named_search(shell, words).feed.record, time.time()))  # noqa: T201


def _wait(shell: Any, words: list[str]) -> None:
    """Wait for the end of one search."""
    tuner_of(named_search(shell, words)).wait()


def _results(shell: Any, words: list[str]) -> Any:
    """Return the table of one search's trials."""
    return tuner_of(named_search(shell, words)).results


def _best(shell: Any, words: list[str]) -> Any:
    """Return one search's best values."""
    return tuner_of(named_search(shell, words)).best


def _plot(shell: Any, words: list[str]) -> None:
    """Show a figure of one search."""
    from kt_notebook.magics.plot import plot_word  # What it works out with, scipy, takes a second to load.

    plot_word(shell, words)


def _poster(command: type[Pause | Resume | Stop | StopNow]) -> Callable[[Any, list[str]], None]:
    def post(shell: Any, words: list[str]) -> None:
        """Ask one search for something."""
        chosen = StopNow if command is Stop and "--now" in words else command
        search = named_search(shell, [word for word in words if word != "--now"])
        _session(search).post(chosen())

    return post


def _enqueue(shell: Any, words: list[str]) -> None:
    """Put a trial with values from the line behind those that wait already."""
    given = read_given_line(" ".join(words))
    search = named_search(shell, [given.name] if given.name is not None else [])
    _session(search).post(Enqueue(values=given.values, again=given.again))
    text = format_values({name: value_to_json(value) for name, value in given.values.items()}) or "the defaults"
    print(f"{search.name}: enqueued {text}")  # noqa: T201


def _session(search: HostedSearch) -> Owner:
    session = search.session
    if session is None or search.is_ended:
        raise OptionError(f"{search.name} has ended ({search.state}). Run its cell again to go on.")
    return session


def _open(shell: Any, words: list[str]) -> None:
    """Show a project on disk."""
    if len(words) != 1:
        raise OptionError("%tune open takes one folder: %tune open digits-1a2b3c4d, or a path.")
    candidates = [Path(words[0]), *(project.path for project in list_projects(Path.cwd()) if project.name == words[0])]
    project = next((p for p in map(Project, candidates) if p.is_there), None)
    if project is None:
        known = ", ".join(p.name for p in list_projects(Path.cwd())) or "none"
        raise OptionError(f"{words[0]} is no project of ours. Beside this notebook there are: {known}.")
    from kt_notebook.panel.bundle import SearchDisplay
    from kt_notebook.search.hub import Hub

    SearchDisplay(Hub(record=load_record(project)[0])).finish()


WORDS: dict[str, Callable[[Any, list[str]], Any]] = {
    "list": _list,
    "show": show_word,
    "status": _status,
    "wait": _wait,
    "stop": _poster(Stop),
    "pause": _poster(Pause),
    "resume": _poster(Resume),
    "enqueue": _enqueue,
    "results": _results,
    "best": _best,
    "plot": _plot,
    "bake": bake_word,
    "refine": refine_word,
    "finish": finish_word,
    "open": _open,
}


def _status_line(record: SearchRecord, now: float) -> str:
    search = record.search
    since = search["active_since"]
    elapsed_s = search["elapsed_s"] + (max(0.0, now - since) if since is not None else 0.0)
    return "  ".join([f"{search['name']}: {search['state']}", *progress_parts(record), format_duration(elapsed_s)])
