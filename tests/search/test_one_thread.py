import pytest
from threadpoolctl import threadpool_info

from kt_notebook.core.oracle import Oracle
from kt_notebook.search.one_thread import next_trial, one_thread


def n_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_inside_there_is_one_thread_and_after_it_as_many_as_before():
    before = n_threads()
    with one_thread():
        assert set(n_threads()) <= {1}
    assert n_threads() == before


def test_an_error_inside_gives_the_threads_back():
    before = n_threads()
    with pytest.raises(ValueError, match="inside"), one_thread():
        raise ValueError("inside")
    assert n_threads() == before


def test_two_that_overlap_give_the_threads_back():
    before = n_threads()
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(n_threads()) <= {1}
    second.__exit__(None, None, None)
    assert n_threads() == before


@pytest.mark.parametrize("thinks", [True, False])
def test_an_oracle_that_thinks_about_results_does_so_on_one_thread(thinks):
    seen = []

    class Own(Oracle):
        proposals_depend_on_results = thinks

        def populate_space(self, trial_id):
            seen.append(n_threads())
            return {"status": "RUNNING", "values": {}}

    before = n_threads()
    assert next_trial(Own("val_loss", 1), "tuner0").trial_id == "0"
    assert seen == [[1] * len(before) if thinks else before]
