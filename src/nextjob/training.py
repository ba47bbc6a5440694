"""What happens after the best epoch is known."""

import copy
from pathlib import Path

import lightning as L
import torch

from nextjob.errors import InputError
from nextjob.files import write_atomically
from nextjob.models.hybrid import HybridRecommender


def check_run(model: L.LightningModule, max_epochs: int | None, refit: bool) -> None:
    """Refuse what cannot end well before anything is read.

    Raises:
        InputError: no last epoch, or something else than a recommender to be trained on every chain.
    """
    if max_epochs is None or max_epochs < 1:
        raise InputError(
            f"trainer.max_epochs={max_epochs}: the learning rates fall until the last epoch; give a number from 1 on"
        )
    if refit and not isinstance(model, HybridRecommender):
        raise InputError("refit=true is for recommenders; an adapter learns from all ads with data.fold=null")


def refit(fresh: HybridRecommender, chosen: HybridRecommender, validated: L.Trainer, trainer: L.Trainer) -> None:
    """Train the experts of ``fresh`` on every chain, no longer than validation chose, and make it the run's best.ckpt.

    Gate, weights, scales and action head are those of ``chosen``, which were tuned on chains its factors had
    not seen. The validated checkpoint stays beside it as validated.ckpt.
    """
    best = Path(validated.checkpoint_callback.best_model_path)  # type: ignore[union-attr]
    chosen_epochs = torch.load(best, weights_only=True, map_location="cpu")["epoch"] + 1
    trainer.fit_loop.max_epochs = min(chosen_epochs, fresh.expert_epochs)
    everything = copy.copy(validated.datamodule)  # type: ignore[attr-defined]
    everything.use_every_chain()
    fresh.keep_mixing(chosen)
    trainer.fit(fresh, everything)
    if trainer.is_global_zero:
        write_atomically(best.with_name("validated.ckpt"), best.read_bytes())
    trainer.save_checkpoint(best, weights_only=False)
