"""Invented job ads to learn from, with the truth: English and French, public and private, in blocks and free."""

from collections.abc import Sequence

import numpy as np

from nextjob.data.synthetic_ads import pick, pick_some
from nextjob.data.synthetic_text import FAMILIES
from nextjob.extraction.lora import wording
from nextjob.extraction.lora.ads import UNKNOWN, LabelledAd
from nextjob.extraction.values.gazetteer import CITIES

FRENCH_SHARE = 0.65
PUBLIC_SHARE = 0.4
BLOCKS = 0.3
"""Share of ads with a TITLE block."""
LEVELS = {
    UNKNOWN: 0.38, "Internship": 0.06, "Junior": 0.13, "Mid": 0.15, "Senior": 0.15, "Lead": 0.1, "Executive": 0.03
}  # fmt: skip
YEARS = {"Junior": (1, 2), "Mid": (3, 5), "Senior": (6, 12)}
"""Fewest years asked for: first and last number that mean a level."""
STATED = {"title": 0.96, "company": 0.8, "location": 0.75, "industry": 0.75}
"""How often an ad says it."""

_CITIES = sorted({place.split(", ")[0] for place in CITIES.values()})
_FRENCH_CITIES = sorted({place.split(", ")[0] for place in CITIES.values() if place.endswith(", France")})


def make_ads(count: int, seed: int | Sequence[int]) -> list[LabelledAd]:
    """Write `count` ads; the same count and seed give the same ads."""
    rng = np.random.default_rng(seed)
    return [_make_ad(rng, f"synthetic-{number}") for number in range(count)]


def draw_city(rng: np.random.Generator) -> str:
    """A city of the gazetteer, more often than not a French one."""
    return pick(rng, _FRENCH_CITIES if rng.random() < 0.6 else _CITIES)


def draw_title(rng: np.random.Generator, language: int) -> str:
    """A title without a level; 0 is French, 1 English."""
    return pick(
        rng, wording.PUBLIC_TITLES[language] if rng.random() < PUBLIC_SHARE else pick(rng, FAMILIES).titles[language]
    )


def draw_company(rng: np.random.Generator) -> str:
    """An invented firm, public body, product or acronym."""
    name = "".join(pick_some(rng, wording.SYLLABLES, 2 + int(rng.random() * 2))).capitalize()
    kind = rng.random()
    if kind < 0.08:
        return "".join(pick_some(rng, wording.ACRONYM_LETTERS, 3 + int(rng.random() * 3)))
    forms = wording.FIRM_FORMS if kind < 0.55 else wording.PUBLIC_FORMS if kind < 0.75 else wording.PRODUCT_FORMS
    form = pick(rng, forms)
    word = pick(rng, wording.PRODUCT_WORDS)
    return form.format(x=name, w=word.lower() if ".fr" in form else word)


def state_years(rng: np.random.Generator, level: str, language: int) -> str:
    """A sentence that asks for the years of a level, in digits or in words."""
    low, high = YEARS[level]
    least = int(rng.integers(low, high + 1))
    most = least + int(rng.integers(1, 4))
    numbers = wording.NUMBERS[language]
    in_words = rng.random() < 0.2 and most < len(numbers)
    sentence = pick(rng, wording.YEARS[language])
    return sentence.format(n=numbers[least] if in_words else least, m=numbers[most] if in_words else most)


def state_level(rng: np.random.Generator, title: str, level: str, language: int) -> str:
    """The title with words that name the level."""
    return pick(rng, wording.LEVEL_TITLES[level][language]).format(t=title)


def _make_ad(rng: np.random.Generator, ad_id: str) -> LabelledAd:
    language = 0 if rng.random() < FRENCH_SHARE else 1
    public = rng.random() < PUBLIC_SHARE
    family = pick(rng, FAMILIES)
    sector = "Public sector" if public else pick(rng, tuple(wording.SECTORS))
    title = pick(rng, wording.PUBLIC_TITLES[language] if public and rng.random() < 0.7 else family.titles[language])
    company, city = draw_company(rng), draw_city(rng)
    stated = {feature: rng.random() < share for feature, share in STATED.items()}

    level = pick_level(rng)
    told: list[str] = []
    way = rng.random()
    if level != UNKNOWN and stated["title"] and (way < 0.45 or level == "Executive"):
        title = state_level(rng, title, level, language)
        if rng.random() < 0.15:  # a title counts for more than the years
            told.append(state_years(rng, pick(rng, tuple(YEARS)), language))
    elif level in YEARS and way < 0.85:
        told.append(state_years(rng, level, language))
    elif level != UNKNOWN:
        told.append(pick(rng, wording.LEVEL_WORDS[level][language]))
    if rng.random() < 0.5:
        number = int(rng.integers(2, 12))
        told.append(pick(rng, wording.NO_LEVEL[language]).format(n=number, m=number * 2))
    if rng.random() < 0.12:
        title = title.upper()

    facts = _facts(rng, company, city, sector, stated, language)
    blocks = rng.random() < BLOCKS
    if stated["title"] and not blocks:
        place = 0 if rng.random() < 0.5 else int(rng.integers(len(facts) + 1))
        facts.insert(place, _name_title(rng, title, company if stated["company"] else "", language))
    if rng.random() < 0.5:
        other = pick(rng, wording.OTHER_TITLE[language]).format(t=draw_title(rng, language))
        facts.insert(int(rng.integers(len(facts) + 1)), other)
    heading = f"TITLE\n{title}{' (H/F)' if language == 0 and rng.random() < 0.2 else ''}"
    tasks = pick_some(rng, family.tasks[language], 2 + int(rng.random() * 3))
    text = _lay_out(rng, facts, told, tasks, pick_some(rng, family.skills, 4), language, blocks)
    answers = {
        "seniority": level,
        "company": company if stated["company"] else UNKNOWN,
        "location": city if stated["location"] else UNKNOWN,
        "industry": sector if stated["industry"] else UNKNOWN,
    }
    if blocks and stated["title"]:
        text = f"{heading}\n\n{text}"
    else:
        answers["title"] = title if stated["title"] else UNKNOWN
    return LabelledAd(ad_id, text, {feature: (answer,) for feature, answer in answers.items()})


