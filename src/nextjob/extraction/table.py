"""The features table: ads and declared features in, one row per job and feature out, resumable in between."""

import json
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from nextjob.errors import InputError
from nextjob.extraction.extractor import Answer, Extractor
from nextjob.extraction.features import Feature
from nextjob.extraction.grounding import ground
from nextjob.extraction.normalise import normalise
from nextjob.extraction.readable import readable
from nextjob.extraction.sections import read_title
from nextjob.extraction.store import AnswerStore, answer_key, content_hash
from nextjob.files import write_atomically, write_parquet
from nextjob.quiet import is_quiet
from nextjob.schema import CONFIDENCE, FEATURE, JOB_ID, RAW, STATUS, TEXT, VALUE

COLUMN_ENGINE = "column"
"""Engine of a value that the catalogue gives in a column of its own."""
RULE_ENGINE = "rule"
"""Engine of a value that the feature's exact rule has found."""

FEATURES_FILE = "features.parquet"
MANIFEST_FILE = "features.json"
SHARDS_FOLDER = "shards"


@dataclass(frozen=True)
class _Row:
    """One answer beside what is made of it: the columns of the table after job_id and feature."""

    answer: Answer
    value: str | None
    status: str
    engine: str


def extract(
    jobs: pd.DataFrame, features: Sequence[Feature], extractor: Extractor, out: str | Path | None = None
) -> pd.DataFrame:
    """Answer every feature for every job.

    A feature that the catalogue has as a column is taken from it; one with an exact rule is read by that rule
    where it applies; the extractor is asked the rest, once per distinct ad.

    Args:
        jobs: `job_id` and `text` or feature columns, or both.
        features: what is asked, in order.
        extractor: rules or a language model.
        out: folder for `features.parquet`, the manifest `features.json` and the shards that let a run go on where
            it stopped; None keeps nothing on disk.

    Returns:
        One row per job and feature: job_id (text), feature, raw, value (text or null), status (ok, unknown,
        ungrounded, out_of_vocabulary, empty_ad, truncated), confidence, prompt_tokens, answer_tokens,
        content_hash, engine, revision, prompt_version. A value cut by its cap on tokens is kept with status
        truncated.

    Raises:
        InputError: no jobs, a job twice, a text that is no string, neither text nor a column for a feature, an
            unreadable shard.
        KeyboardInterrupt: Ctrl-C, after the wave under way has been stored.
    """
    ids, texts = _read_jobs(jobs, features)
    folder = Path(out) if out is not None else None
    store = AnswerStore(folder / SHARDS_FOLDER if folder else None)
    columns = {f.name: _column(jobs, f.name) for f in features if f.name in jobs.columns}
    hashes = {text: content_hash(text) for text in dict.fromkeys(texts)}
    keys = {(text, f.name): answer_key(hashes[text], f, extractor) for text in hashes for f in features}

    pending: dict[str, dict[str, Feature]] = defaultdict(dict)
    for row, text in enumerate(texts):
        for feature in features:
            given = columns[feature.name][row] if feature.name in columns else ""
            if text and not given and not _by_rule(feature, text) and keys[text, feature.name] not in store:
                pending[text][feature.name] = feature
    _ask(pending, keys, extractor, store, folder)

    rows: dict[tuple[str, str], _Row] = {}
    records = []
    for row, (job_id, text) in enumerate(zip(ids, texts, strict=True)):
        for feature in features:
            given = columns[feature.name][row] if feature.name in columns else ""
            if given:
                made = _Row(Answer(given), given, "ok", COLUMN_ENGINE)
            else:
                at = (text, feature.name)
                if at not in rows:
                    rows[at] = _judge(feature, text, store, keys[at], extractor.name)
                made = rows[at]
            records.append(_record(job_id, feature.name, made, hashes[text], extractor))
    table = pd.DataFrame(records)
    if folder is not None:
        write_parquet(folder / FEATURES_FILE, pa.Table.from_pylist(records, schema=_SCHEMA))
        manifest = _manifest(table, ids, texts, features, extractor)
        content = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
        write_atomically(folder / MANIFEST_FILE, content)
    return table


def summarise(table: pd.DataFrame) -> Table:
    """One line per feature of a features table: how many rows have which status, and the most frequent value."""
    statuses = list(dict.fromkeys(table[STATUS]))
    lines = Table("feature", *statuses, "most frequent value", title="Features")
    for name, rows in table.groupby(FEATURE, sort=False):
        counts = [str((rows[STATUS] == status).sum()) for status in statuses]
        values = rows[VALUE].value_counts()
        top = f"{values.index[0]} ({values.iloc[0] / len(rows):.0%})" if len(values) else ""
        lines.add_row(str(name), *counts, top)
    return lines


_SCHEMA = pa.schema(
    [
        (JOB_ID, pa.string()),
        (FEATURE, pa.string()),
        (RAW, pa.string()),
        (VALUE, pa.string()),
        (STATUS, pa.string()),
        (CONFIDENCE, pa.float64()),
        ("prompt_tokens", pa.int32()),
        ("answer_tokens", pa.int32()),
        ("content_hash", pa.string()),
        ("engine", pa.string()),
        ("revision", pa.string()),
        ("prompt_version", pa.string()),
    ]
)


