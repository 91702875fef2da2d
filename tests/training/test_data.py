from collections.abc import Iterator
from typing import Any

import pytest

from kt_notebook.core.errors import DataError
from kt_notebook.training.data import check_fit_data, is_one_shot, make_data


def _batches() -> Iterator[int]:
    yield 1


def test_a_generator_is_refused_with_the_cure() -> None:
    with pytest.raises(DataError, match=r"x is a generator, which can be read only once.*Give arrays, a list, a tf"):
        check_fit_data((_batches(),), {})


def test_an_iterator_without_length_is_refused() -> None:
    with pytest.raises(DataError, match=r"validation_data is a map"):
        check_fit_data(([1],), {"validation_data": map(str, [1])})


@pytest.mark.parametrize(
    ("args", "kwargs", "name"),
    [
        (([1], _batches()), {}, "y"),
        (([1], [1]), {"sample_weight": _batches()}, "sample_weight"),
        (([1], [1], 32, 1, 0, None, 0.0, _batches()), {}, "validation_data"),
        (([1], [1]), {"validation_data": ([1], _batches())}, r"validation_data\[1\]"),
    ],
)
def test_data_are_looked_at_wherever_they_are_given(args: Any, kwargs: Any, name: str) -> None:
    with pytest.raises(DataError, match=f"{name} is a generator"):
        check_fit_data(args, kwargs)


@pytest.mark.parametrize("data", [[1], (1,), range(3), {"a": 1}, None, _batches])
def test_what_can_be_read_again_passes(data: object) -> None:
    assert not is_one_shot(data)


def test_a_function_is_called_for_the_data() -> None:
    assert list(make_data(_batches)) == [1]
    assert make_data([1]) == [1]
