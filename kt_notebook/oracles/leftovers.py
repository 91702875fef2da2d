"""What is left of a space that is nearly used up, in an order that a seed decides."""

import hashlib
from collections.abc import Hashable
from collections.abc import Set as AbstractSet

from kt_notebook.core.configurations import count_configurations, walk_configurations
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value, identity

__all__ = ["Leftovers"]

# listing takes about 5 µs for each configuration
MAX_LISTED = 200_000


class Leftovers:
    """The untried configurations of a space, listed when first asked for.

    The order is that of a hash of seed and values: the same whatever was tried, declared or resumed before.

    Args:
        space: The space as it is now.
        seed: The search's seed.

    Attributes:
        space: The space.
        are_listed: Whether it has few enough configurations (200,000) to list them.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self.space = space
        self._seed = seed
        n_configurations = count_configurations(space)
        self.are_listed = n_configurations is not None and n_configurations <= MAX_LISTED
        self._queue: list[dict[str, Value]] | None = None

    def next(self, tried: AbstractSet[Hashable]) -> dict[str, Value] | None:
        """Return the next configuration that was not tried, or None where none is left or they are not listed."""
        if not self.are_listed:
            return None
        key = self.space.key
        if self._queue is None:
            walk = walk_configurations(self.space, lambda entry: entry.all_values())
            self._queue = sorted((values for values in walk if key(values) not in tried), key=self._rank, reverse=True)
        while self._queue and key(self._queue[-1]) in tried:
            self._queue.pop()
        return dict(self._queue[-1]) if self._queue else None

    def _rank(self, values: dict[str, Value]) -> bytes:
        text = repr((self._seed, sorted((name, repr(identity(value))) for name, value in values.items())))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
