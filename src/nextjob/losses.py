"""The losses of the multi-task objective."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nextjob.data.sessions import Batch
from nextjob.schema import ACTION_NUMBERS, APPLY


def mask_seen_(scores: Tensor, jobs: Tensor) -> Tensor:
    """Set the jobs of the prefix to -inf in place; (B, J), (B, L) -> (B, J)."""
    column = torch.where(jobs.eq(0), jobs[:, :1], jobs) - 1
    return scores.scatter_(1, column, -torch.inf)


def coming_jobs_loss(sessions: Tensor, table: Tensor, batch: Batch, column: Tensor) -> Tensor:
    """Cross-entropy of the target and the jobs after it under a softmax over the rows of ``table``; scalar.

    The d-th coming job has the weight 1/d, and the weights of a session sum to 1: what is opened soon says nearly
    as much about a session as what is opened next. The logits ``sessions @ table.T`` never leave this function.

    Args:
        sessions: (B, K) vectors of the prefixes.
        table: (C, K) vectors of the jobs that compete.
        batch: the prefixes; seen jobs neither compete nor count.
        column: (J + 1,) row of each job in ``table``, -1 for padding and for jobs that do not compete.
    """
    coming = torch.cat([batch.target_job[:, None], batch.later], dim=1)  # (B, H)
    counts = column[coming].ge(0) & (coming[:, :, None] != batch.jobs[:, None, :]).all(2)
    weight = counts / torch.arange(1, coming.shape[1] + 1, device=coming.device)
    weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-9) / counts.any(1).sum().clamp(min=1)
    return _SoftmaxOverJobs.apply(sessions, table, column[batch.jobs], column[coming].clamp(min=0), weight)


class _SoftmaxOverJobs(torch.autograd.Function):
    """Sum over rows b of ``sum_h weight[b, h] (logsumexp_c l[b, c] - l[b, target[b, h]])``, l = sessions @ table.T.

    One (B, C) buffer holds the logits, then the probabilities, then their gradient. ``seen`` (B, L) are columns
    left out, -1 = none; ``target`` (B, H), ``weight`` (B, H).
    """

    @staticmethod
    def forward(ctx: Any, sessions: Tensor, table: Tensor, seen: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        buffer = sessions @ table.T
        row, place = seen.ge(0).nonzero(as_tuple=True)
        buffer[row, seen[row, place]] = -torch.inf
        chosen = buffer.gather(1, target).masked_fill_(weight == 0, 0.0)
        largest = buffer.amax(1, keepdim=True)
        total = buffer.sub_(largest).exp_().sum(1, keepdim=True)
        mass = weight.sum(1, keepdim=True)
        loss = (mass * (total.log() + largest)).sum() - (weight * chosen).sum()
        buffer.mul_(mass / total).scatter_add_(1, target, -weight)
        ctx.save_for_backward(buffer, sessions, table)
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        buffer, sessions, table = ctx.saved_tensors
        return gradient * (buffer @ table), gradient * (buffer.T @ sessions), None, None, None


def action_loss(logit: Tensor, target_action: Tensor) -> Tensor:
    """Binary cross-entropy of apply against view; (B,), (B,) -> scalar."""
    return functional.binary_cross_entropy_with_logits(logit, applied(target_action).float())


def applied(action: Tensor) -> Tensor:
    """1 where the action number is apply, else 0."""
    return action.eq(ACTION_NUMBERS[APPLY]).long()
