"""Seed 003, in Korean: Hyperband with a callback that clears the output, W&B, a picture. What is changed, and why."""

from tests.seeds.tutorial import Change, Given, StandIn, Tutorial

IMPORTS = """
import IPython
import keras
import kt_notebook as kt
import tensorflow as tf
"""

DATA = """
from small_data import shares

img_train, label_train = shares(300)
img_test, label_test = shares(100, seed=1)
"""

PLAIN_MODEL = """
def get_mnist_model():
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])


train_images, train_labels, val_images, val_labels = img_train, label_train, img_test, label_test
"""

ANOTHER_TUNER = """
x_train, y_train = img_train, label_train
tuner = kt.RandomSearch(model_builder, "val_accuracy", 2, directory="my_dir", project_name="pictures")
"""

TUTORIAL = Tutorial(
    number="003",
    n_blocks=5,
    given=(
        Given("IPython keras kt tf", IMPORTS, "used and never imported"),
        Given("img_train label_train img_test label_test", DATA, "its data are never loaded", before=2),
        Given(
            "get_mnist_model train_images train_labels val_images val_labels",
            PLAIN_MODEL,
            "taken over from the pages of W&B without what they define",
            before=3,
        ),
        Given(
            "x_train y_train tuner",
            ANOTHER_TUNER,
            "model and tuner are left out, as it says; the tuner of block 2 has no trials left",
            before=5,
            anew="tuner",
        ),
    ),
    stand_ins=(
        StandIn("import tensorboard", "TensorFlow no longer brings tensorboard, which its callback needs"),
        StandIn("import wandb", "needs an account and the network"),
        StandIn("import plotly", "draws pictures of data that have nothing to do with a search"),
    ),
    changes=(
        Change(2, "max_epochs = 10", "max_epochs = 3", "size: 6 trials rather than 30"),
        Change(5, '"/tmp/tb_logs"', '"tb_logs"', "place: nothing is written outside of the test's folder"),
    ),
)
