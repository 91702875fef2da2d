"""The options of `%%tune`: one table that reads the line, writes the help and completes.

How it works: each `Option` says its flag, what kind of value it takes and what it means. `parse_options` reads a line
by the table; `help_text` and the completer read the same table, so they cannot disagree.
"""

import difflib
import keyword
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kt_notebook.core.duration import parse_duration
from kt_notebook.core.errors import OptionError
from kt_notebook.core.fit_way import FitWay
from kt_notebook.oracles.pruning import PRUNERS

__all__ = ["FIT_WAYS", "OPTIONS", "TUNERS", "Option", "TuneOptions", "help_text", "parse_options"]

# What --tuner offers by name.
TUNERS = ("auto", "bayesian", "random", "grid", "hyperband", "hyperband+bayesian")
# What --fit offers.
FIT_WAYS = tuple(way.value for way in FitWay)


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What a `%%tune` line asks for; the defaults are those of a line that says nothing.

    Attributes:
        name: Name of the tuner in the notebook.
        objective: What is made best; several are separated by commas.
        timeout_s: Seconds after which the search stops, None for no limit.
        fit: How Keras' fits run, one of `FIT_WAYS`.
        start_from: The search, by name or folder, whose trials it begins with.
        wait: True to block, False not to, None to block where nobody is watching.
    """

    name: str = "tuner"
    tuner: str = "auto"
    objective: str | None = None
    max_trials: int = 25
    executions_per_trial: int = 1
    max_epochs: int | None = None
    timeout_s: float | None = None
    seed: int | None = None
    prune: str = "auto"
    fit: str = "auto"
    workers: int = 1
    directory: str | None = None
    project_name: str | None = None
    start_from: str | None = None
    overwrite: bool = False
    wait: bool | None = None
    dry_run: bool = False
    keep: bool = False
    given: frozenset[str] = frozenset()

    @property
    def objectives(self) -> list[str] | None:
        """What is made best, None where the first result decides."""
        return None if self.objective is None else [name.strip() for name in self.objective.split(",")]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the line.

    Attributes:
        field: The field of `TuneOptions` that it sets.
        read: Makes the value of the text; None for a switch.
        value: What a switch sets.
        metavar: How the help calls the value.
    """

    flag: str
    field: str
    help: str
    read: Callable[[str, str], Any] | None = None  # Any: each field has a type of its own
    metavar: str = ""
    value: bool = True


def _count(flag: str, text: str) -> int:
    cleaned = text.replace(",", "").replace("_", "")
    if not cleaned.isdecimal() or int(cleaned) < 1:
        raise OptionError(f"{flag} {text} is no count. Give a whole number of 1 or more, such as {flag} 20.")
    return int(cleaned)


