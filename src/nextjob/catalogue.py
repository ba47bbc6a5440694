"""The catalogue as the models see it: job ids, feature values and their embeddings, rows in one order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import scipy.sparse as sp

from nextjob.data.board import read_table, require_columns
from nextjob.data.vocabulary import Vocabulary
from nextjob.embedding import EmbeddingTable, Encoder, embed
from nextjob.errors import InputError
from nextjob.extraction import Feature, RulesExtractor, extract
from nextjob.extraction.table import COLUMN_ENGINE, RULE_ENGINE
from nextjob.schema import FEATURE, JOB_ID, TEXT, VALUE
from nextjob.words import WordList, word_list

FEATURES_FILE = "features.parquet"
EMBEDDINGS_FILE = "embeddings.parquet"
ENGINE = "engine"
SOURCES = {COLUMN_ENGINE: "from their columns", RULE_ENGINE: "from the ads by a fixed rule"}


@dataclass(frozen=True)
class Catalogue:
    """J jobs with F features; row j of every table is the job numbered j + 1."""

    vocabulary: Vocabulary
    features: list[str]
    texts: dict[str, list[str]]  # per feature, the value of every job, "" = missing
    word_lists: dict[str, WordList]  # per feature, the words of its values
    words: dict[str, sp.csr_matrix]  # per feature, (J, W) their tf-idf
    embeddings: EmbeddingTable
    extractor: str  # what made which features, in words
    encoder: str  # what made the embeddings


def load_catalogue(
    jobs: pd.DataFrame,
    vocabulary: Vocabulary,
    declared: Sequence[Feature],
    folder: Path | None,
    encoder: Encoder,
    cache_dir: Path | None,
) -> Catalogue:
    """Features and embeddings of every job.

    They come from ``folder`` (made by extract.py) where given. Otherwise features come from the columns of the
    jobs table or from the TITLE block by rule, and embeddings from the encoder; its vectors are cached.

    Raises:
        InputError: the folder has no features, or they belong to another catalogue.
    """
    table = features_table(jobs, vocabulary, declared, folder)
    stored = folder / EMBEDDINGS_FILE if folder is not None else None
    embeddings = _stored_embeddings(stored, encoder) if stored is not None else None
    if embeddings is None:
        embeddings = embed(table, encoder, cache_dir)
    features = [str(name) for name in table[FEATURE].unique() if name in embeddings.vectors]
    texts = {feature: _texts(table, feature, vocabulary) for feature in features}
    word_lists = {feature: word_list(values) for feature, values in texts.items()}
    return Catalogue(
        vocabulary=vocabulary,
        features=features,
        texts=texts,
        word_lists=word_lists,
        words={feature: word_lists[feature].matrix(values) for feature, values in texts.items()},
        embeddings=embeddings.aligned_to(vocabulary.job_ids),
        extractor=_extractors(table),
        encoder=str(embeddings.manifest["encoder"]),
    )


def features_table(
    jobs: pd.DataFrame, vocabulary: Vocabulary, declared: Sequence[Feature], folder: Path | None
) -> pd.DataFrame:
    """The features of every job as a long table, found as `load_catalogue` says.

    Raises:
        InputError: the folder has no features, they belong to another catalogue, or there are none at all.
    """
    if folder is not None:
        path = folder / FEATURES_FILE
        if not path.is_file():
            raise InputError(f"{path}: no such file; make it with extract.py out={folder}, or leave data.features out")
        table = read_table(path)
        require_columns(table, [JOB_ID, FEATURE, VALUE, ENGINE], path)
        _check_jobs(table, vocabulary, path)
        return table
    available = [f for f in declared if f.name in jobs.columns or (TEXT in jobs.columns and f.rule)]
    if not available:
        names = ", ".join(feature.name for feature in declared)
        raise InputError(
            f"the catalogue has none of the features {names} as a column and no text to take a title from; "
            "run extract.py and give its folder as data.features"
        )
    return extract(jobs, available, RulesExtractor())


def _extractors(table: pd.DataFrame) -> str:
    """Which features have values from where."""
    known = table[table[VALUE].fillna("") != ""]
    return "; ".join(
        f"{', '.join(rows[FEATURE].unique())} {SOURCES.get(str(engine), f'by the extractor {engine}')}"
        for engine, rows in known.groupby(ENGINE, sort=False)
    )


def _check_jobs(table: pd.DataFrame, vocabulary: Vocabulary, path: Path) -> None:
    given = set(table[JOB_ID].astype(str))
    missing = [job for job in vocabulary.job_ids if str(job) not in given]
    if missing:
        raise InputError(
            f"{path}: {len(missing)} of the catalogue's {len(vocabulary)} jobs have no features, first "
            f"{missing[0]!r}; run extract.py on this catalogue, or give the folder made from it"
        )


def _stored_embeddings(path: Path, encoder: Encoder) -> EmbeddingTable | None:
    """The embeddings beside the features when the configured encoder made them."""
    if not path.is_file():
        return None
    table = EmbeddingTable.load(path)
    return table if table.manifest["encoder"] == encoder.name else None


def _texts(table: pd.DataFrame, feature: str, vocabulary: Vocabulary) -> list[str]:
    """The value of every job, "" where it is missing."""
    chosen = table[table[FEATURE] == feature]
    value = dict(zip(chosen[JOB_ID].astype(str), chosen[VALUE].fillna("").astype(str), strict=True))
    return [value.get(str(job), "") for job in vocabulary.job_ids]
