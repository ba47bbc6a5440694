import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from nextjob.errors import InputError
from nextjob.models.action import ActionMLP, ApplyRates, session_facts
from nextjob.models.content import FIRST_SCALE, ContentScorer, Shape, principal_coordinates
from nextjob.models.gate import AlphaGate
from nextjob.models.prefix import RecencyWeights, lags
from nextjob.models.rerank import Reranker
from nextjob.models.svd import SVDEmbedding, initial_factors, truncated_svd
from nextjob.words import WordVectors, word_list
from tests.boards import sessions

FACTORS = {"window": 2, "back": 0.5, "damping": 1.0, "power": 0.25, "apply_value": 5.0}


def test_lags_and_recency_weights_by_hand():
    jobs, actions = torch.tensor([[4, 5, 6], [7, 0, 0]]), torch.tensor([[1, 2, 1], [1, 0, 0]])
    assert lags(jobs).tolist() == [[2, 1, 0], [0, 0, 0]]
    weights = RecencyWeights(decay=0.5, apply_weight=3.0)(jobs, actions)
    expected = np.array([0.25, 0.5 * 3, 1]) / 2.75
    assert np.allclose(weights.detach(), [expected, [1, 0, 0]])


def test_truncated_svd_is_ordered_repeatable_and_the_best_approximation():
    matrix = torch.randn(30, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).numpy()
    left, values, right = truncated_svd(matrix, 5)
    assert (np.diff(values) < 0).all()
    assert np.allclose(values, np.linalg.svd(matrix)[1][:5])
    assert all(np.array_equal(a, b) for a, b in zip(truncated_svd(matrix, 5), (left, values, right), strict=True))


def test_truncated_svd_leaves_out_directions_that_are_arbitrary():
    thin = np.random.default_rng(0).standard_normal((30, 4))
    left, values, right = truncated_svd(thin @ thin.T, 20)
    assert len(values) == left.shape[1] == len(right) == 4
    assert np.allclose(left * values @ right, thin @ thin.T)


def test_interaction_factors_score_like_pure_svd():
    rows = sessions([[1, 2, 3], [2, 3, 4], [5, 1], [4, 5, 6]], actions=[[1, 2, 1], [1, 1, 1], [2, 2], [1, 1, 2]])
    factors = initial_factors(rows, rows, n_jobs=6, rank=3, matrix="interactions", **FACTORS)
    svd = SVDEmbedding(6, rank=3, decay=1 - 1e-9, apply_weight=5.0, dropout=0.0).eval()
    svd.initialise(*factors)
    x = np.zeros((4, 6))
    for row in range(4):
        batch = rows.batch(np.array([row]))
        x[row, batch.jobs[0] - 1] = np.where(batch.actions[0] == 2, 5.0, 1.0)
    q = np.linalg.svd(x)[2][:3].T
    batch = rows.batch(np.arange(4))
    scores = svd(batch.jobs, batch.actions).detach().numpy()
    expected = x @ q @ q.T / x.sum(1, keepdims=True) * 6
    assert np.allclose(scores, expected, atol=1e-4)


def test_factors_start_orthogonal_and_the_penalty_sees_when_they_are_not():
    rows = sessions([list(np.random.default_rng(i).permutation(30)[:8] + 1) for i in range(40)])
    svd = SVDEmbedding(30, rank=6, decay=0.7, apply_weight=1.0, dropout=0.0)
    svd.initialise(*initial_factors(rows, rows, n_jobs=30, rank=6, matrix="transitions", **FACTORS))
    assert svd.orthogonality() < 1e-8
    with torch.no_grad():
        svd.U[:, 1] = svd.U[:, 0]
    assert svd.orthogonality() > 0.01


def test_an_unknown_matrix_is_refused():
    rows = sessions([[1, 2]])
    with pytest.raises(InputError, match="transitions or interactions"):
        initial_factors(rows, rows, n_jobs=2, rank=1, matrix="ratings", **FACTORS)


def test_whitened_coordinates_have_equal_spread_and_missing_rows_are_zero():
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(200, 10, generator=generator) * torch.arange(1, 11)
    present = torch.ones(200, dtype=torch.bool)
    present[::5] = False
    white = principal_coordinates(vectors, present, dimension=4, whitening=1.0)
    assert white.shape == (200, 4)
    assert (white[~present] == 0).all()
    assert torch.allclose(torch.cov(white[present].T), torch.eye(4), atol=0.02)
    plain = principal_coordinates(vectors, present, dimension=10, whitening=0.0)

    def distances(points):
        return torch.cdist(points[present], points[present], compute_mode="donot_use_mm_for_euclid_dist")

    assert torch.allclose(distances(plain), distances(vectors), atol=1e-3)


