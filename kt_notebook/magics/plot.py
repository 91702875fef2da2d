"""`%tune plot KIND [NAME] [HYPERPARAMETER …]`: a search's figure with its reading under it."""

import difflib
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.panel.host import HostedSearch, host_of
from kt_notebook.results.figures.plots import KINDS, NAMED_KINDS, Plots, checked_kind

__all__ = ["plot_word"]


# Any: IPython's shell.
def plot_word(shell: Any, words: list[str]) -> None:
    """Show a figure of a search and print what it says; without KIND, print which figures there are.

    Args:
        shell: The notebook.
        words: KIND, NAME of the search (the latest without), and for slice, contour and rank the hyperparameters.

    Raises:
        OptionError: There is no such figure, search or hyperparameter.
    """
    if not words:
        lines = [f"{kind:<12}{text}" for kind, text in KINDS.items()]
        print("\n".join(["%tune plot KIND [NAME] [HYPERPARAMETER …]", *lines]))  # noqa: T201
        return
    kind = checked_kind(words[0])
    search, names = _search_and_names(shell, kind, words[1:])
    record = search.feed.record  # one for the figure and its sentence
    plots = Plots(lambda: record)
    axes = plots(kind, reading=False, **({"names": names} if names else {}))
    _show(axes)
    print(plots.reading(kind, *names))  # noqa: T201


def _search_and_names(shell: Any, kind: str, words: list[str]) -> tuple[HostedSearch, list[str]]:
    searches = host_of(shell).searches()
    if not searches:
        raise OptionError("This kernel has no search yet. Put %%tune over a cell; %tune list shows those on disk.")
    by_name = {search.name: search for search in searches}  # the latest of a name
    if words and words[0] in by_name:
        search, names = by_name[words[0]], words[1:]
    else:
        search, names = searches[-1], words
    if names and kind not in NAMED_KINDS:
        near = difflib.get_close_matches(names[0], by_name, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(by_name)}."
        raise OptionError(f"This kernel has no search called {names[0]!r}. {hint}")
    return search, names


# Any: Axes, or an array of them.
def _show(axes: Any) -> None:
    """Show the figure here, above what is printed next; where pyplot has windows of its own, let it."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from IPython.display import display

    figure = (axes if hasattr(axes, "figure") else axes[0]).figure
    backend = mpl.get_backend().lower()
    if "inline" in backend or backend == "agg":
        display(figure)  # type: ignore[no-untyped-call]  # IPython's is untyped
        plt.close(figure)
