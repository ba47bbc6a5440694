"""What training did, epoch by epoch."""

from collections.abc import Mapping, Sequence
from math import nan

from nextjob.history import LOSSES, TUNE
from nextjob.report.plots import Plot, curves
from nextjob.schema import TOP_K

TUNED = {
    "ranking of the watched prefixes": (f"mrr@{TOP_K}", f"ndcg@{TOP_K}"),
    "action and score of the watched prefixes": ("action_acc", "score"),
}


def training_plots(epochs: Sequence[Mapping[str, float]], marks: Mapping[str, float]) -> dict[str, Plot]:
    """Losses by task and tune metrics; a figure that an epoch lacks leaves a gap.

    Args:
        epochs: losses (train/...) and tune metrics (tune/...) of every epoch.
        marks: epochs to point at, by name.
    """
    names = list(dict.fromkeys(name for epoch in epochs for name in epoch))
    chosen = {"losses by task": [name for name in names if name.startswith(LOSSES)]}
    chosen |= {label: [TUNE + name for name in wanted if TUNE + name in names] for label, wanted in TUNED.items()}
    return {
        label: curves(label, {_short(name): [epoch.get(name, nan) for epoch in epochs] for name in found}, marks)
        for label, found in chosen.items()
        if found
    }


def _short(name: str) -> str:
    return name.partition("/")[2].removesuffix("_loss")
