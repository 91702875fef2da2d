"""`%tune finish`: the winner trained anew on all rows and evaluated once, from names of the notebook."""

from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.panel.host import host_of
from kt_notebook.results.finish import Finish
from kt_notebook.tuners import Tuner
from kt_notebook.tuners.sklearn_tuner import SklearnTuner

__all__ = ["finish_word"]

_USAGE = (
    "Write %tune finish [NAME] x_train y_train x_test y_test [--epochs N] [--repeats N] [--rivals N], with names of "
    "the notebook; for datasets that have their targets x_train x_test."
)
_OPTIONS = ("epochs", "repeats", "rivals")
_WITH_TARGETS, _DATASETS = 4, 2


# Any: IPython's shell.
def finish_word(shell: Any, words: list[str]) -> Finish:
    """Do what `NAME.finish(x_train, y_train, x_test, y_test)` does, and return it for the notebook to show.

    Args:
        shell: The notebook.
        words: NAME of the search, the latest without; names that hold the data; options.

    Raises:
        OptionError: There is no such search or name, or the line cannot be read.
        Exception: As `Tuner.finish`.
    """
    names, options = _read(words)
    n_data = _WITH_TARGETS if len(names) >= _WITH_TARGETS else _DATASETS
    if len(names) not in (n_data, n_data + 1):
        raise OptionError(f"%tune finish was given {len(names)} names. {_USAGE}")
    tuner = _tuner(shell, names[0] if len(names) > n_data else None)
    held = [_held(shell, name) for name in names[-n_data:]]
    if n_data == _DATASETS and any(hasattr(data, "shape") for data in held):
        raise OptionError(f"{' and '.join(names[-n_data:])} are arrays, whose targets are missing. {_USAGE}")
    data = held if n_data == _WITH_TARGETS else [held[0], None, held[1], None]
    return tuner.finish(*data, **options)


def _read(words: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Return the names and the options of a line."""
    names: list[str] = []
    options: dict[str, Any] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            names.append(word)
            continue
        option, equals, value = word.removeprefix("--").partition("=")
        if option not in _OPTIONS:
            raise OptionError(f"%tune finish has no option {word!r}. {_USAGE}")
        text = value if equals else left.pop(0) if left else ""
        options[option] = text if option == "epochs" and text == "best" else _whole(option, text)
    return names, options


def _whole(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise OptionError(f"--{option} {text or '…'} is no whole number. Write --{option} 5.") from None


# Any: the notebook's names stand for anything.
def _held(shell: Any, name: str) -> Any:
    if not name.isidentifier():
        raise OptionError(f"{name!r} is no name of the notebook. Give what it means a name in a line above, then that.")
    if name not in shell.user_ns:
        raise OptionError(f"The notebook has no {name}. {_USAGE}")
    return shell.user_ns[name]


def _tuner(shell: Any, name: str | None) -> Tuner | SklearnTuner:
    searches = host_of(shell).searches()
    if not searches:
        raise OptionError("This kernel has no search yet. Put %%tune over a cell; %tune list shows those on disk.")
    named = [search for search in searches if name is None or search.name == name]
    if not named:
        known = ", ".join(dict.fromkeys(search.name for search in searches))
        raise OptionError(f"This kernel has no search called {name!r}. There are: {known}.")
    search = named[-1]
    if not isinstance(search.tuner, Tuner | SklearnTuner):
        raise OptionError(f"The tuner of {search.name} is gone from the notebook. Run its cell again to have it back.")
    return search.tuner
