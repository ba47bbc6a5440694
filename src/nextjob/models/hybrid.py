"""The one multi-task LightningModule: SVD, content, gate and action, trained together."""

from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torchmetrics.aggregation import CatMetric

from nextjob.cold import cold_recipe
from nextjob.data.sessions import Batch
from nextjob.datamodule import SessionDataModule
from nextjob.errors import InputError
from nextjob.losses import action_loss, applied, coming_jobs_loss, mask_seen_
from nextjob.metrics import RankingMetrics, ranks
from nextjob.models.action import ActionMLP
from nextjob.models.competition import Competition, CountLists, compete, counts_loss, list_by_counts, mixing_loss
from nextjob.models.content import Shape, principal_axes, project
from nextjob.models.mixing import DISCOUNT, TRANSITIONS, Mixing
from nextjob.models.optimiser import adamw
from nextjob.models.scorer import DECIMALS, HybridScorer
from nextjob.schema import TOP_K

TASKS = ("collaborative", "content", "hybrid", "action")
BASELINES = ("popularity", "transitions")
MONITORED = (
    *(f"tune/{name}@{TOP_K}" for name in ("mrr", "hr", "ndcg")),
    *(f"tune/{name}" for name in ("action_acc", "action_auc", "score")),
)
"""What can choose the epoch: measured on tune chains, the higher the better."""


