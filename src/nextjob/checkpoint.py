"""Checkpoints that come from outside, and those of a run that goes on in another folder."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from nextjob.errors import InputError
from nextjob.files import write_atomically
from nextjob.models.hybrid import HybridRecommender


def check_checkpoint(path: str | Path) -> None:
    """Refuse a file that is not there, that torch cannot read without unpickling, or that is of another program.

    Raises:
        InputError: naming the file and the cause.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such checkpoint; a finished run has one under checkpoints/")
    try:
        content = torch.load(path, map_location="meta", weights_only=True)
    except Exception as error:  # whatever the unpickler, the archive or the file system raises
        raise InputError(f"{path}: not a readable checkpoint ({type(error).__name__})") from error
    if not isinstance(content, dict) or not {"catalogue", "adapter"} & set(content):
        raise InputError(f"{path}: not a checkpoint of nextjob: it holds no catalogue")


def finished_runs(folder: str | Path) -> list[Path]:
    """Run folders with a best checkpoint below a folder of runs, of a multirun or of experiments, oldest first."""
    found = [path for depth in ("*", "*/*", "*/*/*") for path in Path(folder).glob(f"{depth}/checkpoints/best.ckpt")]
    return [path.parent.parent for path in sorted(found, key=lambda path: path.stat().st_mtime)]


class Checkpoint(ModelCheckpoint):
    """A ModelCheckpoint that waits for the mixing, and whose file goes along with a resumed run.

    So the score of an earlier best epoch counts in another folder too.
    """

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save, unless the monitored quantity has yet to begin."""
        before_mixing = isinstance(pl_module, HybridRecommender) and pl_module.before_mixing
        if not before_mixing or self.monitor in {None, "epoch", *trainer.callback_metrics}:
            super().on_train_epoch_end(trainer, pl_module)

    def on_load_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Copy the file that lies beside the loaded checkpoint, and take the stored state for the copy's.

        Raises:
            InputError: there is no such file.
        """
        state = checkpoint["callbacks"].get(self.state_key)
        if state is None or not state["best_model_path"]:  # it did not take part in that run, or had not saved
            return
        source = Path(str(trainer.ckpt_path)).with_name(f"{self.filename}.ckpt")
        own = Path(str(self.dirpath)) / source.name
        if trainer.is_global_zero and source.resolve() != own.resolve():
            check_checkpoint(source)
            write_atomically(own, source.read_bytes())
        score = state["best_model_score"]
        state |= {
            "dirpath": self.dirpath,
            "best_model_path": str(own),
            "kth_best_model_path": str(own),
            "best_k_models": {} if score is None else {str(own): score},
        }
