"""Facts about KerasTuner's environment variables for a chief and its workers."""

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import OptionError
from kt_notebook.tuners.chief_worker import refuse_chief_and_worker

WORKER = {
    "KERASTUNER_TUNER_ID": "tuner3",
    "KERASTUNER_ORACLE_IP": "127.0.0.1",
    "KERASTUNER_ORACLE_PORT": "8000",
}


@pytest.mark.parametrize("tuner_id", ["chief", "tuner3"])
def test_the_chief_and_its_workers_are_refused_alike(tuner_id):
    with pytest.raises(OptionError, match=rf"chief and workers .*KERASTUNER_TUNER_ID='{tuner_id}'"):
        refuse_chief_and_worker({**WORKER, "KERASTUNER_TUNER_ID": tuner_id})


def test_the_message_says_what_to_unset_and_what_is_there_instead():
    cure = (
        r"Unset KERASTUNER_ORACLE_IP, KERASTUNER_ORACLE_PORT and KERASTUNER_TUNER_ID and start it once; "
        r"%%tune --workers N runs N trials at a time"
    )
    with pytest.raises(OptionError, match=cure):
        refuse_chief_and_worker(WORKER)


def test_one_variable_is_named_alone():
    with pytest.raises(OptionError, match=r"Unset KERASTUNER_ORACLE_IP and start"):
        refuse_chief_and_worker({"KERASTUNER_ORACLE_IP": "127.0.0.1", "HOME": "/"})


def test_a_tuner_is_not_made_where_workers_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in WORKER.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(OptionError, match="chief and workers"):
        kt.RandomSearch(lambda hp: hp.Float("x", 0, 1), max_trials=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("environ", [{}, {"KERASTUNER_TUNER_ID": "tuner0"}, {"KERASTUNER_ORACLE_PORT": "8000"}])
def test_without_an_address_there_is_no_cluster_and_nothing_is_said(environ):
    refuse_chief_and_worker(environ)
