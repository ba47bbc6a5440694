"""Recommendations from a run folder: ten jobs and an action for every session, each scored on its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from nextjob.checkpoint import check_checkpoint
from nextjob.data.board import action_numbers
from nextjob.data.sessions import Batch, Sessions
from nextjob.data.vocabulary import JobId, Vocabulary
from nextjob.errors import InputError
from nextjob.files import write_atomically
from nextjob.models.hybrid import HybridRecommender
from nextjob.schema import ACTION, APPLY, JOB_ID, SESSION_ID, TOP_K, VIEW

BATCH = 128


class Recommendation(NamedTuple):
    """What a session is told."""

    jobs: list[JobId]
    """Ranked list of job ids, best first."""
    scores: list[float]
    action: str
    apply_probability: float


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

    def recommend(self, jobs: Sequence[JobId], actions: Sequence[str] | None = None, k: int = TOP_K) -> Recommendation:
        """Rank the next k jobs of one session, given the ids and actions of its jobs in order.

        Without ``actions`` every job counts as viewed. Jobs already in the session are not recommended.

        Raises:
            InputError: an unknown job or action, no job, lists of unequal length, or k out of range.
        """
        actions = [VIEW] * len(jobs) if actions is None else actions
        if len(jobs) != len(actions):
            raise InputError(f"{len(jobs)} jobs but {len(actions)} actions")
        if len(jobs) == 0:
            raise InputError("empty session; a session has at least one job")
        numbers = action_numbers(pd.Series(list(actions)), Path("actions"))
        unknown = torch.zeros(1, dtype=torch.int64)
        session = Batch(
            jobs=torch.tensor([[self.vocabulary.number(job) for job in jobs]]),
            actions=torch.from_numpy(numbers)[None],
            target_job=unknown,
            target_action=unknown,
            chain=unknown,
            row=unknown,
            later=torch.empty(1, 0, dtype=torch.int64),
        )
        best, scores, p_apply = self._rank(session, k)
        return Recommendation(
            jobs=self.vocabulary.ids(best[0].numpy() + 1),
            scores=scores[0].tolist(),
            action=_action(p_apply[0].item()),
            apply_probability=p_apply[0].item(),
        )

    def recommend_sessions(self, sessions: Sessions, k: int = TOP_K) -> pd.DataFrame:
        """One row a session: session_id, action, and job_id, the list of its k jobs written as text."""
        lists, actions = [], []
        for start in range(0, len(sessions), BATCH):
            rows = np.arange(start, min(start + BATCH, len(sessions)))
            best, _, p_apply = self._rank(sessions.batch(rows), k)
            lists += [str(self.vocabulary.ids(row)) for row in best.numpy() + 1]
            actions += [_action(p) for p in p_apply.tolist()]
        return pd.DataFrame({SESSION_ID: sessions.ids, ACTION: actions, JOB_ID: lists})

    @torch.inference_mode()
    def _rank(self, batch: Batch, k: int) -> tuple[Tensor, Tensor, Tensor]:
        """(B, k) columns, (B, k) scores, (B,) probabilities of apply."""
        seen = max(len(set(row.tolist()) - {0}) for row in batch.jobs)
        if not 0 < k <= len(self.vocabulary) - seen:
            raise InputError(f"k={k}: the catalogue has {len(self.vocabulary)} jobs, {seen} of them seen")
        ranked = self.model.scorer.rank(batch, k)
        return ranked.columns, ranked.scores, self.model.action(batch.jobs, batch.actions).sigmoid()


def write_submission(table: pd.DataFrame, path: Path) -> None:
    """Write a table of recommendations as CSV."""
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode())


def _action(p_apply: float) -> str:
    return APPLY if p_apply > 0.5 else VIEW
