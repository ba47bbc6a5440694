import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score
from torch import Tensor

from nextjob import metrics as m

NEUTRAL = torch.arange(5)
INF = math.inf


@pytest.mark.parametrize(
    ("scores", "target", "tie_order", "rank"),
    [
        ([0.1, 0.9, 0.5, 0.3, 0.2], 2, [0, 1, 2, 3, 4], 2),
        ([-3.0, -1.0, -2.0, -9.0, -8.0], 1, [0, 1, 2, 3, 4], 1),  # log-probabilities
        ([-3.0, -1.0, -2.0, -9.0, -8.0], 3, [0, 1, 2, 3, 4], 5),
        ([1.0, 1.0, 1.0, 1.0, 1.0], 3, [0, 1, 2, 3, 4], 4),  # all tied: the tie order alone decides
        ([1.0, 1.0, 1.0, 1.0, 1.0], 3, [4, 3, 2, 0, 1], 1),
        ([0.0, -0.0, 2.0, -INF, 0.0], 1, [3, 4, 0, 1, 2], 4),
        ([5.0, -INF, 4.0, -INF, 3.0], 4, [0, 1, 2, 3, 4], 3),
        ([5.0, -INF, 4.0, -INF, 3.0], 1, [0, 1, 2, 3, 4], 6),  # a masked target is not found
        ([-INF, -INF, -INF, -INF, -INF], 0, [0, 1, 2, 3, 4], 6),
    ],
)
def test_rank_worked_by_hand(scores, target, tie_order, rank):
    found = m.ranks(torch.tensor([scores]), torch.tensor([target]), torch.tensor(tie_order))
    assert found.dtype == torch.int64
    assert found.tolist() == [rank]


