"""Reader of the general long table: one row an interaction, and a jobs table beside it.

``interactions.csv`` or ``.parquet``: ``session_id, job_id, action`` and ``timestamp`` or ``position``.
``jobs.csv`` or ``.parquet``: ``job_id`` and ``text``, or feature columns such as ``title`` and ``location``.
"""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from nextjob.data.board import (
    Board,
    action_numbers,
    catalogue_ids,
    find_file,
    job_numbers,
    read_table,
    require_columns,
    require_file,
)
from nextjob.data.sessions import Sessions
from nextjob.data.vocabulary import Vocabulary, own_type
from nextjob.errors import InputError
from nextjob.schema import ACTION, JOB_ID, POSITION, SESSION_ID, TIMESTAMP

TABLES = [".csv", ".parquet"]


def read_interactions(root: Path) -> Board:
    """The whole board; the last interaction of every session of two or more is its target.

    Test sessions are read from ``test.csv`` or ``test.parquet`` when there is one.
    """
    jobs = read_interactions_jobs(root)
    vocabulary = Vocabulary(jobs[JOB_ID].tolist())
    train = read_long_sessions(require_file(root, "interactions", TABLES), vocabulary)
    test_path = find_file(root, "test", TABLES)
    test = read_long_sessions(test_path, vocabulary) if test_path else None
    return Board(jobs, vocabulary, train.with_target_last(), test)


def read_interactions_jobs(root: Path) -> pd.DataFrame:
    """The catalogue as it stands in the jobs table, text normalised to NFC, empty cells as null."""
    path = require_file(root, "jobs", TABLES)
    table = read_table(path)
    require_columns(table, [JOB_ID], path)
    catalogue_ids(table, path)
    ids = table[JOB_ID]
    columns: dict[str, object] = {JOB_ID: own_type(ids.tolist()) if ids.dtype == "str" else ids.tolist()}
    for name in table.columns.drop(JOB_ID):
        text = table[name].map(_clean, na_action="ignore")
        columns[str(name)] = text.mask(text == "", None)
    if len(columns) == 1:
        raise InputError(f"{path}: only the column job_id; add text, or feature columns such as title, location")
    return pd.DataFrame(columns)


def read_long_sessions(path: Path, vocabulary: Vocabulary) -> Sessions:
    """Sessions of a long table, without targets, ordered inside by timestamp or position.

    Rows with equal timestamps keep their order in the file. Sessions come in order of first appearance.
    """
    table = read_table(path)
    require_columns(table, [SESSION_ID, JOB_ID, ACTION], path)
    numbers = job_numbers(table[JOB_ID], vocabulary, path)
    actions = action_numbers(table[ACTION], path)
    codes, ids = pd.factorize(table[SESSION_ID])
    if (codes < 0).any() or (table[SESSION_ID].astype(str) == "").any():
        row = int(((codes < 0) | (table[SESSION_ID].astype(str) == "").to_numpy()).argmax())
        raise InputError(f"{path} row {row + 1}: empty session_id")
    order = np.lexsort([_time(table, path), codes])
    lengths = np.bincount(codes, minlength=len(ids))
    none = np.zeros(len(ids), dtype=np.int64)
    return Sessions(
        ids=np.asarray(ids, dtype=object),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        jobs=numbers[order],
        actions=actions[order],
        target_job=none,
        target_action=none,
        chain=np.arange(len(ids)),
    )


def _time(table: pd.DataFrame, path: Path) -> np.ndarray:
    """What orders a session's rows, as numbers; a timestamp is ISO 8601 (UTC where it names no zone) or a number."""
    name = next((name for name in (TIMESTAMP, POSITION) if name in table.columns), None)
    if name is None:
        raise InputError(f"{path}: no column 'timestamp' or 'position'; one of them must order the rows")
    text = table[name].astype(str)
    values = pd.to_numeric(text, errors="coerce")
    if name == TIMESTAMP and values.isna().mean() > 0.5:
        values = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    if values.isna().any():
        row = int(values.isna().to_numpy().argmax())
        kind = "a time (ISO 8601 or a number)" if name == TIMESTAMP else "a number"
        raise InputError(f"{path} row {row + 1}: {name} {table[name].iloc[row]!r} is not {kind}")
    return values.rank(method="dense").to_numpy(dtype=np.int64)


def _clean(value: object) -> str:
    return unicodedata.normalize("NFC", str(value)).strip()
