"""python -m nextjob data-report [data=sample|challenge|interactions] [data.root=DIR] [out=data_report.html]

What a board is like before anything is trained on it: lengths of sessions, actions, popularity, co-visits, length of
the ads, features and their values, the space that the factors start from, and the row-order leak. Trains nothing and
embeds nothing. Ads are counted in tokens of the encoder where it is on this machine, else in words.

  data      the board's format; data.features=DIR takes the features that extract.py made
  out       the page to write, one file that needs no network

Examples
  python -m nextjob data-report
  python -m nextjob data-report data=interactions data.root=DIR out=board.html
"""

from collections.abc import Sequence
from pathlib import Path

from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table

from nextjob.catalogue import features_table
from nextjob.cli.arguments import key_values
from nextjob.cli.conf import compose_config
from nextjob.data import read_board
from nextjob.embedding import SentenceEncoder
from nextjob.errors import InputError
from nextjob.extraction import declare_features
from nextjob.files import write_atomically
from nextjob.report.board import board_report

USAGE = "python -m nextjob data-report data=challenge data.root=DIR out=data_report.html"
OUT = "out="


def main(arguments: Sequence[str]) -> None:
    """Read the board, write the page, print what sums it up."""
    own = [argument for argument in arguments if argument.startswith(OUT)]
    out = Path(key_values(own, {"out": "data_report.html"}, USAGE)["out"])
    if out.suffix != ".html":
        raise InputError(f"out={out}: it must be a file that ends in .html")
    cfg = compose_config("train", [argument for argument in arguments if argument not in own])
    root, features = Path(cfg.data.root), cfg.data.features
    board = read_board(root, cfg.data.format)
    declared = declare_features(OmegaConf.to_container(cfg.features, resolve=True))  # type: ignore[arg-type]
    table = features_table(board.jobs, board.vocabulary, declared, Path(features) if features else None)
    factors = OmegaConf.to_container(cfg.model.factors)
    encoder = instantiate(cfg.encoder) if get_class(cfg.encoder._target_) is SentenceEncoder else None
    report = board_report(board, root, table, factors, cfg.model.transitions.window, encoder)  # type: ignore[arg-type]
    write_atomically(out, report.html.encode())

    shown = Table(title=str(root), title_justify="left", box=None, show_header=False, pad_edge=False)
    for name, fact in report.facts.items():
        shown.add_row(name, fact)
    console = Console(highlight=False)
    console.print(shown)
    console.print(f"report  {out}", soft_wrap=True)
