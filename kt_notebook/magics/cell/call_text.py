"""One call as text: its arguments changed, added and taken out, while everything else of it stays as it is.

How it works: each change parses the text anew, so that places are never out of date. Tokens tell where an argument's
own brackets and the commas around it are; comments and line breaks between arguments are never taken out.
"""

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CallText"]

_BLANK = frozenset(
    {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


class CallText:
    """The text of a call of a method, such as `hp.Int("units", 32, 512)`.

    Args:
        text: The text.
        parameters: The method's parameters in order; an argument is asked for by these names.

    Attributes:
        text: As it is now.

    Example:
        >>> call = CallText('hp.Int("units", 32, hi, step=32)', ["name", "min_value", "max_value", "step"])
        >>> call.put("max_value", "1024")
        >>> call.remove("step")
        >>> call.text
        'hp.Int("units", 32, 1024)'
    """

    def __init__(self, text: str, parameters: Sequence[str]) -> None:
        self.text = text
        self._parameters = list(parameters)

    @property
    def node(self) -> ast.Call:
        """The call, parsed; its columns are those of the text in brackets."""
        node = ast.parse(f"({self.text}\n)", mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            raise TypeError(f"{self.text!r} is no call of a method.")
        return node

    def argument(self, name: str) -> ast.expr | None:
        """Return an argument's expression, None where the call does not give it."""
        node = self.node
        place = self._parameters.index(name)
        if place < len(node.args):
            return node.args[place]
        return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)

    def source(self, node: ast.expr) -> str:
        """Return the text of a part of the call."""
        start, end = self._place(node)
        return self.text[start:end]

    def quote(self) -> str:
        """Return the quotes that the call puts around texts."""
        for part in ast.walk(self.node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                opening = self.source(part).lstrip("rRuUbBfF")[:1]
                if opening in ("'", '"'):
                    return opening
        return '"'

    def rename(self, method: str, parameters: Sequence[str]) -> None:
        """Call another method of the same object."""
        func = self.node.func
        end = self._offset(func.end_lineno or 1, func.end_col_offset or 0)
        start = self.text.rindex(".", 0, end) + 1
        begin = start + len(self.text[start:end]) - len(self.text[start:end].lstrip())
        self.text = self.text[:begin] + method + self.text[end:]
        self._parameters = list(parameters)

    def put(self, name: str, value: str) -> None:
        """Give an argument, in the place of its expression where there is one, else as the last."""
        held = self.argument(name)
        if held is not None:
            start, end = self._place(held)
            self.text = self.text[:start] + value + self.text[end:]
            return
        last = self._last()
        separator = "" if last.text == "(" else ", "
        self.text = f"{self.text[: last.end]}{separator}{name}={value}{self.text[last.end :]}"

    def put_keyword_as(self, old: str, name: str, value: str) -> None:
        """Give an argument under another name, in the place of the old one."""
        node = self.node
        keyword = next((keyword for keyword in node.keywords if keyword.arg == old), None)
        if keyword is None:
            self.put(old, value)
            return
        start = self._offset(keyword.lineno, keyword.col_offset)
        value_start, end = self._place(keyword.value)
        between = self.text[start + len(old) : value_start]
        self.text = f"{self.text[:start]}{name}{between}{value}{self.text[end:]}"

    def put_after_name(self, name: str, value: str) -> None:
        """Give an argument as the first, or behind the name where this stands first."""
        node = self.node
        if not node.args:
            keyed = f"{name}={value}" if node.keywords else value
            opening = next(token for token in self._tokens() if token.end > self._func_end() and token.text == "(")
            rest = ", " if node.keywords else ""
            self.text = f"{self.text[: opening.end]}{keyed}{rest}{self.text[opening.end :]}"
            return
        end = self._with_brackets(*self._place(node.args[0]))[1]
        self.text = f"{self.text[:end]}, {value}{self.text[end:]}"

    def keep_elements(self, name: str, kept: Sequence[bool]) -> bool:
        """Take elements out of a list or tuple that is written out; return whether the argument is one."""
        held = self.argument(name)
        if not isinstance(held, ast.List | ast.Tuple) or len(held.elts) != len(kept):
            return False
        for number in reversed([number for number, keep in enumerate(kept) if not keep]):
            held = self.argument(name)
            if isinstance(held, ast.List | ast.Tuple):
                self._cut_out(*self._place(held.elts[number]))
        return True

    def remove(self, name: str) -> None:
        """Take an argument out; nothing happens where the call does not give it."""
        held = self.argument(name)
        if held is None:
            return
        start, end = self._place(held)
        keyword = next((keyword for keyword in self.node.keywords if keyword.arg == name), None)
        if keyword is not None:
            start = self._offset(keyword.lineno, keyword.col_offset)
        self._cut_out(start, end)

    # Places in the text.

    def _cut_out(self, start: int, end: int) -> None:
        """Take out a piece between commas, with the comma behind it, or the one before where it is the last."""
        start, end = self._with_brackets(start, end)
        tokens = self._tokens()
        after = next(token for token in tokens if token.start >= end)
        if after.text == ",":
            stop = after.end
            while self.text[stop : stop + 1] in (" ", "\t"):
                stop += 1
            line_start = self.text.rfind("\n", 0, start) + 1
            if self.text[stop : stop + 1] == "\n" and line_start and not self.text[line_start:start].strip():
                start, stop = line_start, stop + 1
            self.text = self.text[:start] + self.text[stop:]
            return
        before = [token for token in tokens if token.end <= start][-1]
        if before.text != ",":
            self.text = self.text[:start] + self.text[end:]
            return
        begin = before.end if not self.text[before.end : start].strip() else start
        self.text = self.text[: before.start] + self.text[before.end : begin] + self.text[end:]

    def _with_brackets(self, start: int, end: int) -> tuple[int, int]:
        """Return the place of an expression with the brackets around it that are not the call's."""
        tokens = self._tokens()
        opening = self._opening()
        while True:
            before = [token for token in tokens if token.end <= start][-1]
            after = next(token for token in tokens if token.start >= end)
            if before.text != "(" or after.text != ")" or before.start <= opening:
                return start, end
            start, end = before.start, after.end

    def _last(self) -> _Token:
        """Return the token behind which a further argument stands: before a comma at the end."""
        inner = [token for token in self._tokens() if token.end < len(self.text.rstrip())]
        return inner[-2] if inner[-1].text == "," else inner[-1]

    def _opening(self) -> int:
        end = self._func_end()
        return next(token.start for token in self._tokens() if token.start >= end and token.text == "(")

    def _func_end(self) -> int:
        func = self.node.func
        return self._offset(func.end_lineno or 1, func.end_col_offset or 0)

    def _place(self, node: ast.expr) -> tuple[int, int]:
        start = self._offset(node.lineno, node.col_offset)
        return start, self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def _offset(self, line: int, col: int) -> int:
        lines = f"({self.text}\n)".split("\n")
        before = sum(len(text) + 1 for text in lines[: line - 1])
        return before + len(lines[line - 1].encode()[:col].decode()) - 1

    def _tokens(self) -> list[_Token]:
        """Return the tokens that say something, with their places in the text."""
        wrapped = f"({self.text}\n)"
        starts = [0]
        for line in wrapped.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        found = []
        for token in tokenize.generate_tokens(io.StringIO(wrapped).readline):
            if token.type not in _BLANK:
                start = starts[token.start[0] - 1] + token.start[1] - 1
                found.append(_Token(token.string, start, starts[token.end[0] - 1] + token.end[1] - 1))
        return found[1:-1]
