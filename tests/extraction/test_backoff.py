"""Batches that do not fit are halved."""

import pytest
import torch

from nextjob.errors import InputError
from nextjob.extraction.engines.backoff import with_backoff


@pytest.mark.parametrize("fits", [1, 2, 3, 5, 11, 20])
def test_results_are_those_of_enough_memory(fits: int) -> None:
    sizes: list[int] = []

    def run(items):
        if len(items) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(items))
        return [item * item for item in items]

    assert with_backoff(run, range(11)) == [n * n for n in range(11)]
    assert max(sizes) <= fits < 2 * max(sizes) or sizes == [11]


def test_one_that_does_not_fit_is_one_clear_line() -> None:
    def run(items):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(InputError, match=r"max_prompt_tokens") as caught:
        with_backoff(run, range(4))
    assert "\n" not in str(caught.value)


def test_other_errors_are_not_swallowed() -> None:
    def run(items):
        raise RuntimeError("CUDA error: device-side assert triggered")

    with pytest.raises(RuntimeError, match="device-side"):
        with_backoff(run, range(4))
