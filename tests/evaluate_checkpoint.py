"""python tests/evaluate_checkpoint.py DEVICES CHECKPOINT OUT OVERRIDE...: metrics and val rows by processes."""

import json
import sys
from pathlib import Path

import lightning as L
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from nextjob.rows import validation_rows, write_validation_rows

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    devices, checkpoint, out, *overrides = sys.argv[1:]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", overrides)
    trainer = L.Trainer(
        accelerator="cpu",
        strategy="ddp",
        devices=int(devices),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    trainer.test(
        instantiate(cfg.model),
        instantiate(cfg.data, encoder=instantiate(cfg.encoder)),
        ckpt_path=checkpoint,
        verbose=False,
    )
    rows = validation_rows(trainer)
    if trainer.is_global_zero:
        write_validation_rows(Path(out), rows)
        (Path(out) / "metrics.json").write_text(json.dumps(trainer.lightning_module.summary))
