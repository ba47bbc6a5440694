"""What the peers share: matrices of sessions, weighted queries, ranking, and the choice of settings."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from nextjob.data.prefixes import expand_prefixes, stitch_chains
from nextjob.data.sessions import Batch, Sessions
from nextjob.losses import mask_seen_
from nextjob.metrics import ranks, reciprocal_rank
from nextjob.models.hybrid import DECIMALS
from nextjob.models.prefix import lags

DECAY = "decay"
ROWS_AT_ONCE = 256
MAX_PREFIX = 15
INNER_ROWS = 2000
"""At most so many inner rows choose a setting."""

Scorer = Callable[[Batch], np.ndarray]
"""Scores of every job, (B, J); each row is scored from its own jobs and actions alone."""
Model = Callable[..., np.ndarray]
"""The same with the decay of past jobs left open, a further argument."""


def incidence(known: Sessions, n_jobs: int, unit: str) -> tuple[sp.csr_matrix, np.ndarray]:
    """Which jobs each stitched chain, or each row with its target, has: (N, J) of 0 and 1, and (N,) chains."""
    sessions = stitch_chains(known) if unit == "chain" else known.with_target_appended()
    owner = np.repeat(np.arange(len(sessions)), sessions.lengths)
    matrix = sp.csr_matrix((np.ones(len(owner)), (owner, sessions.jobs - 1)), (len(sessions), n_jobs), np.float32)
    matrix.data[:] = 1
    return matrix, sessions.chain


def query(batch: Batch, n_jobs: int, decay: float) -> sp.csr_matrix:
    """(B, J) with decay^lag of the latest time that each session has the job."""
    newest_first = batch.jobs.numpy()[:, ::-1]
    row, place = np.nonzero(newest_first)
    _, latest = np.unique(row * n_jobs + newest_first[row, place] - 1, return_index=True)
    row, place = row[latest], place[latest]
    weight = decay ** lags(batch.jobs).numpy()[:, ::-1][row, place]
    return sp.csr_matrix((weight, (row, newest_first[row, place] - 1)), (len(newest_first), n_jobs), np.float32)


def tie_order(known: Sessions, n_jobs: int) -> torch.Tensor:
    """Place of each job among equal scores, as in the project's model: popularity, then a fixed random order."""
    popularity = np.bincount(stitch_chains(known).jobs, minlength=n_jobs + 1)[1:]
    order = np.lexsort([np.random.default_rng(0).permutation(n_jobs), -popularity])
    return torch.from_numpy(np.argsort(order))


def batches(sessions: Sessions) -> list[np.ndarray]:
    """Row numbers, a batch at a time."""
    return np.array_split(np.arange(len(sessions)), -(-len(sessions) // ROWS_AT_ONCE))


def rank_targets(scorer: Scorer, sessions: Sessions, order: torch.Tensor) -> torch.Tensor:
    """(N,) rank of each target in the whole catalogue, the session's jobs masked."""
    found = []
    for rows in batches(sessions):
        batch = sessions.batch(rows)
        scores = torch.from_numpy(scorer(batch)).double().round(decimals=DECIMALS)
        found.append(ranks(mask_seen_(scores, batch.jobs), batch.target_job - 1, order))
    return torch.cat(found)


def prefixes_of_rows(rows: Sessions, most: int) -> Sessions:
    """Prefixes of the rows, none shorter than the shortest row, at most ``most`` of them by a fixed random choice."""
    examples = expand_prefixes(rows.with_target_appended(), MAX_PREFIX)
    long_enough = np.flatnonzero(examples.lengths >= rows.lengths.min())
    return examples.take(np.sort(np.random.default_rng(0).permutation(long_enough)[:most]))


class Tuned:
    """A fitted peer whose setting has the best MRR on inner rows, one key after the other from the first options."""

    def __init__(self, build: Callable[..., Model], options: Mapping[str, Sequence[Any]], n_jobs: int) -> None:
        self.build, self.options, self.n_jobs = build, options, n_jobs

    def fit(self, train: Sessions, tune: Sessions, known: Sessions) -> dict[str, Any]:
        """Choose with ``train`` counted and ``tune`` ranked, then count ``known``, which is both."""
        inner, order = prefixes_of_rows(tune, INNER_ROWS), tie_order(train, self.n_jobs)
        best = {key: values[0] for key, values in self.options.items()}
        model, most = None, -1.0
        for key, values in self.options.items():
            for value in values[most >= 0 :]:
                setting = best | {key: value}
                fitted, decay = _without_decay(setting)
                if model is None or key != DECAY:
                    model = self.build(train, self.n_jobs, **fitted)
                found = reciprocal_rank(rank_targets(partial(model, decay=decay), inner, order)).mean().item()
                if found > most:
                    best, most = setting, found
        del model
        fitted, decay = _without_decay(best)
        self.score = partial(self.build(known, self.n_jobs, **fitted), decay=decay)
        return best | {"inner_mrr": most}

    def __call__(self, batch: Batch) -> np.ndarray:
        return self.score(batch)


def _without_decay(setting: dict[str, Any]) -> tuple[dict[str, Any], float]:
    return {key: value for key, value in setting.items() if key != DECAY}, setting[DECAY]
