"""Which level of experience an ad states in words."""

from collections.abc import Sequence

from nextjob.extraction.values.folding import fold_words, word_set
from nextjob.extraction.values.normalise import SENIORITY

_TITLE_LEVELS = {
    tuple(word.split("-")): level
    for level in ("Internship", "Executive", "Lead", "Junior", "Senior", "Mid")
    for word in SENIORITY[level].split()
    if word not in ("manager", "expert", "experte", "graduate", "staff", "intermediate")
}
_NUMBERS = {"un": 1, "une": 1, "one": 1, "deux": 2, "two": 2, "trois": 3, "three": 3, "quatre": 4, "four": 4}
_NUMBERS |= {"cinq": 5, "five": 5, "dix": 10, "ten": 10, "huit": 8, "six": 6, "seven": 7, "sept": 7}
_YEARS = frozenset(("an", "ans", "annee", "annees", "year", "years", "yrs"))
_BETWEEN = frozenset(("a", "to", "ou", "or", "et", "plus", "minimum", "min", "of", "moins", "d"))
_PEOPLE = tuple(
    word_set("profil person developp developer engineer ingenieur ops designer owner consultant analyst charge")
)
_PERSON_LEVELS = {"junior": "Junior", "debutant": "Junior", "confirme": "Mid", "intermediate": "Mid"}
_PERSON_LEVELS |= {"senior": "Senior", "experimente": "Senior", "experienced": "Senior"}


def stated_level(words: Sequence[str]) -> str:
    """Level of the years that an ad asks for (< 3 Junior, 3-5 Mid, > 5 Senior), else named beside a person.

    Args:
        words: of the whole ad, folded.

    Returns:
        The level, "" where the ad states none.
    """
    years = _years_of_experience(words)
    if years is not None:
        return "Junior" if years < 3 else "Mid" if years <= 5 else "Senior"
    for position, word in enumerate(words):
        stated = _PERSON_LEVELS.get(word) or _PERSON_LEVELS.get(word.rstrip("es"))
        if stated and any(other.startswith(_PEOPLE) for other in words[max(position - 5, 0) : position]):
            return stated
    return ""


def title_level(title: str) -> str:
    """Level that a title names, "" for none."""
    words = [word.removesuffix("s") for word in fold_words(title)]
    runs = {tuple(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)}
    return next((level for name, level in _TITLE_LEVELS.items() if name in runs), "")


def _years_of_experience(words: Sequence[str]) -> int | None:
    """The smallest number in the first "N (to M) years ... experience" or "experience ... N years"."""
    for position, word in enumerate(words):
        if word not in _YEARS:
            continue
        around = words[max(position - 9, 0) : position + 7]
        if not any(other.startswith(("experience", "experimente")) for other in around):
            continue
        numbers = []
        for other in reversed(words[max(position - 4, 0) : position]):
            number = int(other) if other.isdecimal() else _NUMBERS.get(other)
            if number is not None and number <= 20:
                numbers.append(number)
            elif other not in _BETWEEN:
                break
        if numbers:
            return min(numbers)
    return None
