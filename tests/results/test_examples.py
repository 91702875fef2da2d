"""The examples in the docstrings of results run and say what they say."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import kt_notebook.results

MODULES = [
    info.name for info in pkgutil.walk_packages(kt_notebook.results.__path__, "kt_notebook.results.") if not info.ispkg
] + [
    "kt_notebook.results",
    *(info.name for info in pkgutil.walk_packages(kt_notebook.results.__path__, "kt_notebook.results.") if info.ispkg),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    try:
        # Only what is wrong is shown; the last lines of tracebacks count, not their modules.
        failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    finally:
        close_figures()
    assert failed == 0


@pytest.mark.parametrize("package", ["kt_notebook.results.analysis", "kt_notebook.results.figures"])
def test_every_public_function_of_analyses_and_figures_has_an_example(package):
    module = importlib.import_module(package)
    public = [getattr(module, name) for name in module.__all__]
    lack = [
        each.__name__
        for each in public
        if (inspect.isfunction(each) or each.__name__ == "Plots") and ">>>" not in (each.__doc__ or "")
    ]
    assert not lack


def close_figures():
    import matplotlib.pyplot as plt

    plt.close("all")
