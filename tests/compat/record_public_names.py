"""Records the public surface of the real KerasTuner by introspection, as `keras_tuner_1.4.8.json` beside it.

Run where `keras-tuner==1.4.8` is installed, into a new file; only names, kinds, parameters, defaults and base classes
are taken. A parameter is told as it would be declared: "max_trials=10", "*args".

    python tests/compat/record_public_names.py tests/compat/keras_tuner_1.4.8.json
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import tempfile
from enum import Enum
from pathlib import Path
from typing import Any

MODULES = (
    "keras_tuner",
    "keras_tuner.applications",
    "keras_tuner.engine",
    "keras_tuner.engine.base_tuner",
    "keras_tuner.engine.hypermodel",
    "keras_tuner.engine.hyperparameters",
    "keras_tuner.engine.metrics_tracking",
    "keras_tuner.engine.oracle",
    "keras_tuner.engine.trial",
    "keras_tuner.engine.tuner",
    "keras_tuner.errors",
    "keras_tuner.oracles",
    "keras_tuner.tuners",
)
# Objects that users meet without importing their class: `trial.metrics`, an oracle's objective, a condition.
MET = {
    "keras_tuner.engine.metrics_tracking": ("MetricHistory", "MetricObservation", "MetricsTracker"),
    "keras_tuner.engine.conditions": ("Condition", "Parent"),
}
SPECIAL = {"__contains__", "__eq__", "__getitem__", "__repr__", "__str__"}
PLAIN = (bool, int, float, str, type(None))
STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def parameters(function: Any) -> list[str]:
    """Return the parameters of a function as they are declared."""
    if function.__name__ == "wrapped_func":  # what `synchronized` makes of a method
        function = inspect.getclosurevars(function).nonlocals["func"]
    found = []
    for parameter in inspect.signature(inspect.unwrap(function)).parameters.values():
        text = STARS.get(parameter.kind, "") + parameter.name
        default = parameter.default
        if default is not inspect.Parameter.empty:
            text += f"={default.value if isinstance(default, Enum) else default!r}"
        found.append(text)
    return found


def is_theirs(kind: type) -> bool:
    """Return whether a class is the package's own."""
    return kind.__module__.startswith("keras_tuner")


def describe_class(kind: type) -> dict[str, Any]:
    """Return a class's bases, arguments and public members, inherited ones of the package included."""
    theirs = [base for base in kind.__mro__ if is_theirs(base)]
    told: dict[str, Any] = {"bases": [base.__name__ for base in theirs[1:]], "methods": {}}
    told["errors"] = [base.__name__ for base in kind.__mro__ if issubclass(base, Exception) and not is_theirs(base)]
    if any("__init__" in vars(base) for base in theirs):
        told["init"] = parameters(kind.__init__)[1:]
    for name in sorted({name for base in theirs for name in vars(base)}):
        if name.startswith("_") and name not in SPECIAL:
            continue
        value = inspect.getattr_static(kind, name)
        if isinstance(value, property):
            told.setdefault("properties", []).append(name)
        elif isinstance(value, staticmethod):
            told["methods"][name] = parameters(value.__func__)
        elif isinstance(value, classmethod):
            told["methods"][name] = parameters(value.__func__)[1:]
        elif callable(value):
            told["methods"][name] = parameters(value)[1:]
        elif isinstance(value, PLAIN):
            told.setdefault("attributes", {})[name] = value
    return {key: value for key, value in told.items() if value}


def made_objects(package: str, directory: str) -> list[Any]:
    """Return one object of each class that users hold objects of.

    Args:
        package: "keras_tuner", or ours, which has the same modules.
        directory: Where the tuner's project is.
    """
    kt = importlib.import_module(package)
    hps = importlib.import_module(f"{package}.engine.hyperparameters")
    trial = importlib.import_module(f"{package}.engine.trial")
    return [
        kt.HyperParameters(),
        kt.HyperModel(),
        kt.Objective("val_loss", "min"),
        kt.oracles.RandomSearchOracle(),
        kt.oracles.GridSearchOracle(),
        kt.oracles.BayesianOptimizationOracle(),
        kt.oracles.HyperbandOracle(),
        kt.RandomSearch(lambda hp: 0, directory=directory),
        trial.Trial(kt.HyperParameters()),
        hps.Int("a", 1, 2),
        hps.Float("a", 1, 2),
        hps.Choice("a", [1, 2]),
        hps.Boolean("a"),
        hps.Fixed("a", 1),
    ]


def instances(directory: str) -> dict[str, list[str]]:
    """Return the public attributes of objects as they are made, for the classes that users hold objects of."""
    made = made_objects("keras_tuner", directory)
    return {type(one).__name__: sorted(n for n in vars(one) if not n.startswith("_")) for one in made}


def main() -> None:
    """Write the whole surface into the file named on the command line."""
    modules: dict[str, list[str]] = {}
    classes: dict[str, Any] = {}
    functions: dict[str, Any] = {}

    def take(module_name: str, name: str, value: Any) -> None:
        modules.setdefault(module_name, []).append(name)
        if inspect.isclass(value):
            classes[value.__name__] = describe_class(value)
        elif not inspect.ismodule(value):
            functions[name] = parameters(value)

    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in sorted(n for n in vars(module) if not n.startswith("_") and n != "src"):
            take(module_name, name, getattr(module, name))
    for module_name, class_names in MET.items():
        module = importlib.import_module(module_name.replace("keras_tuner.", "keras_tuner.src."))
        for name in class_names:
            take(module_name, name, getattr(module, name))
    with tempfile.TemporaryDirectory() as directory:
        held = instances(directory)
    surface = {
        "version": importlib.import_module("keras_tuner").__version__,
        "modules": modules,
        "functions": functions,
        "classes": classes,
        "instances": held,
    }
    Path(sys.argv[1]).write_text(json.dumps(surface, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
