"""The README's way from KerasTuner: its one-liners run as they stand, in order, in one folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## From KerasTuner\n")[2].partition("\n## ")[0]
ONE_LINERS = [line for line in SECTION.splitlines() if line.startswith("python ")]
TOLD = [
    r"<class 'kt_notebook\.tuners\.hyperband\.Hyperband'> <class '.*GridSearchOracle'> COMPLETED",
    r"Results in try/square\nShowing 1 best trials\n.*\n\nTrial \d\d summary\nHyperparameters:\nx: 0\.\d+\nScore: ",
    r"<square: BayesianOptimization, finished, 12 of 12 trials, best .*>\n +status",
    r"square finished: 15 trials in .*\n(.*\n)*# trial \d+, score .*\nx = 0\.\d+",
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("readme")
    outputs = []
    for line in ONE_LINERS:
        program, *arguments = shlex.split(line)
        assert program == "python"
        ran = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        outputs.append(ran.stdout)
    return outputs


def test_there_is_a_one_liner_for_each_thing_to_try() -> None:
    assert len(ONE_LINERS) == len(TOLD)


@pytest.mark.parametrize("number", range(len(TOLD)))
def test_a_one_liner_says_what_it_promises(told: list[str], number: int) -> None:
    assert re.search(TOLD[number], told[number]), told[number]


def test_the_import_lines_are_those_that_the_extension_names() -> None:
    from kt_notebook.magics.import_lines import changed_imports

    lines = re.findall(r"^(\S.*?)  # was: (.*)$", SECTION, re.MULTILINE)

    assert lines
    assert changed_imports(before for _, before in lines) == [(before, after) for after, before in lines]
