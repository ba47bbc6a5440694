"""Ranking and action metrics over a full catalogue, with intervals over profile chains.

The pure functions work on tensors of any device; jobs are columns 0..J-1 of a score matrix. Ranks are
1-based. Per-row values are float64.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from nextjob.schema import TOP_K

ROWS_AT_ONCE = 64
REPLICATES_AT_ONCE = 100
CALIBRATION_BINS = 10


def ranks(scores: Tensor, target: Tensor, tie_order: Tensor) -> Tensor:
    """Rank of each row's target among all jobs: (B, J), (B,) columns, (J,) -> (B,) int64, 1 = best.

    Equal scores are ordered by `tie_order`, a permutation of 0..J-1, lower first. A target whose own score
    is -inf is masked and counts as not found: J + 1. NaN raises ValueError.
    """
    _check(scores, tie_order)
    found = torch.empty(len(scores), dtype=torch.int64, device=scores.device)
    for start in range(0, len(scores), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        block = _without_nan(scores[rows])
        own = block.gather(1, target[rows, None])
        earlier = tie_order < tie_order[target[rows], None]
        ahead = (block > own) | ((block == own) & earlier)
        found[rows] = torch.where(own[:, 0] == -torch.inf, scores.shape[1] + 1, 1 + ahead.sum(1))
    return found


def top_k(scores: Tensor, k: int, tie_order: Tensor) -> Tensor:
    """The k best columns of each row, best first, ties as in `ranks`: (B, J), (J,) -> (B, k) int64.

    Masked jobs (-inf) come last: a row with fewer than k others is filled up with them.
    """
    _check(scores, tie_order)
    if not 0 < k <= scores.shape[1]:
        raise ValueError(f"k = {k} is not in 1..{scores.shape[1]}")
    if torch.compiler.is_exporting():
        return _best_of_tied(scores, k, tie_order)
    scores = _without_nan(scores)
    values, columns = scores.topk(min(k + 1, scores.shape[1]), dim=1)
    best = _in_order(values[:, :k], columns[:, :k], tie_order)
    tied = values[:, k - 1] == values[:, k] if values.shape[1] > k else scores.new_zeros(len(scores)).bool()
    for rows in tied.nonzero()[:, 0].split(ROWS_AT_ONCE):
        best[rows] = _best_of_tied(scores[rows], k, tie_order)
    return best


def _in_order(values: Tensor, columns: Tensor, tie_order: Tensor) -> Tensor:
    """The columns by falling value, equal ones by their place in ``tie_order``; (B, k), (B, k), (J,) -> (B, k)."""
    by_place = tie_order[columns].argsort(dim=1)
    order = values.gather(1, by_place).argsort(dim=1, descending=True, stable=True)
    return columns.gather(1, by_place.gather(1, order))


def _best_of_tied(scores: Tensor, k: int, tie_order: Tensor) -> Tensor:
    """`top_k` where more columns have the k-th score than there is room for."""
    last = scores.topk(k, dim=1).values[:, -1:]
    place = torch.where(scores > last, -1, torch.where(scores == last, tie_order, scores.shape[1]))
    columns = place.topk(k, dim=1, largest=False).indices
    return _in_order(scores.gather(1, columns), columns, tie_order)


def reciprocal_rank(ranks: Tensor, k: int = TOP_K) -> Tensor:
    """1 / rank within the first k, else 0; its mean is MRR@k."""
    return torch.where(ranks <= k, 1.0 / ranks.double(), 0.0)


def hit(ranks: Tensor, k: int = TOP_K) -> Tensor:
    """1 within the first k, else 0; its mean is HR@k."""
    return (ranks <= k).double()


def ndcg(ranks: Tensor, k: int = TOP_K) -> Tensor:
    """1 / log2(1 + rank) within the first k, else 0: NDCG@k with a single relevant job."""
    return torch.where(ranks <= k, 1.0 / torch.log2(1.0 + ranks.double()), 0.0)


def catalogue_coverage(top: Tensor, n_jobs: int) -> float:
    """Share of the catalogue's jobs that occur in any of the ranked lists (B, k)."""
    return top.unique().numel() / n_jobs


def correct(p_apply: Tensor, applied: Tensor) -> Tensor:
    """1 where (p_apply > 0.5) agrees with the true action, else 0; its mean is the accuracy."""
    return ((_probabilities(p_apply) > 0.5) == applied.bool()).double()


def accuracy(p_apply: Tensor, applied: Tensor) -> float:
    """Share of rows whose action is predicted right; apply where p_apply > 0.5."""
    return correct(p_apply, applied).mean().item()


