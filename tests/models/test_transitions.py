import numpy as np
import pytest
import torch

from nextjob.data.prefixes import stitch_chains
from nextjob.models.transitions import Transitions, count_transitions
from tests.boards import sessions


def test_counts_by_hand():
    counts = count_transitions(sessions([[1, 2, 3], [2, 1]]), window=2, back=0.5)
    table = np.zeros((4, 4))
    np.add.at(table, (counts.source, counts.target), counts.weight)
    expected = np.zeros((4, 4))
    expected[1, 2] = 1 + 0.5  # forward in the first chain, backward in the second
    expected[2, 3] = 1
    expected[1, 3] = 1 / 2
    expected[2, 1] = 0.5 + 1
    expected[3, 2] = 0.5
    expected[3, 1] = 0.25
    assert np.allclose(table, expected)


def test_scores_by_hand():
    model = Transitions(3, window=1, back=0.0, decay=0.5, power=0.5)
    model.count(sessions([[1, 2], [1, 2], [1, 3], [2, 3]]))
    scores = model(torch.tensor([[1, 2], [2, 0]]))
    row_1, row_2 = np.array([0, 2, 1]) / 3**0.5, np.array([0, 0, 1.0])
    assert np.allclose(scores, [0.5 * row_1 + row_2, row_2])


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_leaving_a_chain_out_equals_counting_without_it(datamodule, power):
    rows = datamodule.counted
    model = Transitions(len(datamodule.catalogue.vocabulary), window=5, back=0.6, decay=0.7, power=power)
    model.count(rows)
    for number in (0, 7, 40):
        batch = rows.batch(np.array([number]))
        left_out = model(batch.jobs, batch.chain)
        without = Transitions(model.n_jobs, window=5, back=0.6, decay=0.7, power=power)
        without.count(rows.take(np.delete(np.arange(len(rows)), number)))
        assert torch.allclose(left_out, without(batch.jobs), atol=1e-5)
        assert torch.allclose(model.mass_of(batch.jobs, batch.chain), without.mass_of(batch.jobs), atol=1e-4)
        assert (model(batch.jobs) - left_out).abs().max() > 1e-3, "the chain has counts of its own"


def test_stitching_joins_a_target_with_the_next_row_and_keeps_other_targets():
    rows = sessions([[1, 2], [3, 4]], target_job=[3, 5], chain=[0, 0])
    stitched = stitch_chains(rows)
    assert stitched.jobs.tolist() == [1, 2, 3, 4, 5]
    rows = sessions([[1, 2], [3, 4]], target_job=[9, 5], chain=[0, 0])
    assert stitch_chains(rows).jobs.tolist() == [1, 2, 9, 3, 4, 5]
    rows = sessions([[1, 2], [3, 4]], target_job=[3, 5], chain=[0, 1])
    stitched = stitch_chains(rows)
    assert stitched.jobs.tolist() == [1, 2, 3, 3, 4, 5]
    assert stitched.offsets.tolist() == [0, 3, 6]
