"""The score: a sum of named terms, each of an expert of its own, mixed by a gate and weighed anew for the best."""

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from nextjob.data.sessions import Batch
from nextjob.losses import applied, mask_seen_
from nextjob.metrics import top_k
from nextjob.models.content import ContentScorer, Shape
from nextjob.models.counted import Counted
from nextjob.models.counts import CountRanker
from nextjob.models.evidence import describe, evidence_on_terms, stacked, widths
from nextjob.models.mixing import CONTENT, COUNTS, DISCOUNT, SHORTLIST, SVD, TRANSITIONS, Mixing
from nextjob.models.rerank import Reranker
from nextjob.models.svd import SVDEmbedding, initial_factors
from nextjob.models.transitions import Transitions

if TYPE_CHECKING:
    from nextjob.datamodule import SessionDataModule

DECIMALS = 6
"""Scores are rounded before they are compared, so that in double precision a list does not depend on the batch."""
FEW = 5
"""Up to one in so many jobs are scored on their own; beyond that it is faster to score all."""
OUTSIDE = -1000.0
"""What a job outside of the shortlist is given, so that it ranks behind those inside."""


class HybridScorer(nn.Module):
    """Experts, gate, weights and reranker of one catalogue of J jobs.

    Args:
        n_jobs, shapes: size of the catalogue and of each of its features.
        alpha: a number fixes the gate, None learns it. At 1 there is no content, at 0 there are no factors.
        terms: which further terms the score has: transitions, popularity_discount.
        svd, content, transitions, mixing: the arguments of SVDEmbedding, ContentScorer, Transitions and Mixing.
        rerank: size of the shortlist, hidden width of Reranker, and that of CountRanker as ``counts``, none for no such
            term; None leaves the score at the plain sum.
    """

    popularity: Tensor  # (J,) interactions of each job in the training chains
    tie_order: Tensor  # (J,) place of each job among equal scores

    def __init__(
        self,
        n_jobs: int,
        shapes: dict[str, Shape],
        alpha: float | None,
        terms: list[str],
        svd: dict[str, Any],
        content: dict[str, Any],
        transitions: dict[str, Any],
        mixing: dict[str, Any],
        rerank: dict[str, Any] | None,
    ) -> None:
        super().__init__()
        features = list(shapes)
        self.terms = terms
        self.trained_jobs = n_jobs
        self.svd: SVDEmbedding | None = None
        self.content: ContentScorer | None = None
        if alpha is None or alpha > 0:
            arguments = dict(svd)
            if arguments.pop("words") and features:
                sizes = shapes.values()
                arguments["words"] = (n_jobs, sum(size.words for size in sizes), sum(size.entries for size in sizes))
            self.svd = SVDEmbedding(n_jobs, **arguments)
        if features and (alpha is None or alpha < 1):
            self.content = ContentScorer(shapes, n_jobs, **content)
        self.transitions = Transitions(n_jobs, **transitions)
        self.mixing = Mixing(features, alpha, **mixing)
        self.shortlist = 0 if rerank is None else rerank["size"]
        self.reranker: Reranker | None = None
        self.counted: Counted | None = None
        self.count_ranker: CountRanker | None = None
        if rerank is not None:
            if TRANSITIONS in terms:
                self.counted = Counted(n_jobs, self.transitions.window, self.transitions.back)
            n_columns, n_evidence = widths(self)
            with_terms = [self.svd, self.counted, *[self.content] * len(features)]
            n_terms = sum(part is not None for part in with_terms)
            self.reranker = Reranker(n_terms, n_evidence, rerank["hidden"])
            if hidden := rerank.get("counts"):
                self.count_ranker = CountRanker(n_columns, hidden)
        self.register_buffer("popularity", torch.zeros(n_jobs))
        self.register_buffer("tie_order", torch.arange(n_jobs))

    def initialise(
        self, datamodule: "SessionDataModule", coordinates: dict[str, Tensor], factors: dict[str, Any], scale: bool
    ) -> None:
        """Counts, factors and coordinates from the training chains.

        ``factors`` are the arguments of initial_factors; with ``scale`` they are brought to the spread of logits.
        """
        n_jobs = len(self.popularity)
        words = datamodule.catalogue.words
        self.transitions.count(datamodule.counted)
        if self.counted is not None:
            self.counted.count(datamodule.counted)
        popularity = np.bincount(datamodule.stitched.jobs, minlength=n_jobs + 1)[1:]
        self.popularity.copy_(torch.from_numpy(popularity))
        order = np.lexsort([np.random.default_rng(0).permutation(n_jobs), -popularity])
        self.tie_order[torch.from_numpy(order)] = torch.arange(n_jobs)
        if self.svd is not None:
            for part in (self.svd.U_words, self.svd.V_words):
                if part is not None:
                    part.initialise(sp.hstack([words[feature] for feature in coordinates], format="csr"))
            sessions, stitched = datamodule.sessions_with_targets, datamodule.stitched
            self.svd.initialise(*initial_factors(sessions, stitched, n_jobs, self.svd.rank, **factors))
            if scale:
                examples = datamodule.examples
                some = examples.batch(np.arange(0, len(examples), max(1, len(examples) // 512)))
                self.svd.scale_to(some.jobs, some.actions)
        if self.content is not None:
            for feature, space in self.content.by_feature():
                space.coordinates.copy_(coordinates[feature])
                for part in (space.A, space.B):
                    part.initialise(words[feature])

    def append(self, n_new: int, coordinates: dict[str, Tensor], words: dict[str, sp.csr_matrix]) -> None:
        """Add N jobs that nobody opened, without a change to the scores of the others.

        (N, D) coordinates and (N, W) words of every feature.
        """
        if self.svd is not None:
            self.svd.append(sp.hstack([sp.csr_matrix((n_new, 0)), *words.values()], format="csr"))
        if self.content is not None:
            self.content.append(coordinates, words)
        self.transitions.append(n_new)
        if self.counted is not None:
            self.counted.append(n_new)
        self.popularity = torch.cat([self.popularity, self.popularity.new_zeros(n_new)])
        self.tie_order = torch.cat([self.tie_order, len(self.tie_order) + torch.arange(n_new)])

    def experts(self, batch: Batch, leave_out: bool = False, among: Tensor | None = None) -> dict[str, Tensor]:
        """Unweighted scores of every expert, {name: (B, J)}, or of the columns ``among`` (B, C), {name: (B, C)}.

        ``leave_out`` subtracts the counts of each row's own profile chain, as needed for counted rows.
        """
        jobs, actions = batch.jobs, batch.actions
        if among is not None and FEW * among.shape[1] > len(self.popularity):
            return {name: score.gather(1, among) for name, score in self.experts(batch, leave_out).items()}
        scores: dict[str, Tensor] = {}
        if self.svd is not None:
            scores[SVD] = self.svd(jobs, actions) if among is None else self.svd.at(jobs, actions, among)
        if self.content is not None:
            cosines = self.content(jobs, actions) if among is None else self.content.at(jobs, actions, among)
            scores |= {f"{CONTENT}/{feature}": cosine for feature, cosine in cosines.items()}
        if TRANSITIONS in self.terms:
            mass = self.transitions(jobs, batch.chain if leave_out else None)
            scores[TRANSITIONS] = mass if among is None else mass.gather(1, among)
        return scores

    def alpha(self, batch: Batch, leave_out: bool = False) -> Tensor:
        """The gate's alpha of each session, (B,)."""
        return self.mixing.gate(self.facts(batch, leave_out))

    def facts(self, batch: Batch, leave_out: bool = False) -> Tensor:
        """What the gate and the reranker know of a session, (B, N_FACTS)."""
        mass = self.transitions.mass_of(batch.jobs, batch.chain if leave_out else None)
        known = batch.jobs.ne(0)
        length = known.sum(1)
        facts = [
            torch.log(length.to(mass)),
            (known & (mass == 0)).sum(1).to(mass) / length,
            torch.log1p(mass.sum(1) / length),
            applied(batch.actions).sum(1).to(mass) / length,
        ]
        return torch.stack(facts, dim=1)

    def score(
        self, batch: Batch, parts: bool = False, leave_out: bool = False, mixing: Mixing | None = None
    ) -> Tensor | tuple[Tensor, dict[str, Tensor]]:
        """Score of every job, (B, J); with ``parts`` also its named terms, which add up to it exactly.

        ``mixing`` stands in for the learned one.
        """
        facts = self.facts(batch, leave_out)
        mixing = self.mixing if mixing is None else mixing
        terms = self.plain_terms(facts, batch, leave_out, mixing)
        total = self.add_up(terms, batch.jobs.shape[0])
        if self.reranker is not None:
            size = self.n_considered()
            best = top_k(mask_seen_(total.round(decimals=DECIMALS), batch.jobs), size, self.tie_order)
            behind = self.behind(best)
            place = torch.where(behind, OUTSIDE, 0.0).to(total)
            values = torch.stack([term.gather(1, best) for term in terms.values()], dim=2)
            chosen, counts = self.reranked(values, facts, batch, best, behind, leave_out, mixing)
            pairs = zip(terms.items(), chosen.unbind(2), strict=True)
            terms = {name: term.scatter(1, best, new) for (name, term), new in pairs}
            if counts is not None:
                terms[COUNTS] = torch.zeros_like(total).scatter_(1, best, counts)
            terms[SHORTLIST] = torch.full_like(total, OUTSIDE).scatter_(1, best, place)
            total = self.add_up(terms, batch.jobs.shape[0])
        return (total, terms) if parts else total

    @torch.no_grad()
    def by_past_job(self, batch: Batch, candidates: Tensor) -> dict[str, Tensor]:
        """How much each single past job speaks for each candidate, (B, C) -> {name of a term: (B, C, L)}.

        Content: its cosine with the candidate. Factors and transitions: what it adds to the expert's score. -inf where
        it says nothing.
        """
        jobs, spoken = batch.jobs, {}
        if self.svd is not None:
            spoken[SVD] = self.svd.by_past_job(jobs, batch.actions, candidates)
        if self.content is not None:
            cosines = self.content.by_past_job(jobs, candidates)
            spoken |= {f"{CONTENT}/{feature}": cosine for feature, cosine in cosines.items()}
        if TRANSITIONS in self.terms:
            spoken[TRANSITIONS] = self.transitions.by_past_job(jobs, candidates)
        return spoken

    def add_up(self, terms: dict[str, Tensor], n_sessions: int, n_jobs: int = 0) -> Tensor:
        """The terms added up in their order; where there are none, zeros for all jobs or ``n_jobs``."""
        if not terms:
            return self.popularity.new_zeros(n_sessions, n_jobs or len(self.popularity))
        first, *others = terms.values()
        total = first.clone()
        for term in others:
            total += term
        return total

    def plain_terms(
        self,
        facts: Tensor,
        batch: Batch,
        leave_out: bool,
        mixing: Mixing,
        among: Tensor | None = None,
        inplace: bool = False,
    ) -> dict[str, Tensor]:
        """Terms of the plain sum, before any second look: {name: (B, J)}, or of ``among`` (B, C), {name: (B, C)}.

        ``inplace`` as in Mixing.
        """
        terms: dict[str, Tensor] = mixing(self.experts(batch, leave_out, among), mixing.gate(facts), inplace)
        if DISCOUNT in self.terms:
            popularity = self.popularity if among is None else self.popularity[among]
            total = self.add_up(terms, batch.jobs.shape[0], popularity.shape[-1])
            terms[DISCOUNT] = total * (1 / (1 + popularity) - 1)
        return terms

    def n_considered(self) -> int:
        """How many of the best jobs may be in the shortlist: added jobs take no place from the others."""
        added = len(self.popularity) - self.trained_jobs
        return min(self.shortlist, self.trained_jobs) + added

    def behind(self, best: Tensor) -> Tensor:
        """(B, C) best jobs in order -> bool, whether the shortlist is full without them."""
        trained = best < self.trained_jobs
        return trained.cumsum(1) - trained.long() >= self.shortlist

    def reranked(
        self,
        values: Tensor,
        facts: Tensor,
        batch: Batch,
        best: Tensor,
        behind: Tensor,
        leave_out: bool,
        mixing: Mixing,
    ) -> tuple[Tensor, Tensor | None]:
        """(B, C, T) terms of the best jobs -> the same, those of shortlisted ones weighed anew, and their counts."""
        assert self.reranker is not None
        columns = describe(self, facts, batch, best, leave_out)
        evidence = evidence_on_terms(self, columns, batch, best)
        weights = self.reranker(values, evidence).masked_fill(behind[:, :, None], 1.0)
        if self.count_ranker is None:
            return values * weights, None
        return values * weights, mixing.of_counts(self.count_ranker(stacked(columns))).masked_fill(behind, 0.0)
