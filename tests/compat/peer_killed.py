"""Makes projects by the real KerasTuner whose searches are killed at random moments; run by its own Python.

KerasTuner is imported once; each search is a fork that is killed with SIGKILL. What a search has told of its ended
trials stands in `told.txt` beside the project's files, in lines that were written before the kill.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import keras_tuner
import searched


class Numbers(keras_tuner.RandomSearch):
    def run_trial(self, trial, *args, **kwargs):
        time.sleep(random.random() * 0.01)
        return searched.number(trial.hyperparameters)

    def on_trial_end(self, trial):
        super().on_trial_end(trial)
        score = float(self.oracle.get_trial(trial.trial_id).score)
        with Path(self.project_dir, "told.txt").open("a") as file:
            file.write(f"{trial.trial_id} {score!r}\n")


def main():
    directory, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    for number in range(n):
        pid = os.fork()
        if pid == 0:
            options = {"max_trials": 60, "seed": number, "directory": directory, "project_name": f"p{number}"}
            Numbers(hypermodel=None, **options).search(verbose=0)
            os._exit(0)
        time.sleep(0.02 + chance.random() * 0.6)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
