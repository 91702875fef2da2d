"""`%tune show [NAME] [N]`: a search's panel, or one of its trials in full."""

from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.trial import trial_number
from kt_notebook.magics.named_search import search_and_rest, unknown_search
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
    search, rest = search_and_rest(shell, words)
    if not rest:
        show_search(host_of(shell), search, front_end(shell))
        return None
    is_named = len(rest) < len(words)
    if not is_named and (len(rest) > 1 or not _may_be_trial(search, rest[0])):
        raise unknown_search(shell, rest[0])
    if len(rest) > 1:
        raise OptionError(f"%tune show takes NAME and N, and {' '.join(words)!r} is more. Write %tune show NAME 3.")
    return trial_view(search.feed.record, rest[0])


def _may_be_trial(search: HostedSearch, word: str) -> bool:
    known = list(search.feed.record.trials)
    return word.isdecimal() or any(trial_number(trial_id) == trial_number(word) for trial_id in known)
