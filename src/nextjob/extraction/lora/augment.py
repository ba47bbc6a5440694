"""Variants of a labelled ad: parts left out, names, places and levels changed, the answers with them."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from nextjob.data.synthetic_ads import pick
from nextjob.extraction.folding import fold, fold_words
from nextjob.extraction.lora.ads import UNKNOWN, LabelledAd
from nextjob.extraction.lora.synthetic import draw_city, draw_company, state_level, state_years
from nextjob.extraction.sections import read_title

_TOKEN = re.compile(r"[^\W_]+")
_BLOCK = re.compile(r"\A\s*TITLE[ \t]*\n.*?\n[ \t]*\n(?:SUMMARY[ \t]*\n)?", re.DOTALL)
_fold_word = lru_cache(maxsize=100_000)(fold)
_FRENCH = re.compile(r"\b(?:le|la|les|des|une?|vous|et)\b", re.IGNORECASE)


def without_title(text: str) -> str:
    """The ad without its TITLE block."""
    return _BLOCK.sub("", text, count=1)


def find_written(answer: str, text: str) -> list[tuple[int, int]]:
    """Where the words of `answer` stand in the text: starts and ends, in order; accents and case do not count."""
    words, starts, ends = _words(text)
    wanted = tuple(fold_words(answer))
    size = len(wanted)
    return [
        (starts[first], ends[first + size - 1])
        for first, word in enumerate(words)
        if wanted and word == wanted[0] and words[first : first + size] == wanted
    ]


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[tuple[str, ...], list[int], list[int]]:
    """Folded words of a text, where they start and where they end."""
    found = [(_fold_word(match.group()), match.start(), match.end()) for match in _TOKEN.finditer(text)]
    return tuple(word for word, _, _ in found), [start for _, start, _ in found], [end for _, _, end in found]


def written_answers(ad: LabelledAd) -> LabelledAd:
    """The ad with its answers as an extractor should give them.

    Company and place are the first right answer that stands in the ad, as written there, or "Unknown"; a place is
    its city. A title is asked where the ad has no TITLE block.
    """
    text = unicodedata.normalize("NFC", ad.text)
    answers = dict(ad.answers)
    for feature in ("company", "location"):
        if feature in answers:
            short = [answer.split(",")[0] if feature == "location" else answer for answer in answers[feature]]
            known = [] if short[0] == UNKNOWN else [find_written(answer, text) for answer in short if answer != UNKNOWN]
            first = next((spans[0] for spans in known if spans), None)
            answers[feature] = (text[slice(*first)],) if first else (UNKNOWN,)
    if read_title(text):
        answers.pop("title", None)
    return LabelledAd(ad.ad_id, text, answers, ad.group, ad.evidence)


def vary(ad: LabelledAd, rng: np.random.Generator) -> LabelledAd:
    """A variant to learn from, with the answers that are still certain."""
    language = 0 if len(_FRENCH.findall(ad.text)) * 40 > len(ad.text.split()) else 1
    ad = _change_level(ad, rng, language)
    if rng.random() < 0.5:
        ad = _replace(ad, without_title(ad.text))
    shorter = _replace(ad, _leave_out(ad.text, rng, ad.evidence.values()))
    ad = _settle(written_answers(ad), written_answers(shorter))
    for feature, draw in (("company", draw_company), ("location", draw_city)):
        if rng.random() < 0.3 and feature in ad.answers and ad.answers[feature][0] != UNKNOWN:
            ad = _rename(ad, feature, draw(rng))
    return ad


def _replace(ad: LabelledAd, text: str) -> LabelledAd:
    return LabelledAd(ad.ad_id, text, ad.answers, ad.group, ad.evidence)


def _leave_out(text: str, rng: np.random.Generator, evidence: Iterable[str]) -> str:
    """The text without some of its paragraphs, seldom without the first ones or those that an answer rests on."""
    head, *paragraphs = re.split(r"\n[ \t]*\n", text)
    rate = max(rng.random() * 1.2 - 0.4, 0.0)
    kept = [head]
    for number, paragraph in enumerate(paragraphs):
        needed = number < 2 or any(find_written(words, paragraph) for words in evidence)
        if rng.random() >= rate * (0.25 if needed else 1.0):
            kept.append(paragraph)
    return "\n\n".join(kept)


def _settle(whole: LabelledAd, part: LabelledAd) -> LabelledAd:
    """Answers of a shortened ad: what lost its evidence is unknown, or not asked where that is uncertain."""
    answers = dict(part.answers)
    for feature, evidence in whole.evidence.items():
        if feature not in answers or answers[feature][0] == UNKNOWN or find_written(evidence, part.text):
            continue
        if feature == "seniority" and not any(
            find_written(word, part.text) for word in evidence.split() if len(word) > 3
        ):
            answers[feature] = (UNKNOWN,)
        else:
            del answers[feature]
    return LabelledAd(part.ad_id, part.text, answers, part.group, part.evidence)


def _rename(ad: LabelledAd, feature: str, name: str) -> LabelledAd:
    """The ad with another name wherever the answer stands."""
    text = ad.text
    for start, end in reversed(find_written(ad.answers[feature][0], text)):
        text = text[:start] + name + text[end:]
    return LabelledAd(ad.ad_id, text, {**ad.answers, feature: (name,)}, ad.group, ad.evidence)


def _change_level(ad: LabelledAd, rng: np.random.Generator, language: int) -> LabelledAd:
    """An ad that names no level gets one, half of the time: in its title or as years asked for."""
    right = ad.answers.get("seniority", ())
    if UNKNOWN not in right or ad.evidence.get("seniority") or rng.random() < 0.5:
        return ad
    title = re.match(r"\s*TITLE[ \t]*\n([^\n]+)\n", ad.text)
    if title and rng.random() < 0.55:
        level = pick(rng, ("Junior", "Senior", "Mid", "Lead", "Lead", "Senior"))
        heading = state_level(rng, title.group(1), level, language)
        changed = ad.text[: title.start(1)] + heading + ad.text[title.end(1) :]
        answers = {**ad.answers, "title": (heading,), "seniority": (level,)}
        return LabelledAd(ad.ad_id, changed, answers, ad.group, {**ad.evidence, "seniority": heading})
    level = pick(rng, ("Junior", "Mid", "Mid", "Senior"))
    sentence = state_years(rng, level, language)
    lines = ad.text.split("\n")
    bullets = [number for number, line in enumerate(lines) if line.startswith("- ")] or [len(lines) - 1]
    lines.insert(pick(rng, bullets) + 1, f"- {sentence.removeprefix('- ')}")
    answers = {**ad.answers, "seniority": (level,)}
    return LabelledAd(ad.ad_id, "\n".join(lines), answers, ad.group, {**ad.evidence, "seniority": sentence})
