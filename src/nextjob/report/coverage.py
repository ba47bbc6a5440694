"""What is known of the jobs: features, their most frequent values, and the length of the ads."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from nextjob.data.vocabulary import Vocabulary
from nextjob.embedding import SentenceEncoder
from nextjob.schema import FEATURE, JOB_ID, VALUE

MOST_FREQUENT = 5


class Coverage(NamedTuple):
    """One feature over the J jobs of the catalogue."""

    known: float  # share of the jobs that have a value
    distinct: int  # values, equal when they are equal but for case
    frequent: list[tuple[str, float]]  # the most frequent and the share of the jobs that have them
    values: pd.Series  # (J,) value of every job in the spelling that is most frequent, None where it is missing


class AdLengths(NamedTuple):
    """How long the ads that have a text are."""

    counts: np.ndarray  # (N,) int64
    unit: str  # tokens or words
    explained: str  # the unit in a sentence

    @property
    def median(self) -> float:
        """Of the counts."""
        return float(np.median(self.counts))


def coverage(table: pd.DataFrame, vocabulary: Vocabulary) -> dict[str, Coverage]:
    """Every feature of a features table, in its order."""
    index = [str(job) for job in vocabulary.job_ids]
    found = {}
    for feature in table[FEATURE].unique():
        chosen = table[table[FEATURE] == feature]
        values = pd.Series(chosen[VALUE].to_numpy(), chosen[JOB_ID].astype(str), dtype="str")
        values = values.str.strip().replace("", None)
        values = _one_spelling(values).reindex(index)
        counts = values.value_counts()
        frequent = [(str(value), count / len(values)) for value, count in counts.head(MOST_FREQUENT).items()]
        found[str(feature)] = Coverage(float(values.notna().mean()), len(counts), frequent, values)
    return found


def _one_spelling(values: pd.Series) -> pd.Series:
    """Values that differ in case alone in the spelling that is most frequent."""
    spellings = values.value_counts()
    folded = spellings.index.str.casefold()
    first = dict(zip(folded[::-1], spellings.index[::-1], strict=True))
    return values.str.casefold().map(first)


def ad_lengths(texts: list[str], encoder: SentenceEncoder | None) -> AdLengths:
    """Tokens of the encoder where its tokenizer is on this machine, else words."""
    if encoder is not None and (tokens := encoder.token_counts(texts)) is not None:
        return AdLengths(np.array(tokens, dtype=np.int64), "tokens", f"Tokens of {encoder.name}.")
    words = [len(text.split()) for text in texts]
    return AdLengths(np.array(words, dtype=np.int64), "words", "Words are what white space separates.")
