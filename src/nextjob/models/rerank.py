"""A second look at the best candidates: the same named terms, weighed anew for every candidate."""

import torch
from torch import Tensor, nn


class Reranker(nn.Module):
    """Positive weights for the terms of every shortlisted job, S = sum_t exp(g_t(x)) term_t.

    x holds the standardised terms of the session and job, the logarithm of the job's popularity and facts of the
    session; g is a small MLP that starts at 0, so that reranking starts at the plain sum. It adds no term of its
    own: a job without evidence stays without a score.
    """

    def __init__(self, n_terms: int, n_facts: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(n_terms + n_facts, affine=False)
        self.hidden = nn.Linear(n_terms + n_facts, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, n_terms)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, terms: Tensor, facts: Tensor) -> Tensor:
        """(B, C, T) terms and (B, C, G) facts of C candidates -> (B, C, T) weights of the terms."""
        x = self.standardise(torch.cat([terms, facts], dim=2).flatten(0, 1))
        return self.output(self.dropout(nn.functional.gelu(self.hidden(x)))).exp().view(terms.shape)
