"""What a run learned, epoch by epoch, for its report."""

from typing import Any

import lightning as L
import torch
from torch import Tensor

from nextjob.data.sessions import Batch
from nextjob.models.hybrid import HybridRecommender

LOSSES, TUNE = "train/", "tune/"


class History(L.Callback):
    """Keeps each epoch's mean losses and tune metrics, and logs the mean alpha of the tune rows as tune/alpha."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self._losses: list[dict[str, float]] = []
        self._alphas: list[Tensor] = []

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, *_: Any) -> None:
        """Collect the losses of a step."""
        self._losses.append({name: value.item() for name, value in (outputs or {}).items() if name.startswith(LOSSES)})

    def on_validation_batch_end(  # type: ignore[override]
        self, trainer: L.Trainer, pl_module: HybridRecommender, outputs: Any, batch: Batch, *_: Any
    ) -> None:
        """Collect alpha of the tune rows."""
        self._alphas.append(pl_module.scorer.alpha(batch, leave_out=True))

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the mean alpha."""
        pl_module.log(f"{TUNE}alpha", torch.cat(self._alphas).mean(), sync_dist=True)
        self._alphas = []

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Keep the epoch's mean losses and its tune metrics, before the checkpoint is written."""
        if not self._losses:  # validation outside of training
            return
        epoch = {name: sum(step[name] for step in self._losses) / len(self._losses) for name in self._losses[0]}
        logged = trainer.callback_metrics
        self.epochs.append(epoch | {name: value.item() for name, value in logged.items() if name.startswith(TUNE)})
        self._losses = []

    def state_dict(self) -> dict[str, Any]:
        """The epochs so far, so that a resumed run reports them too."""
        return {"epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after the stored epochs; testing the best epoch takes the later ones not away."""
        self.epochs = self.epochs or list(state_dict["epochs"])
