"""The look of results in a notebook: one style, tables that read on light and on dark paper, texts that are escaped.

How it works: text takes the colour of the page, the rest are mid-tones. Where a page takes the style away, a plain
table is left.
"""

from collections.abc import Sequence
from html import escape

from kt_notebook.core.format import shorten
from kt_notebook.core.palette import GOOD, PRUNED

__all__ = ["grid", "left", "page", "text"]

# As the panel's static picture has it; JupyterLab styles tables of its own accord.
_STYLE = f"""<style>
.kt-r{{font:13px/1.45 system-ui,sans-serif;font-variant-numeric:tabular-nums;text-align:left;overflow-x:auto}}
.kt-r table{{border-collapse:collapse;margin:4px 0;border:0;color:inherit;font-size:13px}}
.kt-r tr,.kt-r thead{{background:none!important;border:0}}
.kt-r th,.kt-r td{{padding:3px 9px;text-align:right!important;white-space:nowrap;border:0;max-width:none;
vertical-align:top}}
.kt-r th{{font-weight:500;font-size:12px}}.kt-r th span,.kt-r .soft{{opacity:.7}}
.kt-r td,.kt-r tbody th{{border-top:1px solid #8883}}
.kt-r tr>.t{{text-align:left!important}}.kt-r tr.best{{background:#3b7ff01f!important}}
.kt-r tr>.v{{min-width:44px;padding-bottom:6px;background-color:transparent;background-repeat:no-repeat;
background-image:linear-gradient({PRUNED},{PRUNED}),linear-gradient(#8883,#8883);background-size:0 2px,100% 2px;
background-position:0 calc(100% + 3px);background-origin:content-box;background-clip:padding-box}}
.kt-r tr>.s{{background-image:linear-gradient({GOOD},{GOOD}),linear-gradient(#8883,#8883)}}
.kt-r i{{display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:6px}}
.kt-r pre{{font:12px/1.5 ui-monospace,monospace;overflow-x:auto;margin:4px 0;padding:8px;color:inherit;
background:#8881;white-space:pre}}
.kt-r summary{{cursor:pointer}}.kt-r p{{margin:4px 0}}
</style>"""


def page(body: str) -> str:
    """Return HTML with the style of results around it."""
    return f'{_STYLE}<div class="kt-r">{body}</div>'


def text(value: str, columns: int) -> str:
    """Return a text in one line of at most so many columns, escaped.

    Example:
        >>> text("a < b", 10)
        'a &lt; b'
    """
    return escape(shorten(value, columns))


def left(is_left: bool) -> str:
    """Return the class of a cell that stands on the left, "" for one on the right."""
    return " class=t" if is_left else ""


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]], are_left: Sequence[bool], *, best: int = -1) -> str:
    """Return a table.

    Args:
        heads: HTML; none leaves the head out.
        rows: HTML, as many cells in each as there are heads.
        are_left: For each column, whether it stands on the left.
        best: The row to tint.

    Example:
        >>> grid(["n"], [["1"]], [False])
        '<table><thead><tr><th><span>n</span></th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    """
    head = "".join(
        f"<th{left(side)}><span>{cell}</span></th>" for cell, side in zip(heads, are_left, strict=bool(heads))
    )
    body = "".join(
        f"<tr{' class=best' if number == best else ''}>"
        + "".join(f"<td{left(side)}>{cell}</td>" for cell, side in zip(row, are_left, strict=True))
        + "</tr>"
        for number, row in enumerate(rows)
    )
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if heads else ''}<tbody>{body}</tbody></table>"
