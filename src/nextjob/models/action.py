"""Will the candidate view or apply? An MLP that starts at the rule "the same as last time"."""

import numpy as np
import torch
from torch import Tensor, nn

from nextjob.data.sessions import Sessions
from nextjob.models.chain_sums import ChainSums
from nextjob.models.prefix import lags, last_only
from nextjob.models.transitions import Counts, count_transitions
from nextjob.schema import ACTION_NUMBERS, APPLY

MEMORIES = (0.5, 0.8, 1.0)
"""Decay per step of the averages over a session."""
PRIOR = 2.0
"""So many events at the overall apply share are added to what is known of a job."""


class ActionMLP(nn.Module):
    """h = sigma(W1 x + b1), y = sigma(W2 h + b2 + r(last)), trained with binary cross-entropy.

    x holds facts of the session: ``counts`` gives number of interactions, applies and views; ``history`` adds the
    last actions, the length of the last run, apply shares at three memories, and what other candidates did with,
    around and after the same jobs. With ``residual`` the log-odds of apply after the last action are added, so that
    training starts at the last-action rule (W2 = 0).
    """

    log_odds: Tensor

    def __init__(self, n_jobs: int, hidden: int, facts: str, residual: bool) -> None:
        super().__init__()
        if facts not in ("counts", "history"):
            raise ValueError(f"facts={facts!r} must be counts or history")
        self.facts, self.residual = facts, residual
        self.register_buffer("log_odds", torch.zeros(3))
        self.rates = ApplyRates(n_jobs) if facts == "history" else None
        self.hidden = nn.Linear(3 if facts == "counts" else 29, hidden)
        self.output = nn.Linear(hidden, 1)
        if residual:
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)

    @torch.no_grad()
    def set_last_action_rule(self, last: Tensor, target: Tensor) -> None:
        """Log-odds of apply after each last action, with one added to every count; (N,), (N,) action numbers."""
        for action in (0, *ACTION_NUMBERS.values()):
            after = target[last == action] if action else target
            applies = (after == ACTION_NUMBERS[APPLY]).sum() + 1
            self.log_odds[action] = torch.log(applies / (len(after) - applies + 2))

    def append(self, n_new: int) -> None:
        """Add jobs that nobody opened."""
        if self.rates is not None:
            self.rates.append(n_new)

    def forward(self, jobs: Tensor, actions: Tensor, chain: Tensor | None = None) -> Tensor:
        """(B, L), (B, L) -> (B,) log-odds of apply; ``chain`` (B,) leaves those chains out of what others did."""
        facts = [action_counts(actions)]
        if self.rates is not None:
            facts += [session_facts(actions), self.rates(jobs, actions, chain)]
        x = torch.cat(facts, dim=1).to(self.log_odds)
        logit = self.output(self.hidden(x).sigmoid()).squeeze(1)
        return logit + self.last_action_logit(actions) if self.residual else logit

    def last_action_logit(self, actions: Tensor) -> Tensor:
        """(B, L) -> (B,) log-odds of apply by the last-action rule alone."""
        return self.log_odds[last_only(actions, actions).squeeze(1)]


def action_counts(actions: Tensor) -> Tensor:
    """(B, L) -> (B, 3): interactions, applies, views, each divided by 10."""
    applies = actions.eq(ACTION_NUMBERS[APPLY]).sum(1)
    n = actions.ne(0).sum(1)
    return torch.stack([n, applies, n - applies], dim=1) / 10


def session_facts(actions: Tensor) -> Tensor:
    """(B, L) -> (B, 8): the last three actions, the length of the last run, decayed apply shares, only one action."""
    known = actions.ne(0)
    sign = torch.where(actions.eq(ACTION_NUMBERS[APPLY]), 1.0, -1.0) * known  # apply +1, view -1
    lag = lags(actions)
    recent = [(sign * (known & (lag == n))).sum(1) for n in range(3)]
    differs = known & actions.ne(last_only(actions, actions))
    run = torch.where(differs, lag, known.sum(1, keepdim=True)).amin(1)
    shares = [(sign * decay**lag).sum(1) / (known * decay**lag).sum(1).clamp(min=1) for decay in MEMORIES]
    only_one = differs.any(1).logical_not().float()
    return torch.stack([*recent, torch.log1p(run), *shares, only_one], dim=1)