def pick_level(rng: np.random.Generator) -> str:
    """A level, in realistic shares."""
    return str(rng.choice(list(LEVELS), p=list(LEVELS.values())))


def _facts(
    rng: np.random.Generator, company: str, city: str, sector: str, stated: dict[str, bool], language: int
) -> list[str]:
    """Sentences on employer, place and sector, and on other employers and places."""
    d, e = draw_city(rng), draw_city(rng)
    facts = [pick(rng, (wording.COMPANY if stated["company"] else wording.NO_COMPANY)[language]).format(k=company)]
    if stated["company"] and rng.random() < 0.5:
        facts.append(pick(rng, wording.COMPANY[language]).format(k=company))
    if rng.random() < 0.35:
        facts.append(pick(rng, wording.OTHER_COMPANY[language]).format(k=draw_company(rng)))
    if stated["industry"]:
        named = pick(rng, wording.SECTORS[sector][language])
        facts.append(pick(rng, wording.SECTOR[language]).format(i=named))
    written = city
    if language == 0 and rng.random() < 0.15:
        written = pick(rng, (f"{city} {int(rng.integers(2, 20))}e", f"{int(rng.integers(10000, 95000))} {city}"))
    place = pick(rng, (wording.LOCATION if stated["location"] else wording.NO_LOCATION)[language])
    order = pick_some(rng, facts, len(facts))
    if rng.random() < 0.4:
        order.append(pick(rng, wording.OTHER_CITY[language]).format(d=d, e=e))
    order.insert(int(rng.random() * (len(order) + 1)), place.format(c=written, d=d, e=e))
    return [fact for fact in order if fact]


def _name_title(rng: np.random.Generator, title: str, company: str, language: int) -> str:
    form = rng.random()
    if form < 0.35:
        return title
    if form < 0.65 and company:
        return pick(rng, wording.HIRES[language]).format(k=company, t=title)
    return pick(rng, wording.WANTED[language]).format(t=title)


def _lay_out(
    rng: np.random.Generator,
    facts: list[str],
    told: list[str],
    tasks: list[str],
    skills: list[str],
    language: int,
    blocks: bool,
) -> str:
    """Facts first and last, tasks in between, what is asked of the person after them."""
    fillers = pick_some(rng, wording.FILLERS[language], 2 + int(rng.random() * 6))
    cut = int(rng.integers(1, len(facts) + 1))
    filled = int(rng.random() * len(fillers))
    profile = pick_some(
        rng, told + facts[cut:] + fillers[filled:], len(told) + len(facts) - cut + len(fillers) - filled
    )
    bullets = [f"- {task}" for task in tasks]
    listed = ", ".join(skills)
    if blocks and rng.random() < 0.5:
        records = "\n".join(f"- {{'name': '{skill}', 'type': 'hard', 'value': None}}" for skill in skills)
        return "\n\n".join(
            [
                "SUMMARY\n" + "\n".join(facts[:cut] + fillers[:filled]),
                "SECTION:\nDESCRIPTION: " + "\n".join(bullets),
                "SECTION:\nDESCRIPTION: " + " ".join(profile),
                f"SKILLS\n{records}",
            ]
        )
    headings = pick_some(rng, wording.HEADINGS[language], 3)
    parts = [facts[:cut] + fillers[:filled], bullets, profile, [listed]]
    if rng.random() < 0.7:
        parts[1:] = [[heading, *part] for heading, part in zip(headings, parts[1:], strict=True)]
    gap = pick(rng, ("\n", "\n", "\n\n"))
    body = "\n\n".join(gap.join(part) for part in parts)
    return f"SUMMARY\n{body}" if blocks else body
