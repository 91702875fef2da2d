"""Seed 000, in Korean: RandomSearch, callbacks, best models, the oracle, a HyperModel. What is changed, and why."""

from tests.seeds.tutorial import Change, Given, StandIn, Tutorial

TUTORIAL = Tutorial(
    number="000",
    n_blocks=9,
    given=(
        Given("tf", "import tensorflow as tf", "used and never imported"),
        Given("Path", "from pathlib import Path", "used and never imported"),
        Given(
            "X_train y_train X_valid y_valid",
            "from small_data import shares\nX_train, y_train = shares(300)\nX_valid, y_valid = shares(100, seed=1)",
            "its data are never loaded; by the folder's name it means fashion MNIST",
        ),
    ),
    changes=(
        Change(2, "max_trials=5", "max_trials=3", "size"),
        Change(2, "epochs=10", "epochs=2", "size"),
        Change(9, "max_trials=5", "max_trials=3", "size"),
        Change(9, "epochs=10", "epochs=2", "size"),
    ),
    stand_ins=(StandIn("import tensorboard", "TensorFlow no longer brings tensorboard, which its callback needs"),),
)