def log_losses(p_apply: Tensor, applied: Tensor) -> Tensor:
    """Negative log-likelihood (nats) of the true action per row, probabilities clipped to 1e-7."""
    p = _probabilities(p_apply).clamp(1e-7, 1 - 1e-7)
    return -torch.where(applied.bool(), p, 1 - p).log()


def log_loss(p_apply: Tensor, applied: Tensor) -> float:
    """Mean of `log_losses`."""
    return log_losses(p_apply, applied).mean().item()


def auc(p_apply: Tensor, applied: Tensor) -> float:
    """Area under the ROC curve of apply against view, ties counting half; NaN when one class is absent."""
    return _weighted_auc(p_apply, applied)(_ones(p_apply)).item()


def calibration_error(p_apply: Tensor, applied: Tensor) -> float:
    """Expected calibration error of p_apply over ten bins of equal width."""
    return _weighted_calibration_error(p_apply, applied)(_ones(p_apply)).item()


def calibration_bins(p_apply: Tensor) -> Tensor:
    """(N,) int64 number of the bin of `calibration_error` that each probability falls into."""
    return (_probabilities(p_apply) * CALIBRATION_BINS).long().clamp(max=CALIBRATION_BINS - 1)


def final_score(mrr: Tensor | float, accuracy: Tensor | float) -> Any:
    """The challenge's score: 0.7 * MRR@10 + 0.3 * action accuracy, of means or row by row."""
    return 0.7 * mrr + 0.3 * accuracy


Statistic = Callable[[Tensor], Tensor]
"""Row weights (R, N) -> (R,) values of a statistic, one per weighting."""


def bootstrap_interval(
    values: Tensor | Statistic, chain: Tensor, n: int = 1000, seed: int = 0, level: float = 0.95
) -> Tensor:
    """Percentile bootstrap over profile chains: their rows depend on each other, so they are drawn whole.

    `values` (N,) or (N, M) are per-row values whose mean is wanted: log losses, `0.7 rr + 0.3 correct` for
    the final score, `a - b` for a paired difference. Any other statistic is a function of row weights.
    `chain` (N,) are chain ids. Returns lower and upper bound: (2,) or (2, M); replicates in which the
    statistic is undefined are left out.
    """
    chain_of_row = chain.cpu().unique(return_inverse=True)[1]
    n_chains = int(chain_of_row.max()) + 1
    generator = torch.Generator().manual_seed(seed)
    replicates = []
    for start in range(0, n, REPLICATES_AT_ONCE):
        size = min(REPLICATES_AT_ONCE, n - start)
        draws = torch.randint(n_chains, (size, n_chains), generator=generator)
        counts = torch.zeros(size, n_chains, dtype=torch.float64)
        counts.scatter_add_(1, draws, torch.ones_like(counts))
        if callable(values):
            replicates.append(values(counts[:, chain_of_row]))
        else:
            sums = _sum_by(values.cpu().double(), chain_of_row, n_chains)
            rows = _sum_by(torch.ones(len(chain_of_row), dtype=torch.float64), chain_of_row, n_chains)
            total = (counts @ rows).view(-1, *[1] * (values.ndim - 1))
            replicates.append(counts @ sums / total)
    tail = (1 - level) / 2
    bounds = torch.tensor([tail, 1 - tail], dtype=torch.float64)
    return torch.cat(replicates).nanquantile(bounds, dim=0)


