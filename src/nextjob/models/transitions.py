"""Sparse transitions: which jobs were opened near which, counted over stitched profile chains."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nextjob.data.sessions import Sessions
from nextjob.models.chain_sums import SMALLEST, ChainSums
from nextjob.models.prefix import lags
from nextjob.models.sparse_rows import SparseRows


class Counts(NamedTuple):
    """Distance-decayed counts of ordered job pairs."""

    chain: np.ndarray  # (P,) profile chain of the pair
    source: np.ndarray  # (P,) job number the row stands for
    target: np.ndarray  # (P,) job number opened near it
    source_action: np.ndarray  # (P,) what was done with the former
    action: np.ndarray  # (P,) what was done with the target
    weight: np.ndarray  # (P,) float


def count_transitions(stitched: Sessions, window: int, back: float) -> Counts:
    """Pairs of jobs at most ``window`` apart in a chain, weight 1/distance; ``back`` scales backward pairs."""
    owner = np.repeat(np.arange(len(stitched)), stitched.lengths)
    columns: list[tuple[np.ndarray, ...]] = []
    for distance in range(1, window + 1):
        same = owner[distance:] == owner[:-distance]
        before, after = np.flatnonzero(same), np.flatnonzero(same) + distance
        weight = np.full(len(before), 1.0 / distance)
        columns += [(before, after, weight), (after, before, back * weight)]
    source, target, weight = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    keep = (stitched.jobs[source] != stitched.jobs[target]) & (weight > 0)
    source, target = source[keep], target[keep]
    return Counts(
        chain=stitched.chain[owner[source]],
        source=stitched.jobs[source],
        target=stitched.jobs[target],
        source_action=stitched.actions[source],
        action=stitched.actions[target],
        weight=weight[keep],
    )


class Transitions(nn.Module):
    """First-order transition scores with recency, S(b, k) = sum_i decay^lag_i N[i, k] / n_i^power.

    N holds distance-decayed counts and n_i its row sums. While training, the counts of a row's own profile
    chain are subtracted exactly from N and n, so that the term is worth on training rows what it is worth on
    new ones.
    """

    def __init__(self, n_jobs: int, window: int, back: float, decay: float, power: float) -> None:
        super().__init__()
        self.n_jobs, self.window, self.back, self.decay, self.power = n_jobs, window, back, decay, power
        self.rows = SparseRows.empty((n_jobs + 1, n_jobs))
        self.mass = ChainSums(n_jobs, 1)  # row sums
        self.own: SparseRows | None = None

    def count(self, stitched: Sessions) -> None:
        """Replace the counts by those of the given chains (one stitched session each)."""
        counts = count_transitions(stitched, self.window, self.back)
        column = counts.target - 1
        self.rows = SparseRows(counts.source, column, counts.weight, (self.n_jobs + 1, self.n_jobs))
        row = self.mass.count(counts.chain, counts.source, counts.weight[:, None])
        own = (int(row.max(initial=-1)) + 1, self.n_jobs)
        self.own = SparseRows(row, column, counts.weight, own, kept=False)

    def append(self, n_new: int) -> None:
        """Add jobs that nobody opened."""
        self.n_jobs += n_new
        self.rows.append(n_new)
        self.mass.append(n_new)

    def forward(self, jobs: Tensor, chain: Tensor | None = None) -> Tensor:
        """Scores of every job, (B, L) -> (B, J) >= 0; ``chain`` (B,) leaves those chains' counts out."""
        weights = self.weights(jobs, chain)
        out = weights.new_zeros(jobs.shape[0], self.n_jobs)
        self.rows.weighted_sum(jobs, weights, out)
        if chain is not None and self.own is not None:
            row, known = self.mass.find(jobs, chain)
            self.own.weighted_sum(row, -weights * known, out)
        return out.clamp_(min=0)

    def weights(self, jobs: Tensor, chain: Tensor | None) -> Tensor:
        """decay^lag / n^power of every past job, 0 for one without counts; (B, L) -> (B, L)."""
        weights = self.decay ** lags(jobs).to(self.mass.total) * jobs.ne(0)
        return weights * inverse_power(self.mass_of(jobs, chain), self.power)

    def by_past_job(self, jobs: Tensor, candidates: Tensor) -> Tensor:
        """What each past job adds to the candidates' scores, -inf for nothing; (B, L), (B, C) -> (B, C, L)."""
        past, column = torch.broadcast_tensors(jobs[:, None], candidates[:, :, None])
        added = self.rows.entries(past, column) * self.weights(jobs, None)[:, None]
        return added.masked_fill(added == 0, -torch.inf)

    def mass_of(self, jobs: Tensor, chain: Tensor | None = None) -> Tensor:
        """Sum of the counts of each job's row, those of its own chain left out if given; (B, L) -> (B, L)."""
        return self.mass(jobs, chain).squeeze(2)


def inverse_power(mass: Tensor, power: float) -> Tensor:
    """``mass ** -power``, 0 where a job was never counted (or only in the chain left out)."""
    return torch.where(mass > SMALLEST, mass.clamp(min=SMALLEST) ** -power, 0.0)
