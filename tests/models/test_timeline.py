import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nextjob.models.timeline import GROUPS, N_TIMES, Timeline
from nextjob.models.transitions import count_transitions
from tests.boards import sessions


def made(chains: list[list[int]], n_jobs: int, numbers: list[int] | None = None) -> Timeline:
    timeline = Timeline(n_jobs)
    stitched = sessions(chains, chain=list(range(len(chains))) if numbers is None else numbers)
    timeline.place(count_transitions(stitched, window=3, back=0.0))
    return timeline


def everyone(timeline: Timeline, chain: int | None = None) -> np.ndarray:
    jobs = torch.arange(timeline.times.shape[1])[None]
    times, known = timeline(jobs, None if chain is None else torch.tensor([chain]))
    return times.where(known, torch.nan)[0].numpy()


def test_jobs_that_nobody_opened_together_are_placed_by_chains_that_overlap():
    """Chains of seven along a line of thirty jobs, which are numbered at random."""
    line = np.random.default_rng(0).permutation(30) + 1
    times = everyone(made([line[start : start + 7].tolist() for start in range(24)], 31))
    assert np.corrcoef(times[line], np.arange(30))[0, 1] > 0.98
    assert np.isnan(times[[0, 31]]).all(), "padding, and a job that nobody opened"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(1, 12), min_size=2, max_size=6, unique=True), min_size=6, max_size=12), st.data())
def test_a_row_reads_nothing_of_its_own_chain(chains, data):
    own = data.draw(st.integers(0, len(chains) - 1))
    other = data.draw(st.permutations(chains[own]))
    changed = [other if number == own else chain for number, chain in enumerate(chains)]
    before, after = (everyone(made(kind, 12), own) for kind in (chains, changed))
    np.testing.assert_array_equal(before, after)
    without = [(number, chain) for number, chain in enumerate(chains) if number % GROUPS != own % GROUPS]
    alone = made([chain for _, chain in without], 12, [number for number, _ in without])
    np.testing.assert_allclose(everyone(alone), before, atol=1e-4)


def test_what_has_no_time_is_of_the_time_of_the_session():
    timeline = made([[1, 2, 3], [2, 3, 4], [1, 3, 4]], 6)
    jobs, candidates = torch.tensor([[1, 2, 0], [5, 3, 5]]), torch.tensor([[3, 4, 5], [3, 4, 5]])
    columns = timeline.describe(jobs, candidates, None)
    assert len(columns) == N_TIMES
    time = everyone(timeline)
    assert columns["time since the last"][0].tolist() == pytest.approx(
        [time[4] - time[2], *[(time[1] - time[2]) / 2] * 2]
    )
    assert columns["time since the session"][:, 1:].eq(0).all()
    assert columns["time since the last"][1].tolist() == pytest.approx([time[4] - time[3], 0, 0])
    new = torch.tensor([[5, 6]])
    nothing = timeline.describe(new, torch.tensor([[4, 5]]), None)
    assert all(column.eq(0).all() for column in nothing.values())


def test_without_a_pair_there_is_no_time():
    timeline = made([[1], [2]], 3)
    timeline.append(2)
    assert timeline.times.shape == timeline.known.shape == (GROUPS + 1, 6)
    assert not timeline.known.any()
