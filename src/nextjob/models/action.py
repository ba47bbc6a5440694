"""Will the candidate view or apply? An MLP that starts at the rule "the same as last time"."""

import torch
from torch import Tensor, nn

from nextjob.models.prefix import lags
from nextjob.schema import ACTION_NUMBERS, APPLY


class ActionMLP(nn.Module):
    """h = sigma(W1 x + b1), y = sigma(W2 h + b2 + r(last)), trained with binary cross-entropy.

    x holds facts of the session: ``counts`` gives number of interactions, applies and views; ``history`` adds the
    last actions, the length of the last run and apply shares at three memories. With ``residual`` the log-odds of
    apply after the last action are added, so that training starts at the last-action rule (W2 = 0).
    """

    log_odds: Tensor

    def __init__(self, hidden: int, facts: str, residual: bool) -> None:
        super().__init__()
        if facts not in ("counts", "history"):
            raise ValueError(f"facts={facts!r} must be counts or history")
        self.facts, self.residual = facts, residual
        self.register_buffer("log_odds", torch.zeros(3))
        self.hidden = nn.Linear(3 if facts == "counts" else 11, hidden)
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

    def forward(self, actions: Tensor) -> Tensor:
        """(B, L) -> (B,) log-odds of apply."""
        x = (session_facts(actions) if self.facts == "history" else action_counts(actions)).to(self.log_odds)
        logit = self.output(self.hidden(x).sigmoid()).squeeze(1)
        return logit + self.last_action_logit(actions) if self.residual else logit

    def last_action_logit(self, actions: Tensor) -> Tensor:
        """(B, L) -> (B,) log-odds of apply by the last-action rule alone."""
        return self.log_odds[last_action(actions)]


def last_action(actions: Tensor) -> Tensor:
    """Action number of the last interaction of a right-padded prefix; (B, L) -> (B,)."""
    return actions.gather(1, (actions.ne(0).sum(1, keepdim=True) - 1).clamp(min=0)).squeeze(1)


def action_counts(actions: Tensor) -> Tensor:
    """(B, L) -> (B, 3): interactions, applies, views, each divided by 10."""
    applies = actions.eq(ACTION_NUMBERS[APPLY]).sum(1)
    n = actions.ne(0).sum(1)
    return torch.stack([n, applies, n - applies], dim=1) / 10


def session_facts(actions: Tensor) -> Tensor:
    """(B, L) -> (B, 11): the counts, the last three actions, the length of the last run, decayed apply shares."""
    known = actions.ne(0)
    sign = torch.where(actions.eq(ACTION_NUMBERS[APPLY]), 1.0, -1.0) * known  # apply +1, view -1
    lag = lags(actions)
    recent = [(sign * (known & (lag == n))).sum(1) for n in range(3)]
    differs = known & actions.ne(last_action(actions)[:, None])
    run = torch.where(differs, lag, known.sum(1, keepdim=True)).amin(1)
    shares = [(sign * decay**lag).sum(1) / (known * decay**lag).sum(1).clamp(min=1) for decay in (0.5, 0.8, 1.0)]
    only_one = differs.any(1).logical_not().float()
    return torch.cat(
        [action_counts(actions), torch.stack([*recent, torch.log1p(run), *shares, only_one], dim=1)], dim=1
    )
