"""Searches with the real KerasTuner: run by the Python of its own environment, asked and answering in JSON."""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import keras_tuner
import searched


def tuner_of(order):
    base = getattr(keras_tuner, order["tuner"])
    if order["of"] == "model":
        return base(searched.model, objective="val_loss", **order["options"])
    function = getattr(searched, order["of"])

    class Numbers(base):
        def run_trial(self, trial, *args, **kwargs):
            value = function(trial.hyperparameters)
            fault = order.get("faults", {}).get(trial.trial_id)
            if fault == "nan":
                return float("nan")
            if fault == "raise":
                raise ValueError("asked to fail")
            if fault == "die":
                os._exit(9)
            return value

    options = order["options"]
    if order["of"] == "epochs":  # KerasTuner's Hyperband runs nothing where run_trial alone declares the space.
        options["hyperparameters"] = keras_tuner.HyperParameters()
        options["hyperparameters"].Float("x", 0.0, 1.0)
    return Numbers(hypermodel=None, **options)


def told(tuner):
    """Return all that the tuner knows of its trials, and the scores of the best."""
    return {
        "trials": {
            trial_id: {
                "values": trial.hyperparameters.values,
                "score": trial.score,
                "best_step": trial.best_step,
                "status": trial.status,
                "metrics": {name: history.get_best_value() for name, history in trial.metrics.metrics.items()},
            }
            for trial_id, trial in tuner.oracle.trials.items()
        },
        "best": [trial.score for trial in tuner.oracle.get_best_trials(3)],
        "remaining": tuner.remaining_trials,
    }


def main():
    order = json.loads(sys.argv[1])
    tuner = tuner_of(order)
    answer = {"before": told(tuner)}
    if order.get("search", True):
        if order["of"] == "model":
            x, y = searched.data()
            fit = {} if order["tuner"] == "Hyperband" else {"epochs": 2}
            tuner.search(x, y, validation_data=(x, y), verbose=0, **fit)
        else:
            tuner.search(verbose=0)
    answer["after"] = told(tuner)
    if answer["after"]["trials"]:
        tuner.results_summary()
        answer["best_values"] = [hp.values for hp in tuner.get_best_hyperparameters(2)]
    if order["of"] == "model":
        x, _ = searched.data()
        answer["outputs"] = [net.predict(x, verbose=0).tolist() for net in tuner.get_best_models(2)]
    Path(order["answer"]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
