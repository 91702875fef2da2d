"""Gives a trial Keras' per-thread state as in a fresh kernel, and leaves everybody else's as it was.

How it works: Keras keeps name counters, dtype policy, its seed generator and the like in a `threading.local`. A trial
begins with fresh name counters and no seed generator, and with the settings of the thread that started the search. At
its end the thread's own values come back. `clear_session()` replaces the whole `threading.local`, every thread's:
`KerasScope.mend` puts the old one back, with this thread's new values in it.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType, TracebackType
from typing import Any

__all__ = ["KerasScope", "KerasSettings", "capture_settings", "global_state"]

# Read by Keras 3 in global_state.get_global_attribute; what is set in the caller's thread holds in its trials.
_INHERITED = (
    "custom_objects_scope_dict",
    "distribution",
    "dtype_policy",
    "flash_attention",
    "interactive_logging",
    "torch_device",
    "traceback_filtering",
)
# The last is a list that Keras fills while a model is built, and replaces when its variables are made: shared with the
# outer thread state, it would come back with variables that exist already, which ends the making of the next ones.
_FRESH = ("global_random_seed", "global_seed_generator", "object_name_uids", "uninitialized_variables")
_TRACKERS = ("GLOBAL_STATE_TRACKER", "GLOBAL_SETTINGS_TRACKER")


@dataclass(frozen=True, slots=True)
class KerasSettings:
    """Keras' settings of one thread, to be used in another."""

    # Any: Keras' own objects.
    values: Mapping[str, Any] = field(default_factory=dict)


def capture_settings() -> KerasSettings:
    """Return this thread's Keras settings: dtype policy, custom objects and the like. Imports nothing."""
    state = global_state()
    if state is None:
        return KerasSettings()
    values = {name: getattr(state.GLOBAL_STATE_TRACKER, name, None) for name in _INHERITED}
    held = {name: dict(v) if isinstance(v, dict) else v for name, v in values.items() if v is not None}
    return KerasSettings(held)


class KerasScope:
    """Context manager: fresh Keras names, no seed generator, and the given settings, in this thread.

    Does nothing where Keras is not loaded, or is a version that keeps its state elsewhere.

    Args:
        settings: Taken in the thread that started the search; None keeps this thread's own.
    """

    def __init__(self, settings: KerasSettings | None = None) -> None:
        self._settings = settings
        self._state: ModuleType | None = None
        self._trackers: dict[str, Any] = {}
        self._before: dict[str, Any] = {}

    def __enter__(self) -> "KerasScope":
        state = self._state = global_state()
        if state is None:
            return self
        self._trackers = {name: getattr(state, name) for name in _TRACKERS if hasattr(state, name)}
        mine = state.GLOBAL_STATE_TRACKER.__dict__  # A threading.local gives each thread a dict of its own.
        self._before = dict(mine)
        for name in _FRESH:
            mine.pop(name, None)
        mine["object_name_uids"] = defaultdict(int)
        if self._settings is not None:
            for name in _INHERITED:
                mine.pop(name, None)
            mine.update(self._settings.values)
        return self

    def mend(self) -> None:
        """Undo what a `clear_session()` of this trial has done to the other threads. Call it after a build."""
        state = self._state
        if state is None:
            return
        for name, old in self._trackers.items():
            new = getattr(state, name)
            if new is not old:
                old.__dict__.clear()
                old.__dict__.update(new.__dict__)
                setattr(state, name, old)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.mend()  # A trial may clear the session after its last build, too.
        if self._state is not None:
            mine = self._state.GLOBAL_STATE_TRACKER.__dict__
            mine.clear()
            mine.update(self._before)
            self._before = {}


def global_state() -> ModuleType | None:
    """Return Keras' module of per-thread state, None where it is not loaded or not as we know it."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    if module is None or not hasattr(getattr(module, "GLOBAL_STATE_TRACKER", None), "__dict__"):
        return None
    return module
