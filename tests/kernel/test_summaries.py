"""Where a summary goes in a real kernel: to the notebook as a table with the text, or to whoever took stdout."""

import nbformat
import pytest
from nbclient import NotebookClient

SHOW = "show_summary('the text', lambda: '<b>the table</b>')"
BUNDLE = {"text/plain": "the text", "text/html": "<b>the table</b>"}
CELLS = {
    "notebook": f"from kt_notebook.tuners.summary_display import show_summary\n{SHOW}",
    "captured": f"%%capture taken\n{SHOW}",
    "captured text": "print(taken.stdout, len(taken.outputs))",
    "redirected": "import contextlib, io\nout = io.StringIO()\n"
    f"with contextlib.redirect_stdout(out):\n    {SHOW}\nprint([out.getvalue()])",
    "searching": "%load_ext kt_notebook\nimport threading\ngate = threading.Event()",
    "begun": "%%tune q --no-wait --max-trials 1\ngate.wait()\nhp.Int('n', 1, 9)",
    "while a search runs": f"import sys\nassert 'Routed' in type(sys.stdout).__name__\n{SHOW}",
    "end": "gate.set()\nq.wait()",
    "space": "import kt_notebook as kt\n"
    "tuner = kt.RandomSearch(lambda hp: hp.Int('n', 1, 9), max_trials=2)\ntuner.search_space_summary()",
    "results": "tuner.search(verbose=0)\ntuner.results_summary(1)",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.values()])
    folder = tmp_path_factory.mktemp("summaries")
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


@pytest.mark.parametrize("place", ["notebook", "while a search runs"])
def test_a_notebook_gets_one_output_with_the_table_and_the_text(outputs, place):
    (output,) = outputs[place]

    assert output.output_type == "display_data"
    assert output.data == BUNDLE


def test_who_captures_a_cell_gets_the_text(outputs):
    assert [output.text for output in outputs["captured text"]] == ["the text\n 0\n"]


def test_who_redirects_stdout_gets_the_text(outputs):
    assert [output.text for output in outputs["redirected"]] == ["['the text\\n']\n"]


@pytest.mark.parametrize(
    ("asked", "first", "cells"),
    [
        ("space", "Search space summary", ["n", "Int", "1 to 9", "1", "always"]),
        ("results", "Results summary", ["score ↓", "complete"]),
    ],
)
def test_the_summaries_of_a_tuner_are_shown_so(outputs, asked, first, cells):
    (output,) = outputs[asked]

    assert output.data["text/plain"].startswith(f"{first}\n")
    for cell in cells:
        assert f">{cell}</t" in output.data["text/html"]
