"""`%tune show [NAME] [N]`: a search's panel, or one of its trials in full."""

import difflib
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.trial import trial_number
from kt_notebook.panel.host import HostedSearch, front_end, host_of
from kt_notebook.panel.showing import show_search
from kt_notebook.results.trial_view import TrialView, trial_view

__all__ = ["show_word"]


# Any: IPython's shell.
def show_word(shell: Any, words: list[str]) -> TrialView | None:
    """Show a search's panel, or return one of its trials for the notebook to show.

    Args:
        shell: The notebook.
        words: NAME of the search and N of the trial. Without NAME it is the latest search, without N the panel. A word
            that is the name of a search is NAME; a bare number is N.

    Raises:
        OptionError: There is no such search or trial, or there are more words.
    """
    search, wanted = _search_and_trial(shell, words)
    if wanted is not None:
        return trial_view(search.feed.record, wanted)
    show_search(host_of(shell), search, front_end(shell))
    return None


def _search_and_trial(shell: Any, words: list[str]) -> tuple[HostedSearch, str | None]:
    searches = host_of(shell).searches()
    if not searches:
        raise OptionError("This kernel has no search yet. Put %%tune over a cell; %tune list shows those on disk.")
    if len(words) > 2:
        raise OptionError(f"%tune show takes NAME and N, and {' '.join(words)!r} is more. Write %tune show NAME 3.")
    names = {search.name: search for search in searches}  # the latest of a name
    latest = searches[-1]
    match words:
        case []:
            return latest, None
        case [name] if name in names:
            return names[name], None
        case [trial_id] if _is_trial(latest, trial_id) or trial_id.isdecimal():
            return latest, trial_id
        case [name, trial_id] if name in names:
            return names[name], trial_id
        case _:
            near = difflib.get_close_matches(words[0], names, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
            raise OptionError(f"This kernel has no search called {words[0]!r}. {hint}")


def _is_trial(search: HostedSearch, word: str) -> bool:
    return any(trial_number(known) == trial_number(word) for known in list(search.feed.record.trials))
