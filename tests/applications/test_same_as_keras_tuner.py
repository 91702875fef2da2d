import json
from typing import Any

import pytest

from tests.applications.cases import CASES, GOLDEN, facts

pytestmark = pytest.mark.keras

THERE: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_case_was_recorded() -> None:
    assert THERE.keys() == CASES.keys()


@pytest.mark.parametrize("label", CASES)
def test_the_space_the_network_and_how_it_is_compiled_are_keras_tuners(label: str) -> None:
    here = facts("kt_notebook", label)
    for fact, there in THERE[label].items():
        assert here[fact] == there, fact
