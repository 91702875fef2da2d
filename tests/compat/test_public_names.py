"""KerasTuner's public surface is here: each name in its module, with its parameters, defaults and attributes.

How it works: `keras_tuner_1.4.8.json` is what `record_public_names.py` found in the real package. What we do otherwise
stands in `ON_PURPOSE`, and only there: a difference that is not listed fails, and so does a line that is no difference.
"""

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import kt_notebook as kt
from tests.compat.record_public_names import made_objects

SURFACE = json.loads((Path(__file__).parent / "keras_tuner_1.4.8.json").read_text(encoding="utf-8"))

# Difference → why. `*` stands for any text.
ON_PURPOSE = {
    "*.from_proto: missing": "a wire format of KerasTuner's own servers; get_config and from_config do it",
    "*.to_proto: missing": "as from_proto",
    "*.__init__: max_consecutive_failed_trials=3 is max_consecutive_failed_trials=None": (
        "failed trials are recorded and the search goes on; it ends where the first three fail alike"
    ),
    "BayesianOptimization*.__init__: alpha=0.0001 is alpha=None": "the model learns the noise from the results",
    "BayesianOptimization*.__init__: beta=2.6 is beta=None": "expected improvement; a beta takes the confidence bound",
    "* is no Stateful": "its four methods are there; nothing public takes a Stateful",
    "Int is no Numerical": "not public there either",
    "Float is no Numerical": "not public there either",
    "*Oracle object: directory": "an oracle knows no files; tuner.directory",
    "*Oracle object: project_name": "an oracle knows no files; tuner.project_name",
    "*Oracle object: multi_worker": "unused there, and set by nothing",
    "*Oracle object: should_report": "unused there, and set by nothing",
    "*Oracle object: tuner_ids": "workers of a cluster there",
    "BayesianOptimizationOracle object: gpr": "the model behind it, another one here",
    "HyperbandOracle object: min_epochs": "always 1 there",
}

CLASSES = sorted(SURFACE["classes"])


def ours_of(module_name: str) -> Any:
    return importlib.import_module(module_name.replace("keras_tuner", "kt_notebook"))


def our_class(name: str) -> Any:
    home = next(module for module, names in SURFACE["modules"].items() if name in names)
    return getattr(ours_of(home), name, None)


