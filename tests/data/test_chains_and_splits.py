"""Profile chains, folds that keep them whole, and prefixes that see nothing of the future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextjob.data.chains import leak_report, link_rows, profile_chains
from nextjob.data.prefixes import expand_prefixes, stitch_chains
from nextjob.data.sessions import Sessions
from nextjob.data.splits import split_by_chain
from nextjob.errors import InputError
from tests.boards import sessions

VIEW, APPLY = 1, 2


def rows(table: Sessions) -> list[list[int]]:
    return [row.tolist() for row in np.split(table.jobs, table.offsets[1:-1])]


def test_chains_of_hand_made_rows():
    board = sessions(
        jobs=[[1, 2], [3, 4], [5], [5, 6], [7]],
        actions=[[VIEW, VIEW], [APPLY, VIEW], [VIEW], [VIEW, VIEW], [VIEW]],
        target_job=[3, 5, 5, 7, 7],
        target_action=[APPLY, APPLY, VIEW, VIEW, VIEW],
    )
    # row 1 ends with job 5 applied to, row 2 opens with job 5 viewed: not the same history
    assert link_rows(board).tolist() == [True, False, True, True, False]
    assert profile_chains(board).tolist() == [0, 0, 1, 1, 1]
    report = leak_report(Sessions(**{**vars(board), "chain": profile_chains(board)}))
    assert (report.rows, report.linked_rows, report.chains, report.longest_chain) == (5, 3, 2, 3)
    assert report.linked_share == 0.6
    assert "60.0% of 5 rows" in str(report)


def test_rows_in_random_order_show_no_leak():
    rng = np.random.default_rng(0)
    jobs = rng.integers(1, 500, (300, 4)).tolist()
    target = rng.integers(1, 500, 300).tolist()
    target[0] = 600  # the last job of the catalogue may be a target alone
    report = leak_report(sessions(jobs, target_job=target))
    assert report.chains == 300
    assert "gives no target away" in str(report)


def test_stitched_chain_reads_in_order_and_loses_no_target():
    board = sessions(
        jobs=[[1, 2], [3, 4], [6], [8, 9]],
        actions=[[VIEW, APPLY], [VIEW, VIEW], [APPLY], [VIEW, VIEW]],
        target_job=[3, 5, 7, 1],
        target_action=[VIEW, APPLY, VIEW, APPLY],
        chain=[0, 0, 0, 1],
    )
    stitched = stitch_chains(board)
    assert rows(stitched) == [[1, 2, 3, 4, 5, 6, 7], [8, 9, 1]]  # 3 once, 5 and 7 kept as targets
    assert stitched.actions.tolist() == [VIEW, APPLY, VIEW, VIEW, APPLY, APPLY, VIEW, VIEW, VIEW, APPLY]
    assert stitched.chain.tolist() == [0, 1]


def test_prefixes_of_one_session():
    expanded = expand_prefixes(sessions([[4, 5, 4, 6]], chain=[9]), max_length=2)
    assert rows(expanded) == [[4], [5, 4]]  # 4 after [4, 5] is dropped: it was seen, so it would be masked
    assert expanded.target_job.tolist() == [5, 6]
    assert expanded.chain.tolist() == [9, 9]


def test_later_jobs_of_a_prefix_end_with_its_session():
    expanded = expand_prefixes(sessions([[4, 5, 6, 7], [8, 9]]), max_length=2, horizon=3)
    assert expanded.target_job.tolist() == [5, 6, 7, 9]
    assert expanded.later.tolist() == [[6, 7], [7, 0], [0, 0], [0, 0]]
    assert expanded.batch(np.array([1, 3])).later.tolist() == [[7, 0], [0, 0]]


boards = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=12), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(boards, st.integers(1, 6))
def test_prefixes_are_the_past_of_their_target(jobs, max_length):
    expanded = expand_prefixes(sessions(jobs), max_length)
    expected = [
        (past[-max_length:], row[end], owner)
        for owner, row in enumerate(jobs)
        for end in range(1, len(row))
        if row[end] not in (past := row[:end])[-max_length:]
    ]
    assert (
        list(zip(rows(expanded) if len(expanded) else [], expanded.target_job, expanded.chain, strict=True)) == expected
    )


@settings(max_examples=60, deadline=None)
@given(boards, st.data())
def test_a_history_cut_into_rows_is_stitched_back(histories, data):
    """Cut histories into overlapping rows as the challenge does; stitching gives the histories back."""
    cut, target, chain = [], [], []
    for number, history in enumerate(history for history in histories if len(history) > 1):
        start = 0
        while start < len(history) - 1:
            end = data.draw(st.integers(start + 1, len(history) - 1))
            cut.append(history[start:end])
            target.append(history[end])
            chain.append(number)
            start = end
    if cut:
        stitched = stitch_chains(sessions(cut, target_job=target, chain=chain))
        assert rows(stitched) == [history for history in histories if len(history) > 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=10, max_size=40), st.integers(2, 5), st.integers(0, 3), st.integers(1, 20))
def test_folds_cover_every_row_once_and_keep_chains_whole(sizes, folds, seed, tune_chains):
    chain = np.repeat(np.arange(len(sizes)), sizes)
    splits = [split_by_chain(chain, fold, folds, tune_chains, seed=seed) for fold in range(folds)]
    np.testing.assert_array_equal(np.sort(np.concatenate([split.val for split in splits])), np.arange(len(chain)))
    for split in splits:
        np.testing.assert_array_equal(np.sort(np.concatenate(split)), np.arange(len(chain)))
        sides = [set(chain[part]) for part in split]
        assert all(sides)
        assert sum(map(len, sides)) == len(sizes)
        rest = len(sizes) - len(sides[2])
        assert len(sides[1]) == min(tune_chains, round(0.3 * rest))


@pytest.mark.parametrize(
    ("fold", "folds", "tune_chains", "message"),
    [
        (5, 5, 400, "folds are 0 to 4"),
        (-1, 5, 400, "folds are 0"),
        (0, 9, 400, "too few for data.folds=9"),
        (0, 5, 0, "at least one"),
    ],
)
def test_splits_that_do_not_exist(fold, folds, tune_chains, message):
    with pytest.raises(InputError, match=message):
        split_by_chain(np.arange(12), fold, folds, tune_chains, seed=0)
