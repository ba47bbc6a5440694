"""Text made comparable: accents, case and look-alike letters folded."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

_MARKS = re.compile(r"[\u0300-\u036f]+")
WORD = re.compile(r"[^\W_]+")
"""A word: letters and digits."""
_FOREIGN_WORD = re.compile(r"\b\w*[\u0370-\u052f]\w*")
_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЅЈаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABEKMHOPCTYXISJaeopcyxisjABEZHIKMNOPTYXo",
)


def word_set(words: str) -> frozenset[str]:
    """The words of a text, for vocabularies that are easier to read as one."""
    return frozenset(words.split())


def fold_lookalikes(text: str) -> str:
    """Cyrillic and Greek letters that look Latin become Latin, in words that are Latin after that."""

    def replace(match: re.Match[str]) -> str:
        latin = match.group().translate(_LOOKALIKES)
        return match.group() if re.search(r"[\u0370-\u052f]", latin) else latin

    return text if text.isascii() else _FOREIGN_WORD.sub(replace, text)


def fold(text: str) -> str:
    """Lower case without accents, look-alike letters or typographic apostrophes."""
    if text.isascii():
        return text.lower()
    letters = fold_lookalikes(_MARKS.sub("", unicodedata.normalize("NFKD", text))).casefold()
    return letters.replace("œ", "oe").replace("æ", "ae").replace("’", "'")


def fold_words(text: str) -> list[str]:
    """Words of letters and digits of the folded text, in order."""
    return WORD.findall(fold(text))


fold_word = lru_cache(maxsize=200_000)(fold)
"""`fold` for single words, which come again and again."""


def find_runs(words: list[str], run: Sequence[str]) -> Iterator[int]:
    """Where the words of `run` stand in `words` one after another; nowhere for an empty run."""
    wanted = list(run)
    position = -1
    while wanted:
        try:
            position = words.index(wanted[0], position + 1)
        except ValueError:
            return
        if words[position : position + len(wanted)] == wanted:
            yield position
