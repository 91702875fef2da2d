"""Properties that give way to a subclass's own attribute of the same name, which a KerasTuner program may well have."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["known_now"]

_T = TypeVar("_T")


class known_now(Generic[_T]):
    """What a tuner knows by now, worked out at each reading; `self.results = []` in a subclass takes its place.

    Args:
        read: Works it out.
    """

    def __init__(self, read: Callable[[Any], _T]) -> None:  # Any: the tuner.
        self._read = read
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, tuner: None, kind: type) -> "known_now[_T]": ...

    @overload
    def __get__(self, tuner: object, kind: type) -> _T: ...

    def __get__(self, tuner: object, kind: type) -> "known_now[_T] | _T":
        """Return what is known, or this itself where the class is asked."""
        return self if tuner is None else self._read(tuner)
