"""Which of this kernel's searches the words of a `%tune` line mean."""

import difflib
from collections.abc import Sequence
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.panel.host import HostedSearch, host_of
from kt_notebook.tuners.base_tuner import BaseTuner

__all__ = ["named_search", "search_and_rest", "tuner_of", "unknown_search"]


# Any: IPython's shell, here and below.
def search_and_rest(shell: Any, words: Sequence[str]) -> tuple[HostedSearch, list[str]]:
    """Return the search that the first of the words names, the latest of that name, and the words after it.

    Where the first word is no search's name it is the latest search, and all words are left.

    Raises:
        OptionError: This kernel has no search.
    """
    searches = host_of(shell).searches()
    if not searches:
        raise OptionError("This kernel has no search yet. Put %%tune over a cell; %tune list shows those on disk.")
    by_name = {search.name: search for search in searches}
    if words and words[0] in by_name:
        return by_name[words[0]], list(words[1:])
    return searches[-1], list(words)


def named_search(shell: Any, words: Sequence[str]) -> HostedSearch:
    """Return the search that the only word names, the latest without a word.

    Raises:
        OptionError: There is no such search, or there are more words.
    """
    search, rest = search_and_rest(shell, words)
    if rest:
        raise unknown_search(shell, rest[0])
    return search


def unknown_search(shell: Any, name: str) -> OptionError:
    """Return the error that no search of this kernel has a name."""
    names = list(dict.fromkeys(search.name for search in host_of(shell).searches()))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
    return OptionError(f"This kernel has no search called {name!r}. {hint}")


def tuner_of(search: HostedSearch) -> BaseTuner:
    """Return the tuner of a search.

    Raises:
        OptionError: Nobody holds it any more.
    """
    tuner = search.tuner
    if not isinstance(tuner, BaseTuner):
        raise OptionError(f"The tuner of {search.name} is gone from the notebook. Run its cell again to have it back.")
    return tuner
