"""python -m nextjob sample [out=data/sample] [encoder=hashing ...]

Writes the synthetic job board in the challenge's file format, with features by the rules extractor and their
embeddings beside it.

  out      folder to write
  seed     another seed makes another board
  encoder  minilm, openai or hashing, as for extract.py, whose other keys can be given too

Examples
  python -m nextjob sample
  python -m nextjob sample out=board seed=1 encoder=hashing
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import OmegaConf
from rich.console import Console

from nextjob.catalogue import EMBEDDINGS_FILE
from nextjob.cli.conf import compose_config
from nextjob.data import read_jobs
from nextjob.data.synthetic import write_board
from nextjob.embedding import embed
from nextjob.extraction import declare_features, extract
from nextjob.extraction.table import SHARDS_FOLDER


def main(arguments: Sequence[str]) -> None:
    """Make the board beside its destination and move its files there."""
    cfg = compose_config("extract", ["out=data/sample", *arguments])
    out = Path(cfg.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    features = declare_features(OmegaConf.to_container(cfg.features, resolve=True))  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        made = Path(folder)
        write_board(made, seed=cfg.seed)
        table = extract(read_jobs(made, "challenge"), features, instantiate(cfg.extractor), made)
        embed(table, instantiate(cfg.encoder), cfg.paths.cache).save(made / EMBEDDINGS_FILE)
        shutil.rmtree(made / SHARDS_FOLDER, ignore_errors=True)
        out.mkdir(exist_ok=True)
        for path in sorted(made.iterdir()):
            path.chmod(0o644)
            path.replace(out / path.name)
    Console().print(f"synthetic job board: {out}", soft_wrap=True, highlight=False)
