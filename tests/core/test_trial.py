"""A trial: its status."""

import pytest

from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus


def test_a_status_that_is_set_as_text_is_the_status():
    trial = Trial(HyperParameters())
    trial.status = "COMPLETED"
    assert trial.status is TrialStatus.COMPLETED


def test_a_status_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="'DONE' is not a valid TrialStatus"):
        Trial(HyperParameters()).status = "DONE"
