"""python -m nextjob export run=RUN_DIR [out=RUN_DIR/export]

Writes the answers of a run as a program that loads and runs with torch alone, without nextjob.

  run       folder of a finished run of train.py
  out       folder to write into:
            scorer.pt2     a torch.export program: job and action numbers of any number of sessions of any length ->
                           the numbers of their ten best jobs, the score of every job, the probability of apply
            manifest.json  ids of the jobs in the order of their numbers, numbers of the actions, versions, hashes

Examples
  python -m nextjob export run=outputs/hybrid/2026-11-26_03-45-04
  python -m nextjob export run=RUN_DIR out=export
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from nextjob.cli.arguments import key_values
from nextjob.recommend import Recommender
from nextjob.serving import export

USAGE = "python -m nextjob export run=RUN_DIR out=DIR"


def main(arguments: Sequence[str]) -> None:
    """Read the model and write the folder."""
    keys = key_values(arguments, {"run": None, "out": ""}, USAGE)
    out = Path(keys["out"] or Path(keys["run"]) / "export")
    for path in export(Recommender.load(keys["run"]), out):
        Console().print(f"{path}  {path.stat().st_size:,} bytes", soft_wrap=True, highlight=False)
