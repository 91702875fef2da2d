"""Whose an oracle is: one search at a time asks it for trials."""

from typing import Any

from kt_notebook.core.errors import SearchStateError
from kt_notebook.core.oracle import Oracle

__all__ = ["Ownership"]

_NAME = "_owned_by"  # Among the oracle's own attributes, so that whoever holds the oracle sees it.


class Ownership:
    """A session's claim on its oracle.

    Args:
        oracle: What is claimed.
        owner: The search and its project, in words.
    """

    def __init__(self, oracle: Oracle, owner: str) -> None:
        self._oracle = oracle
        self._owner = owner

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # A copied oracle is nobody's.
        return type(None), ()

    def take(self) -> None:
        """Claim the oracle.

        Raises:
            SearchStateError: Another session has it.
        """
        attributes: dict[str, Any] = vars(self._oracle)  # Any: a user's oracle may hold anything.
        came_along = attributes.get(_NAME)
        if came_along is None or came_along._oracle is not self._oracle:
            attributes.pop(_NAME, None)  # The oracle is a copy of one that was at work.
        holder = attributes.setdefault(_NAME, self)  # One step, as two sessions may begin at the same time.
        if holder is not self:
            raise SearchStateError(
                f"The oracle of {self._owner} is at work for {holder._owner}. Wait for the end of that search, or give "
                "each tuner an oracle of its own."
            )

    def release(self) -> None:
        """Let others have the oracle; without effect where it is not ours."""
        if vars(self._oracle).get(_NAME) is self:
            del vars(self._oracle)[_NAME]