class ApplyRates(nn.Module):
    """What other candidates did with the jobs of a session, with those near them, and after the same action there."""

    share: Tensor  # () of applies among all interactions
    share_after: Tensor  # (2,) the same among those after a view and after an apply

    def __init__(self, n_jobs: int) -> None:
        super().__init__()
        self.at = ChainSums(n_jobs, 2)  # interactions with the job, applies among them
        self.near = ChainSums(n_jobs, 2)  # distance-decayed interactions near it, applies among them
        self.after = ChainSums(2 * n_jobs + 1, 2)  # the same of those after it, by what was done with it
        self.register_buffer("share", torch.tensor(0.5))
        self.register_buffer("share_after", torch.tensor([0.5, 0.5]))

    def count(self, stitched: Sessions, window: int, back: float) -> None:
        """Replace the counts by those of the given chains (one stitched session each)."""
        owner = np.repeat(stitched.chain, stitched.lengths)
        applies = stitched.actions == ACTION_NUMBERS[APPLY]
        self.at.count(owner, stitched.jobs, np.stack([np.ones(len(owner)), applies], axis=1))
        near, after = (count_transitions(stitched, window, b) for b in (back, 0.0))
        self.near.count(near.chain, near.source, _applies_among(near))
        from_apply = after.source_action == ACTION_NUMBERS[APPLY]
        self.after.count(after.chain, 2 * after.source + from_apply, _applies_among(after))
        self.share.fill_((applies.sum() + 1) / (len(applies) + 2))
        events, of_apply = self.after.total.view(-1, 2, 2).sum(0).T
        self.share_after.copy_((of_apply + 1) / (events + 2))

    def append(self, n_new: int) -> None:
        """Add jobs that nobody opened."""
        for sums, rows in ((self.at, n_new), (self.near, n_new), (self.after, 2 * n_new)):
            sums.append(rows)

    def forward(self, jobs: Tensor, actions: Tensor, chain: Tensor | None) -> Tensor:
        """(B, L), (B, L) -> (B, 18).

        Averages at three memories of the log-odds at the jobs, of those near them, of how far the candidate's own
        actions lie above the rate at the job, and of the log-odds after the same action there less those after such
        an action anywhere; the three log-odds, the popularity and the events behind the latter at the last job; the
        mean popularity.
        """
        known = jobs.ne(0)
        apply = actions.eq(ACTION_NUMBERS[APPLY])
        at, near, after = self.at(jobs, chain), self.near(jobs, chain), self.after(2 * jobs + apply, chain)
        rate, usual = self._rate(at, self.share), self.share_after[apply.long()]
        log_odds = torch.stack([rate.logit(), self._rate(near, self.share).logit()], dim=2) - self.share.logit()
        above = apply.to(rate) - rate
        persistence = self._rate(after, usual).logit() - usual.logit()
        columns = torch.cat([log_odds / 2, persistence[:, :, None], above[:, :, None]], dim=2)
        popularity, events = torch.log1p(at[:, :, 0]) / 4, torch.log1p(after[:, :, 0]) / 4
        lag = lags(jobs)
        facts = []
        for decay in MEMORIES:
            weight = (known * decay**lag).to(rate)
            facts.append(torch.einsum("bl,blf->bf", weight / weight.sum(1, keepdim=True), columns))
        last = (known & (lag == 0)).to(rate)
        of_last = torch.cat([columns[:, :, :3], popularity[:, :, None], events[:, :, None]], dim=2)
        facts.append(torch.einsum("bl,blf->bf", last, of_last))
        facts.append((popularity * known).sum(1, keepdim=True) / known.sum(1, keepdim=True))
        return torch.cat(facts, dim=1)

    @staticmethod
    def _rate(sums: Tensor, share: Tensor) -> Tensor:
        return (sums[:, :, 1] + PRIOR * share) / (sums[:, :, 0] + PRIOR)


def _applies_among(pairs: Counts) -> np.ndarray:
    """(P, 2): weight of each pair, and the same where its target was applied to."""
    return np.stack([pairs.weight, pairs.weight * (pairs.action == ACTION_NUMBERS[APPLY])], axis=1)
