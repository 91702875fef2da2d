"""What a user can ask of a running search."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.values import Value, value_from_json

__all__ = [
    "AddTrials",
    "Command",
    "Enqueue",
    "Pause",
    "Resume",
    "Stop",
    "StopNow",
    "StopTrial",
    "parse_command",
]


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands; an `id` is applied once, however often it arrives."""

    id: str = field(default_factory=_new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Command):
    """Start no further trial and hold the running ones at their next batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """Go on after a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Command):
    """Stop when the running trials have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNow(Command):
    """Stop at the next batch; running trials are cut and run again when the search goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTrials(Command):
    """Allow `n` more trials."""

    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTrial(Command):
    """End one running trial; what it has reached so far is its result."""

    trial_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue(Command):
    """Let the next trial to start have these values.

    Attributes:
        values: By name; what is left out is at its default.
        again: Whether to try them also where a trial has had them, or is to have them.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    again: bool = False


_SIMPLE = {"pause": Pause, "resume": Resume, "stop": Stop, "stop_now": StopNow}


# Any: the message comes from a browser, and is narrowed here, once.
def parse_command(message: Mapping[str, Any]) -> Command:
    """Return the command that a message from a front end describes.

    Raises:
        OptionError: The kind is unknown, or a field is missing or of the wrong type.
    """
    kind, command_id = message.get("kind"), message.get("id")
    if not isinstance(command_id, str) or not command_id:
        raise OptionError(f"A command needs a text id, this one has id={command_id!r}. Send a fresh uuid.")
    if isinstance(kind, str) and kind in _SIMPLE:
        return _SIMPLE[kind](id=command_id)
    if kind == "add_trials":
        n = message.get("n")
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 1_000_000:
            raise OptionError(f"add_trials needs n, a whole number from 1 to 1,000,000; got n={n!r}.")
        return AddTrials(id=command_id, n=n)
    if kind == "stop_trial":
        trial_id = message.get("trial_id")
        if not isinstance(trial_id, str):
            raise OptionError(f"stop_trial needs trial_id, a text; got trial_id={trial_id!r}.")
        return StopTrial(id=command_id, trial_id=trial_id)
    if kind == "enqueue":
        values, again = message.get("values", {}), message.get("again", False)
        if not isinstance(values, dict) or not isinstance(again, bool):
            raise OptionError(
                f"enqueue needs values, an object of names and values, and may have again, true or false; got "
                f"values={values!r}, again={again!r}."
            )
        return Enqueue(
            id=command_id, values={name: value_from_json(value) for name, value in values.items()}, again=again
        )
    known = ", ".join([*_SIMPLE, "add_trials", "stop_trial", "enqueue"])
    raise OptionError(f"Unknown command kind={kind!r}. Known are: {known}.")
