"""What Tab offers on a `%%tune` or `%tune` line."""

from collections.abc import Sequence
from typing import Any

from kt_notebook.magics.line import WORDS
from kt_notebook.magics.options import OPTIONS, TUNERS

__all__ = ["complete_cell_line", "complete_line", "install_completion"]

# What Keras' compile and fit give most often; any other name may be typed.
_OBJECTIVES = ("val_accuracy", "val_loss", "val_auc", "val_mae", "val_mse", "accuracy", "loss")
_VALUES: dict[str, Sequence[str]] = {
    "--tuner": TUNERS,
    "--objective": _OBJECTIVES,
    "--timeout": ("10m", "30m", "1h", "8h"),
}


def complete_cell_line(line: str) -> list[str]:
    """Return what may follow on a `%%tune` line that stands so far as given."""
    words = line.split()[1:]
    is_new = line[-1:].isspace()
    before = words[-1] if is_new and words else (words[-2] if len(words) > 1 else "")
    if before in _VALUES:
        return list(_VALUES[before])
    given = set(words if is_new else words[:-1])
    return [option.flag for option in OPTIONS if option.flag not in given]


def complete_line(line: str) -> list[str]:
    """Return what may follow on a `%tune` line that stands so far as given."""
    words = line.split()
    return list(WORDS) if len(words) < 2 or (len(words) == 2 and not line[-1:].isspace()) else []


# Any: IPython's shell and its completion event.
def install_completion(shell: Any) -> None:
    """Let the shell ask us on our own lines."""
    if getattr(shell, "Completer", None) is None:
        return

    def for_cell(_shell: Any, event: Any) -> list[str]:
        return complete_cell_line(event.text_until_cursor)

    def for_line(_shell: Any, event: Any) -> list[str]:
        return complete_line(event.text_until_cursor)

    shell.set_hook("complete_command", for_cell, str_key="%%tune")
    shell.set_hook("complete_command", for_line, str_key="%tune")
