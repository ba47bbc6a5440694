"""The losses of the multi-task objective."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nextjob.data.sessions import Batch
from nextjob.schema import ACTION_NUMBERS, APPLY

AT_ONCE = 128
"""Sessions whose logits of all jobs are in memory together."""
MANY_JOBS = 5_000
"""With fewer a step is short anyway, and a run has the same figures on every processor."""


def mask_seen_(scores: Tensor, jobs: Tensor) -> Tensor:
    """Set the jobs of the prefix to -inf in place; (B, J), (B, L) -> (B, J)."""
    column = torch.where(jobs.eq(0), jobs[:, :1], jobs) - 1
    return scores.scatter_(1, column, -torch.inf)


def coming_jobs_loss(sessions: Tensor, table: Tensor, batch: Batch, column: Tensor) -> Tensor:
    """Cross-entropy of the target and the jobs after it under a softmax over the rows of ``table``; scalar.

    The d-th coming job has the weight 1/d, and the weights of a session sum to 1: what is opened soon says nearly
    as much about a session as what is opened next. The logits ``sessions @ table.T`` are never whole.

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

    The gradients are made along with the loss, for AT_ONCE rows at a time, so that the (B, C) logits are never whole.
    ``seen`` (B, L) are columns left out, -1 = none; ``target`` (B, H), ``weight`` (B, H).
    """

    @staticmethod
    def forward(ctx: Any, sessions: Tensor, table: Tensor, seen: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        dtype = torch.bfloat16 if _half_is_faster(table) else table.dtype
        rounded, loss = table.to(dtype), sessions.new_zeros(())
        of_sessions, of_table = torch.empty_like(sessions), torch.zeros_like(table)
        for start in range(0, len(sessions), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            some = sessions[rows].to(dtype)
            logits = (some @ rounded.T).to(sessions.dtype)
            loss += _softmax_gradient_(logits, seen[rows], target[rows], weight[rows])
            gradient = logits.to(dtype)
            of_sessions[rows] = gradient @ rounded
            of_table += gradient.T @ some
        ctx.save_for_backward(of_sessions, of_table)
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        of_sessions, of_table = ctx.saved_tensors
        return gradient * of_sessions, gradient * of_table, None, None, None


def _softmax_gradient_(logits: Tensor, seen: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """The loss of _SoftmaxOverJobs for some rows; their logits (B, C) become its gradient in place."""
    row, place = seen.ge(0).nonzero(as_tuple=True)
    logits[row, seen[row, place]] = -torch.inf
    chosen = logits.gather(1, target).masked_fill_(weight == 0, 0.0)
    largest = logits.amax(1, keepdim=True)
    total = logits.sub_(largest).exp_().sum(1, keepdim=True)
    mass = weight.sum(1, keepdim=True)
    logits.mul_(mass / total).scatter_add_(1, target, -weight)
    return (mass * (total.log() + largest)).sum() - (weight * chosen).sum()


def _half_is_faster(table: Tensor) -> bool:
    """Whether products with the table are taken in bfloat16: half the time, where the processor has instructions."""
    fits = table.dtype == torch.float32 and table.device.type == "cpu" and len(table) >= MANY_JOBS
    return fits and bool({"avx512_bf16", "amx_bf16"} & {name for name, has in _capabilities().items() if has})


@cache
def _capabilities() -> Mapping[str, Any]:
    return torch.cpu.get_capabilities()


def action_loss(logit: Tensor, target_action: Tensor) -> Tensor:
    """Binary cross-entropy of apply against view; (B,), (B,) -> scalar."""
    return functional.binary_cross_entropy_with_logits(logit, applied(target_action).float())


def applied(action: Tensor) -> Tensor:
    """1 where the action number is apply, else 0."""
    return action.eq(ACTION_NUMBERS[APPLY]).long()
