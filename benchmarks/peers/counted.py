"""Peers that count: transitions and V-SKNN, and pair counts from which a profile chain can be left out."""

import numpy as np
import scipy.sparse as sp

from nextjob.data.prefixes import stitch_chains
from nextjob.data.sessions import Batch, Sessions
from nextjob.models.chain_sums import SMALLEST
from nextjob.models.transitions import Counts, Transitions
from peers.common import Model, incidence, query

ROUNDING = 1e-9

TRANSITIONS_OPTIONS = {
    "decay": (0.6, 0.5, 0.7),
    "power": (0.35, 0.2, 0.5),
    "back": (0.4, 0.2, 0.6),
    "window": (12, 8, 20),
}
VSKNN_OPTIONS = {
    "decay": (0.7, 0.6, 0.8),
    "unit": ("row", "chain"),
    "neighbours": (500, 200, 1000),
    "idf": (1.0, 0.5, 0.0),
    "size_power": (0.5, 0.25, 0.75),
}


def transitions(known: Sessions, n_jobs: int, **setting: float) -> Model:
    """The project's own transition counts."""
    model = Transitions(n_jobs, decay=1.0, **setting)  # type: ignore[arg-type]
    model.count(stitch_chains(known))
    model.double()

    def score(batch: Batch, decay: float) -> np.ndarray:
        model.decay = decay
        return model(batch.jobs).numpy()

    return score


class Pairs:
    """Weights of ordered job pairs; ``chain`` leaves out exactly what that profile chain adds."""

    def __init__(self, counts: Counts, n_jobs: int) -> None:
        self.n_jobs = n_jobs
        place = (counts.source, counts.target - 1)
        self.matrix = sp.csr_matrix((counts.weight, place), (n_jobs + 1, n_jobs))
        self.key, row = np.unique(counts.chain * (n_jobs + 1) + counts.source, return_inverse=True)
        self.own = sp.csr_matrix((counts.weight, (row, counts.target - 1)), (len(self.key) + 1, n_jobs))
        self.mass, self.own_mass = (np.asarray(part.sum(1)).ravel() for part in (self.matrix, self.own))

    def own_rows(self, jobs: np.ndarray, chain: np.ndarray) -> np.ndarray:
        """Rows of ``own``, the last and empty one where the chain does not have the job: (B, L), (B,) -> (B, L)."""
        key = chain[:, None] * (self.n_jobs + 1) + jobs
        row = np.searchsorted(self.key, key)
        return np.where(self.key[np.minimum(row, len(self.key) - 1)] == key, row, len(self.key))

    def mass_of(self, jobs: np.ndarray, chain: np.ndarray) -> np.ndarray:
        """Sum of each job's pairs without the chain's: (B, L), (B,) -> (B, L)."""
        mass = self.mass[jobs] - self.own_mass[self.own_rows(jobs, chain)]
        return np.where(mass > SMALLEST, mass, 0)

    def at(self, jobs: np.ndarray, candidates: np.ndarray, chain: np.ndarray) -> np.ndarray:
        """Weights from one job a session to its candidates: (B,), (B, C) columns, (B,) -> (B, C)."""
        own = self.own_rows(jobs[:, None], chain)
        shape = candidates.shape
        found = [
            np.asarray(matrix[np.broadcast_to(rows, shape).ravel(), candidates.ravel()]).reshape(shape)
            for matrix, rows in ((self.matrix, jobs[:, None]), (self.own, own))
        ]
        weights = found[0] - found[1]
        return np.where(weights > ROUNDING, weights, 0)

    def summed(self, jobs: np.ndarray, weights: np.ndarray, chain: np.ndarray) -> np.ndarray:
        """Weighted sum of the rows of each session's jobs: (B, L), (B, L), (B,) -> (B, J)."""
        session = np.broadcast_to(np.arange(len(jobs))[:, None], jobs.shape).ravel()
        sums = [
            (sp.csr_matrix((weights.ravel(), (session, rows.ravel())), (len(jobs), matrix.shape[0])) @ matrix).toarray()
            for matrix, rows in ((self.matrix, jobs), (self.own, self.own_rows(jobs, chain)))
        ]
        total = sums[0] - sums[1]
        total[total < ROUNDING] = 0
        return total


class Neighbours:
    """V-SKNN: jobs of the sessions most like the query, whose recent jobs weigh more; a row's own chain left out."""

    def __init__(
        self,
        known: Sessions,
        n_jobs: int,
        unit: str,
        neighbours: int,
        size_power: float,
        idf: float,
    ) -> None:
        self.n_jobs, self.neighbours, self.idf = n_jobs, neighbours, idf
        self.sessions, self.chain = incidence(known, n_jobs, unit)
        self.damping = np.maximum(np.asarray(self.sessions.sum(1)).ravel(), 1) ** -size_power
        self.frequency = np.asarray(self.sessions.sum(0)).ravel()
        self.chains, row = np.unique(self.chain, return_inverse=True)
        groups = sp.csr_matrix((np.ones(len(row), np.float32), (row, np.arange(len(row)))))
        self.own = sp.vstack([groups @ self.sessions, sp.csr_matrix((1, n_jobs), dtype=np.float32)]).tocsr()

    def frequency_of(self, chain: np.ndarray) -> np.ndarray:
        """(B, J) number of sessions with each job, those of the chain left out."""
        row = np.searchsorted(self.chains, chain)
        known = self.chains[np.minimum(row, len(self.chains) - 1)] == chain
        return self.frequency - self.own[np.where(known, row, len(self.chains))].toarray()

    def __call__(self, batch: Batch, decay: float) -> np.ndarray:
        chain = batch.chain.numpy()
        own = chain[:, None] == self.chain
        others = (~own).sum(1, keepdims=True, dtype=np.float32)
        weight = np.log1p(others / np.maximum(self.frequency_of(chain), 1)) ** self.idf
        asked = query(batch, self.n_jobs, decay).multiply(weight).tocsr()
        likeness = (asked @ self.sessions.T).toarray() * self.damping
        likeness[own] = 0
        if self.neighbours < likeness.shape[1]:
            least = -np.partition(-likeness, self.neighbours - 1, axis=1)[:, self.neighbours - 1, None]
            likeness[likeness < least] = 0
        return (sp.csr_matrix(likeness) @ self.sessions).toarray() * weight


def covisits(known: Sessions) -> Counts:
    """How many rows have both jobs, in pairs of each profile chain."""
    rows = known.with_target_appended()
    lengths = rows.lengths
    longest = int(lengths.max())
    filled = np.arange(longest) < lengths[:, None]
    padded, actions = np.zeros((2, len(rows), longest), dtype=np.int64)
    padded[filled], actions[filled] = rows.jobs, rows.actions
    before, after = padded[:, :, None], padded[:, None]
    row, i, j = np.nonzero((before > 0) & (after > 0) & (before != after))
    return Counts(
        chain=rows.chain[row],
        source=padded[row, i],
        target=padded[row, j],
        source_action=actions[row, i],
        action=actions[row, j],
        weight=np.ones(len(row)),
    )
