"""The few parameters that turn expert scores into the named terms of one score."""

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from nextjob.models.gate import AlphaGate

SVD, TRANSITIONS, CONTENT = "svd", "transitions", "content"
COUNTS, DISCOUNT, SHORTLIST = "counts", "popularity_discount", "shortlist"
N_FACTS = 4
FIRST_EPS = 1e-3


class Mixing(nn.Module):
    """S = alpha * S_CF + (1 - alpha) * sum_f w_f s_f + further terms, each under its own name.

    S_CF = w_svd * svd scores and s_f the cosine of feature f. Further terms, when there: transitions
    w_t log(1 + T / eps), and w_c h for the shortlist. All weights are positive (softplus).
    """

    def __init__(
        self,
        features: list[str],
        alpha: float | None,
        svd_weight: float,
        feature_weights: float | dict[str, float],
        transition_weight: float,
        count_weight: float,
    ) -> None:
        super().__init__()
        self.features = features
        if isinstance(feature_weights, dict):
            content = [feature_weights.get(feature, 0.0) for feature in features]
        else:
            content = [feature_weights] * len(features)
        self.gate = AlphaGate(N_FACTS, alpha)
        self.svd = nn.Parameter(_inverse_softplus([svd_weight]))
        self.content = nn.Parameter(_inverse_softplus(content))
        self.transitions = nn.Parameter(_inverse_softplus([transition_weight]))
        self.log_eps = nn.Parameter(torch.tensor(math.log(FIRST_EPS)))
        self.counts = nn.Parameter(_inverse_softplus([count_weight]))

    def feature_weights(self) -> dict[str, Tensor]:
        """w_f of every feature, as scalars."""
        return dict(zip(self.features, softplus(self.content), strict=True))

    @torch.no_grad()
    def changed(self, alpha: float | None, feature_weights: Mapping[str, float]) -> "Mixing":
        """A copy with another alpha, None for the same, and with other weights of some features."""
        mixing = copy.deepcopy(self)
        if alpha is not None:
            mixing.gate = AlphaGate(N_FACTS, alpha)
        for feature, weight in feature_weights.items():
            mixing.content[self.features.index(feature)] = _inverse_softplus([weight])[0]
        return mixing

    def of_counts(self, scores: Tensor) -> Tensor:
        """The term that the scores of the count ranker become."""
        return softplus(self.counts) * scores

    def forward(self, experts: dict[str, Tensor], alpha: Tensor, inplace: bool = False) -> dict[str, Tensor]:
        """Expert scores {name: (B, C)} and alpha (B,) -> the terms {name: (B, C)}, which add up to the score.

        ``inplace`` writes the terms over the scores: on large tables fresh memory costs more than the arithmetic.
        """
        terms = {}
        content = self.feature_weights()
        for name, scores in experts.items():
            family, _, feature = name.partition("/")
            if family == SVD:
                weight = (alpha * softplus(self.svd))[:, None]
            elif family == CONTENT:
                weight = ((1 - alpha) * content[feature])[:, None]
            else:
                weight, eps = softplus(self.transitions), self.log_eps.exp()
                scores = scores.div_(eps).log1p_() if inplace else torch.log1p(scores / eps)
            terms[name] = scores.mul_(weight) if inplace else weight * scores
        return terms


def _inverse_softplus(values: list[float]) -> Tensor:
    """Parameters whose softplus are ``values`` (0 becomes a weight of 1e-6)."""
    return torch.tensor([math.log(math.expm1(max(value, 1e-6))) for value in values])
