"""What the mixing and the ranker of counts learn from: every target beside the jobs it competes with."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nextjob.data.sessions import Batch, Sessions
from nextjob.losses import mask_seen_
from nextjob.models.counts import CountRanker
from nextjob.models.evidence import describe, evidence_on_terms, stacked
from nextjob.models.mixing import CONTENT, TRANSITIONS, Mixing
from nextjob.models.scorer import HybridScorer

COMPETITORS = 200
"""So many of the best jobs compete with the target."""
STRONGEST_PULL = 1000.0
"""Of the prior on the reranker: it holds the weights within a few hundredths of 1, and the loss stays readable."""
ROWS_AT_ONCE = 256


class Competition(NamedTuple):
    """N targets, each with the C jobs that compete with it; the target comes first."""

    facts: Tensor  # (N, N_FACTS) of the sessions
    experts: dict[str, Tensor]  # unweighted scores of every expert, (N, 1 + C) each
    evidence: Tensor  # (N, 1 + C, G) what else the reranker knows; G = 0 without one
    counts: Tensor  # (N, 1 + C) score of the ranker of counts, 0 without one
    out: Tensor  # (N, 1 + C) bool, does not compete
    found: Tensor  # (N,) bool, the target is among the best

    def rows(self, chosen: Tensor) -> "Competition":
        """The targets with the given numbers, (M,)."""
        experts = {name: scores[chosen] for name, scores in self.experts.items()}
        others = (part[chosen] for part in (self.evidence, self.counts, self.out, self.found))
        return Competition(self.facts[chosen], experts, *others)


class CountLists(NamedTuple):
    """N targets, each with the C jobs that compete with it by counts and coordinates; the target comes first."""

    columns: Tensor  # (N, 1 + C, G) half precision
    out: Tensor  # (N, 1 + C) bool, does not compete
    found: Tensor  # (N,) bool, the target is among the best


@torch.no_grad()
def compete(scorer: HybridScorer, mixing: Mixing, sessions: Sessions) -> Competition:
    """The target of every session and the jobs that rank first by ``mixing``, own chains left out of the counts.

    The experts rest while the mixing learns, so that this is computed once; with a mixing as it starts, a resumed
    run meets the same competitors.
    """
    scorer.eval()
    parts = []
    for batch in _batches(sessions, scorer):
        facts, experts = scorer.facts(batch, leave_out=True), scorer.experts(batch, leave_out=True)
        candidates, out, found = _best_beside_target(scorer, mixing, experts, facts, batch)
        evidence, counts = facts.new_empty(*candidates.shape, 0), facts.new_zeros(candidates.shape)
        if scorer.reranker is not None:
            columns = describe(scorer, facts, batch, candidates, leave_out=True)
            evidence = evidence_on_terms(scorer, columns, batch, candidates)
            if scorer.count_ranker is not None:
                counts = scorer.count_ranker(stacked(columns))
        parts.append(
            Competition(
                facts=facts,
                experts={name: scores.gather(1, candidates) for name, scores in experts.items()},
                evidence=evidence,
                counts=counts,
                out=out,
                found=found,
            )
        )
    scorer.train()
    return Competition(
        facts=torch.cat([part.facts for part in parts]),
        experts={name: torch.cat([part.experts[name] for part in parts]) for name in parts[0].experts},
        evidence=torch.cat([part.evidence for part in parts]),
        counts=torch.cat([part.counts for part in parts]),
        out=torch.cat([part.out for part in parts]),
        found=torch.cat([part.found for part in parts]),
    )


@torch.no_grad()
def list_by_counts(scorer: HybridScorer, mixing: Mixing, sessions: Sessions) -> CountLists:
    """The target of every session and the jobs that rank first by counts and coordinates, own chains left out.

    Nothing that is trained has a part in it.
    """
    assert scorer.count_ranker is not None
    scorer.eval()
    device, size = scorer.popularity.device, 1 + min(COMPETITORS, len(scorer.popularity))
    shape = (len(sessions), size, scorer.count_ranker.standardise.num_features)
    lists = CountLists(  # filled in place: two copies would be what takes most memory of a training
        columns=torch.empty(shape, dtype=torch.float16, device=device),
        out=torch.empty(shape[:2], dtype=torch.bool, device=device),
        found=torch.empty(shape[0], dtype=torch.bool, device=device),
    )
    start = 0
    for batch in _batches(sessions, scorer):
        facts = scorer.facts(batch, leave_out=True)
        scores: dict[str, Tensor] = {}
        if scorer.counted is not None:
            scores[TRANSITIONS] = scorer.transitions(batch.jobs, batch.chain)
        if scorer.content is not None:
            cosines = scorer.content.without_words(batch.jobs)
            scores |= {f"{CONTENT}/{feature}": cosine for feature, cosine in cosines.items()}
        candidates, out, found = _best_beside_target(scorer, mixing, scores, facts, batch)
        columns = stacked(describe(scorer, facts, batch, candidates, leave_out=True))
        for whole, part in zip(lists, (columns, out, found), strict=True):
            whole[start : start + len(part)] = part
        start += len(batch.jobs)
    scorer.train()
    return lists


def counts_loss(ranker: CountRanker, lists: CountLists, rows: Tensor) -> Tensor:
    """Cross-entropy of the given targets among their competitors, where they are among the best."""
    columns, out, found = (part[rows] for part in lists)
    return _of_first(ranker(columns.float()).masked_fill(out, -torch.inf), found)


def mixing_loss(scorer: HybridScorer, competition: Competition, rows: Tensor, prior: float) -> Tensor:
    """Cross-entropy of the given targets among their competitors, by the plain sum and reranked.

    With N targets, (prior / N)^3 times the mean square of the reranker's log weights pulls it towards the plain sum.
    """
    facts, experts, evidence, counts, out, found = competition.rows(rows)
    terms = scorer.mixing(experts, scorer.mixing.gate(facts))
    total = scorer.add_up(terms, *out.shape).masked_fill(out, -torch.inf)
    loss = _of_first(total, torch.ones_like(found))
    if scorer.reranker is None:
        return loss
    values = torch.stack([term.detach() for term in terms.values()], dim=2)
    weights = scorer.reranker(values, evidence)
    scores = ((values * weights).sum(2) + scorer.mixing.of_counts(counts)).masked_fill(out, -torch.inf)
    pull = min((prior / len(competition.found)) ** 3, STRONGEST_PULL)
    return loss + pull * weights.log().square().sum(2).mean() + _of_first(scores, found)


def _of_first(scores: Tensor, counted: Tensor) -> Tensor:
    """Mean cross-entropy of the first of (N, C) over the counted rows."""
    return (-scores.log_softmax(1)[:, 0] * counted).sum() / counted.sum().clamp(min=1)


def _batches(sessions: Sessions, scorer: HybridScorer) -> Iterator[Batch]:
    for rows in np.split(np.arange(len(sessions)), range(ROWS_AT_ONCE, len(sessions), ROWS_AT_ONCE)):
        yield Batch(*(column.to(scorer.popularity.device) for column in sessions.batch(rows)))


def _best_beside_target(
    scorer: HybridScorer, mixing: Mixing, scores: dict[str, Tensor], facts: Tensor, batch: Batch
) -> tuple[Tensor, Tensor, Tensor]:
    """Target and competitors (B, 1 + C), which do not compete, and whether the target is among the best (B,)."""
    total = mask_seen_(scorer.add_up(mixing(scores, mixing.gate(facts)), len(batch.jobs)), batch.jobs)
    target = batch.target_job[:, None] - 1
    of_target = total.gather(1, target)
    best = total.scatter_(1, target, -torch.inf).topk(min(COMPETITORS, total.shape[1]))
    found = (of_target > best.values[:, -1:]).squeeze(1)
    return torch.cat([target, best.indices], dim=1), functional.pad(best.values.isinf(), (1, 0)), found
