"""Cells as people write them: what KerasTuner's tutorials look like, read as a whole."""

import textwrap

from kt_notebook.magics.cell import read_cell

DIGITS = """
import keras

model = keras.Sequential([keras.Input((64,))])
for i in range(hp.Int("layers", 1, 3)):
    model.add(keras.layers.Dense(units=hp.Int(16, 128, step=16), activation=hp.Choice("activation", ["relu", "tanh"])))
    if hp.Boolean(f"norm_{i}"):
        model.add(keras.layers.BatchNormalization())
if hp.Boolean("dropout"):
    model.add(keras.layers.Dropout(rate=hp.Float(0.1, 0.5)))
model.add(keras.layers.Dense(10))
optimizer = hp.Choice("optimizer", ["adam", "sgd"])
lr = hp.Float(1e-4, 1e-1, sampling="log")
if optimizer == "sgd":
    optimizer = keras.optimizers.SGD(lr, momentum=hp.Float(0.0, 0.99))
else:
    optimizer = keras.optimizers.Adam(lr)
model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(monitor="val_accuracy", baseline=90, patience=3)
model.fit(x_train, y_train, epochs=5, batch_size=hp.Choice([32, 64]), validation_data=(x_val, y_val), callbacks=[stop])
"""


def test_an_inline_keras_cell_is_read_to_the_end():
    data = dict.fromkeys(["x_train", "y_train", "x_val", "y_val", "other"])

    plan = read_cell(DIGITS, data)

    assert {held.name: held.conditions for held in plan.declarations} == {
        "layers": "",
        "units_0": "",
        "activation": "",
        "norm_0": "",
        "units_1": "layers in [2, 3]",
        "norm_1": "layers in [2, 3]",
        "units_2": "layers = 3",
        "norm_2": "layers = 3",
        "dropout": "",
        "rate": "dropout is True",
        "optimizer": "",
        "lr": "",
        "momentum": "optimizer = 'sgd'",
        "batch_size": "",
    }
    assert plan.unsettled == ()
    assert plan.reads == ("x_train", "x_val", "y_train", "y_val")
    assert plan.has_fit_call
    assert [note.code for note in plan.notes] == ["baseline"]


def test_a_hypermodel_with_its_own_fit_is_read_to_the_end():
    text = """
    class MyHyperModel(kt.HyperModel):
        def build(self, hp):
            size = hp.Int("image_size", 10, 28)
            model = keras.Sequential([layers.Dense(hp.Int("units", 32, 512, step=32))])
            model.compile(loss="mse")
            return model

        def fit(self, hp, model, x, y, validation_data=None, **kwargs):
            if hp.Boolean("normalize"):
                x = layers.Normalization()(x)
            size = hp.get("image_size")
            if size > 20:
                hp.Int("crop", 1, 4)
            return model.fit(crop(x, size), y, shuffle=hp.Boolean("shuffle"), **kwargs)

    search(x, y, epochs=2)
    """

    plan = read_cell(textwrap.dedent(text), {})

    assert [(held.name, held.conditions) for held in plan.declarations] == [
        ("image_size", ""),
        ("units", ""),
        ("normalize", ""),
        ("crop", "image_size in [21, 22, 23, 24, 25, 26, 27, 28]"),
        ("shuffle", ""),
    ]
    assert plan.unsettled == ()


def test_hp_handed_to_a_function_of_the_notebook_is_named():
    plan = read_cell("def build(hp):\n    return make(hp)\nsearch(x)", {"make": lambda hp: 1 / 0})

    assert [(place.line, place.text) for place in plan.unsettled] == [(2, "make(hp)")]