def _read_jobs(jobs: pd.DataFrame, features: Sequence[Feature]) -> tuple[list[str], list[str]]:
    if JOB_ID not in jobs.columns or jobs.empty:
        raise InputError("catalogue: no jobs, or no column 'job_id'; give the listings or the jobs table")
    ids = [str(job_id) for job_id in jobs[JOB_ID]]
    twice = pd.Index(ids).duplicated()
    if twice.any():
        row = int(twice.argmax())
        raise InputError(f"catalogue: row {row}: job {ids[row]!r} occurs twice; keep one row per job")
    if TEXT not in jobs.columns:
        missing = [feature.name for feature in features if feature.name not in jobs.columns]
        if missing:
            raise InputError(f"catalogue: neither a column 'text' nor a column {missing[0]!r}; drop that feature")
        return ids, [""] * len(ids)
    for row, text in enumerate(jobs[TEXT].astype(object).where(jobs[TEXT].notna(), "")):
        if not isinstance(text, str):
            raise InputError(
                f"catalogue: row {row}: the text of job {ids[row]!r} is a {type(text).__name__}, not a string"
            )
    return ids, [readable(text).strip() for text in _column(jobs, TEXT)]


def _column(jobs: pd.DataFrame, name: str) -> list[str]:
    return [str(value).strip() for value in jobs[name].astype(object).where(jobs[name].notna(), "")]


def _by_rule(feature: Feature, text: str) -> str:
    return read_title(text) if feature.rule == "title_block" else ""


def _judge(feature: Feature, text: str, store: AnswerStore, key: str, engine: str) -> _Row:
    """The row of one ad and feature: normalised, checked against the choices and against the ad."""
    if not text:
        return _Row(Answer(""), None, "empty_ad", engine)
    by_rule = _by_rule(feature, text)
    answer = Answer(by_rule) if by_rule else store[key]
    engine = RULE_ENGINE if by_rule else engine
    value = normalise(feature, answer.raw)
    if value is None:
        return _Row(answer, None, "unknown", engine)
    if feature.choices is not None and value not in feature.choices:
        return _Row(answer, None, "out_of_vocabulary", engine)
    if feature.grounded and (value := ground(feature.name, value, text)) is None:
        return _Row(answer, None, "ungrounded", engine)
    return _Row(answer, value, "truncated" if answer.truncated else "ok", engine)


def _record(job_id: str, feature: str, row: _Row, ad_hash: str, extractor: Extractor) -> dict[str, object]:
    asked = row.engine == extractor.name
    return {
        JOB_ID: job_id,
        FEATURE: feature,
        RAW: row.answer.raw,
        VALUE: row.value,
        STATUS: row.status,
        CONFIDENCE: row.answer.confidence,
        "prompt_tokens": row.answer.prompt_tokens,
        "answer_tokens": row.answer.answer_tokens,
        "content_hash": ad_hash,
        "engine": row.engine,
        "revision": extractor.revision if asked else "",
        "prompt_version": extractor.prompt_version if asked else "",
    }


def _manifest(
    table: pd.DataFrame, ids: list[str], texts: list[str], features: Sequence[Feature], extractor: Extractor
) -> dict[str, object]:
    return {
        "extractor": extractor.name,
        "revision": extractor.revision,
        "settings": extractor.settings,
        "prompt_version": extractor.prompt_version,
        "features": [asdict(feature) for feature in features],
        "jobs": len(ids),
        "ads_hash": content_hash(json.dumps(sorted(zip(ids, texts, strict=True)), ensure_ascii=False)),
        "status": {
            feature.name: table.loc[table[FEATURE] == feature.name, STATUS].value_counts().to_dict()
            for feature in features
        },
    }


def _ask(
    pending: dict[str, dict[str, Feature]],
    keys: dict[tuple[str, str], str],
    extractor: Extractor,
    store: AnswerStore,
    folder: Path | None,
) -> None:
    """Ask the extractor what is not stored, wave by wave; ads that lack the same features go together."""
    groups: dict[tuple[Feature, ...], list[str]] = defaultdict(list)
    for text, lacking in pending.items():
        groups[tuple(lacking.values())].append(text)
    if not groups:
        return
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[ads]}/{task.fields[all_ads]} ads, {task.fields[rate]:.1f} ads/s"),
        TimeRemainingColumn(),
        console=console,
        disable=folder is None or is_quiet(),
    )
    # Progress is counted in characters: the longest ads come first, and time goes by length.
    with progress, _finish_wave_on_interrupt() as interrupted:
        task = progress.add_task(extractor.name, total=sum(map(len, pending)), ads=0, all_ads=len(pending), rate=0.0)
        done = 0
        for features, texts in groups.items():
            for positions, answers in extractor.answer(texts, features):
                store.add(
                    {
                        keys[texts[position], feature.name]: answer
                        for position, row in zip(positions, answers, strict=True)
                        for feature, answer in zip(features, row, strict=True)
                    }
                )
                done += len(positions)
                progress.advance(task, sum(len(texts[position]) for position in positions))
                rate = done / max(progress.tasks[0].elapsed or 0.0, 1e-9)
                progress.update(task, ads=done, rate=rate)
                if interrupted():
                    progress.stop()
                    kept = (
                        f"their answers are in {folder / SHARDS_FOLDER}" if folder else "nothing is kept without out="
                    )
                    console.print(f"Stopped after {done} of {len(pending)} ads; {kept}. Run the same command to go on.")
                    raise KeyboardInterrupt


@contextmanager
def _finish_wave_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold the first Ctrl-C back and tell of it when asked; a second one interrupts at once."""
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)
        signal.signal(signal.SIGINT, before)

    try:
        before = signal.signal(signal.SIGINT, hold)
    except ValueError:  # not the main thread, which alone receives Ctrl-C
        yield lambda: False
        return
    try:
        yield lambda: bool(held)
    finally:
        signal.signal(signal.SIGINT, before)
