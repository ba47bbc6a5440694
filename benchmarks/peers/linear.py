"""Linear and factor peers: item-item BM25 and ALS of the package implicit, and EASE in closed form."""

import warnings
from typing import Any

import numpy as np
import scipy.linalg
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender

from nextjob.data.sessions import Batch, Sessions
from peers.common import Model, incidence, query

BM25_OPTIONS = {
    "decay": (0.7, 0.6, 0.8),
    "unit": ("row", "chain"),
    "neighbours": (100, 30, 500),
    "k1": (1.2, 0.3, 10.0),
    "b": (0.2, 0.0, 0.5),
}
ALS_OPTIONS = {
    "decay": (0.7, 0.6, 0.8),
    "alpha": (10.0, 3.0, 30.0),
    "regularization": (1.0, 5.0),
    "factors": (128, 256),
}
EASE_OPTIONS = {"decay": (0.7, 0.6, 0.8), "ridge": (100.0, 300.0)}
ITERATIONS = 10

warnings.filterwarnings("ignore", message="Method expects CSR input", module="implicit")


def bm25(known: Sessions, n_jobs: int, unit: str, neighbours: int, k1: float, b: float) -> Model:
    """BM25-weighted item-item neighbours; a session is the decayed sum of its jobs' rows."""
    sessions, _ = incidence(known, n_jobs, unit)
    model = BM25Recommender(K=neighbours, K1=k1, B=b, num_threads=1)
    model.fit(sessions, show_progress=False)
    likeness = model.similarity.tocsr().astype(np.float32)
    return lambda batch, decay: (query(batch, n_jobs, decay) @ likeness).toarray()


def als(known: Sessions, n_jobs: int, alpha: float, **setting: Any) -> Model:
    """Implicit-feedback ALS; a session is folded in by one least-squares step on its decayed jobs."""
    sessions, _ = incidence(known, n_jobs, "row")
    model = AlternatingLeastSquares(iterations=ITERATIONS, alpha=alpha, num_threads=1, random_state=0, **setting)
    model.fit(sessions, show_progress=False)

    def score(batch: Batch, decay: float) -> np.ndarray:
        asked = query(batch, n_jobs, decay) * alpha
        return model.recalculate_user(np.arange(len(batch.jobs)), asked) @ model.item_factors.T

    return score


def ease(known: Sessions, n_jobs: int, ridge: float) -> Model:
    """EASE on the whole catalogue, through the inverse of sessions x sessions instead of jobs x jobs.

    With X (N, J) and A = X X' + ridge I, the inverse of X'X + ridge I is P = (I - X' A^-1 X) / ridge, and
    EASE's weights are I - P / diag(P).
    """
    sessions, _ = incidence(known, n_jobs, "row")
    kernel = (sessions @ sessions.T).toarray()
    kernel[np.diag_indices_from(kernel)] += ridge
    solved = inverse_(kernel) @ sessions  # A^-1 X
    diagonal = 1 - np.asarray(sessions.multiply(solved).sum(0)).ravel()  # ridge * diag(P)

    def score(batch: Batch, decay: float) -> np.ndarray:
        asked = query(batch, n_jobs, decay)
        return asked.toarray() - (asked.toarray() - (asked @ sessions.T) @ solved) / diagonal

    return score


def inverse_(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric positive definite matrix (N, N), in its own memory."""
    potrf, potri = scipy.linalg.get_lapack_funcs(("potrf", "potri"), (matrix,))
    factor, failed = potrf(matrix.T, lower=True, overwrite_a=True)
    inverse, failed_too = potri(factor, lower=True, overwrite_c=True)
    assert not failed
    assert not failed_too
    inverse = np.tril(inverse)
    return inverse + np.tril(inverse, -1).T
