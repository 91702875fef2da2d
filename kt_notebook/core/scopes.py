"""The scopes that running code is in: prefixes of names, and conditions on what is declared inside.

How it works: both are stacks. A parent is looked for in the innermost name scope first, then outwards.
"""

import difflib
from collections.abc import Iterable

from kt_notebook.core.conditions import Condition, Parent, Predicate
from kt_notebook.core.discrete import Boolean, Choice
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value, identity, plain

__all__ = ["Scopes", "UnknownParameterError", "unknown_name"]


class UnknownParameterError(SpaceError, KeyError):
    """A name that no hyperparameter has."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show the message in quotes


def unknown_name(name: str, names: Iterable[str]) -> str:
    """Return the sentence that says which names there are, and the nearest."""
    listed = list(dict.fromkeys(names))
    near = difflib.get_close_matches(name, listed, 1)
    known = f"there are {', '.join(map(repr, listed))}" if listed else "there are none yet"
    return f"No hyperparameter is called {name!r}; {known}." + (f" Did you mean {near[0]!r}?" if near else "")


class Scopes:
    """The scopes that are open now, outermost first."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.conditions: list[Condition] = []

    def scoped_name(self, name: str) -> str:
        """Return the name with the prefixes in force; what is no text is left for the declaration to refuse."""
        if not self.names or not isinstance(name, str):
            return name
        return "/".join((*self.names, name))

    def condition(
        self, space: SearchSpace, parent_name: str, parent_values: Value, label: str | None = None
    ) -> Condition:
        """Return the condition that a scope states.

        Args:
            space: Where the parent is declared.
            parent_name: Its name, with or without the prefixes in force.
            parent_values: A value, a list of values, or a function of the value.
            label: What to call a function.

        Raises:
            UnknownParameterError: The space has no such parent.
        """
        outwards = range(len(self.names), -1, -1)
        names = ["/".join((*self.names[:depth], str(parent_name))) for depth in outwards]
        name = next((name for name in names if name in space), None)
        if name is None:
            raise UnknownParameterError(
                unknown_name(str(parent_name), space.by_name) + " Declare the parent before what depends on it."
            )
        if callable(parent_values):
            return Predicate(name, parent_values, label)
        parent = space.by_name[name][0]
        if isinstance(parent_values, tuple | list) and _is_one_value(parent, parent_values):
            return Parent(name, [parent_values])
        condition = Parent(name, parent_values)
        if isinstance(parent, Boolean):  # 1 and 0 are meant
            return Parent(name, [bool(value) for value in condition.values])
        return condition


def _is_one_value(parent: object, value: Value) -> bool:
    """Return whether a tuple or list is itself one of the parent's values, rather than several of them."""
    try:
        sought = identity(plain(value))
    except TypeError:
        return False
    return isinstance(parent, Choice) and any(identity(other) == sought for other in parent.values)
