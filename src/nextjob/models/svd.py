"""Differentiable SVD: factors that start at a truncated SVD and train as parameters."""

import numpy as np
import scipy.sparse as sp
import torch
from scipy.sparse.linalg import svds
from torch import Tensor, nn
from torch.nn import functional

from nextjob.data.sessions import Sessions
from nextjob.errors import InputError
from nextjob.models.kept import Kept
from nextjob.models.prefix import RecencyWeights
from nextjob.models.transitions import count_transitions
from nextjob.schema import ACTION_NUMBERS, APPLY
from nextjob.words import WordVectors

FIRST_LOGIT = 8.0
"""Mean best logit of a session before training: close enough to the learned spread to start from."""


class SVDEmbedding(nn.Module):
    """Factors U (J + 1, K), singular values S (K,) and factors V (J, K).

    A session needs no row of its own: it is folded in as q = sum_i w_i U[job_i] with learned weights of recency
    and action, and scored by q diag(S) V^T. Gradients flow through the factors and not through the decomposition,
    which is unstable where singular values are close; ``orthogonality`` keeps U and V near an orthogonal basis.

    With ``words``, the shape of WordVectors, a job's factors are its own plus those of the words of its features
    (as in LightFM; Kula, 2015): rare jobs borrow from what they are called.
    """

    def __init__(
        self,
        n_jobs: int,
        rank: int,
        decay: float,
        apply_weight: float,
        dropout: float,
        words: tuple[int, int, int] | None = None,
    ) -> None:
        super().__init__()
        self.n_jobs, self.rank = n_jobs, rank
        self.U = nn.Parameter(torch.zeros(n_jobs + 1, rank))
        self.S = nn.Parameter(torch.ones(rank))
        self.V = nn.Parameter(torch.zeros(n_jobs, rank))
        self.U_words, self.V_words = (WordVectors(words, rank) if words else None for _ in range(2))
        self.weights = RecencyWeights(decay, apply_weight)
        self.dropout = nn.Dropout(dropout)
        self._sources, self._targets = Kept(), Kept()

    @torch.no_grad()
    def initialise(self, left: np.ndarray, values: np.ndarray, right: np.ndarray) -> None:
        """Set the factors; (J, k), (k,), (k, J) with k <= K, the columns beyond k stay 0 in U and small in V.

        U and V start with the square roots of the singular values, S with ones: so that a step of the optimiser
        means the same on both sides.
        """
        k = len(values)
        self.U.zero_()
        nn.init.normal_(self.V, std=0.1, generator=torch.Generator().manual_seed(0))
        root = (values * self.n_jobs) ** 0.5
        self.U[1:, :k] = torch.from_numpy(left * root)
        self.V[:, :k] = torch.from_numpy(right.T * root)
        self.S.fill_(1.0)

    def append(self, words: sp.csr_matrix) -> None:
        """Add N jobs, (N, W): they have the factors of their words and none of their own."""
        n_new = words.shape[0]
        self.n_jobs += n_new
        for name in ("U", "V"):
            factors = getattr(self, name).detach()
            setattr(self, name, nn.Parameter(functional.pad(factors, (0, 0, 0, n_new))))
        for part in (self.U_words, self.V_words):
            if part is not None:
                part.append(words)

    @torch.no_grad()
    def scale_to(self, jobs: Tensor, actions: Tensor) -> None:
        """Scale U and V so that the mean best logit of the given sessions is ``FIRST_LOGIT``."""
        best = self.eval()(jobs, actions).amax(1).mean()
        self.train()
        if best > 0:
            for factors in (self.U, self.V):
                factors.mul_((FIRST_LOGIT / best) ** 0.5)

    def sources(self) -> Tensor:
        """(J + 1, K) factors of jobs as part of a prefix, row 0 = padding."""
        words = self.U_words
        return (
            self.U if words is None else self._sources.of(self, lambda: self.U + functional.pad(words(), (0, 0, 1, 0)))
        )

    def targets(self) -> Tensor:
        """(J, K) factors of jobs as candidates."""
        words = self.V_words
        return self.V if words is None else self._targets.of(self, lambda: self.V + words())

    def fold_in(self, jobs: Tensor, actions: Tensor) -> Tensor:
        """Session factors q diag(S); (B, L), (B, L) -> (B, K)."""
        q = torch.einsum("bl,blk->bk", self.weights(jobs, actions), functional.embedding(jobs, self.sources()))
        return self.dropout(q * self.S)

    def forward(self, jobs: Tensor, actions: Tensor) -> Tensor:
        """Scores of every job; (B, L), (B, L) -> (B, J)."""
        return self.fold_in(jobs, actions) @ self.targets().T

    def at(self, jobs: Tensor, actions: Tensor, candidates: Tensor) -> Tensor:
        """Scores of some columns; (B, L), (B, L), (B, C) -> (B, C)."""
        return torch.einsum("bk,bck->bc", self.fold_in(jobs, actions), self.targets()[candidates])

    def by_past_job(self, jobs: Tensor, actions: Tensor, candidates: Tensor) -> Tensor:
        """What each past job adds to the candidates' scores; (B, L), (B, L), (B, C) -> (B, C, L)."""
        past = self.weights(jobs, actions)[:, :, None] * functional.embedding(jobs, self.sources()) * self.S
        added = torch.einsum("blk,bck->bcl", past, functional.embedding(candidates, self.targets()))
        return added.masked_fill(jobs.eq(0)[:, None], -torch.inf)

    def orthogonality(self) -> Tensor:
        """Mean squared deviation from the identity of the Gram matrices of U and V with unit columns."""
        penalty = torch.zeros((), device=self.U.device)
        for factors in (self.U, self.V):
            unit = functional.normalize(factors, dim=0)
            gram = unit.T @ unit
            penalty = penalty + (gram - torch.eye(self.rank, device=gram.device)).square().mean()
        return penalty


