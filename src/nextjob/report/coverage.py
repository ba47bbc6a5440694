"""What is known of the jobs: features, their most frequent values, and words of the ads."""

from typing import NamedTuple

import pandas as pd

from nextjob.data.vocabulary import Vocabulary
from nextjob.schema import FEATURE, JOB_ID, VALUE

MOST_FREQUENT = 5


class Coverage(NamedTuple):
    """One feature over the J jobs of the catalogue."""

    known: float  # share of the jobs that have a value
    distinct: int  # values, equal when they are equal but for case
    frequent: list[tuple[str, float]]  # the most frequent and the share of the jobs that have them
    values: pd.Series  # (J,) value of every job in the spelling that is most frequent, None where it is missing


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


def words_per_ad(texts: pd.Series) -> pd.Series:
    """Number of words of every ad that has a text."""
    return texts.dropna().map(lambda text: len(text.split()))
