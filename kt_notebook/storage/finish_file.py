"""What `finish` keeps in a project: the score of each repeat, and each look at a test set."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from kt_notebook.core.errors import StorageError
from kt_notebook.storage.broken_json import read_object
from kt_notebook.storage.faults import storage_error
from kt_notebook.storage.state_files import replace_file

__all__ = ["FinishFile", "KeptScore", "Look"]

_NAME = "finish.json"
_Kept = TypeVar("_Kept", "KeptScore", "Look")


@dataclass(frozen=True, slots=True)
class KeptScore:
    """One model that was trained anew and evaluated on the test set.

    Attributes:
        key: Hash of all that it depends on, its seed aside.
        seed: 0 to 2**31 - 1.
        trial_id: Whose values it was built with.
        score: On the test set, in the objective's direction; NaN where there was none.
        metrics: All that was measured there.
        n_parameters: How many numbers the model has; None where it does not tell.
        seconds: How long building, training and evaluating took.
        notes: What the user should know of it.
    """

    key: str
    seed: int
    trial_id: str
    score: float
    metrics: Mapping[str, float]
    n_parameters: int | None
    seconds: float
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One time that a test set was looked at.

    Attributes:
        test: Hash of the test set.
        keys: Of what was evaluated, as in `KeptScore`.
        trial_id: Which trial was the winner.
        search: The search's name.
        time: When, in unix seconds.
        score: The first that was seen, of the winner or its rival; None where there was none.
        n_rows: How many rows the test set has; None where unknown.
        marks: Marks of some of its rows, taken at random but the same ones for the same rows.
    """

    test: str
    keys: Sequence[str]
    trial_id: str
    search: str
    time: float
    score: float | None
    n_rows: int | None = None
    marks: Sequence[int] = ()


class FinishFile:
    """The file `finish.json` of one project.

    It is read anew at each question and replaced at once at each change, so that an interrupt or a kill costs the
    repeat that runs and nothing else. A file that is damaged counts for what can be read of it.

    Args:
        folder: The project's folder; made when something is to be kept.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / _NAME

    def scores(self) -> list[KeptScore]:
        """Return the scores that are kept, in the order in which they came."""
        return _parsed(self.path, "scores", KeptScore)

    def looks(self, is_same: Callable[[Look], bool]) -> list[Look]:
        """Return every look at one test set, oldest first, from here or from another project beside this one."""
        folder = self.path.parent.parent
        paths = {self.path, *(folder.glob(f"*/{_NAME}") if folder.is_dir() else ())}
        found = [look for path in paths for look in _parsed(path, "looks", Look) if is_same(look)]
        return sorted(found, key=lambda look: look.time)

    def add(self, score: KeptScore, look: Look | None = None) -> None:
        """Keep a score, and the look that it was part of where that is new.

        Raises:
            StorageError: The file cannot be written.
        """
        scores = [kept for kept in self.scores() if (kept.key, kept.seed) != (score.key, score.seed)]
        looks = _parsed(self.path, "looks", Look)
        held = {
            "scores": [asdict(kept) for kept in (*scores, score)],
            "looks": [asdict(kept) for kept in (*looks, *(() if look is None else (look,)))],
        }
        try:
            replace_file(self.path, json.dumps(held, indent=1))
        except OSError as error:
            raise storage_error("keep the test score in", self.path, error) from error
        except (TypeError, ValueError) as error:
            raise StorageError(f"The test score for {str(self.path)!r} cannot be written: {error}.") from error


def _parsed(path: Path, name: str, kind: type[_Kept]) -> list[_Kept]:
    """Return the entries of one list in a file that have all that they need."""
    entries: Any = read_object(path).held.get(name)  # Any: JSON
    known = {field.name for field in fields(kind)}
    found = []
    for entry in entries if isinstance(entries, list) else ():
        try:
            found.append(kind(**{key: value for key, value in entry.items() if key in known}))
        except (TypeError, AttributeError):  # Written by another version, or by hand.
            continue
    return found
