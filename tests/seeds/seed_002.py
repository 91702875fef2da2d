"""Seed 002, in English: a frozen Xception, RandomSearch, TensorBoard, EarlyStopping. What is changed, and why."""

from tests.seeds.tutorial import Change, Fault, Given, StandIn, Tutorial

DATA = """
from small_data import images


def as_dataset(n, seed):
    x, y = images(n, (71, 71, 3), seed)
    return tf.data.Dataset.from_tensor_slices((preprocess_input(x.astype("float32")), tf.one_hot(y, 10))).batch(8)


train_ds, val_ds = as_dataset(16, 0), as_dataset(8, 1)
"""

TUTORIAL = Tutorial(
    number="002",
    n_blocks=14,
    given=(
        Given("hp", "hp = keras_tuner.HyperParameters()", "its lines are shown before the function that they go to", 3),
        Given("c", "import keras.backend as c", "used and never imported", 7),
        Given("tf", "import tensorflow as tf", "used and never imported", 8),
        Given("train_ds val_ds", DATA, "its data are those of a course, and never loaded", 10),
    ),
    stand_ins=(StandIn("import tensorboard", "TensorFlow no longer brings tensorboard, which its callback needs"),),
    changes=(
        Change(7, "weights='imagenet'", "weights=None", "internet: the weights are fetched"),
        Change(7, "input_shape=(299, 299, 3)", "input_shape=(71, 71, 3)", "size: the smallest that Xception takes"),
        Change(7, "Input(shape=(299, 299, 3)", "Input(shape=(71, 71, 3)", "size"),
        Change(8, 'log_dir="/', 'log_dir="./', "place: a folder of the author's machine"),
        Change(9, "max_trials=25", "max_trials=2", "size"),
        Change(10, "epochs=20", "epochs=1", "size"),
        Change(14, "epochs=50", "epochs=2", "size"),
    ),
    faults=(
        Fault(
            6,
            "SpaceError",
            ("hp.Int('droprate')", "0.8", "hp.Float('droprate'"),
            "hp.Int is asked for shares: its bounds and its step are no whole numbers",
        ),
    ),
)
