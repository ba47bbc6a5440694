"""Recommendations from a run folder: ten jobs and an action for every session, each scored on its own."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from nextjob.checkpoint import check_checkpoint
from nextjob.data.board import action_numbers
from nextjob.data.sessions import Batch, Sessions
from nextjob.data.vocabulary import JobId, Vocabulary
from nextjob.errors import InputError
from nextjob.explain import Explanation, explain
from nextjob.files import write_atomically
from nextjob.models.hybrid import HybridRecommender
from nextjob.models.scorer import Ranked
from nextjob.schema import ACTION, APPLY, JOB_ID, SESSION_ID, TOP_K, VIEW

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
    """

    def __init__(self, model: HybridRecommender) -> None:
        if model.catalogue is None:
            raise InputError("the model has no catalogue: train it, or load a checkpoint")
        self.model = model.eval().double()
        self.vocabulary = Vocabulary(model.catalogue["job_ids"])
        self._values: dict[str, list[str]] = model.catalogue["values"] or {}

    @classmethod
    def load(cls, run: str | Path) -> "Recommender":
        """The best model of a run folder.

        Raises:
            InputError: the folder has no readable checkpoint.
        """
        path = Path(run) / "checkpoints" / "best.ckpt"
        check_checkpoint(path)
        try:
            model = HybridRecommender.load_from_checkpoint(path, map_location="cpu", weights_only=True)
        except (RuntimeError, KeyError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path}: not a checkpoint of this version of nextjob ({reason})") from error
        return cls(model)

    def values(self, job: JobId) -> dict[str, str]:
        """What a job is, by feature: its known values; empty where the run folder does not hold them.

        Raises:
            InputError: an unknown job.
        """
        return self._values_of(self.vocabulary.number(job))

    def recommend(
        self, jobs: Sequence[JobId], actions: Sequence[str] | None = None, k: int = TOP_K, explain: bool = False
    ) -> Recommendation:
        """Rank the next k jobs of one session, given the ids and actions of its jobs in order.

        Without ``actions`` every job counts as viewed. Jobs already in the session are not recommended. With
        ``explain`` every job comes with the named terms of its score and the past jobs that speak for it.

        Raises:
            InputError: an unknown job or action, no job, lists of unequal length, or k out of range.
        """
        return next(self._answers(self._session(jobs, actions), k, explain))

    def recommend_each(self, sessions: Sessions, k: int = TOP_K, explain: bool = False) -> Iterator[Recommendation]:
        """The recommendation of every session in order."""
        for start in range(0, len(sessions), BATCH):
            rows = np.arange(start, min(start + BATCH, len(sessions)))
            yield from self._answers(sessions.batch(rows), k, explain)

    def recommend_sessions(self, sessions: Sessions, k: int = TOP_K) -> pd.DataFrame:
        """One row a session: session_id, action, and job_id, the list of its k jobs written as text."""
        return submission_table(sessions.ids, list(self.recommend_each(sessions, k)))

    def _session(self, jobs: Sequence[JobId], actions: Sequence[str] | None) -> Batch:
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

    def _answers(self, batch: Batch, k: int, explained: bool) -> Iterator[Recommendation]:
        ranked, p_apply = self._rank(batch, k)
        explanations: Sequence[list[Explanation] | None] = [None] * len(p_apply)
        if explained:
            explanations = explain(self.model.scorer, batch, ranked, self.vocabulary, self._values_of)
        listed = zip((ranked.columns + 1).numpy(), ranked.scores.tolist(), p_apply, explanations, strict=True)
        for numbers, scores, p, of_jobs in listed:
            yield Recommendation(self.vocabulary.ids(numbers), scores, APPLY if p > 0.5 else VIEW, p, of_jobs)

    @torch.inference_mode()
    def _rank(self, batch: Batch, k: int) -> tuple[Ranked, list[float]]:
        """The best k jobs and the probability of apply of every session."""
        seen = max(len(set(row.tolist()) - {0}) for row in batch.jobs)
        if not 0 < k <= len(self.vocabulary) - seen:
            raise InputError(f"k={k}: the catalogue has {len(self.vocabulary)} jobs, {seen} of them seen")
        p_apply = self.model.action(batch.jobs, batch.actions).sigmoid()
        return self.model.scorer.rank(batch, k), p_apply.tolist()

    def _values_of(self, number: int) -> dict[str, str]:
        return {name: values[number - 1] for name, values in self._values.items() if values[number - 1]}


def submission_table(sessions: Iterable[object], answers: Sequence[Recommendation]) -> pd.DataFrame:
    """session_id, action, and job_id, the list of the recommended jobs written as text."""
    lists = [str(answer.jobs) for answer in answers]
    return pd.DataFrame({SESSION_ID: sessions, ACTION: [answer.action for answer in answers], JOB_ID: lists})


def write_submission(table: pd.DataFrame, path: Path) -> None:
    """Write a table of recommendations as CSV."""
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode())
