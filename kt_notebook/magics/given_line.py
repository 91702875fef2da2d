"""Reads what follows `%tune enqueue`: whose search, and the values of a trial.

How it works: the line is cut at the blanks outside of quotes and brackets. A part with `=` outside of them is a name
and its value, `{…}` is a dict, `--again` is the option, and one other part, the first, names the search.
"""

import ast
from dataclasses import dataclass, field
from typing import Any

from kt_notebook.core.errors import OptionError

__all__ = ["GivenLine", "as_written", "read_given_line"]

_USAGE = "Write %tune enqueue [NAME] [--again] units=64 lr=1e-3, without blanks around =, or a dict {'units': 64}."
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class GivenLine:
    """What a line asks for.

    Attributes:
        name: The search's name, None where the line names none.
        values: By name; empty for the defaults.
        again: Whether to try them once more.
    """

    name: str | None = None
    values: dict[str, Any] = field(default_factory=dict)  # Any: a hyperparameter's value
    again: bool = False


def read_given_line(text: str) -> GivenLine:
    """Return what a line asks for.

    Raises:
        OptionError: It cannot be read.
    """
    name, values, again = None, dict[str, Any](), False
    for part in _cut(text, str.isspace):
        if part == "--again":
            again = True
        elif part.startswith("{"):
            values |= _dict(part)
        elif all(pair := _cut(part, "=".__eq__, most=1)) and len(pair) > 1:
            values[_unquoted(pair[0])] = _value(pair[1])
        elif name is None and not values and part[0] not in "-=" and len(pair) == 1:
            name = _unquoted(part)
        else:
            raise OptionError(f"%tune enqueue cannot take {part!r}. {_USAGE}")
    return GivenLine(name, values, again)


# Any: a hyperparameter's value.
def as_written(value: Any) -> str:
    """Return a value so that the line gives it back."""
    return value if isinstance(value, str) and value.isidentifier() and _value(value) == value else repr(value)


# Any: a callable of one character, `str.isspace` or an operator's method.
def _cut(text: str, separates: Any, most: int = -1) -> list[str]:
    """Return the parts of a text between the separators outside of quotes and brackets, `most` cuts at most."""
    parts, open_, quote = [""], list[str](), ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[place - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character in _CLOSING:
            open_.append(_CLOSING[character])
        elif open_ and character == open_[-1]:
            open_.pop()
        elif not open_ and most and separates(character):
            parts.append("")
            most -= 1
            continue
        parts[-1] += character
    if quote or open_:
        raise OptionError(f"In {text.strip()!r} a {quote or open_[-1]} is missing. Close it.")
    return [part for part in parts if part] if most < 0 else parts


def _dict(text: str) -> dict[str, Any]:
    try:
        values = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        values = None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise OptionError(
            f"{text} is no dict of names and plain values. {_USAGE} For values from variables call "
            "NAME.enqueue({…}) in Python."
        )
    return values


def _value(text: str) -> Any:
    """Return the value that a text stands for; what is no literal is a text, so that act=relu needs no quotes."""
    if text in _WORDS:
        return _WORDS[text]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _unquoted(text: str) -> str:
    value = _value(text) if text[:1] in ("'", '"') else text
    return value if isinstance(value, str) else text
