"""Attributes of other people's objects, replaced for a while and put back, in any order.

How it works: a `Patch` replaces one attribute. Searches may end in another order than they began, so the attribute
may have been replaced by somebody else since. Then the replacement stays in place and lets everything pass; who
comes to remove what stands above it skips it.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["Hook", "Patch", "Replacement"]


# Any, in this file: the objects patched are the user's streams, IPython's and matplotlib's.
class Replacement:
    """What stands in an attribute's place.

    Attributes:
        original: What stood there before.
    """

    def __init__(self, original: Any) -> None:
        self.original = original
        self.patch: Patch | None = None

    @property
    def standing(self) -> Any:
        """What stands below, replacements that were removed already passed over."""
        below = self.original
        while isinstance(below, Replacement) and below.patch is not None and below.patch.is_removed:
            below = below.original
        return below


class Hook(Replacement):
    """A function that goes one way inside a trial and the original's way elsewhere.

    Args:
        original: The function replaced.
        current: Returns what belongs to the calling thread's trial, or None outside.
        inside: What to do inside a trial: takes what `current` returned, then the call's arguments.
    """

    def __init__(self, original: Any, current: Callable[[], Any], inside: Callable[..., Any]) -> None:
        super().__init__(original)
        self._current = current
        self._inside = inside

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the one or the other."""
        trial = self._current()
        if trial is None:
            return self.original(*args, **kwargs)
        return self._inside(trial, *args, **kwargs)


class Patch:
    """One attribute, replaced until `remove`.

    Args:
        target: The object.
        name: Its attribute, which must be there.
        make: Makes the replacement from the original.

    Raises:
        AttributeError: The attribute is not there, or cannot be set.
        TypeError: The attribute cannot be set.
    """

    def __init__(self, target: Any, name: str, make: Callable[[Any], Replacement]) -> None:
        self._target = target
        self._name = name
        self._is_own = name in vars(target)
        self._replacement = make(getattr(target, name))
        self._replacement.patch = self
        self.is_removed = False
        setattr(target, name, self._replacement)

    def remove(self) -> None:
        """Put the original back, unless somebody else has replaced the attribute since; once."""
        self.is_removed = True
        if vars(self._target).get(self._name) is not self._replacement:
            return
        bottom = self
        while True:
            original = bottom._replacement.original
            below = original.patch if isinstance(original, Replacement) else None
            if below is None or not below.is_removed:
                break
            bottom = below
        if bottom._is_own:
            setattr(self._target, self._name, original)
        else:
            delattr(self._target, self._name)
