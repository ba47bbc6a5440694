"""What counts say of a session and a candidate: how often one came after or before the other, and a ranker of that."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nextjob.data.sessions import Sessions
from nextjob.models.chain_sums import ChainSums
from nextjob.models.mixing import FIRST_EPS
from nextjob.models.prefix import lags
from nextjob.models.rerank import FARTHEST
from nextjob.models.sparse_rows import SparseRows
from nextjob.models.transitions import Counts

LAGS = 3
"""The last jobs that are counted from one by one."""
PARTS = LAGS + 1
"""They, and all earlier jobs together."""
AFTER, BEFORE, WEIGHED = range(3)
FEW = 3.0
"""With so many counted pairs a job is taken for half as early or late as it looks."""
ROUNDING = 1e-6
"""A count below this is what a subtraction left over."""


class PairCounts(nn.Module):
    """Distance-decayed counts of what was opened after and before every job, a row's own profile chain left out.

    They are read for the candidates of a session alone, in one pass over the rows of its jobs.
    """

    def __init__(self, n_jobs: int, back: float) -> None:
        super().__init__()
        self.n_jobs, self.back = n_jobs, back
        self.rows = SparseRows.empty((n_jobs + 1, n_jobs), 2)  # counts after and before
        self.sums = ChainSums(n_jobs, 3)  # of a job's row after and before it, and how often it was opened
        self.own: SparseRows | None = None

    def count(self, stitched: Sessions, counts: Counts) -> None:
        """Replace the counts by those of the given chains (one stitched session each) and their forward pairs."""
        n_pairs = 2 * len(counts.weight)
        job = np.concatenate([counts.source, counts.target])
        other = np.concatenate([counts.target, counts.source]) - 1
        values = np.zeros((n_pairs + len(stitched.jobs), 3))
        values[: n_pairs // 2, AFTER] = values[n_pairs // 2 : n_pairs, BEFORE] = counts.weight
        values[n_pairs:, 2] = 1
        chain = np.concatenate([counts.chain, counts.chain, np.repeat(stitched.chain, stitched.lengths)])
        row = self.sums.count(chain, np.concatenate([job, stitched.jobs]), values)
        pairs = values[:n_pairs, :2]
        self.rows = SparseRows(job, other, pairs, (self.n_jobs + 1, self.n_jobs))
        own = (int(row.max(initial=-1)) + 1, self.n_jobs)
        self.own = SparseRows(row[:n_pairs], other, pairs, own, kept=False)

    def append(self, n_new: int) -> None:
        """Add jobs that nobody opened."""
        self.n_jobs += n_new
        self.rows.append(n_new)
        self.sums.append(n_new)

    def at(self, jobs: Tensor, candidates: Tensor, weights: Tensor, chain: Tensor | None) -> Tensor:
        """Counts from the jobs of B sessions to C candidates each; (B, L), (B, C), (B, L) -> (B, C, PARTS, 3).

        From each of the last jobs, the last one first, and from the earlier ones together: after, before, and
        (after + back * before) times the ``weights`` of the jobs.
        """
        sessions, size = candidates.shape
        place = torch.full((sessions, self.n_jobs), size, dtype=torch.int32, device=jobs.device)
        numbers = torch.arange(size, dtype=torch.int32, device=jobs.device)
        place.scatter_(1, candidates, numbers.expand_as(candidates))
        out = weights.new_zeros(sessions, size + 1, PARTS, 3)
        part = lags(jobs).clamp(max=LAGS)
        self._add(self.rows, jobs, weights, part, place, out)
        if chain is not None and self.own is not None:
            row, known = self.sums.find(jobs, chain)
            self._add(self.own, row, -weights * known, part, place, out)
        return functional.threshold(out[:, :size], ROUNDING, 0.0)

    def _add(self, table: SparseRows, rows: Tensor, weights: Tensor, part: Tensor, place: Tensor, out: Tensor) -> None:
        """Add the entries of the rows to ``out`` (B, C + 1, PARTS, 3), those of other columns to its last place.

        (B, L) rows, their weights, 0 for none, and parts; (B, J) place of every column.
        """
        used = weights.ne(0)
        session, weights, part = used.nonzero()[:, 0], weights[used], part[used]
        source, entry = table.of(rows[used])
        slot = place.view(-1)[(session * place.shape[1])[source] + table.columns[entry]]
        values, weights = table.values[entry], weights[source]
        weighed = (values[:, AFTER] + self.back * values[:, BEFORE]) * weights
        at = ((session * out.shape[1])[source] + slot) * PARTS + part[source]
        out.view(-1, 3).index_add_(0, at, torch.cat([values * weights.sign()[:, None], weighed[:, None]], dim=1))

    def describe(self, jobs: Tensor, candidates: Tensor, weights: Tensor, chain: Tensor | None) -> dict[str, Tensor]:
        """N_PAIR_COLUMNS columns for every candidate by name, (B, C) each; arguments as in ``at``."""
        counts = self.at(jobs, candidates, weights, chain)
        totals, past = self.sums(candidates + 1, chain), self.sums(jobs, chain)  # (B, C, 3), (B, L, 3)
        opened, known = totals[:, :, 2], jobs.ne(0)
        recent = known.sum(1, keepdim=True) - 1 - torch.arange(LAGS, device=jobs.device)
        mass = past.gather(1, recent.clamp(min=0)[:, :, None].expand(-1, -1, 3)) * (recent >= 0)[:, :, None]
        of_session = (lateness(past) * known).sum(1, keepdim=True) / known.sum(1, keepdim=True)
        whole = counts.sum(2)
        columns = {
            "together": torch.log1p(whole[:, :, WEIGHED] / FIRST_EPS),
            "with the last": torch.log1p(counts[:, :, 0, WEIGHED] / FIRST_EPS),
            "opened": opened.clamp(min=1).log(),  # a job never opened is like one opened once
            "late": lateness(totals),
            "late of session": of_session.expand_as(opened),
        }
        for kind, name in ((AFTER, "after"), (BEFORE, "before")):
            for lag in range(LAGS):
                columns[f"{name} {lag}"] = torch.log1p(counts[:, :, lag, kind])
                columns[f"{name} {lag} share"] = counts[:, :, lag, kind] / (mass[:, None, lag, kind] + 1).sqrt()
            columns[name] = torch.log1p(whole[:, :, kind])
            columns[f"{name} share"] = whole[:, :, kind] / (opened + 1).sqrt()
        return columns


N_PAIR_COLUMNS = 5 + 2 * (2 * LAGS + 2)


def lateness(sums: Tensor) -> Tensor:
    """How late jobs are opened, from -1 to 1, 0 in the middle of their chains or never; (..., 3) sums -> (...).

    What was opened before them less what was opened after them, as a share of both: a job that is new on the board
    follows others more than others follow it.
    """
    after, before = sums[..., AFTER], sums[..., BEFORE]
    return (before - after) / (before + after + FEW)


class CountRanker(nn.Module):
    """A small network over the counts of session and candidate, h(x); it starts at 0.

    It learns from prefixes of all training chains: their own chain is left out of every count, so that x says of them
    what it says of new sessions.
    """

    def __init__(self, n_columns: int, hidden: int) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(n_columns, affine=False)
        self.hidden = nn.Sequential(nn.Linear(n_columns, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.output = nn.Linear(hidden, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, columns: Tensor) -> Tensor:
        """(B, C, G) -> (B, C)."""
        x = self.standardise(columns.flatten(0, 1)).clamp(-FARTHEST, FARTHEST)
        scores: Tensor = self.output(self.hidden(x)).view(columns.shape[:2])
        return scores
