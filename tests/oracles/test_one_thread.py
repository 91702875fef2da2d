import threading

import pytest
from threadpoolctl import threadpool_info

from kt_notebook.oracles.one_thread import one_thread


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


def test_two_at_a_time_give_the_threads_back():
    before = n_threads()
    first, second = one_thread(), one_thread()
    has_entered = threading.Event()

    def enter_and_leave():
        with second:
            has_entered.set()

    thread = threading.Thread(target=enter_and_leave)
    with first:
        thread.start()
        assert not has_entered.is_set()
    thread.join(10)
    assert has_entered.is_set()
    assert n_threads() == before
