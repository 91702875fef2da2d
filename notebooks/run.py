"""Runs a notebook headless in a new folder, tells how it goes, and says where its results lie (`make demo`).

How it works: nbclient executes a copy of the notebook; meanwhile the journals that its searches write below
the folder are read, which is all that the lines about trials and the table at the end are made of.

    python notebooks/run.py notebooks/quickstart.ipynb [--into runs]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any, TextIO

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter

from kt_notebook.core.fit_record import slowest
from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.record import SearchRecord, TrialRecord

_LOOK_EVERY_S = 0.5
_BEST_SHOWN = 5


class Progress:
    """Prints one line per cell and per ended trial, and on a terminal the epoch that runs now, in place."""

    def __init__(self, folder: Path, stream: TextIO) -> None:
        self._folder = folder
        self._stream = stream
        self._began = time.monotonic()
        self._in_place = 0
        self._offsets: dict[Path, int] = {}
        self.records: dict[Path, SearchRecord] = {}

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start before it."""
        self._wipe()
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=self._stream, flush=True)

    def look(self) -> None:
        """Fold what the journals have grown by, and tell of it."""
        for path in sorted(self._folder.glob("*/*/journal.jsonl")):  # .kt_notebook/NAME, or directory/project_name
            for record in self._read(path):
                self._tell(path, record)

    def _read(self, path: Path) -> list[dict[str, Any]]:
        with path.open("rb") as file:
            file.seek(self._offsets.get(path, 0))
            # the last line may still be in the writing
            whole = file.read().rpartition(b"\n")[0]
        if not whole:
            return []
        self._offsets[path] = self._offsets.get(path, 0) + len(whole) + 1
        return [json.loads(line) for line in whole.splitlines()]

    def _tell(self, path: Path, record: dict[str, Any]) -> None:
        search = self.records.setdefault(path, SearchRecord())
        search.fold(record)
        name = search.search["name"]
        match record["kind"]:
            case "search_started":
                self.say(f"{name}: {record['tuner']} search, {record['max_trials'] or 'all'} trials")
            case "epoch_ended":
                epochs = record["n_epochs"] or "?"
                self._show(f"{name}: trial {record['trial_id']}, epoch {record['epoch'] + 1} of {epochs}")
            case "trial_ended":
                trial = search.trials[record["trial_id"]]
                done = sum(t.ended_at is not None for t in search.trials.values())
                self.say(
                    f"{name}: trial {trial.trial_id} ({done} of {search.search['max_trials'] or 'all'}) "
                    f"{trial.status.lower()}, {_objective(search)} {_number(trial.score)}, "
                    f"{trial.duration_s or 0.0:.1f} s, {_values(trial)}"
                )
            case "search_ended":
                self.say(f"{name}: {record['reason']}")

    def _show(self, text: str) -> None:
        if self._stream.isatty():
            self._wipe()
            self._in_place = len(text) + 10
            print(f"{time.monotonic() - self._began:6.1f} s  {text}", end="\r", file=self._stream, flush=True)

    def _wipe(self) -> None:
        if self._in_place:
            print(" " * self._in_place, end="\r", file=self._stream)
            self._in_place = 0


def new_folder(parent: Path, stem: str) -> Path:
    """Make and return a folder named after the notebook and the time, which did not exist before."""
    parent.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        folder = parent / (f"{stem}-{stamp}" if number == 1 else f"{stem}-{stamp}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise FileExistsError(f"{parent}: no free name for {stem}-{stamp}. Name another place with --into.")


async def execute(notebook: nbformat.NotebookNode, folder: Path, progress: Progress) -> None:
    """Execute a notebook in a folder, its outputs into itself, and look at the journals meanwhile.

    Side effect: the kernel's own log goes into `kernel.log` in that folder.

    Raises:
        CellExecutionError: A cell raised.
        DeadKernelError: The kernel's process died.
    """
    n_code = sum(cell.cell_type == "code" for cell in notebook.cells)
    begun = 0

    def announce(cell: nbformat.NotebookNode, cell_index: int) -> None:
        nonlocal begun
        if cell.cell_type == "code":
            begun += 1
            progress.look()
            progress.say(f"cell {begun} of {n_code}: {cell.source.strip().splitlines()[0]}")

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=None,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=announce,
        # what TensorFlow's C++ side writes on loading goes to the log, not under the reader's import
        extra_arguments=["--IPKernelApp.capture_fd_output=False"],
    )
    with Path(folder, "kernel.log").open("wb") as log:
        running = asyncio.create_task(client.async_execute(stderr=log))
        while not running.done():
            await asyncio.wait([running], timeout=_LOOK_EVERY_S)
            progress.look()
    running.result()


def table(search: SearchRecord) -> str:
    """Return a search's best trials as text, best first."""
    ranked = search.ranked()
    names = list(dict.fromkeys(name for trial in ranked for name in trial.values))
    head = ["trial", _objective(search), *names, "seconds"]
    rows = [
        [
            trial.trial_id,
            _number(trial.score),
            *(_number(trial.values.get(name)) for name in names),
            f"{trial.duration_s or 0.0:.1f}",
        ]
        for trial in ranked[:_BEST_SHOWN]
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    name, seconds = search.search["name"], search.search["elapsed_s"]
    title = f"{name}: the best {len(rows)} of {len(search.trials)} trials, {seconds:.1f} s in all"
    return "\n".join([title, *lines])


def pace(search: SearchRecord) -> str:
    """Return how long a trial took and how many fitted how, as text; empty where no trial has ended."""
    ended = [trial for trial in search.trials.values() if trial.duration_s is not None]
    if not ended:
        return ""
    text = f"{median(trial.duration_s or 0.0 for trial in ended):.2f} s per trial (median of {len(ended)})"
    counts = Counter(fit["path"] for trial in ended if (fit := slowest(trial.fits)) is not None)
    if not counts:
        return text
    reused, fused, plain = counts[FitPath.REUSED], counts[FitPath.FUSED], counts[FitPath.PLAIN]
    return f"{text}; {reused} of {counts.total()} took over a graph, {fused} fused, {plain} plain"


def _objective(search: SearchRecord) -> str:
    return search.objective[0]["name"] if search.objective else "score"


def _number(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _values(trial: TrialRecord) -> str:
    return ", ".join(f"{name}={_number(value)}" for name, value in trial.values.items())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--into", type=Path, default=Path("runs"), help="where the new folder is made (default: runs)")
    return parser.parse_args()


def main() -> int:
    """Run the notebook named on the command line; return the exit status."""
    arguments = _arguments()
    # TensorFlow's C++ side reports a missing GPU as an error on every machine without one
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    notebook = nbformat.read(arguments.notebook, as_version=4)
    folder = new_folder(arguments.into, arguments.notebook.stem)
    progress = Progress(folder, sys.stdout)
    progress.say(f"{arguments.notebook} runs in {folder}")
    failure: str | None = None
    try:
        asyncio.run(execute(notebook, folder, progress))
    except (CellExecutionError, DeadKernelError) as error:
        failure = str(error)
    executed = folder / arguments.notebook.name
    nbformat.write(notebook, executed)
    page = executed.with_suffix(".html")
    page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    for search in progress.records.values():
        print("\n".join(filter(None, [f"\n{table(search)}", pace(search)])))
    print(f"\nThe executed notebook: {executed}\nThe same as a page:    {page}")
    print(f"Open it in JupyterLab: {os.path.relpath(Path(sys.executable).parent / 'jupyter')} lab {executed}")
    if failure:
        print(
            f"\n{failure}\n\n{arguments.notebook} failed; how far it came stands in {executed}.",
            file=sys.stderr,
        )
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
