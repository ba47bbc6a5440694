"""The job title as the text of an ad writes it, where its label is worded in another way."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nextjob.extraction.lora.written import find_written, read_words
from nextjob.extraction.values.folding import fold_words, word_set

LEAST = 0.55
"""Token F1 above which a phrase of the ad stands for the title."""
LONGER = 4
"""Most words that a phrase may have beyond those of the label."""
_BEFORE = word_set(
    "un une e s es son sa ses le la les l des deux de d du recrute recrutons recherche recherchons cherche cherchons "
    "poste ou et a an the for as of hiring hire seeking our your is and or"
)
_AFTER = word_set(
    "pour a au aux en qui et ou avec chez dans afin sur h f m sera est capable motive to for in with who and or at on "
    "that will is"
)
_HIRES = word_set("recrute recherche cherche embauche hires hiring seeks")
_LEVELS = word_set("senior junior lead principal staff sr jr")


def written_title(answers: Sequence[str], text: str) -> str | None:
    """The first right title that stands in the text, as written there, else the phrase most like one of them.

    A phrase does not go beyond a line. Where none is like a title, the first title half of whose words stand
    somewhere in the text, in lower case if it is all capitals, else None.
    """
    for answer in answers:
        if spans := find_written(answer, text):
            return _cut(text, *spans[0])
    best, phrase = LEAST, None
    bare = {answer: words for answer in answers if not _HIRES & set(words := tuple(fold_words(answer)))}
    for line in text.split("\n"):
        score, found = _most_like(tuple(bare.values()), line)
        if score > best:
            best, phrase = score, found
    if phrase is None:
        known = set(read_words(text)[0])
        likely = (answer for answer, words in bare.items() if 2 * len(known & set(words)) >= len(set(words)))
        phrase = next((answer.capitalize() if answer.isupper() else answer for answer in likely), None)
    return phrase


@lru_cache(maxsize=100_000)  # variants of an ad share their lines
def _most_like(wanted: tuple[tuple[str, ...], ...], line: str) -> tuple[float, str]:
    """Token F1 and text of the best phrase of a line."""
    words, starts, ends = read_words(line)
    best, phrase = 0.0, ""
    for answer in wanted:
        for first, last in _phrases(words, _gaps(line, starts, ends), answer):
            shared = (Counter(words[first : last + 1]) & Counter(answer)).total()
            score = 2 * shared / (last + 1 - first + len(answer))
            if score > best:
                best, phrase = score, _cut(line, starts[first], ends[last])
    return best, phrase


def _cut(text: str, start: int, end: int) -> str:
    """A phrase, with the bracket that closes it."""
    phrase = text[start:end]
    return f"{phrase})" if phrase.count("(") > phrase.count(")") and text[end : end + 1] == ")" else phrase


def _gaps(line: str, starts: list[int], ends: list[int]) -> list[str]:
    """What stands before every word and after the last."""
    return [line[end:start] for end, start in zip([0, *ends], [*starts, len(line)], strict=True)]


def _phrases(words: Sequence[str], gaps: list[str], answer: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last word of what may be a noun phrase, begins as the answer does and ends with a word of it."""
    content = [word for word in answer if word not in _BEFORE]
    heads = content[: 2 if content[:1] and content[0] in _LEVELS else 1]
    for first, word in enumerate(words):
        if word not in heads or not _opens(words, gaps, first):
            continue
        for last in range(first, min(first + len(answer) + LONGER, len(words))):
            if words[last] in answer and _closes(words, gaps, last):
                yield first, last


def _opens(words: Sequence[str], gaps: list[str], first: int) -> bool:
    gap = gaps[first]
    if first == 0 or _is_stop(gap):
        return True
    return words[first - 1] in _BEFORE and (gap.isspace() or words[first - 1] in ("l", "d"))


def _closes(words: Sequence[str], gaps: list[str], last: int) -> bool:
    gap = gaps[last + 1]
    if len(words[last]) > 1 and words[last] in _BEFORE:
        return False
    return last + 1 == len(words) or _is_stop(gap) or (gap.isspace() and words[last + 1] in _AFTER)


def _is_stop(gap: str) -> bool:
    """True for punctuation beside a space: not within a word such as full-stack or développeur·se."""
    return bool(re.search(r"\s", gap) and gap.strip())
