"""Weights & Biases: online where there is a key or a login, otherwise offline by itself."""

import os
from pathlib import Path

import wandb
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_info


def wandb_logger(project: str, save_dir: str, group: str, overrides: list[str]) -> WandbLogger:
    """A logger whose run is named by its overrides; jobs of a multirun share the group.

    The mode is WANDB_MODE where that is set, else online with an API key or a stored login, else offline.
    """
    mode = os.environ.get("WANDB_MODE")
    if mode is None and not wandb.Settings().api_key and not wandb.api.api_key:
        mode = "offline"
        rank_zero_info("W&B: no API key and no stored login, logging offline to the run folder")
    Path(save_dir).mkdir(parents=True, exist_ok=True)
    named = [part for part in overrides if not part.startswith("+experiment=")]
    return WandbLogger(
        project=project,
        save_dir=save_dir,
        group=group,
        name=" ".join(named) or group,
        offline=mode == "offline",
        log_model=False,
    )


def sync_line(logger: WandbLogger) -> str | None:
    """The command that uploads an offline run, None for another mode."""
    folder = Path(logger.experiment.dir).parent
    return f"wandb sync {folder}" if logger.experiment.settings._offline else None
