"""The whole answer to a session, all jobs scored and ranked, as one program that needs torch alone."""

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from nextjob.data.sessions import Batch
from nextjob.losses import mask_seen_
from nextjob.metrics import top_k
from nextjob.models.scorer import DECIMALS
from nextjob.recommend import Recommender
from nextjob.schema import TOP_K


class Answers(nn.Module):
    """Job and action numbers of sessions, (B, L) each, 0 = padding on the right -> what they are told.

    The numbers of the ten best jobs, best first, (B, 10), those of the session behind all others; the score of every
    job, (B, J), job n in column n - 1; and the probability of apply, (B,).
    """

    def __init__(self, recommender: Recommender) -> None:
        super().__init__()
        model = recommender.model
        # no submodules: the program takes along what it reads and no more
        self.parts = (model.scorer, recommender.mixing, model.action)

    @torch.no_grad()
    def forward(self, jobs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, L), (B, L) -> (B, 10), (B, J), (B,)."""
        scorer, mixing, action = self.parts
        unknown = torch.zeros_like(jobs[:, 0])
        batch = Batch(jobs, actions, unknown, unknown, unknown, unknown, unknown[:, None])
        scores: Tensor = scorer.score(batch, mixing=mixing)  # type: ignore[assignment]
        best = top_k(mask_seen_(scores.round(decimals=DECIMALS), jobs), TOP_K, scorer.tie_order)
        return best + 1, scores, action(jobs, actions).sigmoid()


def exported(recommender: Recommender) -> ExportedProgram:
    """The program of `Answers` for any number of sessions of any length."""
    answers = Answers(recommender)
    example = torch.tensor([[1, 2, 3], [2, 1, 0]]), torch.tensor([[1, 2, 1], [1, 1, 0]])
    answers(*example)  # the tables that batches share are made
    sizes = {0: Dim("sessions"), 1: Dim("length")}
    return torch.export.export(answers, example, dynamic_shapes={"jobs": sizes, "actions": sizes})