class HybridRecommender(L.LightningModule):
    """Ranks the next job and predicts the action; the score is a sum of named terms.

    First the experts (factors, word vectors) learn from training prefixes, each under its own full softmax over the
    jobs that occur there, and the ranker of counts from some of them, their own chains left out of its counts. Then,
    while they rest, what mixes them (gate, weights, scales, reranker) learns from the prefixes of the tune chains,
    which the experts never see, with the chain's own counts subtracted from the transitions. One loss, one optimiser,
    a parameter group for every part.

    Args:
        alpha: a number fixes the gate, None learns it.
        terms, svd, content, transitions, mixing: see HybridScorer; action: the arguments of ActionMLP.
        rerank: hidden widths and size of the shortlist, see HybridScorer, and the prior, see mixing_loss; None for the
            plain sum.
        factors: the matrix that the factors start from, the arguments of initial_factors.
        coordinates: dimension and whitening of principal_coordinates.
        action_rows: share of the action's loss that training rows have, the rest have all prefixes. In a whole row the
            next action is another one more often than within.
        loss_weights: weight of each task; a task with weight 0 is neither computed nor trained.
        learning_rates, weight_decay: AdamW; a rate for every part, falling linearly, and no decay on the mixing.
        expert_epochs: how long svd and content learn, before the mixing does.
        orthogonality: weight of the penalty that keeps the factors near orthogonal.
        monitor: the quantity that chooses the epoch, one of MONITORED; where a mixing is to learn, it begins with it.
    """

    def __init__(
        self,
        alpha: float | None,
        terms: list[str],
        svd: dict[str, Any],
        factors: dict[str, Any],
        content: dict[str, Any],
        coordinates: dict[str, Any],
        transitions: dict[str, Any],
        mixing: dict[str, Any],
        action: dict[str, Any],
        rerank: dict[str, Any] | None,
        action_rows: float,
        loss_weights: dict[str, float],
        learning_rates: dict[str, float],
        weight_decay: float,
        orthogonality: float,
        expert_epochs: int,
        monitor: str,
    ) -> None:
        super().__init__()
        if alpha is not None and not 0 <= alpha <= 1:
            raise InputError(f"model.alpha={alpha}: it must lie between 0 (content) and 1 (collaborative), or be null")
        for name in terms:
            if name not in (TRANSITIONS, DISCOUNT):
                raise InputError(f"model.terms: unknown term {name!r}; known: {TRANSITIONS}, {DISCOUNT}")
        if set(loss_weights) != set(TASKS):
            raise InputError(f"model.loss_weights must name {', '.join(TASKS)}; found {', '.join(loss_weights)}")
        if DISCOUNT in terms and rerank is not None:
            raise InputError(f"model.terms: {DISCOUNT} belongs to the plain sum; add model.rerank=null")
        if monitor not in MONITORED:
            raise InputError(
                f"model.monitor={monitor}: not measured on the tune chains, or not the higher the better; "
                f"known: {', '.join(MONITORED)}"
            )
        self.save_hyperparameters(logger=False)
        self.fixed_alpha, self.loss_weights = alpha, loss_weights
        self.action_arguments, self.action_rows, self.mixing_arguments = action, action_rows, mixing
        self.scorer_arguments: dict[str, Any] = {
            "alpha": alpha,
            "terms": terms,
            "svd": svd,
            "content": content,
            "transitions": transitions,
            "mixing": mixing,
            "rerank": rerank,
        }
        self.factors, self.coordinates = factors, coordinates
        self.prior = 0.0 if rerank is None else rerank["prior"]
        self.expert_epochs, self.monitor = expert_epochs, monitor
        self.learning_rates, self.weight_decay, self.orthogonality = learning_rates, weight_decay, orthogonality
        self.catalogue: dict[str, Any] | None = None
        self.kept_mixing = False
        self.competition: Competition | None = None
        self.lists: CountLists | None = None

    known: Tensor  # (K,) columns of the jobs in the training chains, over which the experts' softmax goes
    column: Tensor  # (J + 1,) place of a job number among them, -1 for others

    # --- building

    def setup(self, stage: str) -> None:
        """Build the parts for the datamodule's catalogue; every fit starts anew, initialised from its counts."""
        datamodule: SessionDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        if self.catalogue is not None and self.catalogue["job_ids"] != datamodule.catalogue.vocabulary.job_ids:
            raise InputError(
                f"the checkpoint was trained on another catalogue ({len(self.catalogue['job_ids'])} jobs) than "
                f"data.root={datamodule.root} ({len(datamodule.catalogue.vocabulary)} jobs); train a new model"
            )
        if self.catalogue is not None and stage != "fit":
            return
        table = datamodule.catalogue.embeddings
        given = {f: (torch.from_numpy(v), torch.from_numpy(table.mask(f))) for f, v in table.vectors.items()}
        axes = {feature: principal_axes(*vectors, **self.coordinates) for feature, vectors in given.items()}
        coordinates = {feature: project(*vectors, axes[feature]) for feature, vectors in given.items()}
        if not self.kept_mixing:
            words = datamodule.catalogue.words
            shapes = {f: (table.shape[1], words[f].shape[1], words[f].nnz) for f, table in coordinates.items()}
            cold = cold_recipe(datamodule.catalogue, datamodule.declared, axes)
            self.build(datamodule.catalogue.vocabulary.job_ids, shapes, datamodule.catalogue.texts, cold)
        if stage == "fit":
            self.initialise(datamodule, coordinates)

    def on_fit_start(self) -> None:
        """Refuse to end before the mixing has begun."""
        epochs = self.trainer.max_epochs or 0
        short = 0 <= epochs <= self.expert_epochs and not self.trainer.fast_dev_run  # type: ignore[attr-defined]
        if self.mixing_learns and short:
            raise InputError(
                f"trainer.max_epochs={epochs}: the mixing learns in the epochs after the first "
                f"model.expert_epochs={self.expert_epochs}; allow at least {self.expert_epochs + 1}"
            )

    @property
    def mixing_learns(self) -> bool:
        """Whether the epochs after those of the experts have a task."""
        return self.loss_weights["hybrid"] > 0 and not self.kept_mixing

    @property
    def before_mixing(self) -> bool:
        """Whether this epoch is the experts' and one of the mixing is to follow."""
        return self.mixing_learns and self.current_epoch < self.expert_epochs

    def build(
        self,
        job_ids: list[int | str],
        shapes: dict[str, tuple[int, int, int]],
        values: dict[str, list[str]] | None = None,
        cold: dict[str, Any] | None = None,
    ) -> None:
        """Make the parts with their final shapes, for a catalogue and the ``Shape`` of each of its features.

        ``values`` are those of every job by feature, "" where one is missing, and ``cold`` is what cold_recipe made;
        None where they are not known.
        """
        self.catalogue = {"job_ids": job_ids, "shapes": shapes, "values": values, "cold": cold}
        by_feature = {feature: Shape(*shape) for feature, shape in shapes.items()}
        self.scorer = HybridScorer(len(job_ids), by_feature, **self.scorer_arguments)
        self.action = ActionMLP(len(job_ids), **self.action_arguments)

    def initialise(self, datamodule: SessionDataModule, coordinates: dict[str, Tensor]) -> None:
        """Counts, factors, coordinates and the last-action rule from the training chains."""
        self.competition = self.lists = None
        self.scorer.initialise(datamodule, coordinates, self.factors, scale=self.loss_weights["collaborative"] > 0)
        if self.action.rates is not None:
            transitions = self.scorer.transitions
            self.action.rates.count(datamodule.counted, transitions.window, transitions.back)
        if not self.kept_mixing:
            examples = datamodule.examples
            last = torch.from_numpy(examples.actions[examples.offsets[1:] - 1])
            self.action.set_last_action_rule(last, torch.from_numpy(examples.target_action))
        known = self.scorer.popularity.nonzero()[:, 0]
        self.register_buffer("known", known, persistent=False)
        column = torch.full((len(self.scorer.popularity) + 1,), -1, device=known.device)
        column[known + 1] = torch.arange(len(known), device=known.device)
        self.register_buffer("column", column, persistent=False)

    def keep_mixing(self, other: "HybridRecommender") -> None:
        """Take catalogue, gate, weights, scales and action head from a model tuned on held-out chains, for good."""
        assert other.catalogue is not None
        self.build(**other.catalogue)
        pairs = [(self.scorer.mixing, other.scorer.mixing), (self.action, other.action)]
        for part in ("reranker", "count_ranker"):
            if getattr(self.scorer, part) is not None:
                pairs.append((getattr(self.scorer, part), getattr(other.scorer, part)))
        for kept, tuned in pairs:
            kept.load_state_dict(tuned.state_dict())
            kept.requires_grad_(False)
        self.kept_mixing = True

    # --- scoring

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Scores with seen jobs at -inf, (B, J), and the probability of apply, (B,).

        Scores are rounded, so that in double precision they do not depend on how sessions are batched.
        """
        scores = self.scorer.score(batch).round(decimals=DECIMALS)  # type: ignore[union-attr]
        return mask_seen_(scores, batch.jobs), self.action(batch.jobs, batch.actions).sigmoid()

    # --- training

    def training_step(self, batch: dict[str, Batch], _: int) -> dict[str, Tensor] | None:
        """The weighted sum of the tasks' losses beside each under its logged name; None where no task is trained.

        The experts learn in the first ``expert_epochs``, what mixes them in the epochs after; the action throughout.
        """
        train, weights = batch["train"], self.loss_weights
        learning = self.current_epoch < self.expert_epochs
        losses: dict[str, Tensor] = {}
        if self.scorer.svd is not None and weights["collaborative"] and learning:
            sessions, table = self.scorer.svd.fold_in(train.jobs, train.actions), self.scorer.svd.targets()[self.known]
            losses["collaborative"] = coming_jobs_loss(sessions, table, train, self.column)
            losses["collaborative"] = losses["collaborative"] + self.orthogonality * self.scorer.svd.orthogonality()
        if self.scorer.content is not None and weights["content"] and learning:
            sessions, table = self.scorer.content.joined(train.jobs, train.actions)
            losses["content"] = coming_jobs_loss(sessions, table[self.known], train, self.column)
        if weights["action"] and not self.kept_mixing:
            losses["action"] = self._action_loss(train) * (1 - self.action_rows)
            if self.action_rows:
                losses["action"] = losses["action"] + self._action_loss(batch["rows"]) * self.action_rows
        datamodule: SessionDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        if weights["hybrid"] and self.scorer.count_ranker is not None and learning and not self.kept_mixing:
            if self.lists is None:
                self.lists = list_by_counts(self.scorer, self._first_mixing(), datamodule.listed)
            losses["counts"] = counts_loss(self.scorer.count_ranker, self.lists, batch["listed"].row)
        if weights["hybrid"] and "tune" in batch and not learning:
            if self.competition is None:
                self.lists = None
                self.competition = compete(self.scorer, self._first_mixing(), datamodule.tune_examples)
            losses["hybrid"] = mixing_loss(self.scorer, self.competition, batch["tune"].row, self.prior)
        if not losses:
            return None
        weights = weights | {"counts": weights["hybrid"]}
        total = sum((weights[task] * loss for task, loss in losses.items()), torch.zeros((), device=self.device))
        logged = {f"train/{task}_loss": loss.detach() for task, loss in losses.items()}
        self.log_dict(logged, batch_size=len(train.row))
        self.log("train/loss", total.detach(), prog_bar=True, batch_size=len(train.row))
        return {"loss": total} | logged

    def _action_loss(self, batch: Batch) -> Tensor:
        return action_loss(self.action(batch.jobs, batch.actions, batch.chain), batch.target_action)

    def _first_mixing(self) -> Mixing:
        """The mixing as it starts."""
        return Mixing(self.scorer.mixing.features, self.fixed_alpha, **self.mixing_arguments).to(self.device)

    def on_train_batch_start(self, batch: dict[str, Batch], _: int) -> None:
        """Seed dropout by step, so that a resumed run repeats the undisturbed one."""
        torch.manual_seed(self.trainer.datamodule.seed * 1_000_003 + self.global_step)  # type: ignore[attr-defined]

    def configure_optimizers(self) -> Any:
        """AdamW; the rates fall linearly, each over the epochs in which its part learns."""
        scorer = self.scorer
        parts: dict[str, nn.Module | None] = {
            "svd": scorer.svd,
            "content": scorer.content,
            "counts": scorer.count_ranker,
            "action": self.action,
            "rerank": scorer.reranker,
            "mixing": scorer.mixing,
        }
        steps = float(self.trainer.estimated_stepping_batches)
        of_experts = steps * min(1.0, self.expert_epochs / (self.trainer.max_epochs or 1))
        spans = dict.fromkeys(parts, (of_experts, steps)) | {"action": (0.0, steps)}
        spans |= dict.fromkeys(("svd", "content", "counts"), (0.0, of_experts))
        return adamw(parts, self.learning_rates, dict.fromkeys(parts, self.weight_decay) | {"mixing": 0.0}, spans)

    # --- evaluation

    def on_validation_epoch_start(self) -> None:
        """Fresh metrics for the tune prefixes."""
        self.results = {"tune": RankingMetrics(n_bootstrap=100)}

    def validation_step(self, batch: Batch, _: int) -> None:
        """Rank the tune prefixes, their own chains left out of the counts."""
        scores = mask_seen_(self.scorer.score(batch, leave_out=True), batch.jobs)  # type: ignore[arg-type]
        p_apply = self.action(batch.jobs, batch.actions, batch.chain).sigmoid()
        self._collect("tune", scores, p_apply, batch)

    def on_validation_epoch_end(self) -> None:
        """Log the tune metrics, alpha and the learned weights."""
        summary = self.results["tune"].compute()
        logged = {f"tune/{name}": float(v) for name, v in summary.items() if v is not None}
        if self.monitor not in logged:
            raise InputError(f"model.monitor={self.monitor}: it has no value, as the tune targets hold one action only")
        if self.before_mixing:
            logged.pop(self.monitor)  # so that no such epoch is chosen
        self.log_dict(logged, sync_dist=True)
        weights = {f"weights/{feature}": w for feature, w in self.scorer.mixing.feature_weights().items()}
        self.log_dict({name: w.detach() for name, w in weights.items()}, sync_dist=True)

    def on_test_epoch_start(self) -> None:
        """Fresh metrics for the model and every baseline, in double precision; alpha of every row beside them."""
        self.double()
        self.results = {name: RankingMetrics() for name in ("model", *BASELINES)}
        self.alphas = CatMetric()

    def test_step(self, batch: Batch, _: int) -> None:
        """Rank the val rows with the model and the baselines."""
        scores, p_apply = self(batch)
        self._collect("model", scores, p_apply, batch)
        rule = self.action.last_action_logit(batch.actions).sigmoid()
        baselines = {
            "popularity": self.scorer.popularity.expand_as(scores),
            "transitions": self.scorer.transitions(batch.jobs),
        }
        baselines["transitions"] = baselines["transitions"].round(decimals=DECIMALS)
        for name, baseline in baselines.items():
            self._collect(name, mask_seen_(baseline.clone(), batch.jobs), rule, batch)
        self.alphas.update(self.scorer.alpha(batch))

    def test_results(self) -> dict[str, float | None]:
        """The flat content of metrics.json for the val rows."""
        flat = {f"val/{name}": value for name, value in self.results["model"].compute().items()}
        for name in BASELINES:
            summary = self.results[name].compute()
            flat |= {f"baseline/{name}/{key}": value for key, value in summary.items()}
            rule = {f"baseline/last_action/{key}": v for key, v in summary.items() if key.startswith("action")}
        return flat | rule

    def on_test_epoch_end(self) -> None:
        """Log everything that has a value."""
        self.summary = self.test_results()
        self.float()
        found = {name: float(value) for name, value in self.summary.items() if value is not None}
        self.log_dict(found, sync_dist=True)

    def _collect(self, name: str, scores: Tensor, p_apply: Tensor, batch: Batch) -> None:
        found = ranks(scores, batch.target_job - 1, self.scorer.tie_order)
        self.results[name].update(found, p_apply, applied(batch.target_action), batch.chain, batch.row)

    # --- checkpoints hold the catalogue, so that a run folder is all that is needed to recommend

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the job ids, the shapes and values of the features, and how a new job is read."""
        checkpoint["catalogue"] = self.catalogue

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Build the parts that the weights belong to, or refuse those of another catalogue."""
        if "catalogue" not in checkpoint:
            raise InputError("this is the checkpoint of an adapter, not of a recommender")
        stored = checkpoint["catalogue"]
        if self.catalogue is None:
            self.build(**stored)
        elif any(stored[key] != self.catalogue[key] for key in ("job_ids", "shapes")):
            raise InputError(
                f"the checkpoint was trained on another catalogue: {len(stored['job_ids'])} jobs with features "
                f"{stored['shapes']}, here {len(self.catalogue['job_ids'])} with {self.catalogue['shapes']}"
            )
