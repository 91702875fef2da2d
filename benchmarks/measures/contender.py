"""One whole search by one contender, in a process of its own: what each trial took is printed as JSON.

    echo '{"contender": "plain", "workload": "mlp", "epochs": 5, "trials": […]}' | python -m measures.contender

How it works: what is to be done comes as JSON on standard input. Ours draws the values of the trials; KerasTuner and
the plain loop get the same, by `trials`. Imports and a throwaway search of one other trial, each contender's own way,
come before the measuring.

Runs in the environment that `make peers` makes, too: it imports nothing of kt_notebook but for ours.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measures.trial_times import Search, as_search, search_of_journal
from measures.workloads import WORKLOADS, Workload, throwaway

__all__ = ["main"]

_SEED = 7
_OBJECTIVE = "val_loss"


class _Values:
    """Stands for `hp` in the plain loop: gives each hyperparameter the value that it is to have."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def Choice(self, name: str, *_: Any) -> Any:
        return self._values[name]

    def Float(self, name: str, *_: Any, **__: Any) -> Any:
        return self._values[name]


def _plain(workload: Workload, epochs: int, trials: Sequence[dict[str, Any]]) -> Search:
    """Run a loop of `model.fit`, each seeded as our trial of the same values was."""
    import keras

    data, named = workload.fit_arguments(epochs)
    losses = []
    begun = [time.time()]
    for trial in trials:
        keras.utils.set_random_seed(trial["seed"])
        model = workload.build(_Values(trial["values"]))
        losses.append(model.fit(*data, **named).history[_OBJECTIVE][-1])
        begun.append(time.time())
    made = [{**trial, _OBJECTIVE: float(loss), "path": "plain"} for trial, loss in zip(trials, losses, strict=True)]
    return as_search(begun[0], begun[:-1], begun[-1], made)


def _keras_tuner(workload: Workload, epochs: int, trials: Sequence[dict[str, Any]]) -> Search:
    """Search with KerasTuner, whose oracle proposes the given values, one after another."""
    import keras_tuner

    begun: list[float] = []

    class Given(keras_tuner.Oracle):  # type: ignore[misc]  # has no types
        def populate_space(self, trial_id: str) -> dict[str, Any]:
            return {"status": "RUNNING", "values": dict(trials[int(trial_id)]["values"])}

    class Timed(keras_tuner.Tuner):  # type: ignore[misc]
        def on_trial_begin(self, trial: Any) -> None:
            begun.append(time.time())
            super().on_trial_begin(trial)

    data, named = workload.fit_arguments(epochs)
    with tempfile.TemporaryDirectory() as folder:
        start = time.time()
        oracle = Given(keras_tuner.Objective(_OBJECTIVE, "min"), max_trials=len(trials))
        tuner = Timed(oracle=oracle, hypermodel=workload.build, directory=folder, project_name="p")
        tuner.search(*data, **named)
        end = time.time()
        scores = [tuner.oracle.trials[trial_id].score for trial_id in tuner.oracle.end_order]
    if len(scores) != len(trials) or None in scores:
        raise RuntimeError(f"KerasTuner ended {len(scores)} trials of {len(trials)}, their scores {scores}.")
    # A score is that of the best epoch, and no trial of KerasTuner's is seeded: nothing to compare.
    return as_search(start, begun, end, [{"values": trial["values"]} for trial in trials])


def _ours(fit: str, n_trials: int) -> Callable[[Workload, int], Search]:
    """Return what runs our random search, by `search(…, fit=fit)`."""

    def run(workload: Workload, epochs: int) -> Search:
        from kt_notebook import RandomSearch

        data, named = workload.fit_arguments(epochs)
        with tempfile.TemporaryDirectory() as folder:
            start = time.time()
            tuner = RandomSearch(
                workload.build, _OBJECTIVE, max_trials=n_trials, seed=_SEED, directory=folder, project_name="p"
            )
            tuner.search(*data, **named, fit=fit)
            end = time.time()
            lines = (Path(folder) / "p" / "journal.jsonl").read_text("utf-8").splitlines()
        return search_of_journal(start, [json.loads(line) for line in lines], end)

    return run


def main() -> None:
    """Read what is to be done, do it, and print what it took."""
    asked = json.loads(sys.stdin.read())
    workload, epochs = WORKLOADS[asked["workload"]], asked["epochs"]
    before = [{"values": {"learning_rate": 0.005}, "seed": 0}]
    match asked["contender"]:
        case "plain":
            _plain(throwaway(), 2, before)
            done = _plain(workload, epochs, asked["trials"])
        case "keras_tuner":
            _keras_tuner(throwaway(), 2, before)
            done = _keras_tuner(workload, epochs, asked["trials"])
        case contender:
            assert contender == "ours", contender
            _ours(asked["fit"], 1)(throwaway(), 2)
            done = _ours(asked["fit"], asked["n_trials"])(workload, epochs)
    import keras
    import tensorflow as tf

    done["versions"] = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    print(f"\n{json.dumps(done)}")


if __name__ == "__main__":
    main()
