"""What `compare` is given, as records: tuners, projects on disk, and lists of these as repeats."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Protocol, TypeAlias

from kt_notebook.core.errors import ObjectiveError, OptionError
from kt_notebook.core.format import shorten
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.table import objective_text
from kt_notebook.storage.project_store import load_record
from kt_notebook.storage.projects import Project

__all__ = ["Group", "Search", "SearchRecords", "common_objective", "read_groups"]


class _HasRecord(Protocol):
    @property
    def record(self) -> SearchRecord: ...


class SearchRecords(Protocol):
    """What has a search's record: a tuner, by its `hub`."""

    @property
    def hub(self) -> _HasRecord:
        """The search's event stream and record."""


# A tuner, its record, or a project's folder.
Search: TypeAlias = SearchRecords | SearchRecord | str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Group:
    """A search, or repeats of one with other seeds.

    Attributes:
        label: What to call it.
        records: One for each repeat.
    """

    label: str
    records: tuple[SearchRecord, ...]


def read_groups(
    searches: Sequence[Search | Sequence[Search]], named: Mapping[str, Search | Sequence[Search]]
) -> tuple[Group, ...]:
    """Return what is to be compared, each under a name of its own.

    Raises:
        OptionError: There is nothing to compare, or something is no search.
        StorageError: A project cannot be read.
    """
    if not searches and not named:
        raise OptionError("compare() got no search. Give tuners or project folders: compare(first, second).")
    records = [_records(f"argument {number}", given) for number, given in enumerate(searches, start=1)]
    records += [_records(name, given) for name, given in named.items()]
    labels = _labels([held[0] for held in records[: len(searches)]], named)
    return tuple(Group(label, held) for label, held in zip(labels, records, strict=True))


def common_objective(groups: Iterable[Group]) -> list[dict[str, str]] | None:
    """Return the one objective of all searches, None where none has one yet.

    Raises:
        ObjectiveError: They have several: their scores cannot be compared.
    """
    known: dict[str, list[str]] = {}
    found: list[dict[str, str]] | None = None
    for group in groups:
        for record in group.records:
            if record.objective:
                found = record.objective
                known.setdefault(objective_text(found), []).append(group.label)
    if len(known) > 1:
        told = ", ".join(f"{' and '.join(dict.fromkeys(labels))}: {text}" for text, labels in known.items())
        raise ObjectiveError(
            f"These searches have different objectives ({told}), so no score of one can be held against another's. "
            "Compare searches that make the same metric small, or large."
        )
    return found


def _records(name: str, given: object) -> tuple[SearchRecord, ...]:
    if not isinstance(given, list | tuple):
        return (_record(name, given),)
    if not given:
        raise OptionError(f"compare() got an empty list as {name}. A list holds the repeats of one search.")
    return tuple(_record(name, one) for one in given)


def _record(name: str, given: object) -> SearchRecord:
    if isinstance(given, SearchRecord):
        return given
    if isinstance(given, str | PathLike):
        project = Project(Path(given))
        if project.is_there:
            return load_record(project)[0]
        raise OptionError(
            f"compare() got {name}={str(given)!r}, and no project is there. Give a project's folder, or a tuner; "
            "%tune list shows the projects beside the notebook."
        )
    record = getattr(getattr(given, "hub", None), "record", None)
    if isinstance(record, SearchRecord):
        return record
    raise OptionError(
        f"compare() got {name}={shorten(repr(given), 80)} of type {type(given).__name__}, which is no search. Give a "
        "tuner, a project's folder, or a list of these: the repeats of one search."
    )


def _labels(unnamed: Sequence[SearchRecord], named: Iterable[str]) -> list[str]:
    """Return names that differ: searches of one name are told apart by their tuners, else by numbers."""
    names = [str(record.search["name"] or "search") for record in unnamed]
    tuners = [f"{name} ({record.search['tuner']})" for name, record in zip(names, unnamed, strict=True)]
    taken = Counter([*names, *named])
    labels = [tuner if taken[name] > 1 else name for name, tuner in zip(names, tuners, strict=True)]
    if len({*labels, *named}) < len(labels) + len(list(named)):
        numbers: Counter[str] = Counter()
        counts = Counter([*names, *named])
        for i, name in enumerate(names):
            if counts[name] > 1:
                numbers[name] += 1
                labels[i] = f"{name} ({numbers[name]})"
    return [*labels, *named]
