"""Sessions and catalogue of one board, split and batched for training."""

import logging
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
from lightning.pytorch.utilities import CombinedLoader
from torch.utils.data import DataLoader, DistributedSampler, SequentialSampler

from nextjob.catalogue import Catalogue, load_catalogue
from nextjob.data.board import Board
from nextjob.data.chains import LeakReport, leak_report
from nextjob.data.prefixes import expand_prefixes, stitch_chains
from nextjob.data.read import read_board
from nextjob.data.sessions import Batch, Sessions
from nextjob.data.splits import Split, split_by_chain
from nextjob.embedding import Encoder
from nextjob.errors import InputError
from nextjob.extraction import declare_features

EVALUATION_BATCH = 256
MIN_STEPS = 50
ROWS_PER_PREFIX = 4
"""A step has one training row for so many prefixes."""
LISTED = 70_000
"""So many training prefixes at most are listed."""
WATCHED, MIN_WATCHED = 0.2, 500
"""Share of the tune chains that nothing learns from; where it has fewer prefixes, none are spared."""


class SessionDataModule(L.LightningDataModule):
    """Reads a board, splits it by profile chain, and serves training prefixes, tune rows and val rows.

    Args:
        root: folder of the board.
        format: challenge or interactions.
        features: folder made by extract.py, or None to take columns or titles.
        declared: the features in order, as in conf/features.
        encoder: makes missing embeddings.
        cache_dir: where made embeddings are kept; None keeps nothing.
        fold, folds: which of the chain-grouped folds is val.
        tune_chains: so many of the remaining chains fit the mixing and choose the epoch, fewer on a small board.
        max_prefix: training prefixes keep this many last jobs.
        horizon: the experts learn from so many coming jobs, the target and those after it.
        batch_size, tune_batch_size: training prefixes and tune prefixes a step, less of the former where an
            epoch would have fewer than MIN_STEPS.
        seed: order of the training batches; the split has its own.
        split_seed: which chains go to which fold.
    """

    def __init__(
        self,
        root: str,
        format: str,
        features: str | None,
        declared: list[dict[str, Any]],
        encoder: Encoder,
        cache_dir: str | None,
        fold: int,
        folds: int,
        tune_chains: int,
        max_prefix: int,
        horizon: int,
        batch_size: int,
        tune_batch_size: int,
        seed: int,
        split_seed: int,
    ) -> None:
        super().__init__()
        self.root, self.format, self.encoder = Path(root), format, encoder
        self.declared = declare_features(declared)
        self.features = Path(features) if features else None
        self.cache_dir = Path(cache_dir) if cache_dir else None
        self.fold, self.folds, self.tune_chains, self.split_seed = fold, folds, tune_chains, split_seed
        self.max_prefix, self.horizon = max_prefix, horizon
        self.batch_size, self.tune_batch_size = batch_size, tune_batch_size
        self.seed = seed
        self.board: Board | None = None

    board: Board | None
    catalogue: Catalogue
    leak: LeakReport
    split: Split
    val: Sessions
    """Rows of the reported fold."""
    tune: Sessions
    """Rows of the tune chains."""
    tune_examples: Sessions
    """Every prefix of most tune chains, of all where they are few: they fit the mixing."""
    listed: Sessions
    """Some training prefixes, for the ranker of counts: their own chain is left out, so that they are like new ones."""
    watched: Sessions
    """Every prefix of the other tune chains, if any: nothing learns from them. They choose the epoch."""
    examples: Sessions
    """Every prefix of every training chain."""
    train: Sessions
    """Training rows as they stand: their targets end a chain as often as those of new sessions do."""
    stitched: Sessions
    """One session per training chain."""
    counted: Sessions
    """One session per training or tune chain: what the sparse counts may see."""
    sessions_with_targets: Sessions
    """Training rows as they stand, each with its target as the last job."""

    def setup(self, stage: str | None = None) -> None:
        """Read and split once."""
        if self.board is not None:
            return
        self.board = read_board(self.root, self.format)
        self.catalogue = load_catalogue(
            self.board.jobs, self.board.vocabulary, self.declared, self.features, self.encoder, self.cache_dir
        )
        self.leak = leak_report(self.board.train)
        logging.getLogger(__name__).info(str(self.leak))
        if self.trainer is not None and self.trainer.logger is not None:
            self.trainer.logger.log_hyperparams({"leak": self.leak.as_dict()})
        chain = self.board.train.chain
        self._use(split_by_chain(chain, self.fold, self.folds, self.tune_chains, self.split_seed))

    def use_every_chain(self) -> None:
        """Train on all chains; nothing is left to tune or to report."""
        assert self.board is not None
        nothing = np.empty(0, dtype=np.int64)
        self._use(Split(np.arange(len(self.board.train)), nothing, nothing))

    def _use(self, split: Split) -> None:
        assert self.board is not None
        rows = self.board.train
        self.split = split
        self.train, self.tune, self.val = (rows.take(part) for part in split)
        self.stitched = stitch_chains(self.train)
        self.counted = stitch_chains(rows.take(np.sort(np.concatenate([split.train, split.tune]))))
        self.sessions_with_targets = self.train.with_target_appended()
        self.examples = expand_prefixes(self.stitched, self.max_prefix, self.horizon)
        order = np.random.default_rng(self.split_seed).permutation(len(self.examples))
        self.listed = self.examples.take(np.sort(order[:LISTED]))
        tune = stitch_chains(self.tune)
        order = np.random.default_rng(self.split_seed).permutation(len(tune))
        watched, fitted = (np.sort(part) for part in np.split(order, [round(WATCHED * len(tune))]))
        self.tune_examples = expand_prefixes(tune.take(fitted), self.max_prefix)
        self.watched = expand_prefixes(tune.take(watched), self.max_prefix)
        if len(self.watched) < MIN_WATCHED:
            self.watched = self.tune_examples = expand_prefixes(tune, self.max_prefix)
        if len(self.examples) == 0:
            raise InputError(f"{self.root}: no session has two jobs, so there is nothing to learn a next job from")

    def train_dataloader(self) -> CombinedLoader:
        """Training prefixes, with training rows and tune prefixes going round beside them."""
        replicas = self.trainer.world_size if self.trainer is not None else 1
        batch_size = min(self.batch_size, max(1, len(self.examples) // (MIN_STEPS * replicas)))
        loaders = {"train": self._loader(self.examples, batch_size, shuffle=True)}
        loaders["rows"] = self._loader(self.train, max(1, batch_size // ROWS_PER_PREFIX), shuffle=True)
        listed = max(1, batch_size * len(self.listed) // len(self.examples))
        loaders["listed"] = self._loader(self.listed, listed, shuffle=True)
        if len(self.tune_examples):
            loaders["tune"] = self._loader(self.tune_examples, self.tune_batch_size, shuffle=True)
        return CombinedLoader(loaders, "max_size_cycle")

    def val_dataloader(self) -> DataLoader[Batch]:
        """Watched prefixes: Lightning's validation loop chooses the epoch on them."""
        return self._loader(self.watched, EVALUATION_BATCH)

    def test_dataloader(self) -> DataLoader[Batch]:
        """Val rows, reported."""
        return self._loader(self.val, EVALUATION_BATCH)

    def _loader(self, sessions: Sessions, batch_size: int, shuffle: bool = False) -> DataLoader[Batch]:
        rows: Any = range(len(sessions))
        sampler: Any = SequentialSampler(rows)
        if shuffle or (self.trainer is not None and self.trainer.world_size > 1):
            replicas, rank = (self.trainer.world_size, self.trainer.global_rank) if self.trainer else (1, 0)
            sampler = DistributedSampler(rows, replicas, rank, shuffle=shuffle, seed=self.seed)
        return DataLoader(
            rows,
            batch_size,
            sampler=sampler,
            collate_fn=lambda chosen: sessions.batch(np.array(chosen, dtype=np.int64)),
        )
