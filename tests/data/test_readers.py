"""The same board from every format, and ids and text as they were given."""

import json
import unicodedata

import numpy as np
import pandas as pd
import pytest

from nextjob.data import read_board, read_jobs, read_sessions
from nextjob.data.vocabulary import Vocabulary, own_type
from nextjob.errors import InputError

JOBS = [7, 3, 27368]  # ids have gaps and are no row numbers


def as_lists(sessions):
    jobs = np.split(sessions.jobs, sessions.offsets[1:-1])
    actions = np.split(sessions.actions, sessions.offsets[1:-1])
    return [(row.tolist(), done.tolist()) for row, done in zip(jobs, actions, strict=True)]


def write(table: pd.DataFrame, path):
    table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)
    return path


LONG = pd.DataFrame(
    {
        "session_id": ["b", "a", "b", "a", "c"],
        "job_id": [3, 7, 7, 27368, 3],
        "action": ["apply", "view", "view", "apply", "view"],
        "position": [2, 1, 1, 2, 1],
    }
)
EXPECTED = [([1, 2], [1, 2]), ([1, 3], [1, 2]), ([2], [1])]  # sessions b, a, c


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("ids", [JOBS, list(map(str, JOBS))], ids=["int", "str"])
@pytest.mark.parametrize("given", [int, str])
def test_long_table_in_any_format_and_id_type(tmp_path, suffix, ids, given):
    path = write(LONG.assign(job_id=LONG["job_id"].map(given)), tmp_path / f"sessions{suffix}")
    found = read_sessions(path, Vocabulary(ids))
    assert found.ids.tolist() == ["b", "a", "c"]
    assert as_lists(found) == EXPECTED


@pytest.mark.parametrize(
    "times",
    [
        ["2014-12-02", "2014-12-01T10:00:00+02:00", "2014-12-01T09:00:00Z", "2014-12-01T09:00:00", "2014-12-01"],
        ["2014-12-01 10:00:00.2", "2014-12-01 10:00:00", "2014-12-01 10:00:00.1", "2014-12-01 10:00:01", "2014-12-01"],
        [1417478400, 1417392000, 1417391999, 1417392001, 0],
        ["9", "1", "8", "10", "1"],  # numbers, not text
        pd.to_datetime(["2014-12-02", "2014-12-01", "2014-12-01", "2014-12-03", "2014-12-01"], utc=True),
    ],
    ids=["zones", "fractions", "epoch", "number text", "datetime"],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_long_table_is_ordered_by_time(tmp_path, times, suffix):
    path = write(LONG.drop(columns="position").assign(timestamp=times), tmp_path / f"sessions{suffix}")
    assert as_lists(read_sessions(path, Vocabulary(JOBS))) == EXPECTED


def test_equal_timestamps_keep_the_order_of_the_file(tmp_path):
    path = write(LONG.drop(columns="position").assign(timestamp="2014-12-01"), tmp_path / "sessions.csv")
    assert as_lists(read_sessions(path, Vocabulary(JOBS)))[0] == ([2, 1], [2, 1])


def test_challenge_form_in_any_notation(tmp_path):
    expected = as_lists(read_sessions(write(LONG, tmp_path / "long.csv"), Vocabulary(JOBS)))
    text = pd.DataFrame(
        {
            "session_id": [4, 0, 9],
            "job_ids": ["[7, 3]", '["7","27368"]', "['3']"],
            "actions": ["['view', 'apply']", '["view", "apply"]', "[view]"],
        }
    )
    lists = text.assign(job_ids=[[7, 3], [7, 27368], [3]], actions=[["view", "apply"], ["view", "apply"], ["view"]])
    for table, name in ((text, "x.csv"), (text, "x.parquet"), (lists, "lists.parquet")):
        found = read_sessions(write(table, tmp_path / name), Vocabulary(JOBS))
        assert as_lists(found) == expected
        assert found.ids.astype(str).tolist() == ["4", "0", "9"]


def test_byte_order_mark_is_no_part_of_a_name(tmp_path):
    path = tmp_path / "sessions.csv"
    path.write_text("\ufeff" + LONG.to_csv(index=False), encoding="utf-8")
    assert as_lists(read_sessions(path, Vocabulary(JOBS))) == EXPECTED


def test_listings_are_normalised_and_keep_their_ids(tmp_path):
    decomposed = unicodedata.normalize("NFD", "Développeur à Orléans")
    (tmp_path / "job_listings.json").write_text(json.dumps({"27368": decomposed, "3": "x"}), encoding="utf-8")
    jobs = read_jobs(tmp_path, "challenge")
    assert jobs["job_id"].tolist() == [27368, 3]
    assert jobs["text"][0] == "Développeur à Orléans" != decomposed


def test_jobs_table_keeps_columns_and_empty_cells(tmp_path):
    title = unicodedata.normalize("NFD", "Infirmière")
    (tmp_path / "jobs.csv").write_text(f"job_id,title,location\na1,{title},\nb2, ,Lyon\n", encoding="utf-8")
    jobs = read_jobs(tmp_path, "interactions")
    assert jobs["job_id"].tolist() == ["a1", "b2"]
    assert jobs["title"].isna().tolist() == [False, True]
    assert jobs["title"][0] == "Infirmière"
    assert jobs["location"].isna().tolist() == [True, False]


def test_interactions_board_takes_the_last_job_as_target(tmp_path):
    write(LONG, tmp_path / "interactions.csv")
    (tmp_path / "jobs.csv").write_text("job_id,title\n7,A\n3,B\n27368,C\n", encoding="utf-8")
    board = read_board(tmp_path, "interactions")
    assert as_lists(board.train) == [([1], [1]), ([1], [1])]  # c has one job and no target
    assert board.train.target_job.tolist() == [2, 3]
    assert board.train.target_action.tolist() == [2, 2]


def test_targets_are_matched_by_session_not_by_row(board_copy):
    straight = read_board(board_copy, "challenge").train
    y = pd.read_csv(board_copy / "y_train.csv").sample(frac=1, random_state=0)
    y.to_csv(board_copy / "y_train.csv", index=False)
    again = read_board(board_copy, "challenge").train
    np.testing.assert_array_equal(again.target_job, straight.target_job)
    np.testing.assert_array_equal(again.chain, straight.chain)


@pytest.mark.parametrize(
    ("texts", "ids"), [(["1", "20"], [1, 20]), (["01", "2"], ["01", "2"]), (["1", "a"], ["1", "a"]), (["٣"], ["٣"])]
)
def test_own_type_of_ids(texts, ids):
    assert own_type(texts) == ids


def test_vocabulary_numbers_either_type_and_gives_its_own_back():
    for ids in (JOBS, list(map(str, JOBS))):
        vocabulary = Vocabulary(ids)
        assert [vocabulary.number(job) for job in (27368, "3")] == [3, 2]
        assert vocabulary.ids(np.array([3, 1])) == [ids[2], ids[0]]
    with pytest.raises(InputError, match="job 5 is not in the catalogue of 3 jobs"):
        Vocabulary(JOBS).number(5)


@pytest.mark.slow
def test_real_files_show_the_leak(real_data):
    board = read_board(real_data / "challenge", "challenge")
    assert len(board.train) > 10_000
    assert board.train.lengths.min() == 3
    assert board.train.lengths.max() == 15
    linked = 1 - (board.train.chain.max() + 1) / len(board.train)
    assert linked == pytest.approx(0.605, abs=0.01)