def declared(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    default = parameter.default
    return f"{parameter.name}={default.value if isinstance(default, Enum) else default!r}"


def differences_of_parameters(theirs: list[str], function: Any, *, skip_first: bool) -> Iterator[str]:
    """Ours begin with theirs, in their order and with their defaults; what we add may be left out."""
    parameters = list(inspect.signature(inspect.unwrap(function)).parameters.values())[skip_first:]
    kinds = {parameter.kind for parameter in parameters}
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    named = [text for text in theirs if not text.startswith("*")]
    for number, text in enumerate(named):
        mine = declared(by_position[number]) if number < len(by_position) else "missing"
        may_be_left_out = "=" not in text and mine.startswith(f"{text}=")
        if mine != text and not may_be_left_out:
            yield f"{text} is {mine}"
    for parameter in by_position[len(named) :]:
        if parameter.default is parameter.empty:
            yield f"{parameter.name} is needed"
    stars = {text[: text.count("*")] for text in theirs}
    if "*" in stars and inspect.Parameter.VAR_POSITIONAL not in kinds:
        yield "no *args"
    # a hyperparameter's: the one argument that they could hold is named here
    is_named = [p.name for p in by_position[len(named) :]] == ["conditions"]
    if "**" in stars and inspect.Parameter.VAR_KEYWORD not in kinds and not is_named:
        yield "no **kwargs"


def differences_of_class(name: str) -> Iterator[str]:
    theirs, ours = SURFACE["classes"][name], our_class(name)
    if ours is None:
        yield f"{name}: missing"
        return
    bases = {base.__name__ for base in ours.__mro__}
    for base in [*theirs.get("bases", ()), *theirs.get("errors", ())]:
        if base not in bases:
            yield f"{name} is no {base}"
    if "init" in theirs:
        for told in differences_of_parameters(theirs["init"], ours.__init__, skip_first=True):
            yield f"{name}.__init__: {told}"
    for method, parameters in theirs.get("methods", {}).items():
        yield from (f"{name}.{method}: {told}" for told in differences_of_method(ours, method, parameters))
    for attribute in theirs.get("properties", ()):
        if not isinstance(inspect.getattr_static(ours, attribute, None), property):
            yield f"{name}.{attribute}: no property"
    for attribute, value in theirs.get("attributes", {}).items():
        if getattr(ours, attribute, None) != value:
            yield f"{name}.{attribute}: {getattr(ours, attribute, None)!r}"


def differences_of_method(ours: type, method: str, parameters: list[str]) -> Iterator[str]:
    found = inspect.getattr_static(ours, method, None)
    if found is None:
        yield "missing"
        return
    if method.startswith("__"):  # called by Python, which names no parameter
        return
    is_bound = isinstance(found, classmethod | staticmethod)
    yield from differences_of_parameters(parameters, getattr(ours, method), skip_first=not is_bound)


def differences_of_objects(directory: Path) -> Iterator[str]:
    made = made_objects("kt_notebook", str(directory))
    assert {type(one).__name__ for one in made} == set(SURFACE["instances"])
    for one in made:
        for attribute in SURFACE["instances"][type(one).__name__]:
            if not hasattr(one, attribute):
                yield f"{type(one).__name__} object: {attribute}"


def unlisted(differences: Iterator[str]) -> list[str]:
    return [told for told in differences if not any(fnmatchcase(told, pattern) for pattern in ON_PURPOSE)]


# ---- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module_name", sorted(SURFACE["modules"]))
def test_each_module_has_its_names(module_name: str) -> None:
    names = SURFACE["modules"][module_name]

    assert [name for name in names if not hasattr(ours_of(module_name), name)] == []


@pytest.mark.parametrize("module_name", sorted(SURFACE["modules"]))
def test_what_a_module_has_is_public_there(module_name: str) -> None:
    assert set(SURFACE["modules"][module_name]) <= set(ours_of(module_name).__all__)


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_the_same_wherever_it_is_found(name: str) -> None:
    homes = [module for module, names in SURFACE["modules"].items() if name in names]

    assert len({id(getattr(ours_of(home), name)) for home in homes}) == 1


# ---- what they take and have -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_takes_and_has_what_it_does_there(name: str) -> None:
    assert unlisted(differences_of_class(name)) == []


@pytest.mark.parametrize("name", sorted(SURFACE["functions"]))
def test_a_function_takes_what_it_does_there(name: str) -> None:
    theirs, ours = SURFACE["functions"][name], our_class(name)

    assert list(differences_of_parameters(theirs, ours, skip_first=False)) == []


def test_an_object_has_the_attributes_that_it_has_there(tmp_path: Path) -> None:
    assert unlisted(differences_of_objects(tmp_path)) == []


def test_each_deviation_on_purpose_is_one(tmp_path: Path) -> None:
    differences = [told for name in CLASSES for told in differences_of_class(name)]
    differences += differences_of_objects(tmp_path)

    assert [p for p in ON_PURPOSE if not any(fnmatchcase(told, p) for told in differences)] == []


# ---- the spellings that tutorials use ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import kt_notebook; kt_notebook.engine.hyperparameters.HyperParameters()",
        "import kt_notebook as kt; kt.engine.trial.TrialStatus.COMPLETED",
        "import kt_notebook as kt; kt.oracles.HyperbandOracle()",
        "import kt_notebook as kt; kt.tuners.RandomSearch, kt.SklearnTuner",
        "import kt_notebook as kt; kt.applications.HyperResNet",
        "import kt_notebook as kt; raise_ = kt.errors.FatalError",
        "import kt_notebook.engine.hyperparameters; kt_notebook.engine.hyperparameters.Int('a', 1, 2)",
        "from kt_notebook.engine import tuner, hyperparameters as hp_module; tuner.Tuner, hp_module.HyperParameters",
        "from kt_notebook.engine.hypermodel import HyperModel",
        "from kt_notebook.engine.base_tuner import BaseTuner",
        "from kt_notebook.engine.objective import Objective",
        "from kt_notebook.engine.conditions import Parent",
        "from kt_notebook.tuners import RandomSearch, BayesianOptimization, Hyperband",
        "from kt_notebook import HyperModel, HyperParameters, BaseTuner",
    ],
)
def test_a_spelling_works_in_a_fresh_interpreter_without_loading_keras(code: str) -> None:
    check = f"import sys; {code}; assert not {{'keras', 'tensorflow', 'scipy'}} & set(sys.modules), 'loaded'"
    subprocess.run([sys.executable, "-W", "error", "-c", check], check=True, capture_output=True)


def test_a_name_looked_for_at_the_top_is_told_with_its_module() -> None:
    with pytest.raises(AttributeError, match=r"no FailedTrialError; it is kt_notebook\.errors\.FailedTrialError"):
        kt.FailedTrialError
    with pytest.raises(AttributeError, match=r"no Trial; it is kt_notebook\.engine\.trial\.Trial"):
        kt.Trial


def test_the_first_names_of_oracles_are_told_with_those_of_today() -> None:
    with pytest.raises(AttributeError, match="the oracle is BayesianOptimizationOracle, the tuner"):
        kt.oracles.BayesianOptimization
    assert not hasattr(kt.oracles, "Evolution")


def test_the_module_that_such_a_name_is_told_with_has_it() -> None:
    for name, module in kt._ELSEWHERE.items():
        assert hasattr(importlib.import_module(f"kt_notebook.{module}"), name)
