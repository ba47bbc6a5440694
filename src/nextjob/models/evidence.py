"""What is known of a session and its best candidates beside the terms of the score."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nextjob.data.sessions import Batch
from nextjob.models.content import LARGEST
from nextjob.models.counted import N_COLUMNS
from nextjob.models.mixing import N_FACTS
from nextjob.models.prefix import last_only

if TYPE_CHECKING:
    from nextjob.models.scorer import HybridScorer

FACTS = tuple(f"fact {number}" for number in range(N_FACTS))
"""Names of the columns that hold the facts of the session."""


def widths(scorer: "HybridScorer") -> tuple[int, int]:
    """How many columns `describe` gives, and `evidence_on_terms`."""
    counted, contents = int(scorer.counted is not None), len(scorer.mixing.features) * (scorer.content is not None)
    described = N_FACTS + N_COLUMNS * counted + 3 * contents
    return described, 1 + N_FACTS + (scorer.svd is not None) + 3 * counted + 2 * contents


def describe(
    scorer: "HybridScorer", facts: Tensor, batch: Batch, candidates: Tensor, leave_out: bool
) -> dict[str, Tensor]:
    """What the ranker of counts knows of B sessions and C candidates each, {name: (B, C)}.

    Facts of the session (B, N_FACTS), counts, times, and cosines without trained words: nothing that is trained.
    ``leave_out`` subtracts the counts of each row's own profile chain.
    """
    chain = batch.chain if leave_out else None
    columns = {name: fact[:, None].expand(candidates.shape) for name, fact in zip(FACTS, facts.T, strict=True)}
    if scorer.counted is not None:
        weights = scorer.transitions.weights(batch.jobs, chain)
        columns |= scorer.counted.describe(batch.jobs, candidates, weights, chain)
    if scorer.content is not None:
        columns |= scorer.content.untrained(batch.jobs, candidates)
    return columns


def evidence_on_terms(scorer: "HybridScorer", columns: dict[str, Tensor], batch: Batch, candidates: Tensor) -> Tensor:
    """What the reranker knows beside the terms and takes from what `describe` found, (B, C, G).

    Popularity, the facts of the session, what the last job alone would score, how often the job came after those of
    the session, and the nearest past job by content.
    """
    popularity = scorer.popularity[candidates].clamp(min=1).log()  # a job never seen is like one seen once
    evidence = [popularity, *(columns[name] for name in FACTS)]
    if scorer.svd is not None:
        job, action = last_only(batch.jobs, batch.jobs), last_only(batch.actions, batch.jobs)
        evidence.append(scorer.svd.at(job, action, candidates))
    if scorer.counted is not None:
        evidence += [columns["with the last"], columns["after 0"], columns["after"]]
    if scorer.content is not None:
        evidence += scorer.content.nearest(batch.jobs, candidates)
        evidence += [columns[f"{LARGEST}/{feature}"] for feature in scorer.mixing.features]
    return torch.stack(evidence, dim=2)


def stacked(columns: dict[str, Tensor]) -> Tensor:
    """{name: (B, C)} -> (B, C, G)."""
    return torch.stack(list(columns.values()), dim=2)
