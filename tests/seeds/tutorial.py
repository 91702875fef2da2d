"""A tutorial as a list of cells: its code blocks with our import lines and the changes that are written down.

A block is a fenced one that says it is Python, or one between two lines of three quotes. What a block shows as output
is left out: lines without a prompt where others have `>>>`, and what stands between two rules of dashes.
"""

import ast
import builtins
import re
import symtable
import textwrap
from dataclasses import dataclass

FENCED = re.compile(r"^```[Pp]ython[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"^[ \t]*'''[ \t]*\n(.*?)^[ \t]*'''[ \t]*$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"^[ \t]*-{10,}[ \t]*\n.*?^[ \t]*-{10,}[ \t]*\n", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^(>>>|\.\.\.)( |$)")

IMPORT = re.compile(r"^([ \t]*)import keras_?tuner(?: as (\w+))?[ \t]*$", re.MULTILINE)
FROM_IMPORT = re.compile(r"^([ \t]*)from keras_?tuner((?:\.\w+)*) import ", re.MULTILINE)


@dataclass(frozen=True)
class Given:
    """Names that the author left undefined, and the cell of ours that binds them.

    Attributes:
        names: The names, with spaces between.
        code: The cell.
        why: What the author says of them, or leaves to the reader.
        before: The block (from 1) before which the cell runs.
        anew: Names that an earlier block bound to something else; the author leaves out where they are bound again.
    """

    names: str
    code: str
    why: str
    before: int = 1
    anew: str = ""


@dataclass(frozen=True)
class StandIn:
    """Something in the kernel that takes the place of what a test cannot have, and why."""

    code: str
    why: str


@dataclass(frozen=True)
class Change:
    """One place in one block that is changed.

    Attributes:
        block: Number of the block, from 1.
        anchor: What stands there, just long enough to be found once in the block.
        instead: What takes its place.
        why: The reason; begins with "place", "size", "internet" or "Keras 3".
        still: A statement that fails after the last block as long as the change is needed, and words of its error.
    """

    block: int
    anchor: str
    instead: str
    why: str
    still: tuple[str, str] | None = None


@dataclass(frozen=True)
class Fault:
    """A block that shows a mistake: the error that it must end with.

    Attributes:
        block: Number of the block, from 1.
        error: Name of the error's class.
        says: What its message has in it.
        why: What is wrong.
    """

    block: int
    error: str
    says: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Tutorial:
    """What is written down about one seed.

    Attributes:
        number: The first three figures of its file's name.
        n_blocks: How many code blocks it has.
        given: Cells that bind what its author left undefined.
        stand_ins: What takes the place of the network, and of packages that are not installed.
        changes: What is changed in its blocks.
        faults: Blocks that must fail.
        long_blocks: Blocks of a minute or more, which a test of their own runs.
    """

    number: str
    n_blocks: int
    given: tuple[Given, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    changes: tuple[Change, ...] = ()
    faults: tuple[Fault, ...] = ()
    long_blocks: tuple[int, ...] = ()

    def given_before(self, block: int) -> list[Given]:
        """Return the cells to run just before a block."""
        return [given for given in self.given if given.before == block]

    def fault_of(self, block: int) -> Fault | None:
        """Return how a block must fail, None for one that must not."""
        return next((fault for fault in self.faults if fault.block == block), None)


def code_blocks(text: str) -> list[str]:
    """Return a tutorial's Python blocks, in order, as a reader would paste them."""
    found = [(match.start(), match.group(1)) for pattern in (FENCED, QUOTED) for match in pattern.finditer(text)]
    return [without_output(textwrap.dedent(code)) for _, code in sorted(found)]


def without_output(code: str) -> str:
    """Return a block without the output that it shows; prompts stay, for IPython to take off."""
    code = OUTPUT.sub("", code)
    lines = code.splitlines()
    if any(line.startswith(">>>") for line in lines):
        lines = [line for line in lines if PROMPT.match(line)]
    return "\n".join(lines).strip("\n") + "\n"


def with_our_imports(code: str) -> str:
    """Return a block with KerasTuner's import lines changed, as the product tells its users to."""
    code = IMPORT.sub(lambda m: f"{m[1]}import kt_notebook as {m[2] or m[0].split()[1]}", code)
    return FROM_IMPORT.sub(r"\1from kt_notebook\2 import ", code)


def changed_blocks(text: str, tutorial: Tutorial) -> list[str]:
    """Return the cells to run: import lines and the changes written down, and nothing else.

    Raises:
        LookupError: A change's anchor is not in its block, or more than once.
    """
    blocks = [with_our_imports(code) for code in code_blocks(text)]
    for change in tutorial.changes:
        code = blocks[change.block - 1]
        if code.count(change.anchor) != 1:
            raise LookupError(f"block {change.block} has {change.anchor!r} {code.count(change.anchor)} times, not once")
        blocks[change.block - 1] = code.replace(change.anchor, change.instead)
    return blocks


def bound_and_free(code: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell binds, and those that it needs from outside; `>>>` prompts are taken off."""
    code = "\n".join(PROMPT.sub("", line) for line in code.splitlines())
    top = symtable.symtable(code, "<block>", "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    bound |= {node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    inner = list(top.get_children())
    while inner:
        table = inner.pop()
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
        inner += table.get_children()
    return bound, used - bound - set(dir(builtins))


def undefined_names(blocks: list[str]) -> dict[str, int]:
    """Return the names that no block up to the one that needs them binds, with the first such block."""
    known: set[str] = set()
    missing: dict[str, int] = {}
    for number, code in enumerate(blocks, 1):
        bound, free = bound_and_free(code)
        for name in free - known:
            missing.setdefault(name, number)
        known |= bound
    return missing
