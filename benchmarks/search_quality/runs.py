"""The result of one search on one problem, and how results are stored: packed, one a line, never rewritten."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

__all__ = ["COST_AT", "MODES", "Mode", "Run", "append", "as_line", "pack", "read", "unpack"]

Mode = Literal["full", "par", "mf"]
MODES: tuple[Mode, ...] = get_args(Mode)
COST_AT = (10, 50, 100)  # trials


@dataclass(frozen=True, slots=True)
class Run:
    """One search on one problem.

    Attributes:
        method: The method's name.
        problem: The problem's name.
        seed: The seed.
        n_trials: How many trials it was allowed.
        cpu_s: CPU time of the whole search.
        incumbent: The incumbent's noise-free loss after each trial, None where there is none.
        cost_ms: CPU time of a suggestion, the median of the five before the 10th, 50th and 100th trial.
        points: With learning curves: epochs spent, simulated seconds and noise-free loss where the incumbent changed.
        n_asked: With learning curves: how many trials were begun.
        sim_time: With learning curves: simulated seconds.
    """

    method: str
    problem: str
    seed: int
    n_trials: int
    cpu_s: float
    incumbent: tuple[float | None, ...] = ()
    cost_ms: dict[int, float] = field(default_factory=dict)
    points: tuple[tuple[int, float, float | None], ...] = ()
    n_asked: int = 0
    sim_time: float = 0.0

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells its cell: method, problem, seed."""
        return self.method, self.problem, self.seed


# Any: JSON.
def pack(run: Run) -> dict[str, Any]:
    """Return a run as what is stored: the incumbent as [trial, value] where it changes."""
    packed: dict[str, Any] = {"m": run.method, "p": run.problem, "s": run.seed, "n": run.n_trials}
    if run.incumbent:
        changes = enumerate(zip(run.incumbent, (..., *run.incumbent[:-1]), strict=True))
        packed["i"] = [[k, value] for k, (value, before) in changes if value != before]
        packed["L"] = len(run.incumbent)
        if run.cost_ms:
            packed["a"] = [run.cost_ms.get(n) for n in COST_AT]
    else:
        packed["q"] = [[a, b, value if value is None else round(value, 6)] for a, b, value in run.points]
        packed["t"] = [run.n_asked, run.sim_time]
    packed["c"] = run.cpu_s
    return packed


# Any: JSON.
def unpack(packed: dict[str, Any]) -> Run:
    """Return the run that was packed."""
    run = {"method": packed["m"], "problem": packed["p"], "seed": packed["s"]}
    run |= {"n_trials": packed["n"], "cpu_s": packed["c"]}
    if "i" not in packed:
        n_asked, sim_time = packed["t"]
        return Run(**run, points=tuple((a, b, c) for a, b, c in packed["q"]), n_asked=n_asked, sim_time=sim_time)
    ends = [*(k for k, _ in packed["i"][1:]), packed["L"]]
    incumbent: list[float | None] = []
    for (start, value), end in zip(packed["i"], ends, strict=True):
        incumbent += [value] * (end - start)
    cost = {n: ms for n, ms in zip(COST_AT, packed.get("a", ()), strict=False) if ms is not None}
    return Run(**run, incumbent=tuple(incumbent), cost_ms=cost)


def read(files: Iterable[Path]) -> list[Run]:
    """Return the runs of files, those that exist; a longer run of the same cell wins, then the later one."""
    kept: dict[tuple[str, str, int], Run] = {}
    for file in files:
        if not file.exists():
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            run = unpack(json.loads(line))
            if run.key not in kept or run.n_trials >= kept[run.key].n_trials:
                kept[run.key] = run
    return list(kept.values())


def append(run: Run, file: Path) -> None:
    """Add a run to a file at once, so that whoever stops the benchmark keeps what is done."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(as_line(run))


def as_line(run: Run) -> str:
    """Return a run as one line of a file."""
    return json.dumps(pack(run), separators=(",", ":"), allow_nan=False) + "\n"
