"""The best jobs of every session: a first look at all of them, a second one at the best."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from nextjob.data.sessions import Batch
from nextjob.losses import mask_seen_
from nextjob.metrics import top_k
from nextjob.models.mixing import COUNTS, SHORTLIST, Mixing
from nextjob.models.scorer import DECIMALS, OUTSIDE, HybridScorer

AT_ONCE = 64
"""Sessions whose scores of all jobs are in memory together: few enough for the cache of the processor."""


class Ranked(NamedTuple):
    """The best k jobs of B sessions, best first."""

    columns: Tensor  # (B, k) places in the catalogue
    scores: Tensor  # (B, k)
    terms: dict[str, Tensor]  # (B, k) each; in their order they add up to the scores exactly


@torch.no_grad()
def rank(
    scorer: HybridScorer, batch: Batch, k: int, among: Tensor | None = None, mixing: Mixing | None = None
) -> Ranked:
    """The k jobs of the highest score, as `score` and `top_k` would find them, without a dense second look.

    Ranked are the jobs that are not in the session, or the columns ``among`` (B, C), each once, as if there were
    no others; there have to be k of them. ``mixing`` stands in for the learned one.
    """
    facts = scorer.facts(batch)
    mixing = scorer.mixing if mixing is None else mixing
    tie_order = scorer.tie_order
    if among is not None:
        among = among.gather(1, tie_order[among].argsort(1))
        tie_order = torch.arange(among.shape[1], device=among.device)
    reranked = min(scorer.n_considered(), len(tie_order))
    looks = []
    for rows in torch.arange(len(facts), device=facts.device).split(AT_ONCE):
        some = Batch(*(column[rows] for column in batch))
        columns = None if among is None else among[rows]
        looks.append(_first_look(scorer, some, facts[rows], columns, max(k, reranked), tie_order, mixing))
    best, left_out = (torch.cat(parts) for parts in zip(*(look[:2] for look in looks), strict=True))
    chosen = {name: torch.cat([look[2][name] for look in looks]) for name in looks[0][2]}
    if scorer.reranker is not None:
        values = torch.stack([term[:, :reranked] for term in chosen.values()], dim=2)
        behind = scorer.behind(best)
        considered = (best[:, :reranked], behind[:, :reranked])
        new, counts = scorer.reranked(values, facts, batch, *considered, leave_out=False, mixing=mixing)
        for term, inside in zip(chosen.values(), new.unbind(2), strict=True):
            term[:, :reranked] = inside
        if counts is not None:
            chosen[COUNTS] = functional.pad(counts, (0, best.shape[1] - reranked))
        chosen[SHORTLIST] = torch.where(behind, OUTSIDE, 0.0).to(facts)
    scores = scorer.add_up(chosen, *best.shape)
    compared = scores.round(decimals=DECIMALS).masked_fill_(left_out, -torch.inf)
    tied = scorer.tie_order[best].argsort(1)
    order = tied.gather(1, compared.gather(1, tied).argsort(dim=1, descending=True, stable=True))[:, :k]
    return Ranked(
        columns=best.gather(1, order),
        scores=scores.gather(1, order),
        terms={name: term.gather(1, order) for name, term in chosen.items()},
    )


def _first_look(
    scorer: HybridScorer,
    batch: Batch,
    facts: Tensor,
    among: Tensor | None,
    size: int,
    tie_order: Tensor,
    mixing: Mixing,
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """The best of B sessions by the plain sum (B, size), which of them do not count (B, size), and their terms."""
    terms = scorer.plain_terms(facts, batch, leave_out=False, mixing=mixing, among=among, inplace=True)
    total = scorer.add_up(terms, len(facts), len(tie_order)).round_(decimals=DECIMALS)
    if among is None:
        total = mask_seen_(total, batch.jobs)
    place = top_k(total, size, tie_order)
    best = place if among is None else among.gather(1, place)
    return best, total.gather(1, place).isinf(), {name: term.gather(1, place) for name, term in terms.items()}
