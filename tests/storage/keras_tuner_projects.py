"""Makes projects as KerasTuner 1.4.8 leaves them, file by file, so that a test can break one."""

import json
import os

SPACE = [
    {
        "class_name": "Float",
        "config": {
            "name": "x",
            "default": -1.0,
            "conditions": [],
            "min_value": -1.0,
            "max_value": 1.0,
            "step": None,
            "sampling": "linear",
        },
    },
    {
        "class_name": "Choice",
        "config": {
            "name": "kind",
            "default": "relu",
            "conditions": [],
            "values": ["relu", "tanh"],
            "ordered": False,
        },
    },
]
STARTED_AT = 1_750_000_000.0


def trial_state(trial_id, *, values=None, status="COMPLETED", score=0.25, step=3, message=None, space=None, **metrics):
    """A trial.json; a metric is a number, or a list of numbers for steps from 0 on."""
    held = {
        name: {
            "direction": "max" if "acc" in name else "min",
            "observations": [
                {"value": value if isinstance(value, list) else [value], "step": at}
                for at, value in (enumerate(given) if isinstance(given, list) else [(step, given)])
            ],
        }
        for name, given in metrics.items()
    }
    return {
        "trial_id": trial_id,
        "hyperparameters": {
            "space": SPACE if space is None else space,
            "values": {"x": int(trial_id) / 10, "kind": "relu"} if values is None else values,
        },
        "metrics": {"metrics": held},
        "score": score,
        "best_step": step,
        "status": status,
        "message": message,
    }


def oracle_state(start_order, end_order=None, *, space=None, seed=7, retry_queue=(), **more):
    """An oracle.json."""
    ended = list(start_order if end_order is None else end_order)
    return {
        "ongoing_trials": {f"tuner{id_}": id_ for id_ in start_order if id_ not in ended},
        "hyperparameters": {"space": SPACE if space is None else space, "values": {"x": -1.0, "kind": "relu"}},
        "start_order": list(start_order),
        "end_order": ended,
        "run_times": dict.fromkeys(ended, 1),
        "retry_queue": list(retry_queue),
        "seed": seed,
        "seed_state": seed + len(ended),
        "tried_so_far": [],
        "id_to_hash": {},
        "display": {"search_start": None, "trial_start": {}, "trial_number": {}},
        **more,
    }


def write(project, trials, oracle=None):
    """Write a project; each trial's file is ten seconds younger than the one before."""
    project.create()
    for number, state in enumerate(trials):
        place = project.trial_dir(state["trial_id"])
        place.mkdir(exist_ok=True)
        path = place / "trial.json"
        path.write_text(json.dumps(state))
        os.utime(path, (STARTED_AT + 10 * number,) * 2)
    ids = [state["trial_id"] for state in trials]
    text = json.dumps(oracle_state(ids) if oracle is None else oracle)
    (project.path / "oracle.json").write_text(text)
    (project.path / "tuner0.json").write_text("{}")
