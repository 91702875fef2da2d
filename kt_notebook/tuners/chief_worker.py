"""What is said where KerasTuner's environment variables ask for a chief and its workers.

How it works: KerasTuner makes a cluster of processes that are started with `KERASTUNER_ORACLE_IP`: one is the chief,
which trains nothing and hands out trials, the others train. None of them could do that part here: each would search
on its own, or be refused because another searches in the project. So it is an error and not a warning, before anything
is trained. Without that variable KerasTuner, too, is alone, whatever the others say.
"""

from collections.abc import Mapping

from kt_notebook.core.errors import OptionError

__all__ = ["refuse_chief_and_worker"]

_ORACLE_IP = "KERASTUNER_ORACLE_IP"
_VARIABLES = (_ORACLE_IP, "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID")


def refuse_chief_and_worker(environ: Mapping[str, str]) -> None:
    """Say what replaces KerasTuner's chief and workers, where the environment asks for them.

    Args:
        environ: The process's environment.

    Raises:
        OptionError: `KERASTUNER_ORACLE_IP` is set.
    """
    if _ORACLE_IP not in environ:
        return
    found = [name for name in _VARIABLES if name in environ]
    told = ", ".join(f"{name}={environ[name]!r}" for name in found)
    *some, last = found
    unset = f"{', '.join(some)} and {last}" if some else last
    raise OptionError(
        f"The environment asks for KerasTuner's chief and workers ({told}), which kt_notebook does not have: one "
        "process searches in a project, others may open it and read; worker processes and clusters are not there yet. "
        f"Unset {unset} and start it once; %%tune --workers N runs N trials at a time in threads."
    )
