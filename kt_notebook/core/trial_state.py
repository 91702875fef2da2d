"""What became of a trial, in one word and one colour, the same in panel, tables and figures."""

from kt_notebook.core.palette import BAD, GOOD, PRUNED, RUN

__all__ = ["STATE_COLOURS", "trial_state"]

_WORDS = {
    "RUNNING": "running",
    "IDLE": "cut",
    "COMPLETED": "complete",
    "FAILED": "failed",
    "INVALID": "invalid",
    "STOPPED": "stopped",
}
STATE_COLOURS = {"complete": GOOD, "pruned": PRUNED, "failed": BAD, "invalid": BAD, "stopped": PRUNED, "running": RUN}


def trial_state(status: str, *, is_pruned: bool) -> str:
    """Return the word for a trial.

    Args:
        status: As its record has it, such as `COMPLETED`.
        is_pruned: Whether the record says why it was ended early.

    Example:
        >>> trial_state("COMPLETED", is_pruned=True)
        'pruned'
    """
    return "pruned" if is_pruned and status == "COMPLETED" else _WORDS.get(status, status.lower())
