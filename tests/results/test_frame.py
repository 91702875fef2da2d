"""Facts about results as CSV, JSON, LaTeX and Markdown."""

import builtins
import io
import json

import pandas as pd
import pytest

from kt_notebook.core.errors import MissingPackageError
from kt_notebook.results.frame import ResultsFrame
from kt_notebook.results.table import results_table
from tests.results.searches import Tale, mixed_search


@pytest.fixture
def table():
    tale = Tale()
    tale.end("0", 0.95, {"lr": 1.23456789012e-8, "norm": None, "flag": True, "kernel": (3, 3), "act": "relu"})
    tale.end("1", 0.9, {"lr": 0.1, "norm": "layer", "flag": False, "kernel": (5, 5), "act": "a|b_c"})
    tale.end("2", None, {"lr": 0.1}, status="FAILED", error="out\nof <b>memory</b>")
    return results_table(tale.record)


def test_csv_keeps_every_digit(table):
    back = pd.read_csv(io.StringIO(table.to_csv()), index_col="trial")

    assert back.lr.tolist() == table.lr.tolist()
    assert back.flag.tolist()[:2] == [True, False]
    assert back.kernel[0] == "(3, 3)"
    assert back.error[2] == "ValueError: out\nof <b>memory</b>"


def test_json_keeps_small_numbers_and_types(table):
    rows = json.loads(table.to_json(orient="index"))

    assert rows["0"]["lr"] == pytest.approx(1.23456789012e-8, rel=1e-6)
    assert (rows["0"]["norm"], rows["0"]["flag"], rows["0"]["kernel"]) == (None, True, [3, 3])
    assert rows["1"]["norm"] == "layer"
    assert rows["2"]["flag"] is None
    assert json.loads(table.to_json(orient="index", double_precision=2))["1"]["val_accuracy"] == 0.9


def test_a_pickle_keeps_none_apart_from_missing(table, tmp_path):
    table.to_pickle(tmp_path / "table.pkl")
    back = pd.read_pickle(tmp_path / "table.pkl")

    pd.testing.assert_frame_equal(back, table)
    assert back.norm[0] is None
    assert back.attrs == table.attrs


def test_latex_escapes_names_and_shortens_numbers(table):
    text = table.to_latex(columns=["val_accuracy", "lr", "act"])

    assert r"\begin{tabular}{lrrl}" in text
    assert r" & val\_accuracy & lr & act \\" in text
    assert r"0 & 0.95 & 1.23e-8 & relu \\" in text
    assert r"1 & 0.9 & 0.1 & a|b\_c \\" in text
    assert r"2 &  & 0.1 &  \\" in text


def test_latex_is_pandas_own_where_the_user_says_how_numbers_read(table):
    assert "0.95000" in table.to_latex(columns=["val_accuracy"], float_format="%.5f")
    assert "val_accuracy" in table.to_latex(columns=["val_accuracy"], escape=False)


def test_markdown_is_a_table_whatever_the_cells_hold(table):
    lines = table.to_markdown().splitlines()

    assert len(lines) == 5
    assert len({len(line) for line in lines[:3]}) == 1
    assert "| 1.23e-8 | None  | True  | (3, 3) | relu " in lines[2]
    assert "a\\|b_c" in lines[3]
    assert "out of &lt;b>memory" in lines[4]


def test_markdown_goes_to_files_and_without_the_index(table, tmp_path):
    table[["lr"]].to_markdown(tmp_path / "t.md", index=False)
    held = io.StringIO()
    table[["lr"]].to_markdown(held, index=False)

    assert (tmp_path / "t.md").read_text() == held.getvalue()
    assert held.getvalue().splitlines()[0] == "|      lr |"


def test_markdown_with_options_of_tabulate_says_what_to_install(table, monkeypatch):
    real = builtins.__import__

    def without_tabulate(name, *args, **kwargs):
        if name.partition(".")[0] == "tabulate":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_tabulate)
    with pytest.raises(MissingPackageError, match=r"tablefmt=….* needs the package tabulate"):
        table.to_markdown(tablefmt="grid")


def test_what_pandas_makes_of_a_table_writes_itself_too():
    table = results_table(mixed_search(30))
    by = table.groupby("activation")[["val_accuracy"]].agg(["mean", "max"])

    assert "val_accuracy mean" in ResultsFrame(by).to_markdown()
    assert table.describe().to_latex()
    assert ResultsFrame({"a": []}).to_markdown().splitlines() == ["|     |   a |", "|----:|----:|"]
