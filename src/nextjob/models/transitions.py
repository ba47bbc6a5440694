"""Sparse transitions: which jobs were opened near which, counted over stitched profile chains."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional

from nextjob.data.sessions import Sessions
from nextjob.models.prefix import lags

SMALLEST_MASS = 1e-3
"""A row sum below this is what rounding left over from a subtraction."""


class Counts(NamedTuple):
    """Distance-decayed counts of ordered job pairs."""

    chain: np.ndarray  # (P,) profile chain of the pair
    source: np.ndarray  # (P,) job number the row stands for
    target: np.ndarray  # (P,) job number opened near it
    weight: np.ndarray  # (P,) float


def count_transitions(stitched: Sessions, window: int, back: float) -> Counts:
    """Pairs of jobs at most ``window`` apart in a chain, weight 1/distance; ``back`` scales backward pairs."""
    owner = np.repeat(np.arange(len(stitched)), stitched.lengths)
    columns: list[tuple[np.ndarray, ...]] = []
    for distance in range(1, window + 1):
        same = owner[distance:] == owner[:-distance]
        before, after = stitched.jobs[:-distance][same], stitched.jobs[distance:][same]
        chain = stitched.chain[owner[distance:][same]]
        weight = np.full(len(before), 1.0 / distance)
        columns += [(chain, before, after, weight), (chain, after, before, back * weight)]
    chain, source, target, weight = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    keep = (source != target) & (weight > 0)
    return Counts(chain[keep], source[keep], target[keep], weight[keep])


class SparseRows(nn.Module):
    """Rows of a sparse (R, J) matrix as buffers, summed into dense (B, J) scores without a copy of the matrix."""

    starts: Tensor
    columns: Tensor
    values: Tensor

    def __init__(self, matrix: sp.csr_matrix, persistent: bool = True) -> None:
        super().__init__()
        self.width = matrix.shape[1]
        for name, array, dtype in (
            ("starts", matrix.indptr, torch.int64),
            ("columns", matrix.indices, torch.int32),
            ("values", matrix.data, torch.float32),
        ):
            self.register_buffer(name, torch.as_tensor(array, dtype=dtype), persistent=persistent)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Take the number of entries from what is loaded."""
        for name in ("starts", "columns", "values"):
            if prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def weighted_sum(self, rows: Tensor, weights: Tensor, out: Tensor) -> Tensor:
        """Add ``sum_l weights[b, l] * matrix[rows[b, l]]`` to ``out``; (B, L), (B, L), (B, J) -> (B, J)."""
        used = weights.ne(0)
        owner = used.nonzero()[:, 0]
        rows, weights = rows[used], weights[used]
        lengths = self.starts[rows + 1] - self.starts[rows]
        ends = lengths.cumsum(0)
        entry = torch.arange(int(ends[-1]) if len(ends) else 0, device=rows.device)
        entry += torch.repeat_interleave(self.starts[rows] - (ends - lengths), lengths)
        place = torch.repeat_interleave(owner * self.width, lengths) + self.columns[entry]
        out.view(-1).index_add_(0, place, self.values[entry] * torch.repeat_interleave(weights, lengths))
        return out


class Transitions(nn.Module):
    """First-order transition scores with recency, S(b, k) = sum_i decay^lag_i N[i, k] / n_i^power.

    N holds distance-decayed counts and n_i its row sums. While training, the counts of a row's own profile
    chain are subtracted exactly from N and n, so that the term is worth on training rows what it is worth on
    new ones.
    """

    def __init__(self, n_jobs: int, window: int, back: float, decay: float, power: float) -> None:
        super().__init__()
        self.n_jobs, self.window, self.back, self.decay, self.power = n_jobs, window, back, decay, power
        self._store(sp.csr_matrix((n_jobs + 1, n_jobs)))
        self.own: SparseRows | None = None

    mass: Tensor  # (J + 1,) row sums of the counts
    own_key: Tensor  # (R,) sorted chain * (J + 1) + job of the rows of own
    own_mass: Tensor  # (R,) row sums of own

    def count(self, stitched: Sessions) -> None:
        """Replace the counts by those of the given chains (one stitched session each)."""
        counts = count_transitions(stitched, self.window, self.back)
        shape = (self.n_jobs + 1, self.n_jobs)
        self._store(sp.coo_matrix((counts.weight, (counts.source, counts.target - 1)), shape).tocsr())
        key, row = np.unique(counts.chain * (self.n_jobs + 1) + counts.source, return_inverse=True)
        own = sp.coo_matrix((counts.weight, (row, counts.target - 1)), (len(key), self.n_jobs)).tocsr()
        self.own = SparseRows(own, persistent=False)
        self.register_buffer("own_key", torch.from_numpy(key), persistent=False)
        self.register_buffer("own_mass", torch.from_numpy(np.asarray(own.sum(1))).float().flatten(), persistent=False)

    def _store(self, matrix: sp.csr_matrix) -> None:
        self.rows = SparseRows(matrix)
        self.register_buffer("mass", torch.from_numpy(np.asarray(matrix.sum(1))).float().flatten())

    def forward(self, jobs: Tensor, chain: Tensor | None = None) -> Tensor:
        """Scores of every job, (B, L) -> (B, J) >= 0; ``chain`` (B,) leaves those chains' counts out."""
        weights = self.decay ** lags(jobs).to(self.mass) * jobs.ne(0)
        weights = weights * inverse_power(self.mass_of(jobs, chain), self.power)
        out = torch.zeros(len(jobs), self.n_jobs).to(self.mass)
        self.rows.weighted_sum(jobs, weights, out)
        if chain is not None and self.own is not None:
            row, known = self._own_rows(jobs, chain)
            self.own.weighted_sum(row, -weights * known, out)
        return out.clamp_(min=0)

    def mass_of(self, jobs: Tensor, chain: Tensor | None = None) -> Tensor:
        """Sum of the counts of each job's row, those of its own chain left out if given; (B, L) -> (B, L)."""
        mass = self.mass[jobs]
        if chain is None or self.own is None:
            return mass
        row, known = self._own_rows(jobs, chain)
        return functional.threshold(mass - torch.where(known, self.own_mass[row], 0.0), SMALLEST_MASS, 0.0)

    def _own_rows(self, jobs: Tensor, chain: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of ``own`` that hold the counts of (chain, job), and whether there is one."""
        key = chain[:, None] * (self.n_jobs + 1) + jobs
        row = torch.searchsorted(self.own_key, key).clamp(max=len(self.own_key) - 1)
        return row, self.own_key[row] == key


def inverse_power(mass: Tensor, power: float) -> Tensor:
    """``mass ** -power``, 0 where a job was never counted (or only in the chain left out)."""
    return torch.where(mass > SMALLEST_MASS, mass.clamp(min=SMALLEST_MASS) ** -power, 0.0)
