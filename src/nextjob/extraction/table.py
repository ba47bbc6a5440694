"""The features table: ads and declared features in, one row per job and feature out, resumable in between."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
from rich.table import Table
from rich.text import Text

from nextjob.extraction.ask import ask
from nextjob.extraction.extractor import Answer, Extractor
from nextjob.extraction.features import Feature
from nextjob.extraction.plan import Plan, by_rule
from nextjob.extraction.rules import RulesExtractor, read_feature
from nextjob.extraction.shards import ALL, AdsMissing, Shard
from nextjob.extraction.store import AnswerStore, content_hash
from nextjob.extraction.values.grounding import ground
from nextjob.extraction.values.normalise import normalise
from nextjob.files import write_atomically, write_parquet
from nextjob.schema import CONFIDENCE, FEATURE, JOB_ID, RAW, STATUS, VALUE

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
    jobs: pd.DataFrame,
    features: Sequence[Feature],
    extractor: Extractor,
    out: str | Path | None = None,
    shard: Shard = ALL,
) -> pd.DataFrame:
    """Answer every feature for every job.

    A feature that the catalogue has as a column is taken from it; one with an exact rule is read by that rule
    where it applies; the extractor is asked the rest, once per distinct ad. What the rules are surer of takes
    the place of its answer, see `Feature.weigh_rules`.

    Args:
        jobs: `job_id` and `text` or feature columns, or both.
        features: what is asked, in order.
        extractor: rules or a language model.
        out: folder for `features.parquet`, the manifest `features.json` and the shards that let a run go on where
            it stopped; None keeps nothing on disk.
        shard: the part of the ads to ask, for runs side by side into one folder.

    Returns:
        One row per job and feature: job_id (text), feature, raw, value (text or null), status (ok, unknown,
        ungrounded, out_of_vocabulary, empty_ad, truncated), confidence, prompt_tokens, answer_tokens,
        content_hash, engine, revision, prompt_version. A value cut by its cap on tokens is kept with status
        truncated.

    Raises:
        InputError: no jobs, a job twice, a text that is no string, neither text nor a column for a feature, an
            unreadable shard.
        AdsMissing: this part is answered, others are not, and nothing but the answers has been written.
        KeyboardInterrupt: Ctrl-C, after the wave under way has been stored.
    """
    plan = Plan.of(jobs, features, extractor)
    store = open_store(out)
    ask(plan.pending(store, shard), plan.keys, extractor, store, label=_label(extractor, shard))
    if shard.count > 1:
        store.refresh()
        missing = len(plan.pending(store, ALL))
        if missing:
            raise AdsMissing(shard, missing)

    rows: dict[tuple[str, str], _Row] = {}
    records = []
    for job_id, text, feature, given in plan.cells():
        at = (text, feature.name)
        if given:
            made = _Row(Answer(given), given, "ok", COLUMN_ENGINE)
        elif at in rows:
            made = rows[at]
        else:
            made = rows[at] = _row(feature, text, store, plan.keys[at], extractor.name)
        records.append(_record(job_id, feature.name, made, plan.hashes[text], extractor))
    table = pd.DataFrame(records)
    if out is not None:
        write_parquet(Path(out) / FEATURES_FILE, pa.Table.from_pylist(records, schema=_SCHEMA))
        content = json.dumps(_manifest(table, plan, extractor), ensure_ascii=False, indent=2).encode()
        write_atomically(Path(out) / MANIFEST_FILE, content)
    return table


def open_store(out: str | Path | None) -> AnswerStore:
    """The answers that are kept in an output folder."""
    return AnswerStore(Path(out) / SHARDS_FOLDER if out is not None else None)


def summarise(table: pd.DataFrame) -> Table:
    """One line per feature of a features table: how many rows have which status, and the most frequent value."""
    statuses = list(dict.fromkeys(table[STATUS]))
    lines = Table("feature", *statuses, "most frequent value", title="Features")
    for name, rows in table.groupby(FEATURE, sort=False):
        counts = [str((rows[STATUS] == status).sum()) for status in statuses]
        values = rows[VALUE].value_counts()
        top = f"{values.index[0]} ({values.iloc[0] / len(rows):.0%})" if len(values) else ""
        lines.add_row(str(name), *counts, Text(top))
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


def judge(feature: Feature, answer: Answer, text: str) -> tuple[str | None, str]:
    """Value and status of an answer: normalised, checked against the choices and against the text of the ad."""
    value = normalise(feature, answer.raw)
    if value is None:
        return None, "unknown"
    if feature.choices is not None and value not in feature.choices:
        return None, "out_of_vocabulary"
    if feature.grounded and (value := ground(feature.name, value, text)) is None:
        return None, "ungrounded"
    return value, "truncated" if answer.truncated else "ok"


def _row(feature: Feature, text: str, store: AnswerStore, key: str, engine: str) -> _Row:
    """The row of one ad and feature."""
    if not text:
        return _Row(Answer(""), None, "empty_ad", engine)
    if exact := by_rule(feature, text):
        answer = Answer(exact)
        return _Row(answer, *judge(feature, answer, text), RULE_ENGINE)
    answer = store[key]
    weighed = weigh_rules(feature, answer, text) if engine != RulesExtractor.name else answer
    return _Row(weighed, *judge(feature, weighed, text), engine if weighed is answer else RulesExtractor.name)


def weigh_rules(feature: Feature, answer: Answer, text: str) -> Answer:
    """The answer, or what the rules read where that has a value and at least the confidence of the answer."""
    if not feature.weigh_rules or answer.confidence is None:
        return answer
    read = read_feature(feature, text)
    if read.confidence is None or read.confidence < answer.confidence or judge(feature, read, text)[0] is None:
        return answer
    return replace(answer, raw=read.raw, confidence=read.confidence, truncated=False)


def _record(job_id: str, feature: str, row: _Row, ad_hash: str, extractor: Extractor) -> dict[str, object]:
    asked = row.engine == extractor.name
    revisions = {RulesExtractor.name: RulesExtractor.revision, extractor.name: extractor.revision}
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
        "revision": revisions.get(row.engine, ""),
        "prompt_version": extractor.prompt_version if asked else "",
    }


def _label(extractor: Extractor, shard: Shard) -> str:
    name = Path(extractor.name).name
    return name if shard.count == 1 else f"{shard.index} of {shard.count}, {name}"


def _manifest(table: pd.DataFrame, plan: Plan, extractor: Extractor) -> dict[str, object]:
    return {
        "extractor": extractor.name,
        "revision": extractor.revision,
        "settings": extractor.settings,
        "prompt_version": extractor.prompt_version,
        "features": [asdict(feature) for feature in plan.features],
        "jobs": len(plan.ids),
        "ads_hash": content_hash(json.dumps(sorted(zip(plan.ids, plan.texts, strict=True)), ensure_ascii=False)),
        "status": {
            feature.name: table.loc[table[FEATURE] == feature.name, STATUS].value_counts().to_dict()
            for feature in plan.features
        },
    }
