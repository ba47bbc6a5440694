"""A second look at the best candidates: the same named terms, weighed anew for every candidate."""

import torch
from torch import Tensor, nn

FARTHEST = 5.0
"""Inputs farther from the mean, in standard deviations, say no more: what hardly varied where g learned, may later."""


class Reranker(nn.Module):
    """Positive weights for the terms of every shortlisted job, S = sum_t exp(g_t(x)) term_t.

    x holds the standardised terms of the session and job and the evidence on how far to trust them; g is a small MLP
    that starts at 0, so that reranking starts at the plain sum. It adds no term of its own: a job that no term speaks
    for stays without a score.
    """

    def __init__(self, n_terms: int, n_evidence: int, hidden: int) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(n_terms + n_evidence, affine=False)
        self.hidden = nn.Linear(n_terms + n_evidence, hidden)
        self.output = nn.Linear(hidden, n_terms)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, terms: Tensor, evidence: Tensor) -> Tensor:
        """(B, C, T) terms and (B, C, G) evidence on C candidates -> (B, C, T) weights of the terms."""
        x = self.standardise(torch.cat([terms, evidence], dim=2).flatten(0, 1)).clamp(-FARTHEST, FARTHEST)
        return self.output(nn.functional.gelu(self.hidden(x))).exp().view(terms.shape)
