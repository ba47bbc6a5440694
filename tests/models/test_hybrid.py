"""The contract of every configuration of the model, and who learns from which rows."""

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from torch import Tensor

from nextjob.data.sessions import Batch
from nextjob.losses import mask_seen_
from nextjob.metrics import top_k
from nextjob.models.competition import compete, mixing_loss
from nextjob.models.hybrid import HybridRecommender
from nextjob.models.mixing import CONTENT, SVD
from nextjob.models.ranking import rank
from nextjob.models.timeline import GROUPS
from nextjob.models.transitions import count_transitions
from nextjob.recommend import Recommender
from tests.paths import RECOMMENDERS


@pytest.fixture(scope="module", params=RECOMMENDERS)
def model(request, make_model) -> HybridRecommender:
    return make_model(f"+experiment={request.param}")


@pytest.fixture(scope="module")
def batch(datamodule) -> Batch:
    return datamodule.val.batch(np.arange(40))


def padded(batch: Batch, width: int) -> Batch:
    more = (0, width - batch.jobs.shape[1])
    return batch._replace(
        jobs=torch.nn.functional.pad(batch.jobs, more), actions=torch.nn.functional.pad(batch.actions, more)
    )


def alone(batch: Batch, row: int) -> Batch:
    length = int(batch.jobs[row].ne(0).sum())
    return Batch(*(column[row : row + 1, :length] if column.ndim == 2 else column[row : row + 1] for column in batch))


def learned(model: HybridRecommender) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def with_gradient(model: HybridRecommender) -> set[str]:
    return {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}


def parts(names: set[str]) -> set[str]:
    return {name.removeprefix("scorer.").split(".")[0] for name in names}


# --- the contract of a scorer


@torch.no_grad()
def test_scores_are_finite_and_the_sum_of_the_named_terms(model, batch):
    total, terms = model.scorer.score(batch, parts=True)
    assert total.shape == (40, len(model.catalogue["job_ids"]))
    assert total.isfinite().all()
    added = torch.zeros_like(total)
    for term in terms.values():
        assert term.shape == total.shape
        added = added + term
    assert torch.equal(added, total)
    assert torch.equal(model.scorer.score(batch), total)
    assert (SVD in terms) == (model.fixed_alpha is None or model.fixed_alpha > 0)
    has_content = any(name.startswith(f"{CONTENT}/") for name in terms)
    assert has_content == (model.fixed_alpha is None or model.fixed_alpha < 1)


@torch.no_grad()
def test_a_session_scores_the_same_alone_in_a_batch_and_padded(model, batch):
    model.double()
    scores, p_apply = model(batch)
    one_by_one = [model(alone(batch, row)) for row in range(len(batch.row))]
    for other in (model(padded(batch, 40)), [torch.cat(column) for column in zip(*one_by_one, strict=True)]):
        assert torch.equal(other[0], scores)
        assert torch.allclose(other[1], p_apply, rtol=0, atol=1e-12)
    model.float()


@torch.no_grad()
@pytest.mark.parametrize("k", [10, 250])
def test_ranking_finds_what_the_dense_scores_say(model, batch, k, monkeypatch):
    monkeypatch.setattr(model.scorer, "shortlist", 100)
    model.double()
    scores, _ = model(batch)
    ranked = rank(model.scorer, batch, k)
    expected = top_k(scores, k, model.scorer.tie_order)
    assert torch.equal(ranked.columns, expected)
    assert torch.equal(ranked.scores.round(decimals=6), scores.gather(1, expected))
    assert torch.equal(sum(ranked.terms.values(), torch.zeros_like(ranked.scores)), ranked.scores)
    _, terms = model.scorer.score(batch, parts=True)
    for name, term in ranked.terms.items():
        assert torch.equal(term, terms[name].gather(1, expected)), name
    model.float()


@torch.no_grad()
def test_ranking_among_some_jobs_is_that_of_a_catalogue_without_the_others(model, batch, monkeypatch):
    scorer, n_jobs = model.double().scorer, len(model.scorer.popularity)
    generator = torch.Generator().manual_seed(0)
    monkeypatch.setattr(scorer, "shortlist", n_jobs)
    total = scorer.score(batch)
    among = torch.rand(total.shape, generator=generator).argsort(1)[:, :60]  # seen jobs may be among them
    alone_there = torch.full_like(total, -torch.inf).scatter(1, among, total.round(decimals=6).gather(1, among))
    ranked = rank(scorer, batch, 50, among)
    assert torch.equal(ranked.columns, top_k(alone_there, 50, scorer.tie_order))
    assert torch.allclose(ranked.scores, total.gather(1, ranked.columns), rtol=0, atol=1e-9)

    monkeypatch.setattr(scorer, "shortlist", 100)
    for row in range(5):
        one = alone(batch, row)
        unseen = n_jobs - len(one.jobs.unique())
        expected = rank(scorer, one, unseen).columns
        again = rank(scorer, one, unseen, expected[:, torch.randperm(unseen, generator=generator)])
        assert torch.equal(again.columns, expected)
    model.float()


