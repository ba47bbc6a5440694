"""What training did, epoch by epoch."""

from collections.abc import Mapping, Sequence
from math import nan

from lightning.pytorch.callbacks import ModelCheckpoint

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


def training_marks(
    checkpoint: ModelCheckpoint, epochs: Sequence[Mapping[str, float]], begins: int | None
) -> dict[str, float]:
    """Where in the curves something happened, epochs numbered from 1; the mixing ``begins`` after so many epochs."""
    best, monitor = checkpoint.best_model_score, str(checkpoint.monitor)
    chosen = [n for n, epoch in enumerate(epochs, start=1) if best is not None and epoch.get(monitor) == best.item()]
    marks = {"chosen epoch": float(chosen[0])} if chosen else {}
    return marks if begins is None else marks | {"mixing begins": begins + 0.5}


def _short(name: str) -> str:
    return name.partition("/")[2].removesuffix("_loss")
