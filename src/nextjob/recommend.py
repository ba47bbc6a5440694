"""Recommendations from a run folder: ten jobs and an action for every session, each scored on its own."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from nextjob.checkpoint import check_checkpoint, finished_runs
from nextjob.cold import read_new_jobs
from nextjob.data.board import action_numbers
from nextjob.data.sessions import Batch, Sessions
from nextjob.data.vocabulary import JobId, Vocabulary
from nextjob.embedding import Encoder
from nextjob.errors import InputError
from nextjob.explain import Explanation, explain
from nextjob.files import write_atomically
from nextjob.models.hybrid import HybridRecommender
from nextjob.models.mixing import Mixing
from nextjob.models.ranking import Ranked, rank
from nextjob.schema import ACTION, APPLY, JOB_ID, SESSION_ID, TOP_K, VIEW
from nextjob.similar import SimilarJob, most_similar

BATCH = 128


class Recommendation(NamedTuple):
    """What a session is told."""

    jobs: list[JobId]
    """Ranked list of job ids, best first."""
    scores: list[float]
    action: str
    apply_probability: float
    explanations: list[Explanation] | None = None
    """Of every job in order, where they were asked for."""


class Recommender:
    """A trained model and its catalogue.

    Scores are computed in double precision and rounded, so that a session's list does not depend on the other
    sessions it happens to be batched with.

    >>> recommender = Recommender.load(run)
    >>> first, second, third = recommender.vocabulary.job_ids[:3]
    >>> answer = recommender.recommend([first, second], ["view", "apply"], k=5)
    >>> len(answer.jobs), answer.action in ("view", "apply")
    (5, True)
    """

    def __init__(self, model: HybridRecommender) -> None:
        if model.catalogue is None:
            raise InputError("the model has no catalogue: train it, or load a checkpoint")
        self.model = model.eval().double()
        self.vocabulary = Vocabulary(model.catalogue["job_ids"])
        values: dict[str, list[str]] = model.catalogue["values"] or {}
        self._values = {feature: list(of_jobs) for feature, of_jobs in values.items()}
        self._mixing: Mixing | None = None

    @classmethod
    def load(cls, run: str | Path) -> "Recommender":
        """The best model of a run folder.

        Raises:
            InputError: the folder has no readable checkpoint.
        """
        path = Path(run) / "checkpoints" / "best.ckpt"
        if not path.is_file() and (runs := finished_runs(run)):
            raise InputError(f"{run}: a folder of runs, not a run; the latest finished one in it is {runs[-1]}")
        check_checkpoint(path)
        try:
            model = HybridRecommender.load_from_checkpoint(path, map_location="cpu", weights_only=True)
        except (RuntimeError, KeyError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path}: not a checkpoint of this version of nextjob ({reason})") from error
        return cls(model)

    @property
    def mixing(self) -> Mixing:
        """What weighs the terms of the score: learned, or changed by `reweighed`."""
        return self._mixing or self.model.scorer.mixing

    def values(self, job: JobId) -> dict[str, str]:
        """What a job is, by feature: its known values; empty where the run folder does not hold them.

        Raises:
            InputError: an unknown job.
        """
        return self._values_of(self.vocabulary.number(job))

    def recommend(
        self,
        jobs: Sequence[JobId],
        actions: Sequence[str] | None = None,
        k: int = TOP_K,
        filter_seen: bool = True,
        candidates: Sequence[JobId] | None = None,
        explain: bool = False,
    ) -> Recommendation:
        """Rank the next k jobs of one session, given the ids and actions of its jobs in order.

        Args:
            jobs, actions: the session; without actions every job counts as viewed.
            k: length of the ranked list.
            filter_seen: do not recommend jobs of the session.
            candidates: rank these jobs only, and score no others where they are few; None ranks the catalogue.
            explain: give every job with the named terms of its score and the past jobs that speak for it.

        Raises:
            InputError: an unknown job or action, no job, lists of unequal length, or k larger than what remains.

        >>> recommender = Recommender.load(run)
        >>> first, second, *others = recommender.vocabulary.job_ids
        >>> answer = recommender.recommend([first, second], k=3, candidates=[first, *others[:20]], explain=True)
        >>> set(answer.jobs) <= set(others[:20])
        True
        >>> best = answer.explanations[0]
        >>> best.score == sum(best.terms.values())
        True
        """
        batch = self.session(jobs, actions)
        among = None
        if candidates is not None or not filter_seen:
            ranked = self.vocabulary.job_ids if candidates is None else candidates
            seen = set(batch.jobs[0].tolist()) if filter_seen else set()
            numbers = sorted({self.vocabulary.number(job) for job in ranked} - seen)
            among = torch.tensor([numbers], dtype=torch.int64) - 1
        return next(self._answers(batch, k, explain, among))

    def similar_jobs(self, job: JobId, k: int = TOP_K) -> list[SimilarJob]:
        """The k jobs whose content is most like that of a job, best first.

        The measure is the mean cosine of the two jobs over the features that the job has, weighed by the learned
        weights of the features; the vectors are those that the content terms compare. What candidates did has no part
        in it: for what they open after a job use ``recommend([job])``.

        Raises:
            InputError: an unknown job, k out of range, a model without content, or a job without a value.

        >>> recommender = Recommender.load(run)
        >>> job = recommender.vocabulary.job_ids[0]
        >>> best, *_ = recommender.similar_jobs(job, k=3)
        >>> best.job != job and -1 <= best.similarity <= 1
        True
        """
        own = self.vocabulary.number(job) - 1
        if not 0 < k < len(self.vocabulary):
            raise InputError(f"k={k}: there are {len(self.vocabulary) - 1} other jobs")
        return [
            SimilarJob(self.vocabulary.job_ids[column], similarity, parts)
            for column, similarity, parts in most_similar(self.model.scorer, own, k)
        ]

    def add_jobs(
        self, jobs: Mapping[JobId, str | Mapping[str, str]], encoder: Encoder | None = None
    ) -> dict[JobId, dict[str, str]]:
        """Make new jobs known: afterwards they are recommended and may be part of a session.

        Nothing is learned from them and no score of another job changes. Nobody opened them yet, so that features and
        words speak for them alone. They live in this object; the run folder stays as it is.

        Args:
            jobs: by id the text of an ad, or its values by feature, with its text as "text" for those not given. What
                is not given is extracted by rule.
            encoder: makes the vectors; None takes the one the run was trained with, by its name.

        Returns:
            The values that were given or found, by id and feature.

        Raises:
            InputError: an id that is there already, an unknown feature, a job without text and values, another
                encoder than that of the run, or a run of an earlier version. No job is added then.

        >>> recommender = Recommender.load(run)
        >>> recommender.add_jobs({"A1": {"title": "Data engineer"}, "A2": "Product owner\\nYou will ..."})
        {'A1': {'title': 'Data engineer'}, 'A2': {'title': 'Product owner'}}
        >>> recommender.recommend(["A1"], k=1, candidates=["A1", "A2"]).jobs
        ['A2']
        """
        assert self.model.catalogue is not None
        recipe, scorer = self.model.catalogue["cold"], self.model.scorer
        if recipe is None:
            raise InputError("this run does not hold what new jobs need, it is of an earlier version; train it again")
        if not jobs:
            raise InputError("no jobs to add")
        new = read_new_jobs(recipe, jobs, encoder, self._probe())
        self.vocabulary.add(list(jobs))
        for feature, values in new.values.items():
            self._values[feature] += values
        scorer.append(len(jobs), new.coordinates, new.words)
        self.model.action.append(len(jobs))
        return {job: self.values(job) for job in jobs}

    def _probe(self) -> tuple[str, str, torch.Tensor] | None:
        """A feature, a value of it and its coordinates."""
        if self.model.scorer.content is None:
            return None
        for feature, space in self.model.scorer.content.by_feature():
            for row, value in enumerate(self._values[feature]):
                if space.coordinates[row].any():
                    return feature, value, space.coordinates[row]
        return None

    def alpha(self, jobs: Sequence[JobId], actions: Sequence[str] | None = None) -> float:
        """The learned alpha of a session: 1 leaves the factors without content, 0 content without the factors."""
        with torch.inference_mode():
            return self.model.scorer.alpha(self.session(jobs, actions)).item()

    def feature_weights(self) -> dict[str, float]:
        """The learned weight of every feature; none where the model has no content."""
        scorer = self.model.scorer
        weights = scorer.mixing.feature_weights() if scorer.content is not None else {}
        return {feature: weight.item() for feature, weight in weights.items()}

    def reweighed(
        self, alpha: float | None = None, feature_weights: Mapping[str, float] | None = None
    ) -> "Recommender":
        """The same recommender with alpha fixed, or with other weights of some features; this one stays as it is.

        The two share model and catalogue: jobs that one is given, the other knows too.

        Raises:
            InputError: alpha outside of 0 to 1, an unknown feature, or a weight below 0.

        >>> recommender = Recommender.load(run)
        >>> title_only = recommender.reweighed(alpha=0, feature_weights={"title": 10})
        >>> len(title_only.recommend(recommender.vocabulary.job_ids[:2]).jobs)
        10
        """
        if alpha is not None and not 0 <= alpha <= 1:
            raise InputError(f"alpha={alpha}: it must lie between 0 (content) and 1 (factors)")
        for feature, weight in (feature_weights or {}).items():
            if feature not in self.feature_weights():
                raise InputError(f"unknown feature {feature!r}; known: {', '.join(self.feature_weights())}")
            if weight < 0:
                raise InputError(f"weight of {feature}: {weight} is below 0")
        changed = copy.copy(self)
        changed._mixing = self.mixing.changed(alpha, feature_weights or {})
        return changed

    def recommend_each(self, sessions: Sessions, k: int = TOP_K, explain: bool = False) -> Iterator[Recommendation]:
        """The recommendation of every session in order."""
        for start in range(0, len(sessions), BATCH):
            rows = np.arange(start, min(start + BATCH, len(sessions)))
            yield from self._answers(sessions.batch(rows), k, explain)

    def recommend_sessions(self, sessions: Sessions, k: int = TOP_K) -> pd.DataFrame:
        """One row a session: session_id, action, and job_id, the list of its k jobs written as text."""
        return submission_table(sessions.ids, list(self.recommend_each(sessions, k)))

    def session(self, jobs: Sequence[JobId], actions: Sequence[str] | None = None) -> Batch:
        """The batch of one session, given the ids and actions of its jobs in order.

        Raises:
            InputError: an unknown job or action, no job, or lists of unequal length.
        """
        actions = [VIEW] * len(jobs) if actions is None else actions
        if len(jobs) != len(actions):
            raise InputError(f"{len(jobs)} jobs but {len(actions)} actions")
        if len(jobs) == 0:
            raise InputError("empty session; a session has at least one job")
        numbers = action_numbers(pd.Series(list(actions)), Path("actions"))
        unknown = torch.zeros(1, dtype=torch.int64)
        return Batch(
            jobs=torch.tensor([[self.vocabulary.number(job) for job in jobs]]),
            actions=torch.from_numpy(numbers)[None],
            target_job=unknown,
            target_action=unknown,
            chain=unknown,
            row=unknown,
            later=torch.empty(1, 0, dtype=torch.int64),
        )

    def _answers(
        self, batch: Batch, k: int, explained: bool, among: torch.Tensor | None = None
    ) -> Iterator[Recommendation]:
        ranked, p_apply = self._rank(batch, k, among)
        explanations: Sequence[list[Explanation] | None] = [None] * len(p_apply)
        if explained:
            explanations = explain(self.model.scorer, batch, ranked, self.vocabulary, self._values_of)
        listed = zip((ranked.columns + 1).numpy(), ranked.scores.tolist(), p_apply, explanations, strict=True)
        for numbers, scores, p, of_jobs in listed:
            yield Recommendation(self.vocabulary.ids(numbers), scores, APPLY if p > 0.5 else VIEW, p, of_jobs)

    @torch.inference_mode()
    def _rank(self, batch: Batch, k: int, among: torch.Tensor | None) -> tuple[Ranked, list[float]]:
        """The best k jobs, unseen ones or the columns ``among``, and the probability of apply of every session."""
        if among is None:
            seen = max(len(set(row.tolist()) - {0}) for row in batch.jobs)
            if not 0 < k <= len(self.vocabulary) - seen:
                raise InputError(f"k={k}: the catalogue has {len(self.vocabulary)} jobs, {seen} of them seen")
        elif not 0 < k <= among.shape[1]:
            raise InputError(f"k={k}: {among.shape[1]} jobs remain to be ranked")
        p_apply = self.model.action(batch.jobs, batch.actions).sigmoid()
        return rank(self.model.scorer, batch, k, among, self.mixing), p_apply.tolist()

    def _values_of(self, number: int) -> dict[str, str]:
        return {name: values[number - 1] for name, values in self._values.items() if values[number - 1]}


def submission_table(sessions: Iterable[object], answers: Sequence[Recommendation]) -> pd.DataFrame:
    """session_id, action, and job_id, the list of the recommended jobs written as text."""
    lists = [str(answer.jobs) for answer in answers]
    return pd.DataFrame({SESSION_ID: sessions, ACTION: [answer.action for answer in answers], JOB_ID: lists})


def write_submission(table: pd.DataFrame, path: Path) -> None:
    """Write a table of recommendations as CSV."""
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode())
