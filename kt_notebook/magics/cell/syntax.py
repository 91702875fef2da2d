"""The parsed cell: its tree, its lines, who contains whom, and errors that quote the line."""

import ast
import hashlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kt_notebook.core.errors import CellError

__all__ = ["Cell", "Place", "ancestors", "identity_of", "parse_cell"]

# one node, or a bare line number
Place = ast.AST | int
_LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that parses.

    Attributes:
        text: The cell's text, as it was parsed.
        lines: The text's lines; line 1 is `lines[0]`.
        tree: The syntax tree; `%time statement` lines stand there as the statement itself.
        parents: For each node of the tree the node that holds it.
    """

    text: str
    lines: tuple[str, ...]
    tree: ast.Module
    parents: Mapping[ast.AST, ast.AST]

    def quote(self, line: int) -> str:
        """Return one line of the cell without its indentation."""
        text = self.lines[line - 1].strip() if 0 < line <= len(self.lines) else ""
        return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"

    def source(self, node: ast.AST) -> str:
        """Return the text of a node on one line."""
        text = ast.get_source_segment(self.text, node) or ast.unparse(node)
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"

    def fault(self, message: str, *places: Place) -> CellError:
        """Return an error of one block: the lines in question, then what was wrong and what to write."""
        numbers = sorted({line_of(place) for place in places})
        quotes = [f"line {number}: {self.quote(number)}" for number in numbers]
        first = line_of(places[0]) if places else None
        return CellError("\n".join([*quotes, message]), first)


def line_of(place: Place) -> int:
    """Return the line of a node, or the line number itself."""
    return place if isinstance(place, int) else int(getattr(place, "lineno", 1))


def parse_cell(text: str) -> Cell:
    """Parse a cell's text, as IPython hands it to Python.

    Raises:
        CellError: The text is no Python; the error shows the line with a caret.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # IPython says these itself when the cell runs
            tree = ast.parse(text)
            # what only the compiler finds: `return` outside a function, a name global after its use
            compile(text, "<cell>", "exec", flags=flags, dont_inherit=True)
    except SyntaxError as error:
        raise CellError(_syntax_block(text, error), error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise CellError(f"The cell does not parse: {error}. Take out the character or the depth it names.") from error
    tree = ast.fix_missing_locations(_SpliceTimed().visit(tree))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return Cell(text, tuple(text.splitlines()), tree, parents)


def ancestors(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that hold a node, the nearest first."""
    while node in parents:
        node = parents[node]
        yield node


def identity_of(tree: ast.Module) -> str:
    """Return a hash of what the cell says: comments, layout and position do not count.

    The form is our own, so that it stays the same from one Python version to the next.
    """
    return hashlib.sha256(_dump(tree).encode("utf-8", "surrogatepass")).hexdigest()


def _dump(node: object) -> str:
    if isinstance(node, ast.AST):
        parts = []
        for name, value in ast.iter_fields(node):
            unsaid = value is None and not (isinstance(node, ast.Constant) and name == "value")
            if unsaid or value == [] or name in {"ctx", "type_comment", "kind", "type_ignores"}:
                continue
            parts.append(f"{name}={_dump(value)}")
        return f"{type(node).__name__}({', '.join(parts)})"
    if isinstance(node, list):
        return f"[{', '.join(map(_dump, node))}]"
    return f"{type(node).__name__}:{node!r}"


def _syntax_block(text: str, error: SyntaxError) -> str:
    line = error.lineno or 1
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else (error.text or "").rstrip("\n")
    caret = " " * max(0, (error.offset or 1) - 1) + "^"
    return (
        f"line {line} does not parse: {error.msg}\n    {shown}\n    {caret}\n"
        "Correct this line; nothing was run and no search was started."
    )


class _SpliceTimed(ast.NodeTransformer):
    """Puts the statement itself where `%time statement` stood: the magic would run it outside the trial."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        match node.value:
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr="run_line_magic"),
                args=[ast.Constant(value="time"), ast.Constant(value=str() as code)],
            ) if code.strip():
                try:
                    timed = ast.parse(code.strip()).body
                except SyntaxError:
                    return node
                for part in (inner for statement in timed for inner in ast.walk(statement)):
                    _place_at(part, node)
                return timed
        return node


def _place_at(node: ast.AST, where: ast.stmt) -> None:
    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        if name in node._attributes:
            setattr(node, name, getattr(where, name))
