"""Is a value in the ad? Whole words, accents and case folded; what differs in little takes the ad's spelling."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from nextjob.extraction.sections import read_heading, read_sections, read_title
from nextjob.extraction.values.folding import WORD, find_runs, fold_word, fold_words, word_set
from nextjob.extraction.values.gazetteer import CITIES, COUNTRIES, REGIONS, has_capital, named_cities
from nextjob.extraction.values.levels import stated_level, title_level

FUZZY_FROM = 6
"""Shortest folded value, in letters, for which an inexact match counts."""
SIMILARITY = 90
"""Least rapidfuzz ratio (0-100) of an inexact match."""

TECHNOLOGIES = word_set(
    "java javascript typescript python php ruby rails scala kotlin swift golang rust c c++ c# .net dotnet sql "
    "nosql mysql postgresql postgres mongodb oracle sap salesforce react reactjs react.js angular angularjs "
    "vue vuejs vue.js node nodejs node.js django flask spring symfony laravel drupal wordpress docker "
    "kubernetes terraform ansible jenkins gitlab github git linux windows unix aws azure gcp cloud devops "
    "agile scrum jira confluence hadoop spark kafka airflow snowflake databricks tableau powerbi excel html "
    "css api rest graphql selenium cypress figma servicenow sharepoint jquery bash powershell elasticsearch "
    "redis tensorflow pytorch saas erp crm"
) | {"power bi", "ruby on rails", "spring boot", "full stack", "fullstack", "machine learning"}
_GENERIC = word_set(
    "a le la les l un une the notre nos votre vos our your this cette client clients final entreprise societe company "
    "employeur employer organisation organization startup start up groupe group cabinet agence equipe team"
)
_CITIES = frozenset(CITIES.values())
_HIRES = re.compile(r" (?:recrute|recherche|cherche|embauche|hires|is hiring|is looking|seeks|is seeking)")


def ground(name: str, value: str, ad: str) -> str | None:
    """The value of a grounded feature as the ad supports it, None where it does not.

    A value stands in the ad word by word, or else the ad's own spelling of it takes its place. A company is no
    place, no technology, no "our client", no single word in small letters, and not the beginning of the title, unless
    the title says that it is hiring. A seniority needs an ad that states some level, by a word or by years.
    """
    if name == "location":
        return _ground_place(value, ad)
    if name == "seniority":
        return value if title_level(read_heading(ad)) or stated_level(_Ad.of(ad).folded) else None
    written = _Ad.of(ad)
    company = name == "company"
    spelling = value if written.holds(value, as_name=company) else written.spelling(value)
    return spelling if spelling is not None and (not company or _is_company(spelling, ad)) else None


def _ground_place(value: str, ad: str) -> str | None:
    """A known place stands by any of its names, another one by its own, without the parts that the ad lacks."""
    written = _Ad.of(ad)
    if value in _CITIES:
        return value if value in {CITIES[city] for _, city in named_cities(written.words, written.folded)} else None
    names = [words for words, place in (*REGIONS.items(), *COUNTRIES.items()) if place == value]
    if names:
        return value if any(written.names(name) for name in names) else None
    city, *rest = (part.strip() for part in value.split(","))
    if tuple(fold_words(city)) in CITIES or _is_technology(city, ad) or not written.names(fold_words(city)):
        return None  # a known city beside another country is not that city
    return ", ".join([city, *(part for part in rest if written.names(fold_words(part)))])


@dataclass(frozen=True)
class _Ad:
    """The words of an ad as written, where they stand, and folded."""

    text: str
    spans: list[tuple[int, int]]
    words: list[str]
    folded: list[str]

    @classmethod
    @lru_cache(maxsize=8)  # the features of an ad are checked one after another
    def of(cls, ad: str) -> "_Ad":
        matches = list(WORD.finditer(ad))
        words = [match.group() for match in matches]
        return cls(ad, [match.span() for match in matches], words, list(map(fold_word, words)))

    def holds(self, value: str, as_name: bool) -> bool:
        """True where the words of a value stand in the ad; a name of one word with a capital, or spelt alike."""
        run = fold_words(value)
        texts = (self.between(start, len(run)) for start in find_runs(self.folded, run))
        return any(not as_name or len(run) > 1 or text in value or text != text.lower() for text in texts)

    def names(self, name: Sequence[str]) -> bool:
        """True where the words stand in the ad with a capital."""
        return any(has_capital(self.words[start : start + len(name)]) for start in find_runs(self.folded, name))

    def spelling(self, value: str) -> str | None:
        """The ad's spelling of a longer value that differs in little but its first letter, written with a capital."""
        words = fold_words(value)
        wanted = " ".join(words)
        if len(wanted) < FUZZY_FROM:
            return None
        windows = {
            " ".join(self.folded[start : start + len(words)]): start
            for start in range(len(self.folded) - len(words) + 1)
            if self.folded[start][:1] == wanted[0] and self.words[start][0].isupper()
            if "\n" not in self.between(start, len(words))
        }
        nearest = process.extractOne(wanted, list(windows), scorer=fuzz.ratio, score_cutoff=SIMILARITY)
        if nearest is None:
            return None
        return self.between(windows[nearest[0]], len(words))

    def between(self, start: int, count: int) -> str:
        """The text of `count` words from a position on."""
        return self.text[self.spans[start][0] : self.spans[start + count - 1][1]]


def _is_company(name: str, ad: str) -> bool:
    words = tuple(fold_words(name))
    no_name = words in CITIES or words in REGIONS or words in COUNTRIES or _GENERIC.issuperset(words)
    return not (no_name or _begins_title(name, ad) or _is_technology(name, ad))


def _begins_title(company: str, ad: str) -> bool:
    title = " ".join(fold_words(read_title(ad)))
    start = " ".join(fold_words(company))
    rest = title.removeprefix(start)
    return rest != title and not rest[:1].isalnum() and not _HIRES.match(rest)


def _is_technology(company: str, ad: str) -> bool:
    if company.casefold() in TECHNOLOGIES:
        return True
    skills = read_sections(ad).lists.get("SKILLS", ())
    return company.casefold() in {skill.casefold() for skill in skills}
