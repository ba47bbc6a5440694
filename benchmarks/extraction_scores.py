"""Scores of extracted features against labelled ads, with bootstrap intervals over groups of ads."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nextjob.extraction.folding import fold_words

LEVELS = ("Junior", "Mid", "Senior", "Lead")
FOLDED = {"Internship": "Junior", "Executive": "Lead"}
"""The labels know four levels: internships are Junior, directors Lead."""
UNKNOWN = "unknown"

Answers = dict[tuple[str, str], str | None]
"""(ad, feature) -> value, None where there is none; the title of ads without TITLE block is "title"."""
Ad = dict
"""A line of the file of labelled ads."""


def read_ads(path: Path) -> list[Ad]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def right_answers(ad: Ad, feature: str) -> list[str]:
    return [ad["labels"][feature], *ad["also_acceptable"].get(feature, [])]


def same(value: str, answer: str) -> bool:
    """Equal word for word, whole tokens, accents and case folded."""
    return fold_words(value) == fold_words(answer)


def city(place: str) -> str:
    return place.split(",")[0]


def token_f1(value: str | None, answer: str) -> float:
    given, wanted = Counter(fold_words(value or "")), Counter(fold_words(answer))
    shared = (given & wanted).total()
    return 2 * shared / (given.total() + wanted.total()) if shared else 0.0


def seniority_pairs(ads: Sequence[Ad], answers: Answers) -> list[tuple[str, str]]:
    """(label, answer) of every ad; an acceptable answer counts as the label."""
    pairs = []
    for ad in ads:
        label, *also = right_answers(ad, "seniority")
        given = answers[ad["id"], "seniority"] or UNKNOWN
        given = FOLDED.get(given, given)
        pairs.append((label, label if given in also else given))
    return pairs


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean F1 of the four levels; an answer where the label is unknown is an error."""
    scores = []
    for level in LEVELS:
        hits = sum(label == answer == level for label, answer in pairs)
        either = sum((label == level) + (answer == level) for label, answer in pairs)
        scores.append(2 * hits / either if either else 0.0)
    return float(np.mean(scores))


def company_marks(ads: Sequence[Ad], answers: Answers) -> list[bool | None]:
    """Of the ads that name their company: None without an answer, else whether it is right."""
    named = [ad for ad in ads if ad["company_in_text"]]
    return [_mark(answers[ad["id"], "company"], right_answers(ad, "company")) for ad in named]


def location_marks(ads: Sequence[Ad], answers: Answers) -> list[bool | None]:
    """Of the ads whose label has a place: None without an answer, else whether the city is right."""
    placed = [ad for ad in ads if ad["labels"]["location"] != UNKNOWN]
    return [_location_mark(ad, answers) for ad in placed]


def every_location_mark(ads: Sequence[Ad], answers: Answers) -> list[bool | None]:
    """The same of all ads: a place where the label has none is wrong."""
    return [_location_mark(ad, answers) for ad in ads]


def _location_mark(ad: Ad, answers: Answers) -> bool | None:
    value = answers[ad["id"], "location"]
    return _mark(city(value) if value else None, [city(answer) for answer in right_answers(ad, "location")])


def _mark(value: str | None, right: Sequence[str]) -> bool | None:
    return None if value is None else any(same(value, answer) for answer in right)


def precision(marks: Sequence[bool | None]) -> float:
    given = [mark for mark in marks if mark is not None]
    return float(np.mean(given)) if given else float("nan")


def coverage(marks: Sequence[bool | None]) -> float:
    return sum(mark is not None for mark in marks) / len(marks) if marks else float("nan")


def title_f1(ads: Sequence[Ad], answers: Answers) -> float:
    best = [max(token_f1(answers[ad["id"], "title"], right) for right in right_answers(ad, "title")) for ad in ads]
    return float(np.mean(best))


METRICS: dict[str, Callable[[Sequence[Ad], Answers], float]] = {
    "seniority macro-F1": lambda ads, answers: macro_f1(seniority_pairs(ads, answers)),
    "company precision": lambda ads, answers: precision(company_marks(ads, answers)),
    "company coverage": lambda ads, answers: coverage(company_marks(ads, answers)),
    "location precision": lambda ads, answers: precision(location_marks(ads, answers)),
    "location coverage": lambda ads, answers: coverage(location_marks(ads, answers)),
    "location precision, all ads": lambda ads, answers: precision(every_location_mark(ads, answers)),
    "title token F1, no TITLE block": title_f1,
}


def interval(
    metric: Callable[[Sequence[Ad], Answers], float],
    ads: Sequence[Ad],
    answers: Answers,
    groups: Sequence[int],
    draws: int = 1000,
) -> tuple[float, float]:
    """Percentile bootstrap, 95 %: groups of ads are drawn whole."""
    members: dict[int, list[Ad]] = {}
    for ad, group in zip(ads, groups, strict=True):
        members.setdefault(group, []).append(ad)
    parts = list(members.values())
    rng = np.random.default_rng(0)
    values = []
    for _ in range(draws):
        drawn = [ad for number in rng.integers(len(parts), size=len(parts)) for ad in parts[number]]
        values.append(metric(drawn, answers))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
