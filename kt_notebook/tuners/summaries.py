"""The texts that KerasTuner's summary methods print, and a search in a few words."""

from collections.abc import Sequence

from kt_notebook.core.format import format_score, format_trial_id
from kt_notebook.core.objective import AnyObjective, number_objective
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, trial_summary

__all__ = ["progress_parts", "results_summary_text", "space_summary_text", "tuner_text"]


def space_summary_text(space: HyperParameters, *, extended: bool = False) -> str:
    """Return the text of `search_space_summary`.

    Args:
        space: The search space.
        extended: Taken for KerasTuner's sake, where it says nothing more either.
    """
    lines = ["Search space summary", f"Default search space size: {len(space.space)}"]
    for entry in space.space:
        config = dict(entry.get_config())
        name = config.pop("name")
        lines += [f"{name} ({type(entry).__name__})", str(config)]
    return "\n".join(lines)


def results_summary_text(
    project_dir: str, objective: AnyObjective | None, trials: Sequence[Trial], num_trials: int
) -> str:
    """Return the text of `results_summary`.

    Args:
        project_dir: The project's folder.
        objective: What the search makes best; None while the first result is to decide.
        trials: The best trials, best first.
        num_trials: How many were asked for.
    """
    told = str(number_objective() if objective is None else objective)
    head = ["Results summary", f"Results in {project_dir}", f"Showing {num_trials} best trials", told]
    return "\n\n".join(["\n".join(head), *map(trial_summary, trials)])


def progress_parts(record: SearchRecord) -> list[str]:
    """Return how far a search is: `5 of 20 trials`, and `best 0.9700 (trial 4)` where there is one."""
    # A copy: another thread may begin a trial meanwhile.
    done = sum(trial.ended_at is not None for trial in list(record.trials.values()))
    most = record.search["max_trials"]
    parts = [f"{done} of {most} trials" if most else f"{done} trial{'' if done == 1 else 's'}"]
    ranked = record.ranked()
    if ranked:
        parts.append(f"best {format_score(ranked[0].score)} (trial {format_trial_id(ranked[0].trial_id)})")
    return parts


def tuner_text(name: str, kind: str, record: SearchRecord, *, is_running: bool) -> str:
    """Return a tuner in one line.

    Args:
        name: What the search is called.
        kind: How it chooses its trials.
        record: What is known of the search.
        is_running: Whether it runs in this process; a record that was cut off says so of a search that does not.
    """
    if record.search["started_at"] is None:
        return f"<{name}: {kind}, not searched yet>"
    state = record.state if is_running or record.is_ended else "interrupted"
    return f"<{name}: {', '.join([kind, state, *progress_parts(record)])}>"
