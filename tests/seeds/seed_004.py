"""Seed 004, in Chinese: KerasTuner's own guide, from a first model to HyperResNet. What is changed, and why."""

from tests.seeds.tutorial import Change, StandIn, Tutorial

MNIST = """
import keras
from small_data import images

keras.datasets.mnist.load_data = lambda: (images(300), images(100, seed=1))
"""

SPLIT = "size: the last 100 of 300 images validate, not the last 10,000 of 60,000"
SUFFIX = "Keras 3: it saves to names that end in .keras or .h5; place: the test's folder, not /tmp"

TUTORIAL = Tutorial(
    number="004",
    n_blocks=26,
    stand_ins=(StandIn(MNIST, "load_data fetches MNIST from the internet"),),
    changes=(
        Change(9, "x[:-10000]", "x[:-100]", SPLIT),
        Change(9, "x[-10000:]", "x[-100:]", SPLIT),
        Change(9, "y[:-10000]", "y[:-100]", SPLIT),
        Change(9, "y[-10000:]", "y[-100:]", SPLIT),
        Change(
            11,
            "(None, 28, 28)",
            "(None, 28, 28, 1)",
            "Keras 3: a model that has its weights is built, for the images' shape; with another shape it raises",
            still=("best_model.build(input_shape=(None, 28, 28))", "already been configured"),
        ),
        Change(
            25,
            'os.path.join("/tmp", trial.trial_id)',
            'os.path.join(".", trial.trial_id + ".keras")',
            SUFFIX,
            still=('keras_code(32, "adam", os.path.join(".", "0"))', "extension"),
        ),
        Change(
            25,
            '"/tmp/best_model"',
            '"best_model.keras"',
            SUFFIX,
            still=('keras_code(32, "adam", saving_path="best_model")', "extension"),
        ),
    ),
    long_blocks=(26,),
)
