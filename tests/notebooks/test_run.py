"""Facts about the runner behind `make demo`, and the quickstart run by it from end to end."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(scope="module")
def run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run", NOTEBOOKS / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(seq: int, kind: str, **fields: Any) -> bytes:
    return json.dumps({"seq": seq, "time": 100.0 + seq, "kind": kind, **fields}).encode() + b"\n"


def started(seq: int = 1) -> bytes:
    objective = [{"name": "val_accuracy", "direction": "max"}]
    return record(seq, "search_started", name="digits", tuner="random", objective=objective, max_trials=2)


def fitted(seq: int, trial_id: str, path: str, *, execution: int = 0) -> bytes:
    return record(seq, "fit_chosen", trial_id=trial_id, execution=execution, stage=0, path=path, reason=None)


def trial(seq: int, trial_id: str, score: float) -> bytes:
    values = {"units": 16, "learning_rate": 0.0012345}
    ended = {
        "status": "COMPLETED",
        "score": score,
        "best_step": 0,
        "metrics": {},
        "error": None,
        "pruned": None,
    }
    return record(seq, "trial_started", trial_id=trial_id, values=values, seed=1) + record(
        seq + 1, "trial_ended", trial_id=trial_id, values=values, **ended
    )


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / ".kt_notebook" / "digits-1a2b" / "journal.jsonl"
    path.parent.mkdir(parents=True)
    return path


def test_each_ended_trial_is_told_once(run: ModuleType, tmp_path: Path, journal: Path) -> None:
    told = io.StringIO()
    progress = run.Progress(tmp_path, told)
    journal.write_bytes(started() + trial(2, "0", 0.5))
    progress.look()
    progress.look()
    lines = told.getvalue().splitlines()
    assert len(lines) == 2
    assert "digits: trial 0 (1 of 2) completed, val_accuracy 0.5" in lines[1]


def test_a_line_in_the_writing_waits_until_it_is_whole(run: ModuleType, tmp_path: Path, journal: Path) -> None:
    told = io.StringIO()
    progress = run.Progress(tmp_path, told)
    whole = started() + trial(2, "0", 0.5)
    journal.write_bytes(whole[:-20])
    progress.look()
    assert "trial 0" not in told.getvalue()
    journal.write_bytes(whole)
    progress.look()
    assert told.getvalue().count("trial 0") == 1


def test_the_table_has_the_best_first(run: ModuleType, tmp_path: Path, journal: Path) -> None:
    progress = run.Progress(tmp_path, io.StringIO())
    journal.write_bytes(started() + trial(2, "0", 0.5) + trial(4, "1", 0.75))
    progress.look()
    (search,) = progress.records.values()
    title, head, first, second = run.table(search).splitlines()
    assert title.startswith("digits: the best 2 of 2 trials")
    assert head.split() == ["trial", "val_accuracy", "units", "learning_rate", "seconds"]
    assert first.split() == ["1", "0.75", "16", "0.001234", "1.0"]
    assert second.split()[0] == "0"


def test_the_pace_is_the_median_and_says_how_trials_fitted(run: ModuleType, tmp_path: Path, journal: Path) -> None:
    progress = run.Progress(tmp_path, io.StringIO())
    lines = started()
    for number, (paths, seconds) in enumerate(
        [(["fused"], 3), (["reused"], 1), (["reused", "reused"], 2), (["plain"], 9), (["reused", "plain"], 1)]
    ):
        start, end = trial(100 * number + 2, str(number), 0.5).splitlines(keepends=True)
        fits = [fitted(100 * number + 3, str(number), path, execution=i) for i, path in enumerate(paths)]
        end = end.replace(b'"time": %d' % (103 + 100 * number), b'"time": %d' % (102 + 100 * number + seconds))
        lines += start + b"".join(fits) + end
    journal.write_bytes(lines)
    progress.look()
    (search,) = progress.records.values()
    assert run.pace(search) == "2.00 s per trial (median of 5); 2 of 5 took over a graph, 1 fused, 2 plain"


def test_the_pace_of_trials_without_keras_fits_is_their_seconds(run: ModuleType, tmp_path: Path, journal: Path) -> None:
    progress = run.Progress(tmp_path, io.StringIO())
    journal.write_bytes(started() + trial(2, "0", 0.5))
    progress.look()
    (search,) = progress.records.values()
    assert run.pace(search) == "1.00 s per trial (median of 1)"


def test_a_search_without_an_ended_trial_has_no_pace(run: ModuleType, tmp_path: Path, journal: Path) -> None:
    progress = run.Progress(tmp_path, io.StringIO())
    journal.write_bytes(started())
    progress.look()
    (search,) = progress.records.values()
    assert run.pace(search) == ""


def test_every_run_gets_a_folder_of_its_own(run: ModuleType, tmp_path: Path) -> None:
    folders = {run.new_folder(tmp_path / "runs", "quickstart") for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.is_dir() for folder in folders)


def test_the_project_of_a_tuner_is_told_too(run: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "my_dir" / "digits" / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(started() + trial(2, "0", 0.5))
    progress = run.Progress(tmp_path, io.StringIO())
    progress.look()
    assert list(progress.records) == [path]


@pytest.mark.keras
@pytest.mark.timeout(400)
def test_the_quickstart_runs_headless_and_leaves_a_static_result(run: ModuleType, tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOKS / "quickstart.ipynb", as_version=4)
    progress = run.Progress(tmp_path, io.StringIO())
    asyncio.run(run.execute(notebook, tmp_path, progress))

    searches = {search.search["name"]: search for search in progress.records.values()}
    assert {name: (s.state, len(s.ranked())) for name, s in searches.items()} == {
        "digits": ("finished", 8),
        "layers": ("finished", 6),
    }
    assert "widgets" not in notebook.metadata
    tuned = [cell for cell in notebook.cells if cell.source.startswith("%%tune")]
    for cell in tuned:
        page = "".join(output.data.get("text/html", "") for output in cell.outputs if "data" in output)
        assert "<table" in page
        assert "<svg" in page
        assert "<script" not in page
        assert not any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in cell.outputs)
    assert "of the test images are read correctly" in notebook.cells[-1].outputs[-1].text


@pytest.mark.keras
@pytest.mark.timeout(400)
def test_a_notebook_written_for_keras_tuner_runs_and_goes_on_with_its_projects(run: ModuleType, tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOKS / "from_kerastuner.ipynb", as_version=4)
    progress = run.Progress(tmp_path, io.StringIO())
    asyncio.run(run.execute(notebook, tmp_path, progress))

    assert {name_of(path): len(search.ranked()) for path, search in progress.records.items()} == {
        "my_dir/digits": 5,
        "my_dir/fitted": 3,
    }
    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    assert text_of(outputs["space"]).startswith("Search space summary\nDefault search space size: 3\nunits (Int)\n{")
    assert text_of(outputs["results"]).count("\nScore: ") == 3
    assert "<svg" in "".join(output.data.get("text/html", "") for output in outputs["search"] if "data" in output)
    assert "of the test images are read correctly" in text_of(outputs["test"])


def name_of(journal: Path) -> str:
    """Return directory and project."""
    return "/".join(journal.parts[-3:-1])


def text_of(outputs: list[Any]) -> str:
    """Return what is printed, or shown where nothing else than text can be."""
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)