def test_seen_jobs_are_never_recommended(model, batch):
    scores, _ = model(batch)
    best = top_k(scores, 10, model.scorer.tie_order) + 1
    assert not (best[:, :, None] == batch.jobs[:, None, :]).any()
    assert ((scores == -torch.inf).sum(1) == torch.tensor([len(set(row) - {0}) for row in batch.jobs.tolist()])).all()


def test_ties_go_by_popularity_and_then_by_a_fixed_order_that_is_not_the_ids(model):
    popularity = model.scorer.popularity[model.scorer.tie_order.argsort()]
    assert (popularity.diff() <= 0).all()
    equal = model.scorer.tie_order.argsort()[popularity == popularity[-1]]
    assert len(equal) > 5
    assert not (equal.diff() > 0).all()
    flat = torch.zeros(1, len(model.scorer.popularity))
    assert torch.equal(top_k(flat, 10, model.scorer.tie_order)[0], model.scorer.tie_order.argsort()[:10])


@torch.no_grad()
def test_cold_jobs_get_a_finite_score(model, batch, datamodule):
    """A prefix of jobs that no training interaction has, and such jobs as candidates."""
    cold = (model.scorer.popularity == 0).nonzero()[:, 0] + 1
    assert len(cold) >= 5
    session = batch._replace(
        **{name: column[:1] for name, column in batch._asdict().items()},
    )._replace(jobs=cold[None, :3], actions=torch.ones(1, 3, dtype=torch.int64))
    total, terms = model.scorer.score(session, parts=True)
    assert total.isfinite().all()
    ranked = [name for name, term in terms.items() if name.startswith(CONTENT) and term[0, cold - 1].std() > 0]
    assert bool(ranked) == (model.fixed_alpha is None or model.fixed_alpha < 1), "content tells cold jobs apart"


@torch.no_grad()
def test_the_shortlist_is_reranked_and_all_other_jobs_keep_their_place_behind_it(hybrid, datamodule):
    hybrid.eval().double()
    hybrid.scorer.shortlist = 20
    batch = datamodule.val.batch(np.arange(40))
    total, terms = hybrid.scorer.score(batch, parts=True)
    reranker, hybrid.scorer.reranker = hybrid.scorer.reranker, None
    plain, plain_terms = hybrid.scorer.score(batch, parts=True)
    hybrid.scorer.reranker = reranker
    before, after = (
        top_k(mask_seen_(scores.clone(), batch.jobs), 100, hybrid.scorer.tie_order) for scores in (plain, total)
    )
    assert not torch.equal(before[:, :20], after[:, :20])
    assert torch.equal(before[:, :20].sort().values, after[:, :20].sort().values)
    assert torch.equal(before[:, 20:], after[:, 20:])
    for name, term in plain_terms.items():
        assert (terms[name] * term >= 0).all(), "the weights are positive"


