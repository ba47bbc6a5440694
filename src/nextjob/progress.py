"""The progress bar of a run."""

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar

from nextjob.quiet import is_quiet


class ProgressBar(RichProgressBar):
    """One line an epoch, on stderr, with the loss; none where it is to be quiet."""

    def __init__(self) -> None:
        super().__init__(leave=True, console_kwargs={"stderr": True})
        if is_quiet():
            self.disable()

    def get_metrics(
        self, trainer: L.Trainer, pl_module: L.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """What the bar shows: the loss."""
        metrics = super().get_metrics(trainer, pl_module)
        return {"loss": metrics["train/loss"]} if "train/loss" in metrics else {}
