"""Finds the space of a search that has not begun, from the models that its hypermodel builds."""

from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.discovery import explore
from kt_notebook.training.hypermodel import FunctionHyperModel, HyperModel
from kt_notebook.tuners.project_search import ProjectSearch

__all__ = ["find_space", "find_space_of_own"]


def find_space(project: ProjectSearch, hypermodel: HyperModel | None, settings: ModelSettings) -> None:
    """Let what models declare join the oracle's space, where nothing is known of it yet.

    Args:
        project: What is known of the search.
        hypermodel: Builds the models; None finds nothing.
        settings: How models are built.

    Raises:
        Exception: What the user's own function raises.
    """
    has_begun = project.session is not None or project.record.search["started_at"] is not None
    space = project.oracle.get_space()
    if hypermodel is None or has_begun or space.space:
        return
    with settings.scope():
        explore(hypermodel, space)
    project.oracle.update_space(space)


def find_space_of_own(
    project: ProjectSearch, hypermodel: HyperModel | None, settings: ModelSettings, *, has_data: bool
) -> None:
    """Find the space of a tuner whose own methods run its trials: they find values for what its hypermodel declares.

    Args:
        project: What is known of the search.
        hypermodel: Builds the models; a function without data may be the training, and is not called.
        settings: How models are built.
        has_data: Whether the search was given data.

    Raises:
        Exception: What the user's own function raises.
    """
    if has_data or not isinstance(hypermodel, FunctionHyperModel):
        find_space(project, hypermodel, settings)
