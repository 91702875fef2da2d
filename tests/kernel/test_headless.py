"""Where nobody watches (nbclient, nbconvert, papermill): cells block and leave what any reader can show."""

import json
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.kernel.kernels import MIME

WIDGETS = "application/vnd.jupyter.widget"


def notebook_of(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def execute(notebook, folder):
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    return client.execute()


def test_a_notebook_run_by_nbclient_blocks_and_keeps_static_pictures(tmp_path):
    ran = execute(
        notebook_of(
            "%load_ext kt_notebook",
            "%%tune q --objective score:max --max-trials 6 --seed 2\n"
            "x = hp.Float('x', -1, 1)\n"
            "act = hp.Choice('act', ['<b>relu</b>', 'tanh'])\nprint('hidden')\n{'score': x}\n",
            "print(q.session.is_running, len(q.results), round(q.best.score, 6) == round(q.results.score.max(), 6))",
            "%%tune q --objective score:max --max-trials 6 --seed 2\n"
            "x = hp.Float('x', -1, 1)\n"
            "act = hp.Choice('act', ['<b>relu</b>', 'tanh'])\nprint('hidden')\n{'score': x}\n",
            "q.results",
            "%%tune r --no-wait --max-trials 5\nimport time\nx = hp.Float('x', 0, 1)\ntime.sleep(0.05)\nx",
            "r.wait()",
        ),
        tmp_path,
    )

    search, printed, again, table, beside, waited = [cell.outputs for cell in ran.cells[1:]]
    assert [output.text for output in printed] == ["False 6 True\n"]
    for outputs in (search, again):
        (output,) = outputs
        assert output.output_type == "display_data"
        assert MIME in output.data
        assert not any(kind.startswith(WIDGETS) for kind in output.data)
        html = output.data["text/html"]
        assert "<script" not in html
        assert "<svg" in html
        assert "<table" in html
        assert "<b>relu</b>" not in html
        assert len(html.encode()) <= 64 * 1024
        assert "q · finished" in output.data["text/plain"]
        snapshot = output.data[MIME]["snapshot"]
        assert snapshot["search"]["state"] == "finished"
        assert snapshot["n_trials"] == 6
        json.dumps(output.data[MIME], allow_nan=False)
    assert "<table" in table[0].data["text/html"]
    # asked not to wait, it is brought up to date when it has ended
    (output,) = [o for o in beside if o.output_type == "display_data"]
    assert output.data[MIME]["snapshot"]["search"]["state"] == "finished"
    assert any("Waiting for r" in o.get("text", "") for o in waited)
    assert "widgets" not in ran.metadata
    nbformat.validate(ran)


def test_a_fault_of_the_trials_fails_the_cell_that_blocks(tmp_path):
    notebook = notebook_of("%load_ext kt_notebook", "%%tune q\nx = hp.Float('x', 0, 1)\nx / 0\n")

    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(notebook, tmp_path)

    kinds = [output.output_type for output in notebook.cells[1].outputs]
    assert kinds == ["display_data", "error"]
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(notebook.cells[1].outputs[1].traceback))
    assert "x / 0" in traceback
    assert "kt_notebook/" not in traceback


def test_a_notebook_of_a_search_converts_to_html_without_a_script_of_ours(tmp_path):
    nbconvert = pytest.importorskip("nbconvert")
    ran = execute(
        notebook_of("%load_ext kt_notebook", "%%tune q --max-trials 3\nx = hp.Float('x', 0, 1)\nx\n"), tmp_path
    )
    html, _ = nbconvert.HTMLExporter(template_name="basic").from_notebook_node(ran)

    assert "q" in html
    assert "<svg" in html
    assert MIME not in html
