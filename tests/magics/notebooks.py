"""A notebook without a kernel: a real InteractiveShell whose cells are run and whose printing is kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Ran:
    """What became of a cell: what it printed (an error's block included) and what it raised."""

    out: str
    error: BaseException | None
    value: Any


class Notebook:
    """Runs cells.

    Args:
        shell: The shell.
        read: Returns what was printed since it was last asked.
    """

    def __init__(self, shell: Any, read: Callable[[], str]) -> None:
        self.shell = shell
        self._read = read

    def run(self, code: str) -> Ran:
        """Run a cell, whatever comes of it."""
        self._read()
        result = self.shell.run_cell(code)
        error = result.error_before_exec or result.error_in_exec
        return Ran(_COLOURS.sub("", self._read()), error, result.result)

    def ok(self, code: str) -> Ran:
        """Run a cell that must not raise."""
        ran = self.run(code)
        assert ran.error is None, ran.out
        return ran

    def fails(self, code: str) -> Ran:
        """Run a cell that must raise."""
        ran = self.run(code)
        assert ran.error is not None, f"nothing was raised: {ran.out}"
        return ran

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.shell.user_ns

    def projects(self) -> list[str]:
        """Return the names of the projects beside the notebook."""
        home = Path(".kt_notebook")
        return sorted(path.name for path in home.iterdir() if path.is_dir()) if home.is_dir() else []
