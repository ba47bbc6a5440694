"""Is a value in the ad? Whole tokens, accents and case folded, small typing differences allowed."""

import re
from functools import lru_cache

from rapidfuzz import fuzz, process

from nextjob.extraction.folding import fold_words, word_set
from nextjob.extraction.sections import read_sections, read_title

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
_HIRES = re.compile(r"\s*(?::|recrute|recherche|cherche|embauche|hires|is hiring|is looking|seeks|is seeking)")


def occurs(value: str, ad: str) -> bool:
    """True where the words of `value` stand in `ad` one after another, or nearly so for a longer value."""
    words, ad_words = fold_words(value), _ad_words(ad)
    wanted = " ".join(words)
    if not words or f" {wanted} " in f" {' '.join(ad_words)} ":
        return bool(words)
    if len(wanted) < FUZZY_FROM:
        return False
    windows = {" ".join(ad_words[i : i + len(words)]) for i in range(len(ad_words) - len(words) + 1)}
    return process.extractOne(wanted, windows, scorer=fuzz.ratio, score_cutoff=SIMILARITY) is not None


def is_grounded(name: str, value: str, raw: str, ad: str) -> bool:
    """True where the ad supports the value.

    A place stands by its city as it was answered or as it is normalised; a company must also be neither the
    beginning of the title (unless the title says that it is hiring) nor a technology.
    """
    if name == "location":
        return occurs(value.split(",")[0], ad) or occurs(raw.split(",")[0], ad)
    if not occurs(value, ad):
        return False
    return name != "company" or not (_begins_title(value, ad) or _is_technology(value, ad))


_ad_words = lru_cache(maxsize=8)(fold_words)
"""All grounded features of an ad are checked one after another, so that its words are found once."""


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
