"""The losses of the multi-task objective."""

import torch
from torch import Tensor
from torch.nn import functional

from nextjob.schema import ACTION_NUMBERS, APPLY


def mask_seen_(scores: Tensor, jobs: Tensor) -> Tensor:
    """Set the jobs of the prefix to -inf in place; (B, J), (B, L) -> (B, J)."""
    column = torch.where(jobs.eq(0), jobs[:, :1], jobs) - 1
    return scores.scatter_(1, column, -torch.inf)


def next_job_loss(scores: Tensor, jobs: Tensor, target_job: Tensor) -> Tensor:
    """Cross-entropy of the target under a softmax over the whole catalogue without the seen jobs; scalar.

    ``scores`` (B, J) is changed: the seen jobs are set to -inf.
    """
    return functional.cross_entropy(mask_seen_(scores, jobs), target_job - 1)


def action_loss(logit: Tensor, target_action: Tensor) -> Tensor:
    """Binary cross-entropy of apply against view; (B,), (B,) -> scalar."""
    return functional.binary_cross_entropy_with_logits(logit, applied(target_action).float())


def applied(action: Tensor) -> Tensor:
    """1 where the action number is apply, else 0."""
    return action.eq(ACTION_NUMBERS[APPLY]).long()
