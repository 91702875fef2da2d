"""Measures what a Keras trial costs by KerasTuner, by a plain loop of `model.fit`, and by ours: whole random searches.

    python benchmarks/trial_cost.py [--full] [--workloads mlp cnn] [--epochs 1 5 20] [--markdown] [--json FILE]

Six small trainings, each at 1, 5 and 20 epochs, with `--full`; else two of them at 1 and 5. Twelve trials to a search.
No test: figures depend on the machine and on what else it does. Ratios within one run say most.

How it works: each search is a process of its own, one after another. Ours draws the values of the trials, then the
plain loop trains the same with the same seeds, then KerasTuner searches with the same values; so ours pays for whatever
the machine has not read yet. It begins each time without anything that an earlier search has kept.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measures.figures import machine
from measures.trial_costs import Case, Run, as_json, as_markdown, as_table, read_json
from measures.workloads import EPOCHS, WORKLOADS

_FOLDER = Path(__file__).resolve().parent
_PEERS = _FOLDER.parent / ".venv-peers" / "bin" / "python"
_QUICK = (("mlp", "regression"), (1, 5))


class _ContenderError(Exception):
    """A contender did not come to the end of its search."""


def _search(python: Path | str, **asked: Any) -> dict[str, Any]:  # Any: what JSON can hold
    """Run one contender in a process of its own and return what it has printed."""
    with tempfile.TemporaryDirectory() as cache:
        # CPU alone; what ours keeps on disk from one search to the next is not there yet.
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "XDG_CACHE_HOME": cache}
        command = [str(python), "-m", "measures.contender"]
        ended = subprocess.run(
            command, cwd=_FOLDER, env=environment, input=json.dumps(asked), capture_output=True, text=True, check=False
        )
    if ended.returncode:
        raise _ContenderError(f"{asked['contender']} failed:\n{ended.stderr.strip()[-3_000:]}")
    done: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return done


def _case(workload: str, epochs: int, n_trials: int, fit: str, has_peers: bool) -> tuple[Case, set[str]]:
    """Measure one case; return it, and the versions of Keras and TensorFlow that ran."""
    of_case = {"workload": workload, "epochs": epochs}
    ours = _search(sys.executable, contender="ours", n_trials=n_trials, fit=fit, **of_case)
    trials = [{"values": trial["values"], "seed": trial["seed"]} for trial in ours["trials"]]
    done = [ours, _search(sys.executable, contender="plain", trials=trials, **of_case)]
    if has_peers:
        done.append(_search(_PEERS, contender="keras_tuner", trials=trials, **of_case))
    runs = [Run.from_json(run) for run in done]
    case = Case(WORKLOADS[workload].title, epochs, runs[0], runs[1], runs[2] if has_peers else None)
    return case, {run["versions"] for run in done}


def _cases(options: argparse.Namespace, versions: set[str]) -> Iterator[Case]:
    has_peers = _PEERS.exists()
    if not has_peers:
        print("left out: KerasTuner. There is no .venv-peers with it: make peers.", file=sys.stderr)
    for workload in options.workloads:
        for epochs in options.epochs:
            print(f"measuring: {workload}, {epochs} epochs …", file=sys.stderr, flush=True)
            try:
                case, found = _case(workload, epochs, options.trials, options.fit, has_peers)
            except _ContenderError as error:
                print(f"left out: {workload}, {epochs} epochs. {error}", file=sys.stderr, flush=True)
                continue
            versions |= found
            yield case


def _measure(options: argparse.Namespace) -> tuple[str, Sequence[Case]]:
    """Return what the figures were measured on, and the figures."""
    cases: list[Case] = []
    measured_on, began, versions = machine(), time.monotonic(), set[str]()
    on = measured_on
    for case in _cases(options, versions):
        cases.append(case)
        took_min = (time.monotonic() - began) / 60
        on = f"{measured_on}; {' and '.join(sorted(versions))}; fit={options.fit!r}; {took_min:.0f} minutes"
        if options.json:
            options.json.write_text(as_json(on, cases), "utf-8")
    return on, cases


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a Keras trial costs, beside KerasTuner and a plain loop.")
    parser.add_argument(
        "--full", action="store_true", help="all workloads at 1, 5 and 20 epochs (else two, at 1 and 5)"
    )
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, metavar="NAME", help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--epochs", nargs="+", type=int, metavar="N", help="numbers of epochs")
    parser.add_argument("--trials", type=int, default=12, help="trials of each search (12)")
    parser.add_argument("--fit", choices=["auto", "fused", "plain"], default="auto", help="how ours fits (auto)")
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each trial's time there, after each case")
    parser.add_argument("--read", type=Path, metavar="FILE", help="measure nothing, print what such a file holds")
    options = parser.parse_args()
    workloads, epochs = (tuple(WORKLOADS), EPOCHS) if options.full else _QUICK
    options.workloads, options.epochs = options.workloads or workloads, options.epochs or epochs
    return options


def main() -> None:
    """Measure and print."""
    options = _options()
    on, cases = read_json(options.read.read_text("utf-8")) if options.read else _measure(options)
    print(f"{on}\n\n{as_markdown(cases) if options.markdown else as_table(cases)}")
    if not options.read and len(cases) < len(options.workloads) * len(options.epochs):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
