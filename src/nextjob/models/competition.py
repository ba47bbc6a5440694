"""What the mixing learns from: every target beside the jobs it competes with."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nextjob.data.sessions import Batch, Sessions
from nextjob.losses import mask_seen_
from nextjob.models.mixing import Mixing
from nextjob.models.scorer import HybridScorer

COMPETITORS = 200
"""So many of the best jobs compete with the target."""
ROWS_AT_ONCE = 256


class Competition(NamedTuple):
    """N targets, each with the C jobs that compete with it; the target comes first."""

    facts: Tensor  # (N, N_FACTS) of the sessions
    experts: dict[str, Tensor]  # unweighted scores of every expert, (N, 1 + C) each
    evidence: Tensor  # (N, 1 + C, G) what else the reranker knows; G = 0 without one
    out: Tensor  # (N, 1 + C) bool, does not compete
    found: Tensor  # (N,) bool, the target is among the best

    def rows(self, chosen: Tensor) -> "Competition":
        """The targets with the given numbers, (M,)."""
        experts = {name: scores[chosen] for name, scores in self.experts.items()}
        return Competition(self.facts[chosen], experts, self.evidence[chosen], self.out[chosen], self.found[chosen])


@torch.no_grad()
def compete(scorer: HybridScorer, mixing: Mixing, sessions: Sessions) -> Competition:
    """The target of every session and the jobs that rank first by ``mixing``, own chains left out of the counts.

    The experts rest while the mixing learns, so that this is computed once; with a mixing as it starts, a resumed
    run meets the same competitors.
    """
    scorer.eval()
    parts = []
    for rows in np.split(np.arange(len(sessions)), range(ROWS_AT_ONCE, len(sessions), ROWS_AT_ONCE)):
        batch = Batch(*(column.to(scorer.popularity.device) for column in sessions.batch(rows)))
        facts, experts = scorer.facts(batch, leave_out=True), scorer.experts(batch, leave_out=True)
        total = mask_seen_(scorer.add_up(mixing(experts, mixing.gate(facts)), len(rows)), batch.jobs)
        target = batch.target_job[:, None] - 1
        of_target = total.gather(1, target)
        best = total.scatter_(1, target, -torch.inf).topk(min(COMPETITORS, total.shape[1]))
        candidates = torch.cat([target, best.indices], dim=1)
        nothing = torch.empty(*candidates.shape, 0, device=candidates.device)
        parts.append(
            Competition(
                facts=facts,
                experts={name: scores.gather(1, candidates) for name, scores in experts.items()},
                evidence=scorer.evidence(facts, batch, candidates, leave_out=True) if scorer.reranker else nothing,
                out=functional.pad(best.values.isinf(), (1, 0)),
                found=(of_target > best.values[:, -1:]).squeeze(1),
            )
        )
    scorer.train()
    return Competition(
        facts=torch.cat([part.facts for part in parts]),
        experts={name: torch.cat([part.experts[name] for part in parts]) for name in parts[0].experts},
        evidence=torch.cat([part.evidence for part in parts]),
        out=torch.cat([part.out for part in parts]),
        found=torch.cat([part.found for part in parts]),
    )
