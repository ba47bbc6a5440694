"""Which jobs are alike, by their content."""

from typing import NamedTuple

import torch

from nextjob.data.vocabulary import JobId
from nextjob.errors import InputError
from nextjob.metrics import top_k
from nextjob.models.scorer import DECIMALS, HybridScorer


class SimilarJob(NamedTuple):
    """A job like another one."""

    job: JobId
    similarity: float
    """Between -1 and 1; 1 for a job with the same values."""
    parts: dict[str, float]
    """What every feature adds to it."""


@torch.inference_mode()
def most_similar(scorer: HybridScorer, own: int, k: int) -> list[tuple[int, float, dict[str, float]]]:
    """Column, similarity and its parts by feature of the k jobs most like that of column ``own``.

    The mean cosine over the features that the job has, weighed by their learned weights.

    Raises:
        InputError: the model has no content, or the job has no value.
    """
    if scorer.content is None:
        raise InputError("the model has no content (alpha is 1): it does not know which jobs are alike")
    weights = scorer.mixing.feature_weights()
    tables = {feature: space.candidates() for feature, space in scorer.content.by_feature()}
    features = [feature for feature, table in tables.items() if table[own].any()]
    if not features:
        raise InputError("the job has no value of a feature to compare by")
    total = sum(weights[feature] for feature in features)
    parts = torch.stack([weights[f] / total * (tables[f] @ tables[f][own]) for f in features], dim=1)
    similarity = parts.sum(1)
    compared = similarity.round(decimals=DECIMALS)
    compared[own] = -torch.inf
    best = top_k(compared[None], k, scorer.tie_order)[0]
    listed = zip(best.tolist(), similarity[best].tolist(), parts[best].tolist(), strict=True)
    return [(column, found, dict(zip(features, by_feature, strict=True))) for column, found, by_feature in listed]
