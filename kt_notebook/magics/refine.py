"""`%tune refine`: what a search's results advise, and the next cell with other ranges, starting from its trials."""

import html
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import CellError, OptionError
from kt_notebook.core.format import format_count
from kt_notebook.core.record import SearchRecord
from kt_notebook.magics.cell import CellForm, read_cell
from kt_notebook.magics.cell.ranges import change_ranges, difference_html, difference_text
from kt_notebook.magics.cell_text import CellText, cell_of
from kt_notebook.magics.named_search import named_search, tuner_of
from kt_notebook.magics.next_cell import put_cell
from kt_notebook.magics.options import TuneOptions, parse_options
from kt_notebook.magics.place import has_own_place
from kt_notebook.magics.settings import KTNotebook
from kt_notebook.magics.start_from import space_to_search
from kt_notebook.panel.host import HostedSearch
from kt_notebook.search.taking_over import fitting_trials, n_taken_over
from kt_notebook.storage.projects import Project

__all__ = ["Refinement", "refine_word", "refined_line"]

_VALUE = r"""(?:"[^"]*"|'[^']*'|\S+)"""


@dataclass(frozen=True, slots=True)
class Refinement:
    """What is shown: findings, notes and the difference of the cells.

    Attributes:
        title: The search, and how much there is to say.
        findings: One text each, the most important first.
        notes: What else the user should know.
        old, new: The cell before and after; the same where nothing changes.
    """

    title: str
    findings: Sequence[str] = ()
    notes: Sequence[str] = ()
    old: str = field(default="", repr=False)
    new: str = field(default="", repr=False)

    def __repr__(self) -> str:
        lines = [self.title, *(f"{number}. {text}" for number, text in enumerate(self.findings, 1))]
        if self.old != self.new:
            lines += ["", difference_text(self.old, self.new), ""]
        return "\n".join([*lines, *self.notes])

    def _repr_html_(self) -> str:
        """Return the same as HTML, the difference coloured."""
        items = "".join(f"<li>{html.escape(text)}</li>" for text in self.findings)
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in self.notes)
        shown = difference_html(self.old, self.new) if self.old != self.new else ""
        listed = f"<ol>{items}</ol>" if items else ""
        return f"<div><p><b>{html.escape(self.title)}</b></p>{listed}{shown}{notes}</div>"


# Any: IPython's shell.
def refine_word(shell: Any, words: list[str]) -> None:
    """Show what a search's results advise, and put the next cell below where its ranges are to change.

    Args:
        shell: The notebook.
        words: NAME of the search; the latest without.

    Raises:
        OptionError: There is no such search.
    """
    from IPython.display import display

    from kt_notebook.results.advice import advice, changes_of

    search = named_search(shell, words)
    record = search.feed.record
    found = advice(record)
    texts = [item.text for item in found]
    n = len(record.ranked())
    trials = f"{format_count(n)} trial{'' if n == 1 else 's'} with a result{'' if record.is_ended else ' so far'}"
    changes = changes_of(found)
    if not changes:
        end = "no range is to change, so there is no new cell." if found else "there is nothing to change."
        if not n and not found:
            end = "nothing can be told yet."
        display(Refinement(f"{search.name}, {trials}: {end}", texts))  # type: ignore[no-untyped-call]  # IPython's
        return
    title = f"{search.name}, {trials}: {len(found)} finding{'' if len(found) == 1 else 's'}"
    try:
        cell = _cell(search)
        changed = change_ranges(cell.plan, cell.raw, changes)
        line, told = _next_line(shell, cell, changed.text, record)
    except (OptionError, CellError) as error:
        display(Refinement(title, texts, [f"There is no new cell: {error}"]))  # type: ignore[no-untyped-call]  # as above
        return
    notes = [*changed.notes, *(told if changed.changed else ["There is no new cell."])]
    display(Refinement(title, texts, notes, cell.raw, changed.text))  # type: ignore[no-untyped-call]  # as above
    if changed.changed:
        put_cell(shell, f"%%tune {line}".rstrip() + f"\n{changed.text}")


def _cell(search: HostedSearch) -> CellText:
    cell = cell_of(tuner_of(search))
    if cell.plan.form is CellForm.TUNER_SEARCH:
        raise OptionError("A tuner of the cell's own gets its ranges in Python. Change them where hp is called.")
    return cell


def _next_line(shell: Any, cell: CellText, text: str, record: SearchRecord) -> tuple[str, list[str]]:
    """Return the new cell's line, and what to say of the trials that it starts from.

    Raises:
        CellError: The changed cell cannot be read.
    """
    plan = read_cell("\n" + shell.transform_cell(text), shell.user_ns)
    options = parse_options(cell.line, _defaults(shell))
    directory = record.search["directory"]
    given: dict[str, str] = {}
    folder = ""
    if directory is not None:
        source = Project(Path(directory))
        folder = source.name
        if has_own_place(options):
            folder = _shown_path(source.path)
            given["--project-name"] = _next_name(options)
    space = space_to_search(plan.space.search_space, record, is_whole=not plan.unsettled)
    n_taken = len(fitting_trials(record, space)) if folder and record.search["tuner"] != "Hyperband" else 0
    if not n_taken:
        return refined_line(cell.line, given), ["No trial so far lies in the new ranges: the new search starts anew."]
    n_new = max(1, options.max_trials - n_taken_over(record))
    given |= {"--max-trials": str(n_taken + n_new), "--start-from": folder}
    n_ended = sum(trial.ended_at is not None for trial in list(record.trials.values()))
    told = (
        f"The new search starts from the {format_count(n_taken)} of {format_count(n_ended)} trials that lie in the new "
        f"ranges. They count: --max-trials {n_taken + n_new} lets {format_count(n_new)} more run."
    )
    return refined_line(cell.line, given), [told]


def _defaults(shell: Any) -> dict[str, Any]:  # as `KTNotebook.defaults`
    found = next((held for held in shell.configurables if isinstance(held, KTNotebook)), None)
    return {} if found is None else dict(found.defaults())


def _shown_path(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _next_name(options: TuneOptions) -> str:
    """Return the first free project name behind the one that the line gives."""
    name = re.sub(r"-\d+$", "", options.project_name or "untitled_project")
    number = 2
    while (Path(options.directory or ".") / f"{name}-{number}").exists():
        number += 1
    return f"{name}-{number}"


def refined_line(line: str, options: dict[str, str]) -> str:
    """Return a `%%tune` line with options of other values; all else of it stays.

    Example:
        >>> refined_line("digits --max-trials 20 --wait", {"--max-trials": "32", "--start-from": "digits-1a2b3c4d"})
        'digits --max-trials 32 --wait --start-from digits-1a2b3c4d'
    """
    for flag, value in options.items():
        text = f"{flag} {shlex.quote(value)}"
        held = re.search(rf"(?<!\S){flag}(?:=|\s+){_VALUE}", line)
        comment = re.search(r"(?:^|\s+)#", line)
        if held is not None:
            line = f"{line[: held.start()]}{text}{line[held.end() :]}"
        else:
            at = len(line.rstrip()) if comment is None else comment.start()
            line = f"{line[:at]} {text}{line[at:]}"
    return line.strip()
