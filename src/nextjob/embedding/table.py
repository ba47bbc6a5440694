"""The embedding table: job ids and one matrix per feature, kept in one file."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nextjob.errors import InputError
from nextjob.files import write_parquet
from nextjob.schema import JOB_ID

MANIFEST_KEY = b"nextjob"


@dataclass(frozen=True, eq=False)
class EmbeddingTable:
    """One float32 matrix (J, D) per feature, row j being job_ids[j]; a missing value is a zero row.

    Vectors are rounded to half precision, the precision of the file, so that a table that was saved and
    loaded equals the one in memory. `origin` names the file in error messages.
    """

    job_ids: list[str]
    vectors: dict[str, np.ndarray]
    manifest: dict[str, Any] = field(default_factory=dict)
    origin: str = "embedding table"

    def __post_init__(self) -> None:
        if len(set(self.job_ids)) != len(self.job_ids):
            raise InputError(f"{self.origin}: a job id occurs twice; every job has one row")
        rounded = {name: exact.astype(np.float16).astype(np.float32) for name, exact in self.vectors.items()}
        for name, matrix in rounded.items():
            if matrix.ndim != 2 or len(matrix) != len(self.job_ids):
                raise InputError(
                    f"{self.origin}: feature {name!r} is {matrix.shape}, expected ({len(self.job_ids)}, D)"
                )
            if not np.isfinite(matrix).all():
                raise InputError(f"{self.origin}: feature {name!r} holds a value that is not finite")
        object.__setattr__(self, "vectors", rounded)

    def mask(self, feature: str) -> np.ndarray:
        """(J,) bool, True where the job has a value for the feature."""
        return np.asarray(self.vectors[feature].any(axis=1))

    def aligned_to(self, job_ids: Iterable[object]) -> "EmbeddingTable":
        """The same table with its rows in the catalogue's order; jobs outside the catalogue are left out.

        Raises InputError when the catalogue holds a job that has no row here.
        """
        wanted = [str(job_id) for job_id in job_ids]
        row_of = {job_id: row for row, job_id in enumerate(self.job_ids)}
        missing = [job_id for job_id in wanted if job_id not in row_of]
        if missing:
            raise InputError(
                f"{self.origin}: {len(missing)} of the catalogue's {len(wanted)} jobs have no row, first "
                f"{missing[0]!r}; run extract.py on this catalogue's ads, or give the features made from them"
            )
        rows = np.array([row_of[job_id] for job_id in wanted], dtype=np.int64)
        vectors = {feature: matrix[rows] for feature, matrix in self.vectors.items()}
        return EmbeddingTable(wanted, vectors, self.manifest, self.origin)

    def save(self, path: str | Path) -> None:
        """Write one parquet file: job_id, a fixed-size list of half floats per feature, the manifest."""
        columns: dict[str, pa.Array] = {JOB_ID: pa.array(self.job_ids, pa.string())}
        for feature, matrix in self.vectors.items():
            flat = pa.array(matrix.astype(np.float16).ravel())
            missing = pa.array(~self.mask(feature))
            columns[feature] = pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1], mask=missing)
        manifest = {MANIFEST_KEY: json.dumps(self.manifest).encode()}
        write_parquet(path, pa.table(columns).replace_schema_metadata(manifest))

    @classmethod
    def load(cls, path: str | Path) -> "EmbeddingTable":
        """Read a table written by `save`; InputError when the file is absent or of another kind."""
        try:
            stored = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            reason = "no such file" if not Path(path).exists() else "not a readable parquet file"
            raise InputError(f"{path}: {reason}; make it with extract.py") from error
        metadata = stored.schema.metadata or {}
        if MANIFEST_KEY not in metadata or JOB_ID not in stored.column_names:
            raise InputError(f"{path}: not an embedding table (no manifest); make it with extract.py")
        vectors = {name: _matrix(stored[name]) for name in stored.column_names if name != JOB_ID}
        manifest = json.loads(metadata[MANIFEST_KEY])
        return cls(stored[JOB_ID].to_pylist(), vectors, manifest, origin=str(path))


def _matrix(column: pa.ChunkedArray) -> np.ndarray:
    """(J, D) float32 with zero rows where the column is null."""
    matrix = np.zeros((len(column), column.type.list_size), dtype=np.float32)
    present = column.is_valid().to_numpy()
    values = column.drop_null().combine_chunks().flatten()
    matrix[present] = values.to_numpy(zero_copy_only=False).reshape(-1, column.type.list_size)
    return matrix
