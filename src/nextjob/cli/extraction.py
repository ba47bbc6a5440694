"""What extract.py says at its end."""

from typing import Any

from hydra.core.hydra_config import HydraConfig
from rich.console import Console


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
