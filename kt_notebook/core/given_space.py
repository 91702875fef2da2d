"""The space that a user gives beforehand, where trials are to keep to it."""

from kt_notebook.core.errors import FatalRuntimeError, OptionError
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.space import HyperParameters

__all__ = ["check_given", "refuse_new_entries"]


def check_given(given: HyperParameters | None, *, tune_new_entries: bool, allow_new_entries: bool) -> None:
    """Refuse a search whose space is to be nothing but the one given, where none is.

    Raises:
        OptionError: There is none.
    """
    flags = {"tune_new_entries": tune_new_entries, "allow_new_entries": allow_new_entries}
    closed = [f"{name}=False" for name, is_open in flags.items() if not is_open]
    if given is not None or not closed:
        return
    verb, each = ("needs", "it") if len(closed) == 1 else ("need", "both")
    raise OptionError(
        f"{' and '.join(closed)} {verb} hyperparameters=, the space to search. Give that too, or leave {each} at True."
    )


def refuse_new_entries(given: SearchSpace, met: SearchSpace) -> None:
    """Refuse what a trial has declared beyond the space, under `allow_new_entries=False`.

    Raises:
        FatalRuntimeError: There is such a hyperparameter, or one under other conditions than in the space.
    """
    new = [entry for entry in met.entries if given.find(entry.name, entry.conditions) is None]
    if not new:
        return
    known = ", ".join(map(repr, given.by_name)) or "none"
    raise FatalRuntimeError(
        f"A trial declared {', '.join(_told(entry, given) for entry in new)}, and allow_new_entries=False allows only "
        f"what hyperparameters= declares: {known}. Declare it there too, or leave allow_new_entries at True."
    )


def _told(entry: HyperParameter, given: SearchSpace) -> str:
    text = f"hp.{type(entry).__name__}({entry.name!r})"
    return f"{text} under {entry.conditions}" if entry.name in given else text
