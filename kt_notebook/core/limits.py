"""What an oracle's numbers may be: its seed and its limits."""

from kt_notebook.core.errors import OptionError

__all__ = ["check_count", "check_limit", "check_max_trials", "check_seed"]


def check_seed(seed: object) -> None:
    """Refuse a seed that is no whole number.

    Raises:
        OptionError: It is none, and not None.
    """
    if seed is not None and not _is_whole(seed):
        raise OptionError(f"seed={seed!r} is no seed. Give any whole number, or None for one drawn at random.")


def check_limit(name: str, value: int | None, *, at_least: int) -> None:
    """Refuse a limit that has no meaning; None is no limit.

    Raises:
        OptionError: It is no whole number, or too small.
    """
    if value is not None and (not _is_whole(value) or value < at_least):
        raise OptionError(f"{name}={value!r} has no meaning. Give a whole number of {at_least} or more.")


def check_count(name: str, value: int) -> None:
    """Refuse a number of runs that runs nothing.

    Raises:
        OptionError: It is no whole number, or below 1.
    """
    if not _is_whole(value) or value < 1:
        raise OptionError(f"{name}={value!r} runs nothing. Give a whole number of 1 or more.")


def check_max_trials(max_trials: int | None) -> None:
    """Refuse a number of trials that runs nothing; None is no limit.

    Raises:
        OptionError: It is no whole number, or below 1.
    """
    if max_trials is not None:
        check_count("max_trials", max_trials)


def _is_whole(value: object) -> bool:
    return not isinstance(value, bool) and hasattr(value, "__index__")
