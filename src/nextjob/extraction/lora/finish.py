"""The files of a finished adapter training, and what a person sees of it in the terminal."""

import json
from pathlib import Path

import lightning as L
from lightning.pytorch.loggers import WandbLogger

from nextjob.extraction.engines.adapter import save_adapter
from nextjob.extraction.engines.weights import PACKAGED
from nextjob.extraction.lora.module import AdapterTraining
from nextjob.files import write_atomically
from nextjob.tracking import finish_tracking


def finish_adapter(run: Path, name: str, trainer: L.Trainer, final: AdapterTraining) -> None:
    """Write the adapter that ``trainer`` tested and its figures, end the loggers, print the next command."""
    if not trainer.is_global_zero:
        return
    metrics = {key: value.item() for key, value in trainer.callback_metrics.items() if key.startswith("val/")}
    write_atomically(run / "metrics.json", json.dumps(metrics, indent=2).encode())
    save_adapter(final.lora, run / "adapter", final.name)
    shown = run.relative_to(Path.cwd()) if run.is_relative_to(Path.cwd()) else run
    print(f"{name}: likelihood of right answers {metrics['val/likelihood']:.3f}, on ads that are held out")
    print(f"run folder  {shown}")
    print(f"adapter     {shown}/adapter")
    extractor = PACKAGED if final.name == PACKAGED else f"llama extractor.model={final.name}"
    print(f"extract     python extract.py extractor={extractor} extractor.adapter={shown}/adapter")
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger) and (line := finish_tracking(logger)):
            print(line)
