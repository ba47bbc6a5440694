"""Alpha: how much of the score comes from collaborative filtering."""

import math

import torch
from torch import Tensor, nn


class AlphaGate(nn.Module):
    """alpha = sigma(a + w . facts) in (0, 1); w starts at 0, so the gate starts as one learned scalar.

    With ``alpha`` given it is that constant: 1 is pure collaborative filtering, 0 pure content.
    """

    def __init__(self, n_facts: int, alpha: float | None) -> None:
        super().__init__()
        self.alpha = alpha
        if alpha is None:
            self.linear = nn.Linear(n_facts, 1)
            nn.init.zeros_(self.linear.weight)
            nn.init.constant_(self.linear.bias, math.log(0.5 / 0.5))

    def forward(self, facts: Tensor) -> Tensor:
        """(B, G) facts of the sessions -> (B,) alpha."""
        if self.alpha is not None:
            return torch.full_like(facts[:, 0], self.alpha)
        return self.linear(facts).squeeze(1).sigmoid()
