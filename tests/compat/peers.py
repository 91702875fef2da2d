"""The real KerasTuner, asked by JSON in a process of its own environment (`make peers`)."""

import json
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PYTHON = HERE.parent.parent / ".venv-peers" / "bin" / "python"

needs_peers = pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-peers with KerasTuner: make peers")


def run(script, *arguments):
    """Run one of the scripts beside this file with KerasTuner's Python."""
    command = [str(PYTHON), str(HERE / script), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env={**os.environ})
    assert ended.returncode == 0, f"returncode={ended.returncode}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
    return ended.stdout


def ask(tmp_path, **order):
    """Let KerasTuner open, or begin, a project and search; return what it tells (see `peer_search`)."""
    answer = tmp_path / "answer.json"
    answer.unlink(missing_ok=True)
    run("peer_search.py", json.dumps({**order, "answer": str(answer)}))
    return json.loads(answer.read_text())
