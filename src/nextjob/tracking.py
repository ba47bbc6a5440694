"""Weights & Biases: online where there is a key or a login, otherwise offline by itself."""

import functools
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import wandb
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from nextjob.errors import InputError
from nextjob.report.plots import Plot, pixels

log = logging.getLogger(__name__)

UNNAMED = ("+experiment=", "+hparams_search=", "data.root=", "data.features=", "paths.")  # overlays and places
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
    named = " ".join(part for part in overrides if not part.startswith(UNNAMED))
    if rank_zero_only.rank:  # type: ignore[attr-defined]
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
            settings=wandb.Settings(silent=True, console="off", init_timeout=30),
        )
    except wandb.Error as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"W&B: {reason}; check WANDB_API_KEY, or set WANDB_MODE=offline, or logger=csv") from error
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return WandbLogger(project=project, save_dir=save_dir, experiment=run)


@functools.cache
def _mode() -> Literal["offline"] | None:
    """Offline for want of a key or a login, else None for W&B's own choice; asked and told once a process.

    Nothing is prompted for, and the network is not touched.
    """
    if wandb.setup().settings.mode == "online" and not wandb.login(prompt=False, verify=False):
        log.info("W&B: no API key and no stored login, logging offline to the run folder")
        return "offline"
    return None


def log_plots(logger: WandbLogger, plots: Mapping[str, Plot]) -> None:
    """Log the plots of a report as images."""
    logger.experiment.log({f"report/{name}": wandb.Image(pixels(plot)) for name, plot in plots.items()})


def finish_tracking(logger: WandbLogger) -> str | None:
    """End the run and tell where it is: the command that uploads it, or its address."""
    run = logger.experiment
    run.finish()
    if run.offline:
        folder, here = Path(run.dir).parent, Path.cwd()
        return f"upload      wandb sync {folder.relative_to(here) if folder.is_relative_to(here) else folder}"
    return f"W&B         {run.url}" if run.url else None
