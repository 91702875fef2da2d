"""Seed 001, in Korean: a regression, tuned with RandomSearch in a folder without a name. What is changed, and why."""

from tests.seeds.tutorial import Change, Given, Tutorial

MANUAL = """
import random


def model_training(data, vocab_length, length, epochs):
    return {name: [random.random() for _ in range(epochs)] for name in ("val_loss", "val_accuracy")}


def get_peak_with_index(best_of, values):
    return best_of(values), values.index(best_of(values))


df_data = pd.DataFrame({"text": range(100_000)})
"""

SPLIT = """
def as_dataset(rows):
    return tf.data.Dataset.from_tensor_slices(({"x": rows["x"].to_numpy()}, rows["y"].to_numpy())).batch(64)


train_ds, val_ds = as_dataset(df_xy[:640]), as_dataset(df_xy[640:800])
"""

TUTORIAL = Tutorial(
    number="001",
    n_blocks=8,
    given=(
        Given("np pd", "import numpy as np\nimport pandas as pd", "used and never imported"),
        Given(
            "df_data model_training get_peak_with_index",
            MANUAL,
            "its own project of the year before, told to show how one tunes without a tuner",
        ),
        Given(
            "keras layers Normalization tf",
            "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras import layers\n"
            "from tensorflow.keras.layers import Normalization",
            "used and never imported",
            before=3,
        ),
        Given(
            "train_ds val_ds", SPLIT, "how its table becomes datasets is left out; a tenth of its rows here", before=3
        ),
    ),
    changes=(
        Change(5, "max_trials=10", "max_trials=4", "size"),
        Change(6, "epochs=50", "epochs=12", "size: patience=10 of the block may still act"),
    ),
)
