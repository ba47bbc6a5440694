"""Sums per job from which a row's own profile chain can be left out."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

SMALLEST = 1e-3
"""A sum below this is what rounding left over from a subtraction."""


class ChainSums(nn.Module):
    """F sums for every job over all counted chains.

    While training, the share of a row's own profile chain is subtracted exactly, so that a sum says on training
    rows what it says on new ones.
    """

    total: Tensor  # (J + 1, F)
    own_key: Tensor  # (R,) sorted chain * (J + 1) + job
    own: Tensor  # (R, F)

    def __init__(self, n_jobs: int, width: int) -> None:
        super().__init__()
        self.n_jobs = n_jobs
        self.register_buffer("total", torch.zeros(n_jobs + 1, width))
        self.counted = False

    def append(self, n_new: int) -> None:
        """Add jobs that nothing was counted for."""
        self.n_jobs += n_new
        self.total = functional.pad(self.total, (0, 0, 0, n_new))

    def count(self, chain: np.ndarray, job: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Replace the sums by those of N events; (N,), (N,), (N, F) -> (N,) row of each event's (chain, job)."""
        key, row = np.unique(chain * (self.n_jobs + 1) + job, return_inverse=True)
        total = [np.bincount(job, column, self.n_jobs + 1) for column in values.T]
        own = [np.bincount(row, column) for column in values.T]
        self.total.copy_(torch.from_numpy(np.stack(total, axis=1)))
        self.register_buffer("own_key", torch.from_numpy(key).to(self.total.device), persistent=False)
        self.register_buffer("own", torch.from_numpy(np.stack(own, axis=1)).to(self.total), persistent=False)
        self.counted = True
        return row

    def find(self, jobs: Tensor, chain: Tensor) -> tuple[Tensor, Tensor]:
        """Row of each (chain, job) and whether it was counted; (B, L), (B,) -> (B, L), (B, L)."""
        key = chain[:, None] * (self.n_jobs + 1) + jobs
        row = torch.searchsorted(self.own_key, key).clamp(max=len(self.own_key) - 1)
        return row, self.own_key[row] == key

    def forward(self, jobs: Tensor, chain: Tensor | None = None) -> Tensor:
        """Sums of the jobs, those of ``chain`` (B,) left out if given; (B, L) -> (B, L, F) >= 0."""
        total = self.total[jobs]
        if chain is None or not self.counted:
            return total
        row, known = self.find(jobs, chain)
        return functional.threshold(total - self.own[row] * known[:, :, None], SMALLEST, 0.0)