def truncated_svd(matrix: sp.spmatrix, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leading triplets (U (N, k), s (k,), Vt (k, M)) in descending order; start vector and signs are fixed.

    k is ``rank``, or what the matrix allows: directions with a singular value of 0 are arbitrary and left out.
    """
    k = min(rank, min(matrix.shape) - 1)
    start = np.random.default_rng(0).standard_normal(min(matrix.shape))
    left, values, right = svds(matrix.astype(np.float64), k=k, v0=start)
    order = np.argsort(-values)
    order = order[values[order] > 1e-9 * values.max()]
    left, values, right = left[:, order], values[order], right[order]
    sign = np.sign(left[np.abs(left).argmax(axis=0), np.arange(len(order))])
    return left * sign, values, right * sign[:, None]


def initial_factors(
    sessions: Sessions,
    stitched: Sessions,
    n_jobs: int,
    rank: int,
    matrix: str,
    window: int,
    back: float,
    damping: float,
    power: float,
    apply_value: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triplets that the factors start from, (J, k), (k,), (k, J).

    ``transitions``: the (J, J) matrix log(1 + N) / ((r + damping) (c + damping))^power, where N holds the
    distance-decayed transitions of stitched chains and r, c the row and column sums of log(1 + N). Without damping
    the leading directions go to small groups of rare jobs.

    ``interactions``: the (sessions, J) matrix X with view 1 and apply ``apply_value``. With X = P diag(s) Q^T a
    session x is scored by x Q Q^T, so both factors are Q and the values 1 (PureSVD; Cremonesi et al., 2010).

    Raises:
        InputError: another ``matrix``.
    """
    if matrix == "transitions":
        counts = count_transitions(stitched, window, back)
        table = sp.coo_matrix((counts.weight, (counts.source - 1, counts.target - 1)), (n_jobs, n_jobs)).tocsr()
        table.data = np.log1p(table.data)
        row, column = (np.asarray(table.sum(axis)).ravel() + damping for axis in (1, 0))
        return truncated_svd(sp.diags(row**-power) @ table @ sp.diags(column**-power), rank)
    if matrix == "interactions":
        value = np.where(sessions.actions == ACTION_NUMBERS[APPLY], apply_value, 1.0)
        owner = np.repeat(np.arange(len(sessions)), sessions.lengths)
        table = sp.coo_matrix((value, (owner, sessions.jobs - 1)), (len(sessions), n_jobs)).tocsr()
        _, values, right = truncated_svd(table, rank)
        return right.T, np.ones(len(values)), right
    raise InputError(f"model.factors.matrix={matrix}: it must be transitions or interactions")
