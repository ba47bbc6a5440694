"""What a catalogue gives for every feature, and what is left to ask."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from nextjob.errors import InputError
from nextjob.extraction.extractor import Extractor
from nextjob.extraction.features import Feature
from nextjob.extraction.readable import readable
from nextjob.extraction.sections import read_title
from nextjob.extraction.shards import Shard
from nextjob.extraction.store import AnswerStore, answer_key, content_hash
from nextjob.schema import JOB_ID, TEXT


@dataclass(frozen=True)
class Plan:
    """A catalogue of J jobs and the features that are wanted.

    Attributes:
        ids: (J) job ids as text.
        texts: (J) ads as they are read, "" for none.
        features: what is asked, in order.
        given: per feature that is a column of the catalogue, (J) its values, "" for none.
        hashes: content hash of every distinct ad.
        keys: (ad, name of a feature) -> key of the answer in the store.
    """

    ids: list[str]
    texts: list[str]
    features: Sequence[Feature]
    given: dict[str, list[str]]
    hashes: dict[str, str]
    keys: dict[tuple[str, str], str]

    @classmethod
    def of(cls, jobs: pd.DataFrame, features: Sequence[Feature], extractor: Extractor) -> "Plan":
        """Read a catalogue.

        Raises:
            InputError: no jobs, a job twice, a text that is no string, neither text nor a column for a feature.
        """
        ids, texts = _read_jobs(jobs, features)
        given = {f.name: _column(jobs, f.name) for f in features if f.name in jobs.columns}
        hashes = {text: content_hash(text) for text in dict.fromkeys(texts)}
        keys = {(text, f.name): answer_key(hashes[text], f, extractor) for text in hashes for f in features}
        return cls(ids, texts, features, given, hashes, keys)

    def cells(self) -> Iterator[tuple[str, str, Feature, str]]:
        """Every job and feature: id, ad, feature, and the value that the catalogue gives, "" for none."""
        for row, (job_id, text) in enumerate(zip(self.ids, self.texts, strict=True)):
            for feature in self.features:
                yield job_id, text, feature, self.given[feature.name][row] if feature.name in self.given else ""

    def pending(self, store: AnswerStore, shard: Shard) -> dict[str, tuple[Feature, ...]]:
        """The ads of a part that lack answers -> the features they lack."""
        lacking: dict[str, dict[str, Feature]] = defaultdict(dict)
        for _, text, feature, given in self.cells():
            asked = text and not given and not by_rule(feature, text) and shard.holds(self.hashes[text])
            if asked and self.keys[text, feature.name] not in store:
                lacking[text][feature.name] = feature
        return {text: tuple(features.values()) for text, features in lacking.items()}


def by_rule(feature: Feature, text: str) -> str:
    """What the exact rule of a feature reads in an ad, "" where it has none or finds nothing."""
    return read_title(text) if feature.rule == "title_block" else ""


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