def test_content_is_the_cosine_of_profile_and_job():
    coordinates = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0], [0.0, 0.0]])
    content = ContentScorer({"title": Shape(2, 0, 0)}, n_jobs=4, decay=1 - 1e-9, apply_weight=1.0, dropout=0.0)
    content.spaces[0].coordinates.copy_(coordinates)
    scores = content(torch.tensor([[1, 2], [4, 0]]), torch.tensor([[1, 1], [1, 0]]))["title"]
    half = math.sqrt(0.5)
    assert torch.allclose(scores, torch.tensor([[half, half, 1.0, 0.0], [0, 0, 0, 0]]), atol=1e-6)


def test_words_move_content_and_factors_of_every_job_that_has_them():
    """Words 0 and 1; the third job has none."""
    matrix = sp.csr_matrix(np.array([[1, 0], [0.6, 0.8], [0, 0]], dtype=np.float32))
    content = ContentScorer({"title": Shape(2, 2, 3)}, n_jobs=3, decay=0.5, apply_weight=1.0, dropout=0.0)
    space = content.spaces[0]
    space.coordinates.copy_(torch.eye(3)[:, :2])
    space.B.initialise(matrix)
    with torch.no_grad():
        space.B.vectors.copy_(torch.tensor([[0.0, 1.0], [2.0, 0.0]]))
    candidates = torch.tensor([[1.0, 1.0], [1.6, 1.6], [0.0, 0.0]])
    assert torch.allclose(space.candidates(), torch.nn.functional.normalize(candidates, dim=1), atol=1e-6)
    sessions, table = content.joined(torch.tensor([[1, 2]]), torch.ones(1, 2, dtype=torch.int64))
    cosines = content(torch.tensor([[1, 2]]), torch.ones(1, 2, dtype=torch.int64))["title"]
    assert torch.allclose(sessions @ table.T, FIRST_SCALE * cosines, atol=1e-5)

    svd = SVDEmbedding(3, rank=2, decay=0.5, apply_weight=1.0, dropout=0.0, words=(3, 2, 3))
    svd.U_words.initialise(matrix)
    with torch.no_grad():
        svd.U_words.vectors.copy_(torch.eye(2))
    assert torch.allclose(svd.sources(), torch.tensor([[0, 0], [1, 0], [0.6, 0.8], [0, 0]]))


def test_words_are_weighed_folded_and_counted_in_pairs():
    values = ["Développeur C++ senior", "developpeur C++", "", "comptable"]
    matrix = word_list(values).matrix(values)
    assert matrix.shape == (4, 3)  # developpeur, c++, "developpeur c++"; what one job alone has is left out
    assert np.allclose(matrix.power(2).sum(1).ravel(), [1, 1, 0, 0])
    assert np.allclose(matrix[0].toarray(), matrix[1].toarray())
    assert word_list(["", ""]).matrix(["", ""]).shape == (2, 0)


def test_word_vectors_are_a_sparse_product_with_its_gradient():
    values = ["a1 b1", "b1 c1 a1", "", "c1 a1 b1"]
    matrix = word_list(values).matrix(values)
    words = WordVectors((4, matrix.shape[1], matrix.nnz), 3)
    words.initialise(matrix)
    torch.nn.init.normal_(words.vectors)
    gradient, dense = torch.randn(4, 3), torch.from_numpy(matrix.toarray())
    made = words()
    made.backward(gradient)
    assert torch.allclose(made, dense @ words.vectors)
    assert torch.allclose(words.vectors.grad, dense.T @ gradient)


def test_word_vectors_are_sums_of_the_words_of_a_job():
    values = ["a1 b1", "b1 c1 a1", "", "c1 a1 b1"]
    matrix = word_list(values).matrix(values)
    words = WordVectors((4, matrix.shape[1], matrix.nnz), 3)
    words.initialise(matrix)
    torch.nn.init.normal_(words.vectors)
    assert torch.allclose(words(), torch.from_numpy(matrix.toarray()) @ words.vectors)


def test_tables_are_kept_outside_of_training_until_they_change():
    values = ["a1 b1", "b1 c1 a1", "", "c1 a1 b1"]
    matrix = word_list(values).matrix(values)
    svd = SVDEmbedding(4, 3, decay=0.7, apply_weight=1.0, dropout=0.0, words=(4, matrix.shape[1], matrix.nnz))
    svd.V_words.initialise(matrix)
    optimizer = torch.optim.AdamW(svd.parameters(), lr=0.1, fused=True)

    def expected():
        return svd.V + torch.from_numpy(matrix.toarray()).to(svd.V) @ svd.V_words.vectors

    assert svd.eval().targets() is svd.targets()
    svd.train().targets().sum().backward()
    optimizer.step()
    assert torch.allclose(svd.eval().targets(), expected())
    changed = {name: value + 1 for name, value in svd.state_dict().items() if name in ("V", "V_words.vectors")}
    svd.load_state_dict(changed, strict=False)
    assert torch.allclose(svd.targets(), expected())
    assert svd.double().targets().dtype == torch.float64


