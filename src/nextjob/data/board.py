"""A job board as read from disk: its catalogue and its sessions."""

import io
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nextjob.data.sessions import Sessions
from nextjob.data.vocabulary import Vocabulary
from nextjob.errors import InputError
from nextjob.schema import ACTION_NUMBERS, JOB_ID


@dataclass(frozen=True)
class Board:
    """Catalogue (one row a job: ``job_id`` and ``text`` or feature columns), training and test sessions."""

    jobs: pd.DataFrame
    vocabulary: Vocabulary
    train: Sessions
    test: Sessions | None


def find_file(root: Path, prefix: str, suffixes: Sequence[str]) -> Path | None:
    """The one file of ``root`` that starts with ``prefix`` and ends with one of ``suffixes``.

    Raises:
        InputError: the folder is missing, or several files match.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; set data.root to the folder that holds the board's files")
    found = sorted(path for suffix in suffixes for path in root.glob(f"{prefix}*{suffix}"))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{root}: several files match {prefix}*: {names}; keep one")
    return found[0] if found else None


def require_file(root: Path, prefix: str, suffixes: Sequence[str]) -> Path:
    """Like ``find_file``, but a missing file is an error."""
    path = find_file(root, prefix, suffixes)
    if path is None:
        wanted = " or ".join(f"{prefix}*{suffix}" for suffix in suffixes)
        raise InputError(f"{root}: no file {wanted}; set data.root to the folder that holds the board's files")
    return path


def read_table(path: Path) -> pd.DataFrame:
    """A CSV (every column as text, nothing read as missing) or Parquet file.

    Raises:
        InputError: the file is missing, not UTF-8, not a table, or separated by semicolons.
    """
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path).reset_index(drop=True)
        text = read_text(path)
        header = text.partition("\n")[0]
        if ";" in header and "," not in header:
            raise InputError(f"{path}: its columns are separated by semicolons; save it with commas")
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except InputError:
        raise
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: cannot be read as a table: {reason}") from None


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; the error for any other encoding names the line.

    Raises:
        InputError: the file is not UTF-8.
    """
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path} line {line}: not UTF-8 (byte {error.start}); save the file as UTF-8") from None


def require_columns(table: pd.DataFrame, columns: Sequence[str], path: Path) -> None:
    """Refuse a table that lacks one of the columns."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(f"{path}: no column {missing[0]!r}; found {', '.join(map(str, table.columns))}")


def job_numbers(jobs: pd.Series, vocabulary: Vocabulary, path: Path) -> np.ndarray:
    """Numbers of a column of job ids, indexed by row; the error names the first row with an unknown one."""
    numbers = jobs.astype(str).map({str(job): n for n, job in enumerate(vocabulary.job_ids, start=1)})
    unknown = numbers.isna().to_numpy()
    if unknown.any():
        first = int(unknown.argmax())
        raise InputError(
            f"{path} row {jobs.index[first] + 1}: unknown job id {jobs.iloc[first]!r}: it is not among the "
            f"{len(vocabulary)} jobs of the catalogue"
        )
    return numbers.to_numpy(dtype=np.int64, copy=True)


def action_numbers(actions: pd.Series, path: Path) -> np.ndarray:
    """Numbers of a column of actions, indexed by row; the error names the first row with an unknown one."""
    numbers = actions.map(ACTION_NUMBERS)
    unknown = numbers.isna().to_numpy()
    if unknown.any():
        first = int(unknown.argmax())
        known = " or ".join(ACTION_NUMBERS)
        raise InputError(
            f"{path} row {actions.index[first] + 1}: unknown action {actions.iloc[first]!r}; it must be {known}"
        )
    return numbers.to_numpy(dtype=np.int64, copy=True)


def refuse_duplicates(values: pd.Series, name: str, path: Path) -> None:
    """Refuse a column that must be unique and is not."""
    twice = values.duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise InputError(f"{path} row {row + 1}: duplicate {name} {values.iloc[row]!r}")


def catalogue_ids(jobs: pd.DataFrame, path: Path) -> list[Hashable]:
    """Refuse empty or duplicate job ids, and return them as they stand."""
    refuse_duplicates(jobs[JOB_ID], JOB_ID, path)
    empty = (jobs[JOB_ID].isna() | (jobs[JOB_ID].astype(str) == "")).to_numpy()
    if empty.any():
        raise InputError(f"{path} row {int(empty.argmax()) + 1}: empty {JOB_ID}")
    return jobs[JOB_ID].tolist()
