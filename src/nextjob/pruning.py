"""Stopping runs of a multirun that are behind, by a median rule over the runs that have finished."""

import json
import logging
from pathlib import Path
from statistics import median
from typing import Any

import lightning as L

from nextjob.files import write_atomically
from nextjob.sweep import PRUNING_FILE

log = logging.getLogger(__name__)


class MedianPruning(L.Callback):
    """Ends the training of a run whose best monitored value so far is below the median of the others' at that epoch.

    The others are the runs of the same multirun that have finished without being pruned. A pruned run is tested,
    reported and returned like any other, with the best epoch it had.

    Args:
        run: the run folder, where PRUNING_FILE is left.
        sweep: the folder that holds the runs of the multirun.
        monitor: the quantity, the higher the better.
        startup_runs: how many finished runs it takes before any is pruned.
    """

    def __init__(self, run: str, sweep: str, monitor: str, startup_runs: int) -> None:
        self.run, self.sweep, self.monitor, self.startup_runs = Path(run), Path(sweep), monitor, startup_runs
        self.values: dict[int, float] = {}
        self.reason: str | None = None

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget what an earlier run left in this folder."""
        if trainer.is_global_zero:
            (self.run / PRUNING_FILE).unlink(missing_ok=True)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Compare, from the first epoch that has the monitored value to the last but one."""
        value = trainer.callback_metrics.get(self.monitor)
        if value is None:
            return
        epoch = trainer.current_epoch
        self.values[epoch] = value.item()
        last = trainer.max_epochs is not None and epoch + 1 >= trainer.max_epochs
        if trainer.should_stop or last:
            return
        best, reached = max(self.values.values()), finished_at(self.sweep, epoch)
        behind = len(reached) >= self.startup_runs and best < median(reached)
        if trainer.strategy.broadcast(behind):
            trainer.should_stop = True
            if behind:
                self.reason = (
                    f"after {epoch + 1} epochs: {self.monitor} {best:.4f}, below {median(reached):.4f}, "
                    f"the median of {len(reached)} finished runs"
                )
                log.info("pruned %s", self.reason)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave the values for the runs to come, and why this one was ended early."""
        if trainer.is_global_zero:
            content = {"values": self.values, "pruned": self.reason}
            write_atomically(self.run / PRUNING_FILE, json.dumps(content, indent=2).encode())

    def state_dict(self) -> dict[str, Any]:
        """The values so far, so that a resumed run knows its earlier epochs."""
        return {"values": self.values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after the stored epochs; testing the best epoch takes the later ones not away."""
        self.values = self.values or dict(state_dict["values"])


def finished_at(sweep: Path, epoch: int) -> list[float]:
    """The best value up to an epoch of every finished run that had one by then."""
    reached = []
    for path in sweep.glob(f"*/{PRUNING_FILE}"):
        content = json.loads(path.read_bytes())
        values = [value for key, value in content["values"].items() if int(key) <= epoch]
        if values and content["pruned"] is None:
            reached.append(max(values))
    return reached
