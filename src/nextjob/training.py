"""What happens after the best epoch is known."""

import lightning as L
import torch

from nextjob.models.hybrid import HybridRecommender


def refit(fresh: HybridRecommender, chosen: HybridRecommender, validated: L.Trainer, trainer: L.Trainer) -> None:
    """Train ``fresh`` on every chain for the epochs that validation chose, and make it the run's best.ckpt.

    Gate, weights, scales and action head are those of ``chosen``, which were tuned on chains its factors had
    not seen. The validated checkpoint stays beside it as validated.ckpt.
    """
    checkpoint = validated.checkpoint_callback
    best = checkpoint.best_model_path  # type: ignore[union-attr]
    trainer.fit_loop.max_epochs = torch.load(best, weights_only=True, map_location="cpu")["epoch"] + 1
    datamodule = validated.datamodule  # type: ignore[attr-defined]
    datamodule.use_every_chain()
    assert chosen.catalogue is not None
    fresh.build(**chosen.catalogue)
    fresh.keep_mixing(chosen)
    trainer.fit(fresh, datamodule)
    if trainer.is_global_zero:
        torch.save(torch.load(best, weights_only=True), best.replace("best.ckpt", "validated.ckpt"))
    trainer.save_checkpoint(best)
