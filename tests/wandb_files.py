"""Reads the file of an offline W&B run: LevelDB's log format, one protobuf record after the other."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from wandb.proto import wandb_internal_pb2

BLOCK, FILE_HEADER, CHUNK_HEADER = 32768, 7, 7
FULL, LAST = 1, 4


class OfflineRun(NamedTuple):
    name: str
    group: str
    config: dict[str, Any]
    logged: dict[str, list[Any]]  # every value of every key


def read_offline_run(folder: Path) -> OfflineRun:
    """The one offline run whose W&B folder lies in a run folder."""
    (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    records = _ended(file)
    (run,) = (record.run for record in records if record.WhichOneof("record_type") == "run")
    config = {entry.key: json.loads(entry.value_json) for entry in run.config.update}
    logged: dict[str, list[Any]] = {}
    for record in records:
        config |= {entry.key: json.loads(entry.value_json) for entry in record.config.update}
        for entry in record.history.item:
            key = entry.key or ".".join(entry.nested_key)
            logged.setdefault(key, []).append(json.loads(entry.value_json))
    return OfflineRun(run.display_name, run.run_group, config, logged)


def _ended(file: Path) -> list[Any]:
    """The records of a run that ended; W&B's service writes the last ones a moment later."""
    for _ in range(100):
        records = [wandb_internal_pb2.Record.FromString(content) for content in _records(file.read_bytes())]
        if records and records[-1].WhichOneof("record_type") == "exit":
            return records
        time.sleep(0.05)
    raise AssertionError(f"{file}: the run was not ended")


def _records(content: bytes) -> Iterator[bytes]:
    position, parts = FILE_HEADER, b""
    while position + CHUNK_HEADER <= len(content):
        room = BLOCK - position % BLOCK
        if room < CHUNK_HEADER:
            position += room
            continue
        _, length, kind = struct.unpack_from("<IHB", content, position)
        position += CHUNK_HEADER
        parts += content[position : position + length]
        position += length
        if kind in (FULL, LAST):
            yield parts
            parts = b""
