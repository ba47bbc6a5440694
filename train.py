"""python train.py +experiment=hybrid: train, keep the best epoch, report it on the held-out fold."""

from pathlib import Path

import hydra
import lightning as L
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from nextjob.checkpoint import Checkpoint, check_checkpoint
from nextjob.cli.entry import one_line_errors, one_run, refuse_unknown_keys
from nextjob.training import check_run, refit


@one_line_errors
@hydra.main(version_base="1.3", config_path="conf", config_name="train")
@one_run
def main(cfg: DictConfig) -> float:
    """Compose, seed, fit, test the best checkpoint, and return the monitored value."""
    refuse_unknown_keys(cfg)
    if cfg.ckpt_path:
        check_checkpoint(cfg.ckpt_path)
    L.seed_everything(cfg.seed, workers=True, verbose=False)
    datamodule = instantiate(cfg.data)
    model = instantiate(cfg.model)
    check_run(model, cfg.trainer.max_epochs, cfg.refit)
    logger = instantiate(cfg.logger)
    callbacks = instantiate(cfg.callbacks)
    trainer: L.Trainer = instantiate(cfg.trainer, callbacks=list(callbacks.values()), logger=logger)
    logger.log_hyperparams(OmegaConf.to_container(cfg, resolve=True))

    trainer.fit(model, datamodule, ckpt_path=cfg.ckpt_path)
    best: Checkpoint = callbacks["checkpoint"]
    trainer.test(model, datamodule, ckpt_path=best.best_model_path, verbose=False)
    final = model
    if cfg.refit:
        final = instantiate(cfg.model)
        off = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "limit_val_batches"), False)
        refit(final, model, trainer, instantiate(cfg.trainer, **off))
    instantiate(cfg.finish)(Path(cfg.paths.run), cfg.name, trainer, final)
    return best.best_model_score.item()  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
