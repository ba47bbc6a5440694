"""Candidates of a session: the best by the linear terms, from a FAISS index, joined with the neighbours of its jobs."""

from collections.abc import Sequence

import numpy as np
import torch

from nextjob.data.vocabulary import JobId
from nextjob.errors import InputError
from nextjob.models.linear import job_vectors, session_vectors
from nextjob.recommend import Recommender

N_CANDIDATES = 500


class Candidates:
    """Finds the few jobs of a large catalogue that are worth the whole score.

    >>> candidates = Candidates(recommender)
    >>> session = recommender.vocabulary.job_ids[:2]
    >>> chosen = candidates.of(session, n=50)
    >>> recommender.recommend(session, k=3, candidates=chosen).jobs == recommender.recommend(session, k=3).jobs
    True
    """

    def __init__(self, recommender: Recommender) -> None:
        """An exact index over the vectors of all jobs, in single precision.

        Raises:
            InputError: FAISS is not installed, or the model has neither factors nor content.
        """
        try:
            import faiss
        except ImportError as error:
            raise InputError('candidates need FAISS: pip install -e ".[serving]"') from error
        self.recommender = recommender
        width = job_vectors(recommender.model.scorer).shape[1]
        if width == 0:
            raise InputError("the model has neither factors nor content: there is no linear term to find candidates by")
        self.index = faiss.IndexFlatIP(width)
        self._add_new()

    @torch.inference_mode()
    def of(self, jobs: Sequence[JobId], actions: Sequence[str] | None = None, n: int = N_CANDIDATES) -> list[JobId]:
        """Ids of n jobs for a session, none of them in it; all others where there are fewer.

        Up to half of them are those that followed or preceded the session's jobs most, the rest the best by the
        linear terms.

        Raises:
            InputError: an unknown job or action, no job, or lists of unequal length.
        """
        self._add_new()
        recommender, scorer = self.recommender, self.recommender.model.scorer
        batch = recommender.session(jobs, actions)
        seen = batch.jobs[0].numpy() - 1
        near = scorer.transitions(batch.jobs)[0]
        near[seen] = 0
        nearest = near.topk(min(n // 2, len(near)))
        neighbours = nearest.indices[nearest.values > 0].numpy()
        vectors = _single(session_vectors(scorer, recommender.mixing, batch))
        _, found = self.index.search(vectors, min(n + len(seen), self.index.ntotal))
        others = found[0][~np.isin(found[0], np.concatenate([neighbours, seen]))]
        return recommender.vocabulary.ids(np.concatenate([neighbours, others[: n - len(neighbours)]]) + 1)

    def _add_new(self) -> None:
        """Jobs that the recommender was given since."""
        if self.index.ntotal < len(self.recommender.vocabulary):
            self.index.add(_single(job_vectors(self.recommender.model.scorer)[self.index.ntotal :]))


def _single(vectors: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(vectors.detach().numpy(), dtype=np.float32)
