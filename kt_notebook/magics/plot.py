"""`%tune plot KIND [NAME] [HYPERPARAMETER …]`: a search's figure with its reading under it."""

from typing import Any

from kt_notebook.magics.named_search import search_and_rest, unknown_search
from kt_notebook.panel.host import HostedSearch
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
    search, names = search_and_rest(shell, words)
    if names and kind not in NAMED_KINDS:
        raise unknown_search(shell, names[0])
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