def test_per_row_values_worked_by_hand():
    rank = torch.tensor([1, 2, 3, 10, 11, 501])
    expected = torch.tensor([1, 1 / 2, 1 / 3, 0.1, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(m.reciprocal_rank(rank, 10), expected)
    assert m.hit(rank, 10).tolist() == [1, 1, 1, 1, 0, 0]
    expected = torch.tensor([1, 1 / math.log2(3), 0.5, 1 / math.log2(11), 0, 0], dtype=torch.float64)
    torch.testing.assert_close(m.ndcg(rank, 10), expected)
    assert m.catalogue_coverage(torch.tensor([[0, 1], [1, 2]]), n_jobs=12) == 0.25
    assert m.final_score(0.041, 0.671) == pytest.approx(0.23, abs=1e-3)  # the original hybrid


def tied_scores(draw_seed: int, n_rows: int, n_jobs: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scores with many ties, negative values and masked jobs; targets; tie order."""
    generator = torch.Generator().manual_seed(draw_seed)
    scores = torch.randint(-4, 2, (n_rows, n_jobs), generator=generator) / 2
    scores[torch.rand(n_rows, n_jobs, generator=generator) < 0.2] = -INF
    target = torch.randint(n_jobs, (n_rows,), generator=generator)
    return scores, target, torch.randperm(n_jobs, generator=generator)


cases = st.builds(tied_scores, st.integers(0, 2**31), st.integers(1, 7), st.integers(2, 14))


@given(cases)
def test_ranks_and_top_k_equal_a_plain_sort(case):
    scores, target, tie_order = case
    n_jobs = scores.shape[1]
    rank, top = m.ranks(scores, target, tie_order), m.top_k(scores, n_jobs - 1, tie_order)
    for row in range(len(scores)):
        full = sorted(range(n_jobs), key=lambda job: (-scores[row, job].item(), tie_order[job].item()))
        assert top[row].tolist() == full[: n_jobs - 1]
        masked = scores[row, target[row]] == -INF
        assert rank[row] == (n_jobs + 1 if masked else full.index(target[row].item()) + 1)


@given(cases, st.integers(1, 14))
def test_a_target_is_in_the_list_exactly_at_its_rank(case, k):
    scores, target, tie_order = case
    k = min(k, scores.shape[1])
    rank, top = m.ranks(scores, target, tie_order), m.top_k(scores, k, tie_order)
    unmasked = scores.gather(1, target[:, None])[:, 0] > -INF
    place = torch.where((top == target[:, None]).any(1), (top == target[:, None]).int().argmax(1) + 1, k + 1)
    assert torch.equal(place[unmasked], rank.clamp(max=k + 1)[unmasked])


@given(cases, st.sampled_from([lambda s: s / 7 - 100, lambda s: s * 3 + 1e3, lambda s: s**3]))
def test_ranks_survive_monotone_transforms(case, transform):
    scores, target, tie_order = case
    moved = transform(scores.double())
    assert torch.equal(m.ranks(scores, target, tie_order), m.ranks(moved, target, tie_order))


@given(cases, st.integers(0, 2**31))
def test_renumbering_the_jobs_changes_nothing(case, seed):
    scores, target, tie_order = case
    new_to_old = torch.randperm(scores.shape[1], generator=torch.Generator().manual_seed(seed))
    old_to_new = new_to_old.argsort()
    renumbered = scores[:, new_to_old], tie_order[new_to_old]
    rank = m.ranks(renumbered[0], old_to_new[target], renumbered[1])
    assert torch.equal(rank, m.ranks(scores, target, tie_order))
    top = m.top_k(renumbered[0], 2, renumbered[1])
    assert torch.equal(new_to_old[top], m.top_k(scores, 2, tie_order))


def test_blocks_of_rows_do_not_show():
    scores, target, tie_order = tied_scores(3, 2 * m.ROWS_AT_ONCE + 5, 30)
    singly = [m.ranks(scores[i : i + 1], target[i : i + 1], tie_order) for i in range(len(scores))]
    assert torch.equal(m.ranks(scores, target, tie_order), torch.cat(singly))
    lists = [m.top_k(scores[i : i + 1], 10, tie_order) for i in range(len(scores))]
    assert torch.equal(m.top_k(scores, 10, tie_order), torch.cat(lists))


def test_bad_values_are_refused():
    scores = torch.tensor([[0.0, float("nan"), 1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="NaN"):
        m.ranks(scores, torch.tensor([0]), NEUTRAL)
    with pytest.raises(ValueError, match="NaN"):
        m.top_k(scores, 2, NEUTRAL)
    with pytest.raises(ValueError, match="tie order"):
        m.ranks(scores[:, :3], torch.tensor([0]), NEUTRAL)
    with pytest.raises(ValueError, match="k = 6"):
        m.top_k(scores.nan_to_num(), 6, NEUTRAL)
    for wrong in (float("nan"), -0.1, 1.1):
        with pytest.raises(ValueError, match="probabilities"):
            m.log_loss(torch.tensor([0.5, wrong]), torch.tensor([0, 1]))


def test_action_metrics_worked_by_hand():
    p, applied = torch.tensor([0.9, 0.4, 0.6, 0.5]), torch.tensor([1, 0, 0, 1])
    assert m.accuracy(p, applied) == 0.5  # exactly 0.5 means view
    assert m.log_loss(p, applied) == pytest.approx(-math.log(0.9 * 0.6 * 0.4 * 0.5) / 4)
    assert m.auc(p, applied) == 0.75
    assert m.calibration_error(p, applied) == pytest.approx((0.1 + 0.4 + 0.6 + 0.5) / 4)
    assert m.auc(torch.full((4,), 0.3), applied) == 0.5
    assert math.isnan(m.auc(p, torch.ones(4)))
    assert math.isfinite(m.log_loss(torch.tensor([0.0, 1.0]), torch.tensor([1, 0])))


@given(st.integers(0, 2**31))
@settings(max_examples=30)
def test_action_metrics_equal_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    p, applied = rng.integers(1, 20, 40) / 20, np.append(rng.integers(0, 2, 38), [0, 1])
    ours = torch.tensor(p), torch.tensor(applied)
    assert m.auc(*ours) == pytest.approx(roc_auc_score(applied, p))
    assert m.log_loss(*ours) == pytest.approx(sklearn_log_loss(applied, p))


def chained_values(seed: int, n_chains: int = 60, spread: float = 1.0) -> tuple[Tensor, Tensor]:
    """Values with mean 0 whose chains of 1 to 6 rows share a random offset."""
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.randint(1, 7, (n_chains,), generator=generator)
    chain = torch.arange(n_chains).repeat_interleave(sizes)
    offset = spread * torch.randn(n_chains, generator=generator)[chain]
    return offset + 0.3 * torch.randn(len(chain), generator=generator), chain


def test_intervals_cover_the_truth_only_when_chains_are_resampled():
    covered = {"chains": 0, "rows": 0}
    for seed in range(200):
        values, chain = chained_values(seed)
        for name, unit in (("chains", chain), ("rows", torch.arange(len(chain)))):
            low, high = m.bootstrap_interval(values, unit, n=300, seed=seed)
            covered[name] += bool(low <= 0 <= high)
    assert 0.90 <= covered["chains"] / 200 <= 0.98
    assert covered["rows"] / 200 < 0.85


def test_interval_of_a_mean_has_the_standard_error_of_the_theory():
    values = torch.randn(4000, generator=torch.Generator().manual_seed(1))
    low, high = m.bootstrap_interval(values, torch.arange(4000), n=2000)
    assert (high - low).item() == pytest.approx(2 * 1.96 * values.std().item() / 4000**0.5, rel=0.06)


def test_interval_of_a_statistic_agrees_with_that_of_values():
    values, chain = chained_values(5)

    def mean(weights):
        return (weights @ values.double()) / weights.sum(1)

    torch.testing.assert_close(m.bootstrap_interval(mean, chain), m.bootstrap_interval(values, chain))
    pair = torch.stack([values, -values], dim=1)
    torch.testing.assert_close(m.bootstrap_interval(pair, chain)[:, 0], m.bootstrap_interval(values, chain))


def test_paired_difference_is_sharper_than_two_intervals():
    values, chain = chained_values(2)
    better = values + 0.05
    low, high = m.bootstrap_interval(better - values, chain)
    assert low.item() == pytest.approx(0.05)
    assert high.item() == pytest.approx(0.05)


def rows_of_a_run(n_rows: int = 301) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    applied = (torch.rand(n_rows, generator=generator) < 0.4).long()
    noise = torch.rand(n_rows, generator=generator)
    return {
        "ranks": torch.randint(1, 40, (n_rows,), generator=generator),
        "p_apply": (0.35 * applied + 0.65 * noise).float(),
        "applied": applied,
        "chain": torch.randint(0, 90, (n_rows,), generator=generator),
    }


def test_summary_holds_every_metric_inside_its_interval_and_goes_into_json():
    rows = rows_of_a_run()
    summary = m.summarise(**rows)
    names = [
        "mrr@10",
        "hr@10",
        "ndcg@10",
        "action_acc",
        "action_logloss",
        "action_auc",
        "action_ece",
        "score",
    ]
    assert list(summary) == [name + end for name in names for end in ("", "_lo", "_hi")]
    for name in set(names) - {"action_ece"}:  # resampling biases a calibration error upwards
        assert summary[f"{name}_lo"] < summary[name] < summary[f"{name}_hi"], name
    assert summary["mrr@10"] == pytest.approx(m.reciprocal_rank(rows["ranks"]).mean().item())
    assert summary["action_auc"] == pytest.approx(m.auc(rows["p_apply"], rows["applied"]))
    assert summary["score"] == pytest.approx(m.final_score(summary["mrr@10"], summary["action_acc"]))
    assert m.summarise(**rows) == summary
    json.dumps(summary, allow_nan=False)


def test_summary_where_something_is_undefined():
    rows = rows_of_a_run()
    one_class = m.summarise(**(rows | {"applied": torch.zeros_like(rows["applied"])}))
    assert one_class["action_auc"] is None
    assert one_class["action_auc_lo"] is None
    assert one_class["score"] == pytest.approx(m.final_score(one_class["mrr@10"], one_class["action_acc"]))
    ranking_only = m.summarise(**(rows | {"p_apply": None}))
    assert ranking_only["mrr@10"] == m.summarise(**rows)["mrr@10"]
    assert ranking_only["score"] is None
    json.dumps([one_class, ranking_only], allow_nan=False)
    with pytest.raises(ValueError, match="no rows"):
        m.summarise(*[torch.empty(0)] * 4)


def filled(rows: dict[str, Tensor], row_ids: Tensor, batch: int = 64) -> m.RankingMetrics:
    collected = m.RankingMetrics(n_bootstrap=50)
    for ids in row_ids.split(batch):
        collected.update(**{name: None if values is None else values[ids] for name, values in rows.items()}, row=ids)
    return collected


def test_rows_repeated_by_a_distributed_sampler_count_once():
    rows, n_rows = rows_of_a_run(), 301
    expected = m.summarise(**rows, n_bootstrap=50)
    dealt = torch.cat([torch.arange(0, n_rows, 2), torch.arange(1, n_rows, 2), torch.tensor([0])])
    assert filled(rows, dealt).compute() == expected
    assert filled(rows, torch.arange(n_rows), batch=7).compute() == expected
    emptied = filled(rows, dealt)
    emptied.reset()
    with pytest.raises(ValueError, match="no rows"), pytest.warns(UserWarning, match="before the"):
        emptied.compute()


def test_metric_without_actions():
    rows = rows_of_a_run() | {"p_apply": None, "applied": None}
    assert filled(rows, torch.arange(301)).compute() == m.summarise(**rows, n_bootstrap=50)


def _compute_on_one_of_two(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    sampler = torch.utils.data.DistributedSampler(range(301), num_replicas=2, rank=rank, shuffle=False)
    summary = filled(rows_of_a_run(), torch.tensor(list(sampler))).compute()
    ranking = filled(rows_of_a_run() | {"p_apply": None}, torch.tensor(list(sampler))).compute()
    with open(f"{folder}/{rank}.json", "w") as file:
        json.dump([summary, ranking], file)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_with_an_odd_number_of_rows_agree_with_one(tmp_path):
    torch.multiprocessing.spawn(_compute_on_one_of_two, (str(tmp_path),), nprocs=2)
    rows = rows_of_a_run()
    expected = [
        m.summarise(**rows, n_bootstrap=50),
        m.summarise(**(rows | {"p_apply": None}), n_bootstrap=50),
    ]
    for rank in range(2):
        assert json.loads((tmp_path / f"{rank}.json").read_text()) == expected
