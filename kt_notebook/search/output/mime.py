"""Mime bundles made fit for the journal: plain JSON, without what only a live kernel can show."""

import base64
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["clean_bundle", "size_of"]

# A widget's view says nothing once its kernel is gone, and a script must not run under the search's panel.
_DROPPED = frozenset({"application/vnd.jupyter.widget-view+json", "application/javascript"})


# Any, in this file: a mime bundle is what the user's objects say of themselves.
def clean_bundle(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a mime bundle that JSON can hold, bytes as base64."""
    clean: dict[str, Any] = {}
    for mime, value in data.items():
        if mime in _DROPPED:
            continue
        if isinstance(value, bytes):
            clean[mime] = base64.b64encode(value).decode("ascii")
        elif isinstance(value, str):
            clean[mime] = value
        else:
            try:
                clean[mime] = json.loads(json.dumps(value, allow_nan=False))
            except (TypeError, ValueError, RecursionError):
                continue
    return clean


def size_of(bundle: Mapping[str, Any]) -> int:
    """Return about how many characters a clean bundle takes in the journal."""
    return sum(len(value) if isinstance(value, str) else len(json.dumps(value)) for value in bundle.values())
