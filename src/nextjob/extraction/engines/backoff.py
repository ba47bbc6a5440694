"""Smaller batches where memory runs out."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from nextjob.errors import InputError

T = TypeVar("T")
R = TypeVar("R")
log = logging.getLogger(__name__)


def with_backoff(run: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R]:
    """Results of ``run`` for all items, in order; where the GPU's memory runs out, half by half.

    Raises:
        InputError: a single item does not fit.
    """
    try:
        return run(items)
    except torch.OutOfMemoryError:
        pass  # goes on below, where the traceback no longer holds the tensors
    torch.cuda.empty_cache()
    if len(items) < 2:
        raise InputError(
            "out of GPU memory on a single ad: lower extractor.max_prompt_tokens, or take a device with more memory"
        )
    log.warning("out of GPU memory with %d ads at a time: going on with half as many", len(items))
    half = (len(items) + 1) // 2
    return [*with_backoff(run, items[:half]), *with_backoff(run, items[half:])]
