"""The notebook of the honest ending runs headless and says how good the winner is."""

import asyncio
import io
import json

import nbformat
import pytest

from tests.notebooks.test_run import NOTEBOOKS, run, text_of  # noqa: F401 - a fixture


@pytest.mark.keras
@pytest.mark.timeout(400)
def test_the_honest_ending_trains_twice_five_models_and_looks_once(run, tmp_path):  # noqa: F811 - the fixture
    notebook = nbformat.read(NOTEBOOKS / "honest_ending.ipynb", as_version=4)
    asyncio.run(run.execute(notebook, tmp_path, run.Progress(tmp_path, io.StringIO())))

    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    told = text_of(outputs["finish"])
    assert told.startswith("10 fits in ")
    assert "on the 360 test rows" in told
    assert "in the search and has" in told
    assert text_of(outputs["again"]).startswith("This is the second time that this test set is looked at (first: trial")
    kept = json.loads((tmp_path / "my_dir" / "honest" / "finish.json").read_text())
    assert (len(kept["scores"]), len(kept["looks"])) == (12, 2)
