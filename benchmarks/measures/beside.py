"""What a trial costs here and in KerasTuner itself, side by side: CPU time and bytes written, projects on disk.

Each search is a process of its own: ours by this Python, KerasTuner's by that of the environment that `make peers`
makes. The two take turns, so that whatever else the machine does meets both.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measures.figures import Figure, median

__all__ = ["PeersError", "beside_keras_tuner"]

_SCRIPT = Path(__file__).with_name("parabola.py")
_PEERS = Path(__file__).parent.parent.parent / ".venv-peers" / "bin" / "python"
_PYTHONS = {"kt_notebook": sys.executable, "keras_tuner": str(_PEERS)}
_HOW = {"in silence": 0, "printing as by default": 1}
_NAMES = {"kt_notebook": "ours", "keras_tuner": "KerasTuner"}


class PeersError(Exception):
    """KerasTuner cannot be measured here."""


def beside_keras_tuner(sizes: list[int], n_runs: int) -> Iterator[Figure]:
    """Measure random searches for the smallest x², without a Keras model, blocking.

    Args:
        sizes: Numbers of trials.
        n_runs: Runs of the smallest size; the median counts. Larger ones are run once each.

    Raises:
        PeersError: There is no environment with KerasTuner, or no /proc to count bytes with.
    """
    if not _PEERS.exists():
        raise PeersError("There is no .venv-peers with KerasTuner: make peers.")
    if not Path("/proc/self/io").exists():
        raise PeersError("Bytes written are counted by Linux' /proc/self/io, which is not here.")
    for n in sizes:
        group = f"Beside KerasTuner, {n:,} trials of x² with the project on disk"
        for how, verbose in _HOW.items():
            costs: dict[str, list[dict[str, float]]] = {package: [] for package in _PYTHONS}
            for _ in range(n_runs if n == sizes[0] else 1):
                for package, runs in costs.items():
                    runs.append(_run(package, n, verbose))
            yield from _compared(group, f"CPU per trial, {how}", costs, "cpu_s", 1e3 / n, "ms")
            if verbose:
                continue
            yield from _compared(group, "written in all", costs, "written", 1 / 1024**2, "MB")


def _compared(
    group: str, what: str, costs: dict[str, list[dict[str, float]]], key: str, scale: float, unit: str
) -> Iterator[Figure]:
    value = {package: median([cost[key] for cost in runs]) * scale for package, runs in costs.items()}
    for package, name in _NAMES.items():
        yield Figure(group, f"{what}: {name}", value[package], unit)
    yield Figure(group, "  KerasTuner / ours", value["keras_tuner"] / value["kt_notebook"], "×")


def _run(package: str, n: int, verbose: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [_PYTHONS[package], str(_SCRIPT), package, str(n), folder, str(verbose)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise PeersError(f"{_NAMES[package]} failed: {ended.stderr.strip()[-500:]}")
    cost: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    if cost["n"] != n:
        raise PeersError(f"{_NAMES[package]} ran {cost['n']} trials of {n}.")
    return cost
