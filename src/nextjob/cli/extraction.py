"""What extract.py reads of a catalogue, and what it says at its end."""

from typing import Any

import pandas as pd
from hydra.core.hydra_config import HydraConfig
from rich.console import Console

from nextjob.errors import InputError


def first(jobs: pd.DataFrame, limit: Any) -> pd.DataFrame:
    """The first ``limit`` jobs, all for None.

    Raises:
        InputError: another limit than a number above 0.
    """
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise InputError(f"limit={limit}: it must be a number of ads, or null for all of them")
    return jobs[:limit]


def say(*results: Any) -> None:
    """Results on stdout, each from the start of a line."""
    for result in results:
        Console().print(result, soft_wrap=isinstance(result, str), highlight=False)


def next_training(out: str) -> str:
    """The training on the board that was read, with the features that were made."""
    shared = [key for key in HydraConfig.get().overrides.task if key.startswith(("data", "features", "encoder"))]
    return " ".join(["next: python train.py +experiment=hybrid", *shared, f"data.features={out}"])


def next_extraction(done: str) -> str:
    """The same extraction without the key that this one was for: a dry run, or a part of the ads to try."""
    shared = [key for key in HydraConfig.get().overrides.task if not key.startswith(f"{done}=")]
    return " ".join(["next: python extract.py", *shared])
