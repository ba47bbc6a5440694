"""Vectors that were encoded before, in one SQLite file."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nextjob.embedding.encoders import Encoder
from nextjob.errors import InputError

FILE_NAME = "embeddings.sqlite"


class VectorCache:
    """Vectors by hash of (encoder name, revision, dimension, text).

    Every `put` is one transaction: a killed process loses at most its last one, and several processes may
    share the file. Without a folder the cache lives in memory.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.path = Path(folder) / FILE_NAME if folder is not None else Path(":memory:")
        try:
            if folder is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, timeout=120)
            with self._database:
                self._database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
                )
        except (OSError, sqlite3.Error) as error:
            raise InputError(
                f"{self.path}: unusable as embedding cache ({error}); delete it, or set another paths.cache"
            ) from error

    def get(self, encoder: Encoder, text: str) -> np.ndarray | None:
        """The vector (D,) float32, or None when this encoder has not seen the text."""
        query = "SELECT vector FROM vectors WHERE key = ?"
        row = self._database.execute(query, (_key(encoder, text),)).fetchone()
        return np.frombuffer(row[0], dtype="<f4") if row else None

    def put(self, encoder: Encoder, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors (N, D) of N texts."""
        rows = [
            (_key(encoder, text), vector.astype("<f4").tobytes()) for text, vector in zip(texts, vectors, strict=True)
        ]
        with self._database:
            self._database.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    def close(self) -> None:
        """Release the file."""
        self._database.close()


def _key(encoder: Encoder, text: str) -> bytes:
    identity = json.dumps([encoder.name, encoder.revision, encoder.dimension, text])
    return hashlib.sha256(identity.encode()).digest()
