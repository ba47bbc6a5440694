"""Does anything give the targets away? The row-order leak, and the split that keeps it out."""

from typing import NamedTuple

import numpy as np

from nextjob.data.chains import LeakReport
from nextjob.datamodule import SessionDataModule


class Part(NamedTuple):
    """One side of the split."""

    rows: int
    chains: int


class Audit(NamedTuple):
    """The leak of a board and how the split deals with it."""

    leak: LeakReport
    parts: dict[str, Part]
    chains_across: int
    """Profile chains with rows in more than one part."""


def audit(datamodule: SessionDataModule) -> Audit:
    """Count what is linked and what is kept apart."""
    assert datamodule.board is not None
    chains = {name: np.unique(datamodule.board.train.chain[rows]) for name, rows in datamodule.split._asdict().items()}
    together = np.concatenate(list(chains.values()))
    return Audit(
        leak=datamodule.leak,
        parts={name: Part(len(rows), len(chains[name])) for name, rows in datamodule.split._asdict().items()},
        chains_across=len(together) - len(np.unique(together)),
    )
