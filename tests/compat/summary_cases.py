"""The spaces and trials whose summaries are compared with KerasTuner's, declared alike in both packages.

    python tests/compat/summary_cases.py tests/compat/keras_tuner_1.4.8_summaries.json

writes what the real KerasTuner prints for them; run it where `keras-tuner==1.4.8` is installed.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def declare(hp: Any) -> None:
    """Declare one of everything, as tutorials do."""
    hp.Int("num_layers", 1, 3)
    hp.Int("units_0", min_value=32, max_value=512, step=32, default=64)
    hp.Int("batch_size", 2, 64, step=2, sampling="log")
    hp.Choice("activation", ["relu", "tanh"])
    hp.Choice("size_inner", values=[10, 100, 1000])
    hp.Choice("droprate", [0.0, 0.2, 0.5], default=0.2, ordered=False)
    hp.Boolean("dropout")
    hp.Float("lr", min_value=1e-4, max_value=1e-2, sampling="log")
    hp.Float("momentum", 0.0, 0.9, step=0.3)
    hp.Fixed("seed", 7)
    with hp.conditional_scope("activation", ["tanh"]):
        hp.Float("gain", 0.5, 2.0)
    with hp.name_scope("head"):
        hp.Int("units", 4, 8)
    hp.Int("depth", 4, 8, parent_name="dropout", parent_values=[True])


def trials(package: Any, hp: Any) -> dict[str, Any]:
    """Return four trials: two complete ones, one without values, and one that failed."""
    made: dict[str, Any] = {}
    ends = [
        ("0", {"lr": 0.0004620103367161398, "activation": "tanh", "dropout": True}, 0.9612500071525574),
        ("1", {"num_layers": 2, "units_0": 352, "text": "a b"}, 0.97),
        ("2", {}, 0.5),
    ]
    kind = package.engine.trial.Trial
    for trial_id, values, score in ends:
        space = hp.copy()
        space.values = values
        made[trial_id] = kind(space, trial_id=trial_id, status="COMPLETED")
        made[trial_id].score = score
    made["3"] = kind(hp.copy(), "3", "FAILED", "Traceback (most recent call last):\n  ZeroDivisionError")
    return made


def make_tuner(package: Any, objective: Any) -> Any:
    """Return a tuner of the project `d/p`; it has the complete trials where it has an objective."""
    hp = package.HyperParameters()
    declare(hp)
    oracle = package.oracles.RandomSearchOracle(objective=objective, max_trials=4, hyperparameters=hp)
    tuner = package.engine.base_tuner.BaseTuner(oracle, directory="d", project_name="p")
    if objective is not None:
        oracle.trials.update({i: trial for i, trial in trials(package, hp).items() if trial.status == "COMPLETED"})
    return tuner


def printed(call: Callable[[], Any]) -> str:
    """Return what a call prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call()
    return out.getvalue()


def summaries(package: Any) -> dict[str, str]:
    """Return what a package prints, by what was asked. To be called in an empty folder."""
    objective = package.Objective
    tuner = make_tuner(package, objective("val_accuracy", "max"))
    several = make_tuner(package, [objective("val_loss", "min"), objective("val_accuracy", "max")])
    unknown = make_tuner(package, None)
    return {
        "space": printed(tuner.search_space_summary),
        "space, extended": printed(lambda: tuner.search_space_summary(extended=True)),
        "results": printed(tuner.results_summary),
        "the best result": printed(lambda: tuner.results_summary(num_trials=1)),
        "results of several objectives": printed(lambda: several.results_summary(2)),
        "no results": printed(unknown.results_summary),
        **{f"trial {i}": printed(trial.summary) for i, trial in trials(package, tuner.oracle.get_space()).items()},
        "values": printed(tuner.oracle.trials["0"].display_hyperparameters),
        "no values": printed(tuner.oracle.trials["2"].display_hyperparameters),
    }


def main() -> None:
    """Write what KerasTuner prints into the file named on the command line."""
    target = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        found = summaries(importlib.import_module("keras_tuner"))
    target.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
