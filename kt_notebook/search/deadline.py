"""A search's time limit, which stands still while the search is paused."""

import time

__all__ = ["Deadline"]


class Deadline:
    """Counts down while it runs.

    Args:
        timeout_s: Seconds until it has passed, None for no limit.
    """

    def __init__(self, timeout_s: float | None) -> None:
        self._at = None if timeout_s is None else time.monotonic() + timeout_s
        self._held_since: float | None = None

    @property
    def is_held(self) -> bool:
        """Whether the search is paused."""
        return self._held_since is not None

    @property
    def left_s(self) -> float | None:
        """Seconds that are left; None without a limit, and while it is held."""
        return None if self._at is None or self.is_held else self._at - time.monotonic()

    def hold(self) -> None:
        """Stand still."""
        self._held_since = time.monotonic()

    def release(self) -> None:
        """Count on."""
        if self._held_since is not None and self._at is not None:
            self._at += time.monotonic() - self._held_since
        self._held_since = None

    def remove(self) -> None:
        """Have no limit any more."""
        self._at = None
