import numpy as np
import pytest
import torch

from nextjob.models.counts import LAGS, N_PAIR_COLUMNS, PARTS, PairCounts
from nextjob.models.transitions import Transitions, count_transitions
from tests.boards import sessions

WINDOW, BACK = 5, 0.6


def made(stitched, n_jobs, window=2, back=0.5):
    pairs = PairCounts(n_jobs, back)
    pairs.count(stitched, count_transitions(stitched, window, back=0.0))
    return pairs


@pytest.fixture(scope="module")
def counted(datamodule):
    return made(datamodule.counted, len(datamodule.catalogue.vocabulary), WINDOW, BACK)


def candidates_of(pairs, n_sessions, size=30):
    generator = torch.Generator().manual_seed(0)
    return torch.stack([torch.randperm(pairs.n_jobs, generator=generator)[:size] for _ in range(n_sessions)])


def test_counts_by_hand():
    pairs = made(sessions([[1, 2, 3], [2, 1]]), 4)
    jobs, weights = torch.tensor([[1, 2]]), torch.tensor([[0.5, 2.0]])
    found = pairs.at(jobs, torch.tensor([[2, 0, 3]]), weights, None)
    assert found.shape == (1, 3, PARTS, 3)
    assert found[0, :, 0].tolist() == [[1, 0, 2], [1, 1, 3], [0, 0, 0]], "from job 2 to 3, 1 and 4"
    assert found[0, :, 1].tolist() == [[0.5, 0, 0.25], [0, 0, 0], [0, 0, 0]], "from job 1, the one before"
    assert pairs.sums(torch.arange(1, 5)[None])[0].tolist() == [[1.5, 1, 2], [2, 1, 2], [0, 1.5, 1], [0, 0, 0]]


def test_a_job_never_opened_is_like_one_opened_once():
    """Else the term would tell jobs of held-out chains from others."""
    pairs = made(sessions([[1, 2], [3]]), 4)
    columns = pairs.describe(torch.tensor([[1]]), torch.tensor([[2, 3]]), torch.ones(1, 1), None)
    assert all(column[0, 0] == column[0, 1] for column in columns.values())


def test_a_job_is_late_that_follows_more_than_it_is_followed():
    pairs = made(sessions([[1, 2, 3], [2, 3], [1, 4]]), 5)
    jobs = torch.tensor([[1, 3], [2, 0]])
    columns = pairs.describe(jobs, torch.arange(5).expand(2, 5), torch.ones(2, 2), None)
    late = [-2.5 / 5.5, -1 / 6, 2.5 / 5.5, 1 / 4, 0]
    assert columns["late"].tolist() == [pytest.approx(late)] * 2
    assert columns["late of session"][:, 0].tolist() == pytest.approx([0, -1 / 6], abs=1e-6)


def test_the_parts_are_the_last_jobs_and_all_earlier_ones(counted, datamodule):
    rows = datamodule.val.batch(np.arange(40))
    candidates = candidates_of(counted, 40)
    found = counted.at(rows.jobs, candidates, torch.ones(rows.jobs.shape), None)
    table = np.zeros((2, counted.n_jobs + 1, counted.n_jobs))
    counts = count_transitions(datamodule.counted, WINDOW, back=0.0)
    np.add.at(table[0], (counts.source, counts.target - 1), counts.weight)
    np.add.at(table[1], (counts.target, counts.source - 1), counts.weight)
    for row, jobs in enumerate(rows.jobs.tolist()):
        newest_first = [job for job in jobs if job][::-1]
        for part in range(PARTS):
            of_group = newest_first[part : part + 1] if part < LAGS else newest_first[LAGS:]
            expected = table[:, of_group][:, :, candidates[row]].sum(1)
            assert np.allclose(found[row, :, part, :2].T, expected, atol=1e-4)


def test_weighed_counts_are_the_transitions(counted, datamodule):
    transitions = Transitions(counted.n_jobs, window=5, back=BACK, decay=0.7, power=0.5)
    transitions.count(datamodule.counted)
    rows = datamodule.tune_examples.batch(np.arange(60))
    candidates = candidates_of(counted, 60)
    for chain in (None, rows.chain):
        found = counted.at(rows.jobs, candidates, transitions.weights(rows.jobs, chain), chain)
        expected = transitions(rows.jobs, chain).gather(1, candidates)
        assert torch.allclose(found[..., 2].sum(2), expected, atol=1e-4)


def test_leaving_a_chain_out_equals_counting_without_it(counted, datamodule):
    rows = datamodule.counted
    for number in (0, 7, 40):
        batch = rows.batch(np.array([number]))
        without = made(rows.take(np.delete(np.arange(len(rows)), number)), counted.n_jobs, WINDOW, BACK)
        weights = torch.ones(batch.jobs.shape)
        candidates = torch.arange(counted.n_jobs)[None]
        left_out = counted.describe(batch.jobs, candidates, weights, batch.chain)
        assert len(left_out) == N_PAIR_COLUMNS
        for name, column in without.describe(batch.jobs, candidates, weights, None).items():
            assert torch.allclose(left_out[name], column, atol=1e-3), name
