"""One door to every format: boards, catalogues and session files."""

from pathlib import Path

import pandas as pd

from nextjob.data.board import Board, read_table
from nextjob.data.challenge import read_challenge, read_challenge_jobs, read_challenge_sessions
from nextjob.data.interactions import read_interactions, read_interactions_jobs, read_long_sessions
from nextjob.data.sessions import Sessions
from nextjob.data.vocabulary import Vocabulary
from nextjob.errors import InputError
from nextjob.schema import JOB_ID, JOB_IDS

_READERS = {
    "challenge": (read_challenge, read_challenge_jobs),
    "interactions": (read_interactions, read_interactions_jobs),
}


def read_board(root: str | Path, format: str) -> Board:
    """Catalogue and sessions of the board under ``root``; ``format`` is challenge or interactions."""
    return _reader(format)[0](Path(root))


def read_jobs(root: str | Path, format: str) -> pd.DataFrame:
    """The catalogue alone: ``job_id`` and ``text`` or feature columns."""
    return _reader(format)[1](Path(root))


def read_sessions(path: str | Path, vocabulary: Vocabulary) -> Sessions:
    """Sessions to recommend for, in the challenge's form or as a long table, told apart by their columns."""
    path = Path(path)
    columns = read_table(path).columns
    if JOB_IDS in columns:
        return read_challenge_sessions(path, vocabulary)
    if JOB_ID in columns:
        return read_long_sessions(path, vocabulary)
    found = ", ".join(map(str, columns))
    raise InputError(f"{path}: neither a column 'job_ids' (challenge form) nor 'job_id' (long table); found {found}")


def _reader(format: str):
    if format not in _READERS:
        raise InputError(f"data.format={format}: unknown format; it must be {' or '.join(_READERS)}")
    return _READERS[format]
