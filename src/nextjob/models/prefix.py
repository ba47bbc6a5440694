"""What every expert reads from a prefix: recency, action and content of its jobs."""

import math

import torch
from torch import Tensor, nn

from nextjob.schema import ACTION_NUMBERS, APPLY


def lags(jobs: Tensor) -> Tensor:
    """How many jobs were opened after each one, 0 for the last of a right-padded prefix; (B, L) -> (B, L)."""
    length = jobs.ne(0).sum(1, keepdim=True)
    return (length - 1 - torch.arange(jobs.shape[1], device=jobs.device)).clamp(min=0)


def last_only(column: Tensor, jobs: Tensor) -> Tensor:
    """The entry of the last job of right-padded prefixes; (B, L), (B, L) -> (B, 1)."""
    return column.gather(1, (jobs.ne(0).sum(1, keepdim=True) - 1).clamp(min=0))


def recency(jobs: Tensor, decay: float | Tensor) -> Tensor:
    """decay^lag with a sum of 1, 0 on padding; (B, L) -> (B, L)."""
    weights = decay ** lags(jobs) * jobs.ne(0)
    return weights / weights.sum(1, keepdim=True)


class RecencyWeights(nn.Module):
    """Learned weight of each past job, decay^lag * g(action), 0 on padding; the weights of a prefix sum to 1.

    g(view) = 1 and g(apply) starts at ``apply_weight``.
    """

    def __init__(self, decay: float, apply_weight: float) -> None:
        super().__init__()
        decay = min(decay, 1 - 1e-6)
        self.decay_logit = nn.Parameter(torch.tensor(math.log(decay / (1 - decay))))
        self.log_apply_weight = nn.Parameter(torch.tensor(math.log(apply_weight)))

    def forward(self, jobs: Tensor, actions: Tensor) -> Tensor:
        """(B, L), (B, L) -> (B, L) float weights."""
        log_weight = lags(jobs) * nn.functional.logsigmoid(self.decay_logit)
        log_weight = log_weight + actions.eq(ACTION_NUMBERS[APPLY]) * self.log_apply_weight
        return log_weight.masked_fill(jobs.eq(0), -torch.inf).softmax(dim=1)
