"""When jobs were opened: a place in time for every job, from the order in which candidates opened them."""

import numpy as np
import scipy.sparse as sp
import torch
from scipy.sparse.linalg import cg
from torch import Tensor, nn
from torch.nn import functional

from nextjob.models.prefix import last_only
from nextjob.models.transitions import Counts

GROUPS = 5
"""Of chains; the rows of one group read a timeline of the others, so that no row has a part in what it reads."""
RIDGE = 1.0
"""Added to the squares: what was seldom opened stays near the middle."""
N_TIMES = 3


class Timeline(nn.Module):
    """Times t of jobs, so that t_k - t_i is near the number of steps from job i to job k in the chains.

    Least squares over the counted pairs of the chains, weight 1 / steps (HodgeRank; Jiang et al., 2011), in standard
    deviations. Chains overlap, so that jobs are placed that nobody opened together.
    """

    times: Tensor  # (GROUPS + 1, J + 1), the last row of all chains
    known: Tensor  # (GROUPS + 1, J + 1) bool, whether anybody opened the job beside another

    def __init__(self, n_jobs: int) -> None:
        super().__init__()
        self.register_buffer("times", torch.zeros(GROUPS + 1, n_jobs + 1))
        self.register_buffer("known", torch.zeros(GROUPS + 1, n_jobs + 1, dtype=torch.bool))

    def place(self, pairs: Counts) -> None:
        """Replace the times by those that follow from the given forward pairs."""
        group = pairs.chain % GROUPS
        chosen = [*(group != number for number in range(GROUPS)), np.ones(len(group), dtype=bool)]
        width = self.times.shape[1]
        times = [times_of(pairs.source[part], pairs.target[part], pairs.weight[part], width) for part in chosen]
        self.known.copy_(torch.from_numpy(np.isfinite(times)))
        self.times.copy_(torch.from_numpy(np.nan_to_num(times)))

    def append(self, n_new: int) -> None:
        """Add jobs that nobody opened."""
        self.times, self.known = (functional.pad(table, (0, n_new)) for table in (self.times, self.known))

    def forward(self, jobs: Tensor, chain: Tensor | None) -> tuple[Tensor, Tensor]:
        """Times of jobs and whether they are known; with ``chain`` (B,) those of the other groups; (B, L) -> (B, L)."""
        group = torch.full_like(jobs[:, 0], GROUPS) if chain is None else chain % GROUPS
        return self.times[group[:, None], jobs], self.known[group[:, None], jobs]

    def describe(self, jobs: Tensor, candidates: Tensor, chain: Tensor | None) -> dict[str, Tensor]:
        """N_TIMES columns for every candidate by name; (B, L), (B, C) -> (B, C) each.

        A job without a time is one of the time of the session.
        """
        past, known = self(jobs, chain)
        middle = (past * known).sum(1, keepdim=True) / known.sum(1, keepdim=True).clamp(min=1)
        last = last_only(past.where(known, middle), jobs)
        time, placed = self(candidates + 1, chain)
        time = time.where(placed, middle)
        return {"time": time, "time since the last": time - last, "time since the session": time - middle}


def times_of(source: np.ndarray, target: np.ndarray, weight: np.ndarray, width: int) -> np.ndarray:
    """Times of jobs from pairs with weight 1 / steps, (P,) each -> (width,), nan where a job is in none.

    Mean 0 and variance 1 over the pairs.
    """
    pairs = np.concatenate([source, target]), np.concatenate([target, source])
    near = sp.coo_matrix((np.concatenate([weight, weight]), pairs), (width, width)).tocsr()
    degree = near.sum(axis=1).A1 + RIDGE
    ahead = np.bincount(target, minlength=width) - np.bincount(source, minlength=width)
    times, _ = cg(sp.diags(degree) - near, ahead.astype(float), rtol=1e-6, M=sp.diags(1 / degree))
    often = np.bincount(pairs[0], minlength=width)
    times -= (often * times).sum() / max(often.sum(), 1)
    times /= max((often * times**2).sum() / max(often.sum(), 1), 1e-12) ** 0.5
    times[often == 0] = np.nan
    return times
