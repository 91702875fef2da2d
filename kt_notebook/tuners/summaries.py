"""The texts that KerasTuner's summary methods print."""

from collections.abc import Sequence

from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, trial_summary

__all__ = ["results_summary_text", "space_summary_text"]


def space_summary_text(space: HyperParameters, *, extended: bool = False) -> str:
    """Return the text of `search_space_summary`."""
    lines = ["Search space summary", f"Default search space size: {len(space.space)}"]
    for entry in space.space:
        config = dict(entry.get_config())
        name = config.pop("name")
        if not extended:
            config.pop("conditions", None)
        lines += [f"{name} ({type(entry).__name__})", str(config)]
    return "\n".join(lines)


def results_summary_text(
    project_dir: str, objective: AnyObjective | None, trials: Sequence[Trial], num_trials: int
) -> str:
    """Return the text of `results_summary`."""
    lines = ["Results summary", f"Results in {project_dir}", f"Showing {num_trials} best trials", f"{objective}", ""]
    for trial in trials:
        lines += [trial_summary(trial), ""]
    return "\n".join(lines)