def _seed(flag: str, text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise OptionError(f"{flag} {text} is no seed. Give any whole number, 0 included.")
    return int(text)


def _text(flag: str, text: str) -> str:
    if not text:
        raise OptionError(f"{flag} is empty. Give a text, or leave the option out.")
    return text


def _objectives(flag: str, text: str) -> str:
    names = [name.strip() for name in _text(flag, text).split(",")]
    if not all(names):
        raise OptionError(f"{flag} {text} lacks a name beside a comma. Write {flag} val_loss,val_accuracy, no spaces.")
    if len({name.removesuffix(":min").removesuffix(":max") for name in names}) < len(names):
        raise OptionError(f"{flag} {text} names a metric twice. Give each of them once.")
    return ",".join(names)


def _way_to(do: str, ways: Sequence[str]) -> Callable[[str, str], str]:
    """Return what reads one of these ways to do something."""

    def read(flag: str, text: str) -> str:
        if text not in ways:
            near = difflib.get_close_matches(text, ways, n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(ways)}."
            raise OptionError(f"{flag} {text} is no way to {do}. {hint}")
        return text

    return read


OPTIONS: tuple[Option, ...] = (
    Option("--tuner", "tuner", f"{', '.join(TUNERS)}, or an oracle of yours", _text, "NAME"),
    Option(
        "--objective",
        "objective",
        "what to make best, as val_accuracy or my_score:max; several as a,b:max",
        _objectives,
        "METRIC[:min|:max]",
    ),
    Option("--max-trials", "max_trials", "most trials to run (25; hyperband: all of its brackets)", _count, "N"),
    Option("--executions-per-trial", "executions_per_trial", "runs of each trial, averaged (1)", _count, "N"),
    Option("--max-epochs", "max_epochs", "most epochs of each fit (the cell's own)", _count, "N"),
    Option("--timeout", "timeout_s", "stop after this time: 90, 30s, 30m, 1h30m", parse_duration, "TIME"),
    Option(
        "--prune",
        "prune",
        "when trials that cannot win are ended: auto, none, median, halving",
        _way_to("prune", PRUNERS),
        "NAME",
    ),
    Option("--fit", "fit", f"how Keras' fits run: {', '.join(FIT_WAYS)}", _way_to("fit", FIT_WAYS), "WAY"),
    Option("--seed", "seed", "any whole number; the same seed gives the same trials", _seed, "N"),
    Option("--workers", "workers", "trials that run at a time, in threads of the kernel (1)", _count, "N"),
    Option(
        "--directory",
        "directory",
        "keep the project in this directory (.kt_notebook beside the notebook)",
        _text,
        "DIR",
    ),
    Option("--project-name", "project_name", "name of the project's folder there", _text, "NAME"),
    Option(
        "--start-from", "start_from", "begin with the trials of another search that fit, as refine does", _text, "NAME"
    ),
    Option("--overwrite", "overwrite", "start anew; the old project is kept as NAME.old"),
    Option("--wait", "wait", "block until the search has ended"),
    Option("--no-wait", "wait", "return at once, also where nobody is watching", value=False),
    Option("--dry-run", "dry_run", "show the search space and stop"),
    Option("--keep", "keep", "keep the names of the best trial: NAME.best_names"),
)
_BY_FLAG = {option.flag: option for option in OPTIONS}


# Any: each field has a type of its own.
def parse_options(line: str, defaults: Mapping[str, Any] | None = None) -> TuneOptions:
    """Return what the rest of a `%%tune` line asks for.

    Args:
        line: The text behind `%%tune`.
        defaults: Values for fields that the line does not give (`%config KTNotebook`).

    Raises:
        OptionError: An unknown option, a missing or wrong value, or a second NAME.
    """
    words = _split(line)
    found: dict[str, Any] = {}
    given: set[str] = set()
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            _take_name(word, found)
            continue
        flag, equals, text = word.partition("=")
        option = _BY_FLAG.get(flag)
        if option is None:
            raise _unknown_option(flag)
        if option.read is None:
            if equals:
                raise OptionError(f"{flag} takes no value, got {text!r}. Write {flag} alone.")
            value: Any = option.value
        else:
            if not equals:
                if not words or words[0].startswith("--"):
                    raise OptionError(f"{flag} needs a value: {flag} {option.metavar}.")
                text = words.pop(0)
            value = option.read(flag, text)
        if option.field in given and found[option.field] != value:
            cure = "Give one of them."
            if option.field == "objective":
                cure = f"Several objectives are one list: {flag} {found['objective']},{value}"
            raise OptionError(f"{flag} contradicts an option before it. {cure}")
        found[option.field] = value
        given.add(option.field)
    return replace(TuneOptions(**{**(defaults or {}), **found}), given=frozenset(given))


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise OptionError(f"The line {line.strip()!r} cannot be read: {error}. Close the quotes.") from error


def _take_name(word: str, found: dict[str, Any]) -> None:
    if "name" in found:
        raise OptionError(f"%%tune takes one NAME, got {found['name']!r} and {word!r}. Options begin with two dashes.")
    if not word.isidentifier() or keyword.iskeyword(word):
        raise OptionError(f"NAME {word!r} cannot be a variable. Use letters, digits and _, as in %%tune digits.")
    found["name"] = word


def _unknown_option(flag: str) -> OptionError:
    near = difflib.get_close_matches(flag, _BY_FLAG, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "Known are " + ", ".join(_BY_FLAG) + "."
    return OptionError(f"%%tune has no option {flag}. {hint}")


def help_text() -> str:
    """Return the options as lines of help."""
    width = max(len(f"{option.flag} {option.metavar}") for option in OPTIONS)
    return "\n".join(f"    {f'{option.flag} {option.metavar}':{width}}  {option.help}" for option in OPTIONS)
