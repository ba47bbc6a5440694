"""Weights & Biases: online where there is a key or a login, otherwise offline by itself."""

import functools
import logging
from pathlib import Path

import wandb
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from nextjob.errors import InputError

log = logging.getLogger(__name__)

OVERLAYS = ("+experiment=", "+hparams_search=")
LONGEST_NAME = 128  # of a run, as W&B's server takes it


def wandb_logger(project: str, save_dir: str, sweep_dir: str, experiment: str, overrides: list[str]) -> WandbLogger:
    """A logger with a new run, named by its overrides, whose files lie in ``save_dir``.

    The group is the experiment; jobs of one multirun, whose folders lie in ``sweep_dir``, have a group of their own.
    The mode is WANDB_MODE (or W&B's settings) where set, else online with an API key or a login, else offline.

    Raises:
        InputError: W&B refuses the key or cannot be reached.
    """
    folder = Path(save_dir).resolve()
    multirun = folder.parent == Path(sweep_dir).resolve()
    named = " ".join(part for part in overrides if not part.startswith(OVERLAYS))
    if rank_zero_only.rank:
        return WandbLogger(project=project, save_dir=save_dir)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run = wandb.init(
            project=project,
            dir=folder,
            group=f"{experiment}/{folder.parent.name}" if multirun else experiment,
            name=(named or experiment)[:LONGEST_NAME],
            mode=_mode(),
            reinit="finish_previous",
            settings=wandb.Settings(silent=True, console="off"),
        )
    except wandb.Error as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"W&B: {reason}; check WANDB_API_KEY, or set WANDB_MODE=offline, or logger=csv") from error
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return WandbLogger(project=project, save_dir=save_dir, experiment=run)


@functools.cache
def _mode() -> str:
    """How W&B runs in this process, asked and told once, without a prompt and without the network."""
    mode = wandb.setup().settings.mode
    if mode == "online" and not wandb.login(prompt=False, verify=False):
        log.info("W&B: no API key and no stored login, logging offline to the run folder")
        return "offline"
    return mode


def finish_tracking(logger: WandbLogger) -> str | None:
    """End the run and tell where it is: the command that uploads it, or its address."""
    run = logger.experiment
    run.finish()
    if run.offline:
        return f"upload      wandb sync {Path(run.dir).parent}"
    return f"W&B         {run.url}" if run.url else None
