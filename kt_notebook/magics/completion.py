"""What Tab offers on a `%%tune` or `%tune` line."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import StorageError
from kt_notebook.core.values import value_from_json
from kt_notebook.magics.given_line import as_written
from kt_notebook.magics.line import WORDS
from kt_notebook.magics.options import FIT_WAYS, OPTIONS, TUNERS
from kt_notebook.oracles.pruning import PRUNERS
from kt_notebook.panel.host import host_of
from kt_notebook.storage.projects import list_projects

__all__ = ["complete_cell_line", "complete_line", "complete_values", "install_completion"]

# What Keras' compile and fit give most often; any other name may be typed.
_OBJECTIVES = ("val_accuracy", "val_loss", "val_auc", "val_mae", "val_mse", "accuracy", "loss")
_VALUES: dict[str, Sequence[str]] = {
    "--tuner": TUNERS,
    "--objective": _OBJECTIVES,
    "--prune": PRUNERS,
    "--fit": FIT_WAYS,
    "--timeout": ("10m", "30m", "1h", "8h"),
}


def complete_cell_line(line: str) -> list[str]:
    """Return what may follow on a `%%tune` line that stands so far as given."""
    words = line.split()[1:]
    is_new = line[-1:].isspace()
    before = words[-1] if is_new and words else (words[-2] if len(words) > 1 else "")
    if before in _VALUES:
        # Behind a comma comes another objective.
        there = set() if is_new else set(words[-1].split(",")[:-1])
        return [value for value in _VALUES[before] if value not in there]
    given = set(words if is_new else words[:-1])
    return [option.flag for option in OPTIONS if option.flag not in given]


def complete_line(line: str, searches: Sequence[str] = (), projects: Sequence[str] = ()) -> list[str]:
    """Return what may follow on a `%tune` line that stands so far as given.

    Args:
        line: The line up to the cursor.
        searches: Names of this kernel's searches.
        projects: Names of the projects beside the notebook.
    """
    words = line.split()
    if len(words) < 2 or (len(words) == 2 and not line[-1:].isspace()):
        return list(WORDS)
    if len(words) > 3 or (len(words) == 3 and line[-1:].isspace()) or words[1] == "list":
        return []
    return list(dict.fromkeys(projects if words[1] == "open" else searches))


# Any: a space as a snapshot holds it.
def complete_values(line: str, space: Sequence[Mapping[str, Any]], searches: Sequence[str] = ()) -> list[str]:
    """Return what may follow on a `%tune enqueue` line that stands so far as given.

    Args:
        line: The line up to the cursor.
        space: The hyperparameters of the search that it is about.
        searches: Names of this kernel's searches.
    """
    words = line.split()[2:]
    typed = "" if line[-1:].isspace() else (words.pop() if words else "")
    name, _, value = typed.partition("=")
    if value or typed.endswith("="):
        return list(dict.fromkeys(text for config in _configs(space, name) for text in _texts(config)))
    given = {word.partition("=")[0] for word in words}
    names = [f"{config['name']}=" for config in _configs(space) if config["name"] not in given]
    plain = [text for text in dict.fromkeys(names) if not any(map(str.isspace, text))]
    return [*plain, *([] if "--again" in given else ["--again"]), *([] if words else searches)]


# Any: as above.
def _configs(space: Sequence[Mapping[str, Any]], name: str | None = None) -> list[Mapping[str, Any]]:
    configs = ({"class_name": entry["class_name"], **entry["config"]} for entry in space)
    return [config for config in configs if name is None or config["name"] == name]


# Any: as above.
def _texts(config: Mapping[str, Any]) -> list[str]:
    """Return the values of a hyperparameter that has a list of them, as they are written on the line."""
    if config["class_name"] == "Boolean":
        return ["True", "False"]
    return [as_written(value_from_json(value)) for value in config.get("values", ())]


# Any: IPython's shell and its completion context.
def install_completion(shell: Any) -> None:
    """Let the shell ask us on our own lines, and nobody else where we have an answer."""
    completer = getattr(shell, "Completer", None)
    if completer is None:
        return
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher()  # type: ignore[untyped-decorator]  # IPython's is half typed
    def tune_matcher(context: Any) -> Any:
        offered = _offered(shell, context.text_until_cursor)
        found = [SimpleCompletion(text, type="magic") for text in offered if text.startswith(context.token)]
        return {"completions": found, "suppress": bool(found)}

    completer.custom_matchers.append(tune_matcher)


def _offered(shell: Any, line: str) -> list[str]:
    word = line.partition(" ")[0]
    if word == "%%tune":
        return complete_cell_line(line.replace("=", " ")) if line != word else []
    if word != "%tune" or line == word:
        return []
    hosted = list(reversed(host_of(shell).searches()))
    searches = [search.name for search in hosted]
    if line.split()[1:2] == ["enqueue"] and line != "%tune enqueue":
        named = [search for search in hosted if search.name in line.split()[2:3]] or hosted
        return complete_values(line, named[0].feed.record.search["space"] or [] if named else [], searches)
    projects: list[str] = []
    with suppress(StorageError):  # a folder that cannot be read has nothing to offer
        projects = [project.name for project in list_projects(Path.cwd())]
    return complete_line(line, searches, projects)
