import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.errors import ProjectLockedError, StorageError
from kt_notebook.storage.journal import Journal
from kt_notebook.storage.projects import (
    Project,
    list_projects,
    next_free_name,
    notebook_project,
    project_name,
)

_NAMES = [
    "tuner",
    "my [best] model*",
    "학습률 탐색",
    "超参数 搜索",
    "a b  c",
    "naïve",
    "x.y",
    "100%",
    "#1 'quoted'",
    "~",
]


def _made(project, trial="0"):
    project.create()
    project.trial_dir(trial).mkdir()
    Journal.open(project.journal_path).close()
    return project


@pytest.mark.parametrize("name", _NAMES)
def test_any_name_that_a_file_system_allows_works(tmp_path, name):
    project = _made(notebook_project(tmp_path, project_name(name, "ab12")))

    assert list_projects(tmp_path) == [project]
    assert project.is_there
    assert project.path.parent == tmp_path / ".kt_notebook"


@pytest.mark.parametrize("name", ["학습률 탐색", "my [best] model", "a b"])
def test_ordinary_names_stay_readable(name):
    assert project_name(name, "ab12") == f"{name}-ab12"


@given(st.text(max_size=300))
def test_no_name_leaves_its_folder_or_is_too_long(name):
    folder = project_name(name, "0123456789ab")

    assert not set(folder) & set('/\\\0<>:"|?*')
    assert not folder.startswith(".")
    assert len(f"{folder}-2.old".encode()) <= 255


@pytest.mark.parametrize(
    "name", ["../../etc", "a/b", "a\0b", "..", ".", "", "CON", "nul.txt", "\ud800", "a" * 400, "語" * 200]
)
def test_odd_names_make_a_folder_inside_the_home(tmp_path, name):
    project = notebook_project(tmp_path, project_name(name, "ab12"))
    project.create()

    assert project.path.is_dir()
    assert project.path.resolve().parent == (tmp_path / ".kt_notebook").resolve()


def test_different_odd_names_do_not_meet():
    names = ["a/b", "a%2Fb", "a\\b", "a:b", "a%b", "a b"]
    assert len({project_name(name, "ab12") for name in names}) == len(names)


def test_git_ignores_everything_in_the_home(tmp_path):
    notebook_project(tmp_path, "tuner-ab12").create()
    assert (tmp_path / ".kt_notebook" / ".gitignore").read_text() == "*\n"


def test_a_folder_of_the_users_own_gets_no_gitignore(tmp_path):
    Project(tmp_path / "results" / "mnist").create()
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["mnist"]


def test_a_trial_has_keras_tuners_folder(tmp_path):
    assert Project(tmp_path).trial_dir("0003") == tmp_path / "trial_0003"


def test_a_trial_id_cannot_leave_its_project(tmp_path):
    assert Project(tmp_path).trial_dir("../../x").parent == tmp_path


def test_the_next_free_name_skips_what_is_there(tmp_path):
    assert next_free_name(tmp_path, "tuner-ab12") == "tuner-ab12-2"
    notebook_project(tmp_path, "tuner-ab12-2").create()
    assert next_free_name(tmp_path, "tuner-ab12") == "tuner-ab12-3"


def test_only_projects_are_listed_and_none_that_was_overwritten(tmp_path):
    assert list_projects(tmp_path) == []
    b, a = (_made(notebook_project(tmp_path, name)) for name in ("b-2", "a-1"))
    (tmp_path / ".kt_notebook" / "empty").mkdir()
    _made(notebook_project(tmp_path, "c-3")).archive()

    assert list_projects(tmp_path) == [a, b]


def test_overwriting_keeps_one_old_project(tmp_path):
    project = notebook_project(tmp_path, "tuner-ab12")
    for trial in ("first", "second"):
        old = _made(project, trial).archive()
        assert not project.path.exists()

    assert old.path == project.path.with_name("tuner-ab12.old")
    assert sorted(path.name for path in old.path.iterdir()) == ["journal.jsonl", "trial_second"]


def test_overwriting_nothing_does_nothing(tmp_path):
    assert notebook_project(tmp_path, "tuner-ab12").archive() is None


def test_a_project_that_is_being_searched_is_not_overwritten(tmp_path):
    project = _made(notebook_project(tmp_path, "tuner-ab12"))
    with project.lock() as lock:
        assert project.holder() == lock.holder
        with pytest.raises(ProjectLockedError, match="is being searched by this notebook's own process"):
            project.archive()
        assert project.journal_path.exists()

    assert project.holder() is None


def test_the_folder_that_the_notebook_works_in_is_not_moved_away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="working directory"):
        Project(tmp_path).archive()


def test_a_writable_folder_is_made_and_left_clean(tmp_path):
    project = notebook_project(tmp_path, "tuner-ab12")
    project.check_writable()
    assert list(project.path.iterdir()) == []


def test_something_in_the_way_of_the_folder_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(
        StorageError, match=r"make the folder .*taken/x': Not a directory\. Something else is in the way"
    ):
        Project(tmp_path / "taken" / "x").check_writable()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "No space left on device. Free some space"),
        (errno.EROFS, "Read-only file system. Make the folder writable"),
        (errno.EIO, "error. Check that the disk is there"),
    ],
)
def test_a_disk_that_refuses_is_known_before_training_and_no_probe_stays(tmp_path, monkeypatch, number, said):
    def refuse(_):
        raise OSError(number, "no")

    monkeypatch.setattr(os, "fsync", refuse)
    project = Project(tmp_path / "project")
    with pytest.raises(StorageError, match=said) as caught:
        project.check_writable()
    assert caught.value.errno == number
    assert list(project.path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_says_so(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match=r"Permission denied\. Make the folder writable"):
        Project(tmp_path / "x").check_writable()
