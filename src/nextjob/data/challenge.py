"""Reader of the challenge's files (ENS Challenge Data 164, HrFlow).

``x_train*.csv`` and ``x_test*.csv`` hold ``session_id, job_ids, actions`` with lists in quotes; ``y_train*.csv``
holds ``session_id, job_id, action``; ``job_listings.json`` maps a job id to the text of its ad.
"""

import json
import re
import unicodedata
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from nextjob.data.board import (
    Board,
    action_numbers,
    find_file,
    job_numbers,
    read_table,
    read_text,
    refuse_duplicates,
    require_columns,
    require_file,
)
from nextjob.data.chains import profile_chains
from nextjob.data.sessions import Sessions
from nextjob.data.vocabulary import Vocabulary, own_type
from nextjob.errors import InputError
from nextjob.schema import ACTION, ACTIONS, JOB_ID, JOB_IDS, SESSION_ID, TEXT

_ENTRY = re.compile(r"""'([^']*)'|"([^"]*)"|([^,\s][^,]*)""")


def read_challenge(root: Path) -> Board:
    """The whole board; rows keep their order in the file, which only the chain detection looks at."""
    jobs = read_challenge_jobs(root)
    vocabulary = Vocabulary(jobs[JOB_ID].tolist())
    x_path = require_file(root, "x_train", [".csv"])
    y_path = require_file(root, "y_train", [".csv"])
    train = _with_targets(read_challenge_sessions(x_path, vocabulary), y_path, vocabulary)
    test_path = find_file(root, "x_test", [".csv"])
    test = read_challenge_sessions(test_path, vocabulary) if test_path else None
    return Board(jobs, vocabulary, train, test)


def read_challenge_jobs(root: Path) -> pd.DataFrame:
    """The catalogue: ``job_id`` and ``text``, normalised to NFC (many listings use decomposed accents)."""
    path = require_file(root, "job_listings", [".json"])
    try:
        listings = json.loads(read_text(path), object_pairs_hook=_refuse_repeated_keys)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} line {error.lineno}: not JSON: {error.msg}") from None
    except _RepeatedKey as error:
        raise InputError(f"{path}: duplicate job id {error}") from None
    if not isinstance(listings, dict) or not listings:
        raise InputError(f"{path}: expected an object that maps job ids to texts")
    for job, text in listings.items():
        if not isinstance(text, str):
            raise InputError(f"{path} job {job}: the text is a {type(text).__name__}, not a string")
    # A \ud800 of the JSON, half of a surrogate pair, is no character: "?" takes its place.
    texts = [unicodedata.normalize("NFC", text.encode(errors="replace").decode()) for text in listings.values()]
    return pd.DataFrame({JOB_ID: own_type(list(listings)), TEXT: texts})


def read_challenge_sessions(path: Path, vocabulary: Vocabulary) -> Sessions:
    """Sessions of an ``x_*.csv`` file, without targets and each a profile chain of its own."""
    table = read_table(path)
    require_columns(table, [SESSION_ID, JOB_IDS, ACTIONS], path)
    refuse_duplicates(table[SESSION_ID], SESSION_ID, path)
    jobs = [_entries(cell) for cell in table[JOB_IDS]]
    actions = [_entries(cell) for cell in table[ACTIONS]]
    lengths = np.array([len(row) for row in jobs], dtype=np.int64)
    for row, (n, m) in enumerate(zip(lengths.tolist(), map(len, actions), strict=True)):
        where = f"{path} row {row + 1} (session {table[SESSION_ID].iloc[row]})"
        if n != m:
            raise InputError(f"{where}: {n} job_ids but {m} actions")
        if n == 0:
            raise InputError(f"{where}: empty session; a session has at least one job")
    owner = np.repeat(np.arange(len(table)), lengths)
    flat = pd.DataFrame(
        {JOB_ID: list(chain.from_iterable(jobs)), ACTION: list(chain.from_iterable(actions))},
        dtype=str,
        index=owner,
    )
    none = np.zeros(len(table), dtype=np.int64)
    return Sessions(
        ids=table[SESSION_ID].to_numpy(dtype=object),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        jobs=job_numbers(flat[JOB_ID], vocabulary, path),
        actions=action_numbers(flat[ACTION], path),
        target_job=none,
        target_action=none,
        chain=np.arange(len(table)),
    )


def _with_targets(sessions: Sessions, path: Path, vocabulary: Vocabulary) -> Sessions:
    table = read_table(path)
    require_columns(table, [SESSION_ID, JOB_ID, ACTION], path)
    refuse_duplicates(table[SESSION_ID], SESSION_ID, path)
    order = pd.Index(table[SESSION_ID]).get_indexer(pd.Index(sessions.ids))
    if (order < 0).any():
        missing = sessions.ids[int((order < 0).argmax())]
        raise InputError(f"{path}: no target for session {missing!r}")
    target_job = job_numbers(table[JOB_ID], vocabulary, path)[order]
    target_action = action_numbers(table[ACTION], path)[order]
    with_targets = Sessions(
        sessions.ids, sessions.offsets, sessions.jobs, sessions.actions, target_job, target_action, sessions.chain
    )
    return Sessions(**{**vars(with_targets), "chain": profile_chains(with_targets)})


def _entries(cell: object) -> list[str]:
    """Entries of a list written like ``[1, 'a']``, without evaluating anything, or of a list column; as text."""
    if isinstance(cell, np.ndarray | list):
        return [str(entry) for entry in cell]
    inner = str(cell).strip().removeprefix("[").removesuffix("]")
    return [single or double or bare.strip() for single, double, bare in _ENTRY.findall(inner)]


class _RepeatedKey(ValueError):
    pass


def _refuse_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        raise _RepeatedKey(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return result
