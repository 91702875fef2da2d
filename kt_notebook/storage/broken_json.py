"""Reads a JSON object from a file as far as the file goes: whole, cut short by a kill, empty or missing.

How it works: a file that is whole is parsed as it is, a bare NaN included. Else its pairs are read one after the other
from the front until one is not whole: what stands before the tear is kept.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ReadObject", "read_object"]

_SPACE = " \t\r\n"
_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class ReadObject:
    """What a file gave.

    Attributes:
        held: The pairs that could be read.
        fault: What is wrong with the file, as "is empty"; an empty text where nothing is.
    """

    # Any: JSON
    held: dict[str, Any]
    fault: str = ""


def read_object(path: Path) -> ReadObject:
    """Return the JSON object in a file, or as much of it as can be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ReadObject({}, "is missing")
    except OSError as error:
        return ReadObject({}, f"cannot be read ({error.strerror})")
    text = data.decode("utf-8", "replace").strip(_SPACE + "\x00")  # Zeros: what a power failure leaves of a file.
    if not text:
        return ReadObject({}, "is empty")
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return ReadObject(_pairs(text), "is cut short" if text.startswith("{") else "is no JSON")
    if not isinstance(held, dict):
        return ReadObject({}, "is no JSON object")
    return ReadObject(held)


# Any: JSON
def _pairs(text: str) -> dict[str, Any]:
    """Return the pairs of a JSON object that are whole, up to where its text ends or is no JSON any more."""
    held: dict[str, Any] = {}
    place = 1 if text.startswith("{") else len(text)
    while place < len(text):
        place = _skip(text, place, _SPACE + ",")
        try:
            name, place = _decoder.raw_decode(text, place)
            place = _skip(text, place, _SPACE + ":")
            value, place = _decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        place = _skip(text, place, _SPACE)
        # What nothing follows may not be whole: of 0.25 the text may hold "0.".
        if not isinstance(name, str) or text[place : place + 1] not in (",", "}"):
            break
        held[name] = value
    return held


def _skip(text: str, place: int, what: str) -> int:
    while place < len(text) and text[place] in what:
        place += 1
    return place
