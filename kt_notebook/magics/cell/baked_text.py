"""The cell as the user wrote it: where a node of the parsed cell stands in it, and how pieces of it are put anew.

How it works: the cell was parsed after IPython's transformation, which takes off leading blank lines, indentation and
prompts and rewrites lines with `%` or `!`. Lines are matched from one text to the other; a place counts only where
the user's own text, parsed, is the very node. Inside f-strings, where Python 3.11 tells no true positions, and on
`%time` lines the node's text is looked for.
"""

import ast
import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kt_notebook.magics.cell.plan import Span
from kt_notebook.magics.cell.syntax import Cell, ancestors

__all__ = ["Edit", "RawText", "edited", "says", "says_with"]

_LINE_END = re.compile("\r\n|\r|\n")  # as Python's parser counts, unlike str.splitlines
_PROMPT = re.compile(r"\s*(?:>>>|\.\.\.+:?|In \[\d+\]:) ?")
_CLOSING = re.compile(r"[)\]]")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One change of a text: what stands from `start` to `end`, counted in characters, becomes `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str


class RawText:
    """The user's text of a cell.

    Args:
        raw: The text.
        cell: The cell as it was parsed: a blank line for the magic's own, then the text as IPython made it.
    """

    def __init__(self, raw: str, cell: Cell) -> None:
        self.raw = raw
        self._cell = cell
        self._mine = _lines(raw)
        self._parsed = _lines(cell.text)
        self._line_of = _aligned([line.text for line in self._parsed], [line.text for line in self._mine])
        self._found: dict[ast.AST, tuple[int, int] | None] = {}

    def place(self, node: ast.expr) -> tuple[int, int] | None:
        """Return where an expression stands, from its first character to behind its last; None where it is not there.

        An expression of which there are two alike in one f-string or `%time` line has a place of its own each.
        """
        if node not in self._found:
            place = self._mapped(Span.of(node))
            is_there = place is not None and says(self.raw[slice(*place)], node)
            self._found[node] = place if is_there else self._sought(node)
        return self._found[node]

    def position(self, node: ast.stmt | ast.arg | ast.keyword) -> int | None:
        """Return where a statement, parameter or named argument begins; None where its line is not the user's."""
        place = self._mapped(Span(node.lineno, node.col_offset, node.lineno, node.col_offset))
        return None if place is None else place[0]

    def span(self, node: ast.stmt | ast.arg) -> tuple[int, int] | None:
        """Return where a statement or parameter stands, None where one of its lines is not the user's."""
        end_line, end_col = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._mapped(Span(node.lineno, node.col_offset, end_line, end_col))

    def line_end(self, offset: int) -> int:
        """Return where the line ends that an offset lies in, its line break left out."""
        found = _LINE_END.search(self.raw, offset)
        return len(self.raw) if found is None else found.start()

    def indentation(self, offset: int) -> str | None:
        """Return the blanks before an offset where nothing else stands before it in its line, else None."""
        before = re.split(_LINE_END, self.raw[:offset])[-1]
        return before if not before.strip() else None

    def f_string_of(self, node: ast.expr) -> tuple[ast.JoinedStr, int, int] | None:
        """Return the outermost f-string that an expression stands in, with its place; None where it is in none."""
        outer = _outer_string(node, self._cell)
        place = None if outer is None else self.place(outer)
        return None if outer is None or place is None else (outer, *place)

    def _mapped(self, span: Span) -> tuple[int, int] | None:
        numbers = range(span.line - 1, span.end_line)
        if not numbers or numbers[0] < 0 or numbers[-1] >= len(self._parsed):
            return None
        mine = [self._line_of.get(number) for number in numbers]
        first, last = mine[0], mine[-1]
        if first is None or last is None or mine != list(range(first, last + 1)):
            return None
        return self._offset(numbers[0], first, span.col), self._offset(numbers[-1], last, span.end_col)

    def _offset(self, parsed: int, mine: int, col: int) -> int:
        text = self._parsed[parsed].text
        # Columns count bytes; the parsed line may lack indentation or a prompt.
        n_characters = len(text.encode()[:col].decode(errors="replace"))
        return self._mine[mine].start + len(self._mine[mine].text) - len(text) + n_characters

    def _sought(self, node: ast.expr) -> tuple[int, int] | None:
        region = self._region(node)
        name = _first_name(node)
        if region is None or name is None:
            return None
        taken = set(self._found.values())
        for start in re.finditer(rf"(?<![\w.]){re.escape(name)}\b", self.raw[slice(*region)]):
            begin = region[0] + start.start()
            for closing in _CLOSING.finditer(self.raw, begin, region[1]):
                place = begin, closing.end()
                if place not in taken and says(self.raw[slice(*place)], node):
                    return place
        return None

    def _region(self, node: ast.expr) -> tuple[int, int] | None:
        outer = _outer_string(node, self._cell)
        if outer is not None:
            return self.place(outer) if outer is not node else None
        line = node.lineno - 1
        if line in self._line_of or node.lineno != node.end_lineno:
            return None
        before, after = self._line_of.get(line - 1), self._line_of.get(line + 1)
        number = before + 1 if before is not None else after - 1 if after is not None else -1
        is_one_line = before is None or after is None or after == before + 2
        if not is_one_line or not 0 <= number < len(self._mine) or number in self._line_of.values():
            return None
        held = self._mine[number]
        return held.start, held.start + len(held.text)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits made; one that lies within another gives way to it."""
    kept = sorted(_outermost(list(edits)))
    for edit in reversed(kept):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def says(text: str, node: ast.expr) -> bool:
    """Return whether a text is this expression."""
    try:
        parsed = ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return False
    return ast.dump(parsed) == ast.dump(node)


def _outermost(edits: list[Edit]) -> Iterator[Edit]:
    for edit in edits:
        if not any(_holds(other, edit) for other in edits):
            yield edit


def says_with(text: str, outer: ast.expr, node: ast.expr, new: str) -> bool:
    """Return whether a text is an expression with one node in it replaced by what another text says."""
    return says(text, _Swap(node, ast.parse(new, mode="eval").body).expression(outer))


class _Swap:
    """Copies a tree with one node replaced."""

    def __init__(self, node: ast.AST, instead: ast.AST) -> None:
        self._node = node
        self._instead = instead

    def expression(self, outer: ast.expr) -> ast.expr:
        """Return the copy of an expression."""
        copy = self._copied(outer)
        return copy if isinstance(copy, ast.expr) else outer

    def _copied(self, value: object) -> object:
        if value is self._node:
            return self._instead
        if isinstance(value, ast.AST):
            return type(value)(**{name: self._copied(part) for name, part in ast.iter_fields(value)})
        return [self._copied(part) for part in value] if isinstance(value, list) else value


def _holds(outer: Edit, inner: Edit) -> bool:
    """Return whether an edit takes away what another one changes; two that touch do not."""
    if inner.start == inner.end:
        return outer.start < inner.start < outer.end
    is_wider = outer.end - outer.start > inner.end - inner.start
    return is_wider and outer.start <= inner.start and inner.end <= outer.end


def _lines(text: str) -> list[_Line]:
    lines, start = [], 0
    for found in _LINE_END.finditer(text):
        lines.append(_Line(start, text[start : found.start()]))
        start = found.end()
    return [*lines, _Line(start, text[start:])]


def _aligned(parsed: list[str], mine: list[str]) -> dict[int, int]:
    """Return the number of the user's line for each parsed line that is its end."""
    keys = [line.strip() for line in parsed]
    own = [_PROMPT.sub("", line, count=1).strip() for line in mine]
    result: dict[int, int] = {}
    for block in difflib.SequenceMatcher(None, keys[1:], own, autojunk=False).get_matching_blocks():
        for number in range(block.size):
            one, other = block.a + 1 + number, block.b + number
            if mine[other].endswith(parsed[one]):
                result[one] = other
    return result


def _outer_string(node: ast.AST, cell: Cell) -> ast.JoinedStr | None:
    found = [holder for holder in ancestors(node, cell.parents) if isinstance(holder, ast.JoinedStr)]
    return found[-1] if found else None


def _first_name(node: ast.AST) -> str | None:
    while not isinstance(node, ast.Name):
        match node:
            case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return None
    return node.id
