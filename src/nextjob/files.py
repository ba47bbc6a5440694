"""Files are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from nextjob.errors import InputError


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """A temporary file in the folder of ``path`` that takes its place, synced, when the block ends well.

    Raises:
        InputError: ``path`` is a folder, or nothing can be written there.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: a folder lies where the file is to be written; give a file name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write the whole file, or leave it as it was."""
    with atomic_file(path) as file:
        file.write(content)


def write_parquet(path: str | Path, table: pa.Table) -> None:
    """Write the whole table, or leave the file as it was."""
    with atomic_file(path) as file:
        pq.write_table(table, file, compression="zstd")