def summarise(
    ranks: Tensor,
    p_apply: Tensor | None,
    applied: Tensor | None,
    chain: Tensor,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> dict[str, float | None]:
    """All metrics of N rows with `_lo` and `_hi` (95 %): the keys of metrics.json without their prefix.

    ranks (N,), p_apply (N,) in 0..1, applied (N,) 1 = apply and 0 = view, chain (N,) ids. Without
    probabilities or labels, and for AUC with one class, the value is None.
    """
    if len(ranks) == 0:
        raise ValueError("no rows to summarise")
    ranks, chain = ranks.cpu(), chain.cpu()
    rows = {
        f"mrr@{TOP_K}": reciprocal_rank(ranks),
        f"hr@{TOP_K}": hit(ranks),
        f"ndcg@{TOP_K}": ndcg(ranks),
    }
    statistics: dict[str, Statistic] = {}
    if p_apply is not None and applied is not None:
        p_apply, applied = p_apply.cpu(), applied.cpu()
        rows["action_acc"] = correct(p_apply, applied)
        rows["action_logloss"] = log_losses(p_apply, applied)
        rows["score"] = final_score(rows[f"mrr@{TOP_K}"], rows["action_acc"])
        statistics["action_auc"] = _weighted_auc(p_apply, applied)
        statistics["action_ece"] = _weighted_calibration_error(p_apply, applied)
    names = [f"mrr@{TOP_K}", f"hr@{TOP_K}", f"ndcg@{TOP_K}"]
    names += ["action_acc", "action_logloss", "action_auc", "action_ece", "score"]

    stacked = torch.stack(list(rows.values()), dim=1)
    intervals = dict(zip(rows, bootstrap_interval(stacked, chain, n_bootstrap, seed).T, strict=True))
    points = {name: values.mean() for name, values in rows.items()}
    for name, statistic in statistics.items():
        points[name] = statistic(_ones(ranks))[0]
        intervals[name] = bootstrap_interval(statistic, chain, n_bootstrap, seed)

    summary: dict[str, float | None] = {}
    for name in names:
        point = points[name].item() if name in points else None
        low, high = intervals[name].tolist() if name in points else (None, None)
        for key, value in ((name, point), (f"{name}_lo", low), (f"{name}_hi", high)):
            summary[key] = None if value is None or value != value else value
    return summary


class RankingMetrics(Metric):
    """Collects per-row results over batches and processes; compute() gives `summarise`.

    Row ids make the result independent of how rows were dealt out: rows that a distributed sampler repeats
    count once. Call update(), not forward(), in a training loop.
    """

    full_state_update = False
    higher_is_better = True
    ranks: list[Tensor]
    p_apply: list[Tensor]
    applied: list[Tensor]
    chain: list[Tensor]
    row: list[Tensor]

    def __init__(self, n_bootstrap: int = 1000, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_bootstrap = n_bootstrap
        self.seed = seed
        for name in ("ranks", "p_apply", "applied", "chain", "row"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, ranks: Tensor, p_apply: Tensor | None, applied: Tensor | None, chain: Tensor, row: Tensor) -> None:
        """Add B rows: ranks, probability of apply, true action (1 = apply), chain id, row id, each (B,)."""
        self.ranks.append(ranks)
        self.chain.append(chain)
        self.row.append(row)
        if p_apply is not None and applied is not None:
            self.p_apply.append(p_apply.detach())
            self.applied.append(applied)

    def compute(self) -> dict[str, float | None]:
        """The summary over distinct rows, in the order of their ids."""
        if len(self.row) == 0:
            raise ValueError("no rows to summarise")
        order = _first_of_each(dim_zero_cat(self.row).cpu())

        def rows(state: list[Tensor]) -> Tensor:
            return dim_zero_cat(state).cpu()[order]

        with_action = len(self.applied) > 0
        p_apply = rows(self.p_apply) if with_action else None
        applied = rows(self.applied) if with_action else None
        return summarise(rows(self.ranks), p_apply, applied, rows(self.chain), self.n_bootstrap, self.seed)


def _check(scores: Tensor, tie_order: Tensor) -> None:
    if scores.ndim != 2 or tie_order.shape != (scores.shape[1],):
        raise ValueError(f"scores {tuple(scores.shape)} and tie order {tuple(tie_order.shape)} do not match")


def _without_nan(scores: Tensor) -> Tensor:
    if scores.isnan().any():
        raise ValueError("scores hold NaN")
    return scores


def _probabilities(p_apply: Tensor) -> Tensor:
    p = p_apply.double()
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities of apply must lie in 0..1")
    return p


def _ones(rows: Tensor) -> Tensor:
    return torch.ones(1, len(rows), dtype=torch.float64, device=rows.device)


def _sum_by(values: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """(N, ...) -> (n_groups, ...): sums of the rows of each group."""
    return values.new_zeros(n_groups, *values.shape[1:]).index_add_(0, group, values)


def _weighted_auc(p_apply: Tensor, applied: Tensor) -> Statistic:
    """Mann-Whitney statistic with ties counting half, for many row weightings at once."""
    distinct, level = _probabilities(p_apply).unique(return_inverse=True)
    label = applied.double()

    def statistic(weights: Tensor) -> Tensor:
        applies = _sum_by((weights * label).T, level, len(distinct)).T
        views = _sum_by((weights * (1 - label)).T, level, len(distinct)).T
        below = views.cumsum(1) - views / 2
        return (applies * below).sum(1) / (applies.sum(1) * views.sum(1))

    return statistic


def _weighted_calibration_error(p_apply: Tensor, applied: Tensor) -> Statistic:
    bins = calibration_bins(p_apply)
    gap = applied.double() - _probabilities(p_apply)

    def statistic(weights: Tensor) -> Tensor:
        return _sum_by((weights * gap).T, bins, CALIBRATION_BINS).abs().sum(0) / weights.sum(1)

    return statistic


def _first_of_each(row: Tensor) -> Tensor:
    """Positions of the first occurrence of every distinct id, by ascending id."""
    ids, order = row.sort(stable=True)
    first = torch.ones_like(ids, dtype=torch.bool)
    first[1:] = ids[1:] != ids[:-1]
    return order[first]
