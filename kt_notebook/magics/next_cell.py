"""Puts a new cell below the one that runs."""

from typing import Any

from kt_notebook.panel.host import FrontEnd, front_end

__all__ = ["put_cell"]


# Any: IPython's shell.
def put_cell(shell: Any, text: str) -> None:
    """Offer a text as the notebook's next cell; where no front end takes it, print it."""
    shell.set_next_input(text, replace=False)
    if front_end(shell) not in (FrontEnd.NOTEBOOK, FrontEnd.TERMINAL):
        print(text)  # noqa: T201 - nobody else would show it
