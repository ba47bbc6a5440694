"""Scores of extracted features against labelled ads, with bootstrap intervals over groups of ads.

Every score is a function of sums over ads, so that a drawn sample costs one matrix product.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nextjob.extraction.values.folding import fold_words

LEVELS = ("Junior", "Mid", "Senior", "Lead")
FOLDED = {"Internship": "Junior", "Executive": "Lead"}
"""The labels know four levels: internships are Junior, directors Lead."""
UNKNOWN = "unknown"

Ad = dict[str, Any]
"""A line of the file of labelled ads."""
Value = str | None


class Score(NamedTuple):
    """`tally` gives the numbers of one ad from its label and the extracted value, `combine` the score of their sums.

    Sums are (..., K) float64, scores (...).
    """

    feature: str
    tally: Callable[[Ad, Value], list[float]]
    combine: Callable[[np.ndarray], np.ndarray]


def read_ads(path: Path) -> list[Ad]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def right_answers(ad: Ad, feature: str) -> list[str]:
    return [ad["labels"][feature], *ad["also_acceptable"].get(feature, [])]


def same(value: str, answer: str) -> bool:
    """Equal word for word: whole tokens, accents and case folded."""
    return fold_words(value) == fold_words(answer)


def city(place: str) -> str:
    return place.split(",")[0]


def token_f1(value: Value, answer: str) -> float:
    given, wanted = Counter(fold_words(value or "")), Counter(fold_words(answer))
    shared = (given & wanted).total()
    return 2 * shared / (given.total() + wanted.total()) if shared else 0.0


def tally_level(ad: Ad, value: Value) -> list[float]:
    """Per level: hits, and how often it is label or answer; an acceptable answer counts as the label."""
    label, *also = right_answers(ad, "seniority")
    given = FOLDED.get(value or UNKNOWN, value or UNKNOWN)
    given = label if given in also else given
    return [number for level in LEVELS for number in (label == given == level, (label == level) + (given == level))]


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """Mean F1 of the levels."""
    return (2 * sums[..., ::2] / np.maximum(sums[..., 1::2], 1)).mean(-1)


def tally_company(ad: Ad, value: Value) -> list[float]:
    """Right, given, and whether the ad names its company at all; other ads do not count."""
    if not ad["company_in_text"]:
        return [0, 0, 0]
    return [value is not None and any(same(value, right) for right in right_answers(ad, "company")), bool(value), 1]


def tally_placed(ad: Ad, value: Value) -> list[float]:
    """Right, given, and whether the label has a place; other ads do not count."""
    return tally_place(ad, value) if ad["labels"]["location"] != UNKNOWN else [0, 0, 0]


def tally_place(ad: Ad, value: Value) -> list[float]:
    """The same of all ads: a place where the label has none is wrong."""
    right = [city(answer) for answer in right_answers(ad, "location")]
    return [value is not None and any(same(city(value), answer) for answer in right), bool(value), 1]


def tally_title(ad: Ad, value: Value) -> list[float]:
    return [max(token_f1(value, right) for right in right_answers(ad, "title")), 1]


def share(part: int, whole: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda sums: sums[..., part] / np.maximum(sums[..., whole], 1)


SCORES = {
    "seniority macro-F1": Score("seniority", tally_level, macro_f1),
    "company precision": Score("company", tally_company, share(0, 1)),
    "company coverage": Score("company", tally_company, share(1, 2)),
    "location precision": Score("location", tally_placed, share(0, 1)),
    "location coverage": Score("location", tally_placed, share(1, 2)),
    "location precision, all ads": Score("location", tally_place, share(0, 1)),
    "title token F1, no TITLE block": Score("title", tally_title, share(0, 1)),
}


def measure(
    score: Score, ads: Sequence[Ad], values: Sequence[Value], groups: Sequence[int], draws: int = 2000
) -> tuple[float, float, float]:
    """The score and its 95 % interval: percentile bootstrap, groups of ads drawn whole."""
    tallies = np.array([score.tally(ad, value) for ad, value in zip(ads, values, strict=True)], dtype=np.float64)
    _, number = np.unique(groups, return_inverse=True)
    sums = np.zeros((number.max() + 1, tallies.shape[1]))
    np.add.at(sums, number, tallies)
    drawn = np.random.default_rng(0).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    low, high = np.percentile(score.combine(drawn @ sums), [2.5, 97.5])
    return float(score.combine(sums.sum(0))), float(low), float(high)
