"""Extractor without weights: five features of English and French ads by rule."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nextjob.extraction.extractor import Answer
from nextjob.extraction.features import Feature
from nextjob.extraction.sections import read_heading, read_title
from nextjob.extraction.values.folding import find_runs, fold_word, fold_words, word_set
from nextjob.extraction.values.gazetteer import CITIES, PLACE_WORDS, PREPOSITIONS, is_postal_code, named_cities
from nextjob.extraction.values.grounding import TECHNOLOGIES
from nextjob.extraction.values.levels import stated_level, title_level
from nextjob.extraction.values.normalise import is_unknown
from nextjob.extraction.values.sectors import GENERAL, KEYWORDS
from nextjob.extraction.wanted import wanted_title

WAVE = 1000

_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True)
class Reading:
    """One ad as the rules see it: NFC text, its TITLE block or first line, its words as written and folded."""

    text: str
    title: str
    words: list[str]
    folded: list[str]

    @classmethod
    @lru_cache(maxsize=8)  # the features of an ad are read one after another
    def of(cls, ad: str) -> "Reading":
        """Read an ad once for all rules."""
        text = unicodedata.normalize("NFC", ad)
        words = _TOKEN.findall(text)
        return cls(text, read_heading(text), words, list(map(fold_word, words)))


class RulesExtractor:
    """Deterministic answers by rule; see `Extractor`.

    A closed feature without a rule of its own is answered by the only one of its choices that the ad names, whole
    words and by any of its names; an open one is not.
    """

    name = "rules"
    revision = "4"
    settings = ""
    prompt_version = ""

    def answer(self, ads: Sequence[str], features: Sequence[Feature]) -> Iterator[tuple[list[int], list[list[Answer]]]]:
        """Yield waves of 1,000 ads, in order."""
        for start in range(0, len(ads), WAVE):
            wave = range(start, min(start + WAVE, len(ads)))
            yield list(wave), [_answer_all(ads[position], features) for position in wave]


def _answer_all(ad: str, features: Sequence[Feature]) -> list[Answer]:
    reading = Reading.of(ad)
    return [_read(reading, feature) for feature in features]


def read_feature(feature: Feature, ad: str) -> Answer:
    """What the rules read of one feature, with a confidence where the feature has one."""
    return _read(Reading.of(ad), feature)


def _read(ad: Reading, feature: Feature) -> Answer:
    return RULES[feature.name](ad) if feature.name in RULES else Answer(_only_choice(ad, feature))


def _only_choice(ad: Reading, feature: Feature) -> str:
    names = feature.choice_names().items()
    named = {
        choice for name, choice in names if not is_unknown(choice) and any(True for _ in find_runs(ad.folded, name))
    }
    return named.pop() if len(named) == 1 else ""


# How sure titles and levels are, to be weighed against the probability that a model gives its answer.
NAMED, WANTED, STATED, GUESSED = 1.0, 0.9, 0.8, 0.0


def title(ad: Reading) -> Answer:
    """The TITLE block, else whom the text says it is looking for, else, as a guess, the first line."""
    if named := read_title(ad.text):
        return Answer(named, NAMED)
    if wanted := wanted_title(ad.text):
        return Answer(wanted, WANTED)
    return Answer(ad.title, GUESSED)


def seniority(ad: Reading) -> Answer:
    """The level that the TITLE block names, else the one that the first line names or the ad states."""
    if level := title_level(read_title(ad.text)):
        return Answer(level, NAMED)
    level = title_level(ad.title) or stated_level(ad.folded)
    return Answer(level, STATED if level else None)


# Company: the first cue that is followed or preceded by a name. A cue is tried where one of its words is in
# the ad, and begins with fixed letters where it can: both save most of the time.

_UPPER = "A-ZÀ-ÖØ-Þ"
_PART = rf"[{_UPPER}0-9](?:[\w&'’+@-]|\.(?=\w))*"
_LINK = r"(?:de la|de l['’]|des|de|du|d['’]|of the|of|for|and|et|&|la|le|les|à|en)"
_QUALIFIER = r"(?:numérique|régionale?|nationale?)\b"
_NAME = rf"(?P<name>{_PART}(?:[ \xa0](?:{_LINK}[ \xa0]?)?{_PART}|[ \xa0]{_QUALIFIER}){{0,6}})"
_OPENING = r"(?:[Ll]e |[Ll]a |[Ll]es |[Ll]['’]|[Tt]he )?"
_HIRES = "recrute recherche cherche embauche hiring hires looking seeking"
_ACRONYM = r"(?:\([^)\n]*\))?"
_CUES = [
    (word_set(triggers), re.compile(pattern, re.MULTILINE))
    for triggers, pattern in (
        (
            "entreprise societe employeur company employer organisation organization client",
            r"^[ \t*-]*(?:Entreprise|Société|Employeur|Company|Employer|Organi[sz]ation|Client final)[ \t]*:"
            rf"[ \t]*{_NAME}",
        ),
        (
            _HIRES,
            rf"^[« ]*(?:L['’]équipe (?:de |du |d['’])?)?{_OPENING}{_NAME}[ »]*{_ACRONYM}[ ]"
            r"(?::[ ])?(?:recrute|recherche|cherche|embauche|is hiring|is looking for|is seeking|hires)\b",
        ),
        *(
            (
                trigger,
                rf"{head} {_NAME}[ »]*{_ACRONYM} (?:recrute|recherche|cherche|embauche|est|is|s['’]agrandit)\b",
            )
            for trigger, head in (("etat", "'État"), ("etat", "’État"), ("equipe", "quipe"), ("societe", "ociété"))
        ),
        ("about propos", rf"(?:[Àà] propos (?:de |du |des |d['’])|About |about ){_OPENING}{_NAME}"),
        (
            "sommes are",
            r"(?:Qui sommes[- ]nous|Nous sommes|We are|Who we are)[ \t]*[:?]*\s*(?:Nous sommes )?"
            rf"{_OPENING}{_NAME}",
        ),
        *(
            (trigger, rf"{head} {_OPENING}{_NAME}")
            for trigger, head in (
                ("chez", "chez"),
                ("rejoignez rejoignant", "ejoign(?:ez|ant)"),
                ("rejoins rejoindre", "ejoin(?:s|dre)"),
                ("join", "[Jj]oin"),
                ("work working", "[Ww]ork(?:ing)? (?:at|for)"),
            )
        ),
        (
            "est is accompagne works aide propose fait",
            rf"^{_OPENING}{_NAME}[ »]*{_ACRONYM},? (?:est|is|accompagne|works|aide|propose|fait partie)\b",
        ),
        ("le la les l the", rf"^{_OPENING}{_NAME} \([A-Z]{{2,6}}\)"),
        ("startup start", rf"[Ss]tart-?up d['’][ÉEée]tat {_NAME}"),
        ("at", rf"\b(?:career|role|position|job|engineer|developer|manager) at {_NAME}"),
    )
]
_GOES_ON = re.compile(r"\s(?:des?|du|la|le)\s|\sd['’]")
_NOT_NAMES = word_set(
    "nous vous notre votre nos vos je tu il elle on ils elles ce cet cette ces un une le la les des l d qui "
    "que quoi we you our your us they this that these a an the who what why it he she if as in at for and or "
    "to from description missions mission profil profile poste contexte context avantages summary title "
    "section startups startup etat client clients equipe team entreprise societe company groupe dans pour "
    "avec vos chaque tous toute cdi cdd stage freelance teletravail remote france paris europe all how where "
    "when here there au aux quel quelle quels quelles plus aujourd lance lancee cree creee depuis celle celui "
    "direction beta iaas"
)


def company(ad: Reading) -> Answer:
    """Name after or before the first cue that has one, such as "chez X", "X recrute", "About X"."""
    named = set(ad.folded)
    for triggers, cue in _CUES:
        if triggers.isdisjoint(named):
            continue
        for match in cue.finditer(ad.text):
            name = match.group("name").rstrip(".,-'’ ")
            words = fold_words(name)
            cut = _GOES_ON.match(ad.text, match.end("name"))
            if words and not cut and words[0] not in _NOT_NAMES and name.casefold() not in TECHNOLOGIES:
                return Answer(name)
    return Answer("")


# Location: the known city with the strongest cues around it.

_PLACE_LINE = re.compile(
    r"^[ \t*-]*(?:Localisation|Lieu(?: de travail| du poste| de mission)?|Location|Ville|City)[ \t]*:[ \t]*"
    r"(?P<place>[^\n,;(.]{2,40})",
    re.MULTILINE | re.IGNORECASE,
)
_REMOTE = re.compile(r"remote|t[ée]l[ée]travail|distance|anywhere|home", re.IGNORECASE)


def location(ad: Reading) -> Answer:
    """The city with the strongest cues around it, as written, else what a "Location:" line says."""
    scores: Counter[str] = Counter()
    written: dict[str, str] = {}
    for position, city in named_cities(ad.words, ad.folded):
        before = ad.folded[max(position - 7, 0) : position]
        score = 3 * any(word in PLACE_WORDS for word in before)
        score += 2 * bool(before and is_postal_code(before[-1]))
        score += bool(before and before[-1] in PREPOSITIONS)
        scores[CITIES[city]] += score or 1
        written.setdefault(CITIES[city], " ".join(ad.words[position : position + len(city)]))
    if scores:
        return Answer(written[max(scores, key=lambda place: scores[place])])
    line = _PLACE_LINE.search(ad.text)
    return Answer(line.group("place").strip() if line and not _REMOTE.search(line.group("place")) else "")


# Industry: the sector whose words are named most, words of the title three times. A general sector scores 1 for
# each different word, another one 2 for every mention, up to three mentions of a word.

_SECTOR_STARTS = frozenset(words[0] for words in KEYWORDS)
LEAST_SCORE = 3
"""Two mentions of a sector, or three different words of a general one."""


def industry(ad: Reading) -> Answer:
    """Sector with the highest score, "" below LEAST_SCORE."""
    scores: Counter[str] = Counter()
    counts: Counter[tuple[str, ...]] = Counter()
    for words, weight in ((fold_words(ad.title), 3), (ad.folded, 1)):
        for position, word in enumerate(words):
            if word in _SECTOR_STARTS:
                for length in (3, 2, 1):
                    run = tuple(words[position : position + length])
                    if run in KEYWORDS:
                        counts[run] += weight
                        break
    for run, count in counts.items():
        sector = KEYWORDS[run]
        scores[sector] += 1 if sector in GENERAL else 2 * min(count, 3)
    best = max(scores, key=lambda sector: scores[sector], default="")
    return Answer(best if scores[best] >= LEAST_SCORE else "")


RULES: dict[str, Callable[[Reading], Answer]] = {
    "title": title,
    "seniority": seniority,
    "company": company,
    "location": location,
    "industry": industry,
}
