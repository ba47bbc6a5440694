"""Sparse transitions: which jobs were opened near which, counted over stitched profile chains."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from nextjob.data.sessions import Sessions
from nextjob.models.chain_sums import SMALLEST, ChainSums
from nextjob.models.prefix import lags


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
        source = torch.repeat_interleave(lengths)
        entry = torch.arange(source.shape[0], device=rows.device)
        entry += (self.starts[rows] - (lengths.cumsum(0) - lengths))[source]
        place = (owner * self.width)[source] + self.columns[entry]
        out.view(-1).index_add_(0, place, self.values[entry] * weights[source])
        return out

    def append(self, n_new: int) -> None:
        """Add empty rows and columns."""
        self.width += n_new
        self.starts = torch.cat([self.starts, self.starts[-1:].expand(n_new)])

    def entries(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Entries of the matrix at the given places; two (...) -> (...)."""
        matrix = sp.csr_matrix(tuple(part.cpu().numpy() for part in (self.values, self.columns, self.starts)))
        matrix.resize(len(self.starts) - 1, self.width)
        found = matrix[rows.cpu().numpy().ravel(), columns.cpu().numpy().ravel()]
        return torch.from_numpy(np.asarray(found)).view(rows.shape).to(self.values)


class Transitions(nn.Module):
    """First-order transition scores with recency, S(b, k) = sum_i decay^lag_i N[i, k] / n_i^power.

    N holds distance-decayed counts and n_i its row sums. While training, the counts of a row's own profile
    chain are subtracted exactly from N and n, so that the term is worth on training rows what it is worth on
    new ones.
    """

    def __init__(self, n_jobs: int, window: int, back: float, decay: float, power: float) -> None:
        super().__init__()
        self.n_jobs, self.window, self.back, self.decay, self.power = n_jobs, window, back, decay, power
        self.rows = SparseRows(sp.csr_matrix((n_jobs + 1, n_jobs)))
        self.mass = ChainSums(n_jobs, 1)  # row sums
        self.own: SparseRows | None = None

    def count(self, stitched: Sessions) -> None:
        """Replace the counts by those of the given chains (one stitched session each)."""
        counts = count_transitions(stitched, self.window, self.back)
        shape = (self.n_jobs + 1, self.n_jobs)
        self.rows = SparseRows(sp.coo_matrix((counts.weight, (counts.source, counts.target - 1)), shape).tocsr())
        row = self.mass.count(counts.chain, counts.source, counts.weight[:, None])
        own = sp.coo_matrix((counts.weight, (row, counts.target - 1)), (row.max(initial=-1) + 1, self.n_jobs)).tocsr()
        self.own = SparseRows(own, persistent=False)

    def append(self, n_new: int) -> None:
        """Add jobs that nobody opened."""
        self.n_jobs += n_new
        self.rows.append(n_new)
        self.mass.append(n_new)

    def forward(self, jobs: Tensor, chain: Tensor | None = None) -> Tensor:
        """Scores of every job, (B, L) -> (B, J) >= 0; ``chain`` (B,) leaves those chains' counts out."""
        weights = self._weights(jobs, chain)
        out = weights.new_zeros(jobs.shape[0], self.n_jobs)
        self.rows.weighted_sum(jobs, weights, out)
        if chain is not None and self.own is not None:
            row, known = self.mass.find(jobs, chain)
            self.own.weighted_sum(row, -weights * known, out)
        return out.clamp_(min=0)

    def _weights(self, jobs: Tensor, chain: Tensor | None) -> Tensor:
        weights = self.decay ** lags(jobs).to(self.mass.total) * jobs.ne(0)
        return weights * inverse_power(self.mass_of(jobs, chain), self.power)

    def by_past_job(self, jobs: Tensor, candidates: Tensor) -> Tensor:
        """What each past job adds to the candidates' scores, -inf for nothing; (B, L), (B, C) -> (B, C, L)."""
        past, column = torch.broadcast_tensors(jobs[:, None], candidates[:, :, None])
        added = self.rows.entries(past, column) * self._weights(jobs, None)[:, None]
        return added.masked_fill(added == 0, -torch.inf)

    def mass_of(self, jobs: Tensor, chain: Tensor | None = None) -> Tensor:
        """Sum of the counts of each job's row, those of its own chain left out if given; (B, L) -> (B, L)."""
        return self.mass(jobs, chain).squeeze(2)


def inverse_power(mass: Tensor, power: float) -> Tensor:
    """``mass ** -power``, 0 where a job was never counted (or only in the chain left out)."""
    return torch.where(mass > SMALLEST, mass.clamp(min=SMALLEST) ** -power, 0.0)
