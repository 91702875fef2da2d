"""A notebook without a kernel: a real InteractiveShell whose cells are run and whose printing is kept."""

import io
import re
import sys
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
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        # Not capsys, whose streams close before a search that a test has left running has ended; set at the first
        # cell, since pytest sets its own between the steps of a test.
        self._streams = (io.StringIO(), io.StringIO())
        self._before: tuple[Any, Any] | None = None

    def close(self) -> None:
        """Give the streams back."""
        if self._before is not None:
            sys.stdout, sys.stderr = self._before

    def run(self, code: str) -> Ran:
        """Run a cell, whatever comes of it."""
        if self._before is None:
            self._before = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = self._streams
        for stream in self._streams:
            stream.seek(0)
            stream.truncate()
        result = self.shell.run_cell(code)
        error = result.error_before_exec or result.error_in_exec
        return Ran(_COLOURS.sub("", "".join(stream.getvalue() for stream in self._streams)), error, result.result)

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
