"""Text made comparable: accents, case and look-alike letters folded."""

import re
import unicodedata

_MARKS = re.compile(r"[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+")
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
    letters = _MARKS.sub("", unicodedata.normalize("NFKD", fold_lookalikes(text))).casefold()
    return letters.replace("œ", "oe").replace("æ", "ae").replace("’", "'")


def fold_words(text: str) -> list[str]:
    """Words of letters and digits of the folded text, in order."""
    return _WORD.findall(fold(text))
