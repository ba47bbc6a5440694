"""Variants of a labelled ad: parts left out, names, places and levels changed, the answers with them."""

import re
import unicodedata
from collections.abc import Iterable

import numpy as np

from nextjob.data.synthetic_ads import pick
from nextjob.extraction.lora.ads import UNKNOWN, LabelledAd
from nextjob.extraction.lora.synthetic import draw_city, draw_company, draw_title, state_level, state_years
from nextjob.extraction.lora.titles import written_title
from nextjob.extraction.lora.written import find_written, replace_written
from nextjob.extraction.sections import read_title
from nextjob.extraction.values.levels import title_level

_BLOCK = re.compile(r"\A\s*TITLE[ \t]*\n.*?\n[ \t]*\n(?:SUMMARY[ \t]*\n)?", re.DOTALL)
_FRENCH = re.compile(r"\b(?:le|la|les|des|une?|vous|et)\b", re.IGNORECASE)

OPEN = ("title", "company", "location")
UNTITLED = 0.55
"""Share of variants without the TITLE block."""
WHOLE = 0.12
"""Share of variants that keep their length."""
KEPT = 0.9
"""How often a paragraph that holds an answer is kept."""
LONG_PARAGRAPH = 60
"""Words from which a paragraph is taken line by line."""
LEVELLED = 0.4
"""How often an ad that names no level gets one."""
RENAMED = 0.3
"""How often a name is changed."""


def without_title(text: str) -> str:
    """The ad without its TITLE block."""
    return _BLOCK.sub("", text, count=1)


def written_answers(ad: LabelledAd) -> LabelledAd:
    """The ad with its answers as an extractor should give them.

    Company and place are the first right answer that stands in the ad, as written there, or "Unknown"; a place is
    its city. A level for which the ad has no evidence is "Unknown" where that counts as right, and a Junior whose
    evidence is an internship is "Internship". A title is asked where the ad has no TITLE block, see `written_title`.
    """
    text = unicodedata.normalize("NFC", ad.text)
    answers = dict(ad.answers)
    for feature in ("company", "location"):
        if feature in answers:
            short = [answer.split(",")[0] if feature == "location" else answer for answer in answers[feature]]
            known = [] if short[0] == UNKNOWN else [find_written(answer, text) for answer in short if answer != UNKNOWN]
            first = next((spans[0] for spans in known if spans), None)
            answers[feature] = (text[slice(*first)],) if first else (UNKNOWN,)
    if levels := answers.get("seniority"):
        silent = UNKNOWN in levels and not ad.evidence.get("seniority")
        answers["seniority"] = (UNKNOWN if silent else _name_level(levels[0], ad.evidence.get("seniority", "")),)
    titles = answers.pop("title", ())
    if not read_title(text) and (title := written_title(titles, text)):
        answers["title"] = (title,)
    return LabelledAd(ad.ad_id, text, answers, ad.group, ad.evidence)


def _name_level(label: str, evidence: str) -> str:
    """The label, or Internship where it is Junior for that reason: labels may know four levels only."""
    return "Internship" if label == "Junior" and title_level(evidence) == "Internship" else label


def vary(ad: LabelledAd, rng: np.random.Generator) -> LabelledAd:
    """A variant to learn from, mostly shorter, with the answers that are still certain."""
    language = 0 if len(_FRENCH.findall(ad.text)) * 40 > len(ad.text.split()) else 1
    ad = _change_level(ad, rng, language)
    if rng.random() < UNTITLED:
        ad = _replace(ad, without_title(ad.text))
    whole = written_answers(ad)
    told = [answers[0] for feature, answers in whole.answers.items() if feature in OPEN and answers[0] != UNKNOWN]
    shorter = _replace(ad, _shorten(whole.text, rng, [*ad.evidence.values(), *told]))
    ad = _settle(whole, written_answers(shorter))
    names = {"company": draw_company(rng), "location": draw_city(rng)}
    if not ad.evidence.get("seniority"):  # which a title may hold
        names["title"] = draw_title(rng, language)
    for feature, name in names.items():
        answer = ad.answers.get(feature, (UNKNOWN,))[0]
        if rng.random() < RENAMED and answer != UNKNOWN and find_written(answer, ad.text):
            ad = _rename(ad, feature, name)
    return ad


def _replace(ad: LabelledAd, text: str) -> LabelledAd:
    return LabelledAd(ad.ad_id, text, ad.answers, ad.group, ad.evidence)


def _shorten(text: str, rng: np.random.Generator, needed: Iterable[str]) -> str:
    """Some of the paragraphs, in order: mostly the first and those with what is needed, others as words are left."""
    head = _BLOCK.match(text)
    body = text[head.end() :] if head else text
    parts = [part for paragraph in re.split(r"\n[ \t]*\n", body) for part in _split(paragraph)]
    left = len(body.split()) if rng.random() < WHOLE else int(rng.integers(60, 260))
    first = {0, *(spot for words in needed if (spot := _find_part(words, parts)) is not None)}
    wanted = {number for number in sorted(first) if rng.random() < KEPT}
    left -= sum(len(parts[number].split()) for number in wanted)
    start = int(rng.integers(len(parts)))  # neighbours stay together
    for number in [*range(start, len(parts)), *range(start)]:
        size = len(parts[number].split())
        if number not in first and size <= left:
            wanted.add(number)
            left -= size
    kept = "\n\n".join(parts[number] for number in sorted(wanted))
    return f"{head.group() if head else ''}{kept}"


def _split(paragraph: str) -> list[str]:
    """A long paragraph line by line."""
    return paragraph.split("\n") if len(paragraph.split()) > LONG_PARAGRAPH else [paragraph]


def _find_part(words: str, parts: list[str]) -> int | None:
    return next((number for number, part in enumerate(parts) if find_written(words, part)), None)


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
    if answers.get("title") != whole.answers.get("title"):
        answers.pop("title", None)
    return LabelledAd(part.ad_id, part.text, answers, part.group, part.evidence)


def _rename(ad: LabelledAd, feature: str, name: str) -> LabelledAd:
    """The ad with another name wherever the answer stands, in other answers too."""
    old = ad.answers[feature][0]
    answers = {
        other: (replace_written(old, name, given[0]),) if other in OPEN else given
        for other, given in ad.answers.items()
    }
    return LabelledAd(ad.ad_id, replace_written(old, name, ad.text), answers, ad.group, ad.evidence)


def _change_level(ad: LabelledAd, rng: np.random.Generator, language: int) -> LabelledAd:
    """Some ads that name no level get one: in their title or as years asked for."""
    right = ad.answers.get("seniority", ())
    if UNKNOWN not in right or ad.evidence.get("seniority") or rng.random() >= LEVELLED:
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
