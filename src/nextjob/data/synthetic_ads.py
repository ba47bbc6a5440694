"""Invented job ads in the challenge's block layout, each with the truth about what it states."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from nextjob.data import synthetic_text as wording

T = TypeVar("T")

TITLE: Final = "title"
SENIORITY: Final = "seniority"
COMPANY: Final = "company"
INDUSTRY: Final = "industry"
LOCATION: Final = "location"
FEATURES: Final = (TITLE, SENIORITY, COMPANY, INDUSTRY, LOCATION)

FRENCH_SHARE = 0.65
DECOMPOSED_SHARE = 0.47
REPOST_SHARE = 0.01
LEFT_OUT = {SENIORITY: 0.15, COMPANY: 0.15, INDUSTRY: 0.10, LOCATION: 0.06}
"""How often an ad does not state a feature."""


@dataclass(frozen=True)
class Ad:
    """One ad, its trade (a place in `FAMILIES`) and, per feature, the stated value and the words saying so.

    A feature that the ad leaves out has neither value nor evidence.
    """

    text: str
    family: int
    values: dict[str, str | None]
    evidence: dict[str, str | None]


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Draw one option, all equally likely."""
    return options[int(rng.random() * len(options))]


def pick_first_often(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Draw one option, the earlier ones more often."""
    return options[int(rng.random() ** 1.6 * len(options))]


def pick_some(rng: np.random.Generator, options: Sequence[T], count: int) -> list[T]:
    """Draw `count` different options in random order."""
    order = np.argsort(rng.random(len(options)), kind="stable")
    return [options[place] for place in order[:count]]


def make_ads(rng: np.random.Generator, count: int) -> list[Ad]:
    """Write `count` ads; a few have a placeholder for a title and a few are posted a second time."""
    placeholders = {int((n + 1) * count / 3): title for n, title in enumerate(wording.PLACEHOLDER_TITLES)}
    ads: list[Ad] = []
    for number in range(count):
        if ads and number not in placeholders and rng.random() < REPOST_SHARE:
            ads.append(pick(rng, ads))
        else:
            ads.append(_make_ad(rng, placeholders.get(number)))
    return ads


def _make_ad(rng: np.random.Generator, placeholder: str | None) -> Ad:
    language = 0 if rng.random() < FRENCH_SHARE else 1
    family = int(rng.random() ** 1.3 * len(wording.FAMILIES))
    trade = wording.FAMILIES[family]
    industry = pick_first_often(rng, tuple(wording.INDUSTRIES))
    drawn = {
        TITLE: pick(rng, trade.titles[language]),
        SENIORITY: wording.SENIORITIES[_level(rng)],
        COMPANY: pick_first_often(rng, wording.COMPANIES[industry]),
        INDUSTRY: industry,
        LOCATION: pick_first_often(rng, wording.CITIES),
    }
    values: dict[str, str | None] = {
        feature: None if rng.random() < LEFT_OUT.get(feature, 0.0) else value for feature, value in drawn.items()
    }
    if placeholder is not None:
        values[TITLE] = None
    evidence: dict[str, str | None] = dict.fromkeys(FEATURES)

    level = values[SENIORITY]
    level_in_title = level is not None and placeholder is None and rng.random() < 0.5
    heading = placeholder or drawn[TITLE]
    if level and level_in_title:
        heading = pick(rng, wording.SENIORITY_TITLES[level][language]).format(t=heading)
    if placeholder is None:
        evidence[TITLE] = heading = _decorate(rng, heading, values[LOCATION], language)
    sentences = {COMPANY: pick(rng, wording.NO_COMPANY_SENTENCES[language])}
    if values[COMPANY]:
        evidence[COMPANY] = sentences[COMPANY] = pick(rng, wording.COMPANY_SENTENCES[language]).format(
            k=values[COMPANY]
        )
    if values[INDUSTRY]:
        evidence[INDUSTRY] = pick(rng, wording.INDUSTRIES[industry][language])
        sentences[INDUSTRY] = pick(rng, wording.INDUSTRY_SENTENCES[language]).format(i=evidence[INDUSTRY])
    if values[LOCATION]:
        evidence[LOCATION] = sentences[LOCATION] = pick(rng, wording.LOCATION_SENTENCES[language]).format(
            c=values[LOCATION]
        )
        if rng.random() < 0.08:
            sentences[LOCATION] += " " + pick(rng, wording.TRIP_SENTENCES[language]).format(c=pick(rng, wording.CITIES))
    if level_in_title:
        evidence[SENIORITY] = heading
    elif level:
        evidence[SENIORITY] = sentences[SENIORITY] = pick(rng, wording.SENIORITY_SENTENCES[level][language])

    text = _layout(rng, heading, sentences, trade, language)
    return Ad(text, family, values, evidence)


def _level(rng: np.random.Generator) -> int:
    return int(np.searchsorted((0.08, 0.30, 0.62, 0.90), rng.random(), side="right"))


def _decorate(rng: np.random.Generator, title: str, city: str | None, language: int) -> str:
    form = rng.random()
    if form < 0.15:
        return title.upper()
    if form < 0.45 and language == 0:
        return f"{title} (H/F)"
    if form < 0.55 and city:
        return f"{title} - {city}"
    return title


def _layout(
    rng: np.random.Generator, heading: str, sentences: dict[str, str], trade: wording.Family, language: int
) -> str:
    """Arrange the sentences in blocks; company, sector and place land in the summary or in a section."""
    tasks = pick_some(rng, trade.tasks[language], 3 + int(rng.random() * 2))
    skills = pick_some(rng, trade.skills, 4)
    facts = pick_some(rng, [sentences[f] for f in (COMPANY, INDUSTRY, LOCATION) if f in sentences], 3)
    cut = int(rng.random() * (len(facts) + 1))
    summary = [pick(rng, wording.INTROS[language]), *facts[:cut]]
    missions = [pick(rng, wording.TASK_INTROS[language]), *(f"- {task}" for task in tasks)]
    profile = [
        *([sentences[SENIORITY]] if SENIORITY in sentences else []),
        pick(rng, wording.SKILL_SENTENCES[language]).format(a=skills[0], b=skills[1], c=skills[2]),
        *facts[cut:],
        *pick_some(rng, wording.CLOSINGS[language], 1 + int(rng.random() * 3)),
    ]
    profile_mark = "TITLE: CANDIDATE_PROFILE\n" if rng.random() < 0.15 else ""
    spoken = wording.LANGUAGES[language] if rng.random() < 0.5 else ()
    certificates = pick_some(rng, wording.CERTIFICATIONS, 1) if rng.random() < 0.2 else []
    courses = pick_some(rng, wording.COURSES[language], 1) if rng.random() < 0.4 else []
    soft = pick_some(rng, wording.SOFT_SKILLS[language], 2)
    blocks = [
        f"TITLE\n{heading}",
        "SUMMARY\n" + "\n".join(summary),
        "SECTION:\nDESCRIPTION: " + "\n".join(missions),
        f"SECTION:\n{profile_mark}DESCRIPTION: " + " ".join(profile),
        "LANGUAGES\n" + _records(spoken),
        "CERTIFICATIONS\n" + _records(certificates),
        "SKILLS\n" + "\n".join([_records(skills, type="hard"), _records(soft, type="soft")]),
        "COURSES\n" + _records(courses),
        "TASKS\n" + _records(tasks),
    ]
    decomposed = rng.random() < DECOMPOSED_SHARE
    return unicodedata.normalize("NFD" if decomposed else "NFC", "\n\n".join(blocks))


def _records(names: Sequence[str], **more: str) -> str:
    return "\n".join(f"- {dict(name=name, **more, value=None)}" for name in names)