def test_the_reranker_starts_at_the_plain_sum():
    reranker = Reranker(n_terms=3, n_evidence=2, hidden=4)
    weights = reranker(torch.randn(5, 7, 3), torch.randn(5, 7, 2))
    assert torch.equal(weights, torch.ones(5, 7, 3))
    weights.sum().backward()
    assert reranker.output.weight.grad.abs().sum() > 0


@torch.no_grad()
def test_what_hardly_varied_where_the_reranker_learned_cannot_carry_a_term_away():
    reranker = Reranker(n_terms=1, n_evidence=1, hidden=4)
    torch.nn.init.normal_(reranker.output.weight)
    for _ in range(200):
        reranker(torch.randn(5, 7, 1), torch.zeros(5, 7, 1))
    reranker.eval()
    terms = torch.ones(1, 1, 1)
    far, farther = (reranker(terms, torch.full((1, 1, 1), value)) for value in (1.0, 1e6))
    assert torch.equal(far, farther)
    assert not torch.equal(far, reranker(terms, torch.zeros(1, 1, 1)))


def test_the_gate_starts_as_one_scalar_and_can_be_fixed():
    facts = torch.randn(5, 3)
    gate = AlphaGate(3, None)
    assert torch.equal(gate(facts), torch.full((5,), 0.5))
    gate(facts).sum().backward()
    assert gate.linear.weight.grad is not None
    fixed = AlphaGate(3, 0.7)
    assert list(fixed.parameters()) == []
    assert torch.equal(fixed(facts), torch.full((5,), 0.7))


def test_the_action_head_starts_at_the_last_action_rule():
    head = ActionMLP(5, hidden=4, facts="history", residual=True)
    last = torch.tensor([1] * 10 + [2] * 10)
    target = torch.tensor([1] * 8 + [2] * 2 + [2] * 9 + [1])
    head.set_last_action_rule(last, target)
    jobs = torch.tensor([[1, 2, 0], [3, 4, 0], [5, 4, 3]])
    probability = head(jobs, torch.tensor([[2, 1, 0], [1, 2, 0], [2, 2, 2]])).sigmoid()
    assert torch.allclose(probability, torch.tensor([3 / 12, 10 / 12, 10 / 12]))


def test_session_facts_do_not_depend_on_padding():
    actions = torch.tensor([[1, 2, 2, 1]])
    padded = torch.tensor([[1, 2, 2, 1, 0, 0]])
    assert torch.allclose(session_facts(actions), session_facts(padded))
    assert session_facts(torch.tensor([[2, 2, 2]]))[0, -1] == 1
    assert session_facts(actions)[0, -1] == 0


def test_apply_rates_by_hand_and_without_the_own_chain():
    rates = ApplyRates(3)
    rates.count(sessions([[1, 2], [1, 2], [1, 3]], actions=[[1, 2], [2, 2], [1, 1]], chain=[0, 1, 2]), 1, 0.0)
    jobs = torch.tensor([[1, 3]])
    assert torch.equal(rates.at(jobs), torch.tensor([[[3.0, 1.0], [1.0, 0.0]]]))
    assert torch.equal(rates.near(jobs), torch.tensor([[[3.0, 2.0], [0.0, 0.0]]]))
    assert torch.equal(rates.at(jobs, torch.tensor([2])), torch.tensor([[[2.0, 1.0], [0.0, 0.0]]]))
    assert torch.equal(rates.near(jobs, torch.tensor([1])), torch.tensor([[[2.0, 1.0], [0.0, 0.0]]]))
    assert torch.equal(rates.near(jobs, torch.tensor([9])), rates.near(jobs))
    viewed, applied = 2 * jobs[:, :1], 2 * jobs[:, :1] + 1
    assert torch.equal(rates.after(viewed), torch.tensor([[[2.0, 1.0]]])), "one of two applied after viewing job 1"
    assert torch.equal(rates.after(applied), torch.tensor([[[1.0, 1.0]]]))
    assert torch.equal(rates.after(viewed, torch.tensor([0])), torch.tensor([[[1.0, 0.0]]]))
    assert torch.allclose(rates.share_after, torch.tensor([2 / 4, 2 / 3]))


def test_apply_rates_rise_with_applies_of_others_and_do_not_depend_on_padding():
    rates = ApplyRates(4)
    rates.count(sessions([[1, 2], [3, 4]] * 5, actions=[[2, 2], [1, 1]] * 5), 1, 0.5)
    applied, viewed = (rates(torch.tensor([jobs]), torch.tensor([[1, 1]]), None) for jobs in ([1, 2], [3, 4]))
    assert (applied - viewed)[0, [0, 1, 12, 13]].gt(0).all(), "log-odds at and near the jobs"
    assert (applied - viewed)[0, 3] < 0, "a view lies further below a rate that is high"
    padded = rates(torch.tensor([[1, 2, 0]]), torch.tensor([[1, 1, 0]]), None)
    assert torch.allclose(padded, applied)
