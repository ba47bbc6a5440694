"""Raw answers to values: unknowns recognised, closed answers matched, companies and places cleaned."""

import re

from nextjob.extraction.features import Feature
from nextjob.extraction.readable import visible
from nextjob.extraction.values.folding import fold, fold_lookalikes, fold_words, word_set
from nextjob.extraction.values.gazetteer import CITIES, COUNTRIES, REGIONS, find_cities

_UNKNOWN = word_set(
    "unknown none null nil na n a nan nc tbd inconnu inconnue aucun aucune confidentiel confidential anonyme "
    "vide empty indetermine"
) | {
    "n a",
    "non applicable",
    "not applicable",
    "sans objet",
    "aucune information",
    "no information",
    "je ne sais pas",
}
_NOT_GIVEN = re.compile(
    r"\b(?:not?|non|pas|isn't|is not)\b[^.]{0,20}"
    r"\b(?:specifi\w+|precis\w+|mention\w+|provid\w+|stated|given|renseign\w+|communiqu\w+|indiqu\w+|available"
    r"|disponible|defini\w*|connu\w*)\b"
)

SENIORITY = {
    "Internship": "stage stagiaire intern internship trainee alternance alternant alternante apprentice "
    "apprenticeship apprenti apprentie apprentissage co-op etudiant etudiante student",
    "Junior": "junior jr debutant debutante entry-level entry graduate jeune-diplome",
    "Mid": "mid mid-level intermediate intermediaire confirme confirmee medior",
    "Senior": "senior sr experimente experimentee experienced expert experte principal principale staff",
    "Lead": "lead leader chef-d-equipe team-lead tech-lead encadrant manager",
    "Executive": "executive director directeur directrice head-of head chief vp cto ceo cio dsi cfo president",
}
"""Choice -> folded words or joined words that mean it, in English and French."""

_SYNONYMS = {
    "seniority": {tuple(word.split("-")): level for level, words in SENIORITY.items() for word in words.split()}
}
_LEGAL_FORM = re.compile(r"[\s,]+(?:S\.?A\.?S\.?U?|S\.?A\.?R\.?L|S\.?A|Inc|LLC|Ltd|GmbH|PLC|Corp|B\.?V)\.?$", re.I)
_QUOTES = " \t\n\"'`*_«»“”‘’<>:;,"
_BRACKETS = {"(": ")", "[": "]"}


def is_unknown(raw: str) -> bool:
    """True for an empty answer and for every way of saying in English or French that the ad does not say."""
    words = " ".join(fold_words(raw))
    return not words or words in _UNKNOWN or bool(_NOT_GIVEN.search(fold(raw)))


def normalise(feature: Feature, raw: str) -> str | None:
    """Value of a raw answer, None where it means unknown.

    A closed feature gives one of its choices, or the cleaned answer where none fits.
    """
    text = fold_lookalikes(visible(raw))
    text = trim(" ".join(text.split()))
    if is_unknown(text):
        return None
    if feature.choices is not None:
        return match_choice(feature, text) or text
    if feature.name == "company":
        return clean_company(text)
    if feature.name == "location":
        return clean_location(text)
    return text


def trim(text: str) -> str:
    """The text without quotes and full stop, brackets around all of it, and brackets that lack their other half."""
    before = None
    while text != before:
        before = text
        text = text.strip(_QUOTES).rstrip(".")
        for opening, closing in _BRACKETS.items():
            if text[:1] == opening and text.find(closing) == len(text) - 1:
                text = text[1:-1]
            elif closing not in text:
                text = text.strip(opening)
            elif text[:1] == closing:
                text = text.lstrip(closing)
            else:
                text = text.rstrip(opening if opening in text else closing)
    return text


def match_choice(feature: Feature, text: str) -> str | None:
    """The choice that equals the answer, else the one its words name, by a synonym too, else None."""
    words, by_words = fold_words(text), feature.choice_names()
    known = {key: level for key, level in _SYNONYMS.get(feature.name, {}).items() if level in by_words.values()}
    for length in range(min(len(words), 6), 0, -1):
        for start in range(len(words) - length + 1):
            run = tuple(words[start : start + length])
            if run in by_words or run in known:
                return by_words.get(run) or known[run]
    return None


def clean_company(text: str) -> str:
    """Company without a leading article, a trailing legal form or a closing bracketed acronym."""
    text = re.sub(r"\s*\([^)]*\)?$", "", text)
    text = re.sub(r"^(?:la société|l['’]entreprise|the company|chez|at)\s+", "", text, flags=re.I)
    return trim(_LEGAL_FORM.sub("", text)) or text


def clean_location(text: str) -> str:
    """ "City, Region, Country", "Region, Country" or the English name of a country, as far as known, else the text."""
    words = fold_words(text)
    cities = find_cities(words)
    if cities:
        named = {fold(COUNTRIES[run]) for run in _runs(words) if run in COUNTRIES}
        for _, city in cities:
            if not named or fold(CITIES[city].rsplit(", ", 1)[1]) in named:
                return CITIES[city]
        return text
    for end in range(len(words), 0, -1):
        region, rest = REGIONS.get(tuple(words[:end])), tuple(words[end:])
        if region and (not rest or COUNTRIES.get(rest) == region.rsplit(", ", 1)[1]):
            return region
    return COUNTRIES.get(tuple(words), text)


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for n in (1, 2) for i in range(len(words) - n + 1)]
