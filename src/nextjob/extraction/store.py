"""Answers kept on disk under a key of everything that can change them, so that a run can stop and go on."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nextjob.errors import InputError
from nextjob.extraction.extractor import Answer, Extractor
from nextjob.extraction.features import Feature
from nextjob.files import write_parquet

_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("raw", pa.string()),
        ("confidence", pa.float64()),
        ("prompt_tokens", pa.int32()),
        ("answer_tokens", pa.int32()),
        ("truncated", pa.bool_()),
    ]
)


def content_hash(text: str) -> str:
    """Hash of an ad's text, 32 hexadecimal digits."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def answer_key(ad_hash: str, feature: Feature, extractor: Extractor) -> str:
    """Key of one answer: ad, question and allowed answers, prompt, model, revision, dtype and decoding."""
    parts = [
        ad_hash,
        [feature.name, feature.question, feature.answer_prefix, feature.max_new_tokens, feature.choices],
        [extractor.name, extractor.revision, extractor.prompt_version, extractor.settings],
    ]
    return content_hash(json.dumps(parts, ensure_ascii=False))


class AnswerStore:
    """Parquet shards of answers in a folder; one write is one shard, whole or absent.

    Args:
        folder: made when the first shard is written; None keeps the answers in memory only.

    Raises:
        InputError: a shard that cannot be read.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._answers: dict[str, Answer] = {}
        self._read: set[Path] = set()
        self.refresh()

    def refresh(self) -> None:
        """Read the shards that are new in the folder, of other processes too."""
        for path in sorted(set(self.folder.glob("*.parquet")) - self._read) if self.folder else ():
            try:
                rows = pq.read_table(path, schema=_SCHEMA).to_pylist()
            except (pa.ArrowException, OSError) as error:
                cause = str(error).splitlines()[0]
                raise InputError(f"{path}: not a shard of answers ({cause}); delete it, then run again") from None
            self._answers |= {row.pop("key"): Answer(**row) for row in rows}
            self._read.add(path)

    def __contains__(self, key: str) -> bool:
        return key in self._answers

    def __getitem__(self, key: str) -> Answer:
        return self._answers[key]

    def add(self, answers: Mapping[str, Answer]) -> None:
        """Keep answers, on disk first."""
        if self.folder is not None and answers:
            rows = [{"key": key, **vars(answer)} for key, answer in answers.items()]
            name = content_hash("".join(answers))
            write_parquet(self.folder / f"{name}.parquet", pa.Table.from_pylist(rows, schema=_SCHEMA))
        self._answers |= answers
