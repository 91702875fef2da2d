"""Somebody who reads a tutorial in a real kernel: runs its blocks in order, and keeps what each of them shows."""

import ast
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.kernel.kernels import MIME, Kernel, is_idle
from tests.seeds.tutorial import Change, Tutorial, changed_blocks

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
TENSORFLOW = re.compile(
    r"^([IWE]\d{4} [\d:.]+ .*|WARNING: All log messages before absl.*|To enable the following.*)\n?", re.MULTILINE
)

PREPARE = """
import sys
sys.path.append({stand_ins!r})
del sys
"""


@dataclass
class Shown:
    """What one cell showed.

    Attributes:
        code: The cell.
        stdout: What it printed.
        stderr: What it wrote as errors and warnings, without TensorFlow's own lines.
        displays: Bundles by MIME type, in order; one that was updated is here as it last was.
        clears: How often it asked the front end to clear its output.
        error: Name and message of the error, None where there was none.
        traceback: What was shown of the error.
        seconds: How long it took.
    """

    code: str
    stdout: str = ""
    stderr: str = ""
    displays: list = field(default_factory=list)
    clears: int = 0
    error: tuple[str, str] | None = None
    traceback: str = ""
    seconds: float = 0.0

    @property
    def searches(self):
        """The searches that are shown, as snapshots."""
        return [data[MIME]["snapshot"] for data in self.displays if MIME in data]

    @property
    def text(self):
        """What a reader sees besides searches, as text."""
        rest = [data.get("text/plain", "") for data in self.displays if MIME not in data]
        return "\n".join([self.stdout, *rest])


class LongKernel(Kernel):
    """A kernel whose cells may take minutes."""

    timeout_s = 270  # A block on a slow machine.


class Reader:
    """A reader with a kernel.

    Args:
        tutorial: What is written down about the seed.
        text: The seed.
        folder: Where the kernel works.
        watches: Whether somebody watches, as in JupyterLab, with `%load_ext kt_notebook`; else as nbconvert runs it.

    Attributes:
        blocks: What each block showed, the first at 0; None for one that takes long and was not asked for.
    """

    def __init__(self, tutorial: Tutorial, text: str, folder: Path, *, watches: bool) -> None:
        self.tutorial, self.author, self.folder, self.watches = tutorial, text, folder, watches
        self.codes = changed_blocks(text, tutorial)
        self.blocks: list[Shown | None] = []
        self.kernel = LongKernel(folder)

    def read(self) -> None:
        """Run the cells that prepare the tutorial, and its blocks in order, but for those that take long."""
        self.kernel.text(PREPARE.format(stand_ins=str(Path(__file__).parent / "stand_ins")))
        if self.watches:
            self.kernel.text("%load_ext kt_notebook")
        for stand_in in self.tutorial.stand_ins:
            self.kernel.text(stand_in.code)
        for number in range(1, len(self.codes) + 1):
            is_long = number in self.tutorial.long_blocks
            self.blocks.append(None if is_long else self.run_block(number))

    def run_block(self, number: int) -> Shown:
        """Run one block, after the cells that it needs; it must fail if, and only if, that is written down."""
        for given in self.tutorial.given_before(number):
            self.kernel.text(given.code)
        shown = self.run(self.codes[number - 1])
        fault = self.tutorial.fault_of(number)
        if fault is None:
            assert shown.error is None, f"block {number} fails:\n{shown.traceback}"
        else:
            assert shown.error is not None, f"block {number} must fail: {fault.why}"
        return shown

    def run(self, code: str) -> Shown:
        """Run a cell and return what it showed."""
        begun = time.monotonic()
        request = self.kernel.execute(code, allow_stdin=self.watches)
        shown = Shown(code)
        places: dict[str, int] = {}
        for message in self.kernel.until(lambda m: is_idle(m, request)):
            if message["parent_header"].get("msg_id") == request:
                _take(shown, places, message)
        shown.stderr = TENSORFLOW.sub("", shown.stderr)
        shown.seconds = time.monotonic() - begun
        return shown

    def value(self, expression: str):
        """Return the value of an expression in the kernel, which a literal can say."""
        shown = self.run(f"print('value:' + repr(({expression})))")
        assert shown.error is None, shown.traceback
        return ast.literal_eval(shown.stdout.rpartition("value:")[2].strip())

    def still_fails(self, change: Change) -> bool:
        """Return whether what stood in the place of a change would fail today, and for the reason that is written."""
        assert change.still is not None
        statement, words = change.still
        error = self.run(statement).error
        return error is not None and words in error[1]

    def files(self, pattern: str) -> list[str]:
        """Return the paths of files and folders in the kernel's folder."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob(pattern))


def reading(tutorial: Tutorial):
    """Return a fixture: a reader who has read the tutorial, once with and once without somebody who watches."""

    @pytest.fixture(scope="module", params=["watched", pytest.param("headless", marks=pytest.mark.slow)], name="seed")
    def seed(request, seed_text, tmp_path_factory):
        text = seed_text(tutorial.number)
        reader = Reader(tutorial, text, tmp_path_factory.mktemp("notebook"), watches=request.param == "watched")
        try:
            reader.read()
            yield reader
        finally:
            reader.kernel.stop()

    return seed


def space_listed(text: str) -> dict[str, tuple[str, dict]]:
    """Return the hyperparameters that a `search_space_summary` in a text lists: kind and settings, in order."""
    found = re.finditer(r"^(\w+) \((\w+)\)\n(\{.*\})$", text, re.MULTILINE)
    return {match[1]: (match[2], ast.literal_eval(match[3])) for match in found}


def trials_listed(text: str) -> list[tuple[dict[str, str], str]]:
    """Return the trials that summaries in a text list: values as they are printed, and the score, in order."""
    found = re.finditer(r"^Trial \S*\s?summary\nHyperparameters:\n((?:.+: .+\n)*?)Score: (\S+)$", text, re.MULTILINE)
    return [(dict(line.split(": ", 1) for line in match[1].splitlines()), match[2]) for match in found]


def _take(shown: Shown, places: dict[str, int], message) -> None:
    kind, content = message["msg_type"], message["content"]
    if kind == "stream":
        setattr(shown, content["name"], getattr(shown, content["name"]) + content["text"])
    elif kind in ("display_data", "execute_result"):
        name = content.get("transient", {}).get("display_id")
        if name is not None:
            places[name] = len(shown.displays)
        shown.displays.append(content["data"])
    elif kind == "update_display_data":
        place = places.get(content["transient"]["display_id"])
        if place is not None:
            shown.displays[place] = content["data"]
    elif kind == "clear_output":
        shown.clears += 1
    elif kind == "error":
        shown.error = (content["ename"], ESCAPE.sub("", content["evalue"]))
        shown.traceback = ESCAPE.sub("", "\n".join(content["traceback"]))
