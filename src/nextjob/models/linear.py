"""The linear terms of the score, factors and content, as one inner product of a session and a job."""

import torch
from torch import Tensor

from nextjob.data.sessions import Batch
from nextjob.models.mixing import CONTENT, DISCOUNT, SVD, Mixing
from nextjob.models.scorer import HybridScorer


def job_vectors(scorer: HybridScorer) -> Tensor:
    """[V ; e_f of every feature] of every job, (J, D); D = 0 where the model has neither factors nor content."""
    parts = [scorer.popularity.new_empty(len(scorer.popularity), 0)]
    if scorer.svd is not None:
        parts.append(scorer.svd.targets())
    if scorer.content is not None:
        parts += [space.candidates() for _, space in scorer.content.by_feature()]
    vectors = torch.cat(parts, dim=1)
    return vectors / (1 + scorer.popularity[:, None]) if DISCOUNT in scorer.terms else vectors


def session_vectors(scorer: HybridScorer, mixing: Mixing, batch: Batch) -> Tensor:
    """[alpha w_svd q diag(S) ; (1 - alpha) w_f u_f of every feature], (B, D).

    Their inner products with `job_vectors` are the sums of the linear terms: mixing scores is mixing vectors.
    """
    jobs, actions = batch.jobs, batch.actions
    parts = {} if scorer.svd is None else {SVD: scorer.svd.fold_in(jobs, actions)}
    if scorer.content is not None:
        profiles = scorer.content.profiles(jobs, actions)
        parts |= {f"{CONTENT}/{feature}": profile for feature, profile in profiles.items()}
    weighted = mixing(parts, mixing.gate(scorer.facts(batch)))
    return torch.cat([scorer.popularity.new_empty(len(jobs), 0), *weighted.values()], dim=1)
