"""From the features table to the embedding table."""

import hashlib
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from nextjob.embedding.cache import VectorCache
from nextjob.embedding.encoders import Encoder, Priced
from nextjob.embedding.table import EmbeddingTable
from nextjob.errors import InputError
from nextjob.quiet import is_quiet
from nextjob.schema import FEATURE, JOB_ID, VALUE

CHUNK = 2048
"""Texts between two writes to the cache: what a kill can lose."""

PROVENANCE = ("engine", "revision", "prompt_version")


def embed(features: pd.DataFrame, encoder: Encoder, cache_dir: str | Path | None = None) -> EmbeddingTable:
    """Encode every distinct value of a long features table (job_id, feature, value) once.

    Rows follow the jobs' and features' first appearance. A null or blank value becomes a zero row. With
    `cache_dir`, texts this encoder (name, revision, dimension) has seen before are not encoded again.
    """
    _check(features)
    ids = features[JOB_ID].astype(str)
    rows, job_ids = pd.factorize(ids)
    values = features[VALUE].astype("string").str.strip()
    values = values.where(values.str.len() > 0)
    codes, texts = pd.factorize(values)
    distinct = _vectors([str(text) for text in texts], encoder, cache_dir)

    table: dict[str, np.ndarray] = {}
    for name in features[FEATURE].unique():
        chosen = ((features[FEATURE] == name) & values.notna()).to_numpy()
        matrix = np.zeros((len(job_ids), encoder.dimension), dtype=np.float32)
        matrix[rows[chosen]] = distinct[codes[chosen]]
        table[str(name)] = matrix
    manifest = _manifest(features, ids, values, encoder, list(table))
    return EmbeddingTable([str(job_id) for job_id in job_ids], table, manifest)


def _check(features: pd.DataFrame) -> None:
    absent = [name for name in (JOB_ID, FEATURE, VALUE) if name not in features.columns]
    if absent:
        raise InputError(f"features table: column {absent[0]!r} is missing; make the table with extract.py")
    repeated = features.duplicated([JOB_ID, FEATURE])
    if repeated.any():
        first = features[repeated].iloc[0]
        raise InputError(
            f"features table: row {int(np.flatnonzero(repeated)[0])}: job {first[JOB_ID]!r} has feature "
            f"{first[FEATURE]!r} twice; keep one row per job and feature"
        )


def _vectors(texts: list[str], encoder: Encoder, cache_dir: str | Path | None) -> np.ndarray:
    """(N, D) float32, from the cache where it has them."""
    vectors = np.zeros((len(texts), encoder.dimension), dtype=np.float32)
    with closing(VectorCache(cache_dir)) as cache:
        unseen = []
        for row, text in enumerate(texts):
            known = cache.get(encoder, text)
            if known is None:
                unseen.append(row)
            else:
                vectors[row] = known
        if unseen and isinstance(encoder, Priced):
            print(encoder.estimate([texts[row] for row in unseen]), file=sys.stderr)
        chunks = [unseen[start : start + CHUNK] for start in range(0, len(unseen), CHUNK)]
        hidden = len(chunks) < 2 or is_quiet()
        for chunk in track(chunks, f"Encoding {len(unseen)} texts", console=Console(stderr=True), disable=hidden):
            chunk_texts = [texts[row] for row in chunk]
            encoded = encoder.encode(chunk_texts)
            if encoded.shape != (len(chunk), encoder.dimension) or not np.isfinite(encoded).all():
                raise InputError(
                    f"encoder {encoder.name}: returned shape {encoded.shape} or values that are not finite, "
                    f"expected ({len(chunk)}, {encoder.dimension}) finite numbers"
                )
            cache.put(encoder, chunk_texts, encoded)
            vectors[chunk] = encoded
    return vectors


def _manifest(
    features: pd.DataFrame, ids: pd.Series, values: pd.Series, encoder: Encoder, names: list[str]
) -> dict[str, Any]:
    content = pd.DataFrame({JOB_ID: ids, FEATURE: features[FEATURE], VALUE: values})
    lines = content.to_json(orient="values", force_ascii=False).encode()
    return {
        "encoder": encoder.name,
        "revision": encoder.revision,
        "dimension": encoder.dimension,
        "features": names,
        "input": hashlib.sha256(lines).hexdigest(),
        "extraction": {
            name: sorted(features[name].dropna().astype(str).unique())
            for name in PROVENANCE
            if name in features.columns
        },
    }