def test_saved_and_loaded_models_are_equal(model, batch, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    model.trainer.strategy.connect(model)
    model.trainer.save_checkpoint(tmp_path / "checkpoints" / "best.ckpt", weights_only=True)
    loaded = Recommender.load(tmp_path).model.float()
    for a, b in zip(loaded(batch), model(batch), strict=True):
        assert torch.equal(a, b)


def test_every_fit_starts_anew(model, request, make_model):
    """Fitting again forgets what was learned."""
    first = learned(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    model.scorer.transitions.count(model.trainer.datamodule.val)
    torch.manual_seed(0)
    model.setup("fit")
    assert learned(model).keys() == first.keys()
    for name, value in learned(model.eval()).items():
        assert torch.equal(value, first[name]), name


# --- who learns from which rows


@pytest.fixture
def hybrid(make_model) -> HybridRecommender:
    model = make_model("+experiment=hybrid").train()
    model.log = model.log_dict = lambda *_, **__: None
    for part in (model.action, model.scorer.reranker, model.scorer.count_ranker):
        torch.nn.init.normal_(part.output.weight, std=0.1)
    return model


def test_the_mixing_learns_from_tune_rows_and_the_experts_from_training_rows(hybrid, datamodule):
    rows = np.arange(64)
    train = datamodule.examples.batch(rows)
    competition = compete(hybrid.scorer, hybrid.scorer.mixing, datamodule.tune_examples)
    given = {"train": train, "rows": datamodule.train.batch(rows), "listed": datamodule.listed.batch(rows)}
    hybrid.training_step(given, 0)["loss"].backward()
    from_train = with_gradient(hybrid)
    hybrid.zero_grad()
    mixing_loss(hybrid.scorer, competition, torch.from_numpy(rows), hybrid.prior).backward()
    from_tune = with_gradient(hybrid)
    assert not from_train & from_tune
    assert parts(from_tune) == {"mixing", "reranker"}
    assert parts(from_train) == {"svd", "content", "count_ranker", "action"}
    assert from_train | from_tune == {name for name, _ in hybrid.named_parameters()}, "nothing is left to chance"


@torch.no_grad()
def test_the_mixing_learns_from_the_scores_that_it_will_rank_by(hybrid, datamodule):
    hybrid.scorer.reranker = hybrid.scorer.count_ranker = None
    found = compete(hybrid.scorer, hybrid.scorer.mixing, datamodule.tune_examples)
    rows = np.arange(50, 90)
    batch = datamodule.tune_examples.batch(rows)
    hybrid.eval()
    scores = mask_seen_(hybrid.scorer.score(batch, leave_out=True), batch.jobs)
    found = found.rows(torch.from_numpy(rows))
    mixed = sum(hybrid.scorer.mixing(found.experts, hybrid.scorer.mixing.gate(found.facts)).values()).masked_fill(
        found.out, -torch.inf
    )
    of_target = scores.gather(1, batch.target_job[:, None] - 1)
    others = scores.scatter(1, batch.target_job[:, None] - 1, -torch.inf).sort(descending=True).values
    assert torch.allclose(mixed[:, :1], of_target, atol=1e-5)
    assert torch.allclose(mixed[:, 1:], others[:, : mixed.shape[1] - 1], atol=1e-5)


def test_the_pull_towards_the_plain_sum_has_a_limit(hybrid, datamodule):
    """With eight tune prefixes the prior of the configuration is beyond it."""
    rows = torch.arange(8)
    competition = compete(hybrid.scorer, hybrid.scorer.mixing, datamodule.tune_examples).rows(rows)
    hybrid.eval()
    torch.nn.init.zeros_(hybrid.scorer.reranker.output.weight)
    torch.nn.init.constant_(hybrid.scorer.reranker.output.bias, 0.1)
    priors = (0.0, 8.0, hybrid.prior, 1e6)
    losses = [mixing_loss(hybrid.scorer, competition, rows, prior).item() for prior in priors]
    assert losses[1] - losses[0] == pytest.approx(0.01 * hybrid.scorer.reranker.output.out_features, rel=1e-3)
    assert losses[2] == losses[3] < 1000 * losses[1]


def test_after_their_epochs_the_experts_rest(hybrid, datamodule):
    sources = {"train": datamodule.examples, "rows": datamodule.train, "tune": datamodule.tune_examples}
    batch = {name: sessions.batch(np.arange(64)) for name, sessions in sources.items()}
    hybrid.competition = compete(hybrid.scorer, hybrid.scorer.mixing, datamodule.tune_examples)
    hybrid.expert_epochs = hybrid.current_epoch
    hybrid.training_step(batch, 0)["loss"].backward()
    assert parts(with_gradient(hybrid)) == {"mixing", "reranker", "action"}


def test_tune_rows_do_not_see_their_own_chain(hybrid, datamodule):
    """Scoring with the own chain left out equals scoring by a model that never counted it."""
    tune = datamodule.tune.batch(np.arange(1))
    hybrid.eval()
    left_out = hybrid.scorer.score(tune, leave_out=True)
    assert not torch.allclose(hybrid.scorer.score(tune), left_out)
    counted = datamodule.counted
    others = counted.take(np.flatnonzero(counted.chain != tune.chain[0].item()))
    other_groups = counted.take(np.flatnonzero(counted.chain % GROUPS != tune.chain[0].item() % GROUPS))
    hybrid.scorer.transitions.count(others)
    hybrid.scorer.counted.count(other_groups)
    hybrid.scorer.counted.pairs.count(others, count_transitions(others, hybrid.scorer.counted.window, back=0.0))
    assert torch.allclose(hybrid.scorer.score(tune), left_out, atol=1e-4)


def test_watched_chains_are_spared_only_where_there_are_enough(config, monkeypatch):
    def tuned(least):
        monkeypatch.setattr("nextjob.datamodule.MIN_WATCHED", least)
        cfg = config("+experiment=hybrid")
        module = instantiate(cfg.data, encoder=instantiate(cfg.encoder))
        module.setup()
        return set(module.tune.chain), set(module.tune_examples.chain), set(module.watched.chain)

    every, fitted, watched = tuned(least=1)
    assert watched
    assert not fitted & watched
    assert fitted | watched == every
    assert tuned(least=10_000) == (every, every, every)


def test_neither_tune_nor_val_rows_reach_the_factors(datamodule):
    of_train = set(datamodule.examples.chain.tolist()) | set(datamodule.stitched.chain.tolist())
    assert not of_train & (set(datamodule.tune.chain.tolist()) | set(datamodule.val.chain.tolist()))
    assert not set(datamodule.counted.chain.tolist()) & set(datamodule.val.chain.tolist())
    assert not set(datamodule.sessions_with_targets.chain.tolist()) & set(datamodule.tune.chain.tolist())
