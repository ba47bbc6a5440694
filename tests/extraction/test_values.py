"""From raw answers to values: normalisation and grounding, by table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextjob.extraction import Feature
from nextjob.extraction.folding import fold
from nextjob.extraction.grounding import is_grounded, occurs
from nextjob.extraction.normalise import is_unknown, normalise

SENIORITY = Feature("seniority", "?", choices=("Internship", "Junior", "Mid", "Senior", "Lead", "Executive", "Unknown"))
COMPANY, LOCATION, CONTRACT = Feature("company", "?"), Feature("location", "?"), Feature("contract", "?")


@pytest.mark.parametrize(
    "raw",
    [
        "", " ", "-", "?", "Unknown", "unknown.", "N/A", "n/a", "None", "null", "Inconnu", "Inconnue", "Non précisé",
        "non précisée", "NON PRÉCISÉ", "Non spécifié", "Not specified", "not mentioned in the ad", "Non renseigné",
        "Le nom n'est pas mentionné", "The company is not explicitly stated", "Aucune information", "Confidentiel",
        "Information non disponible", "sans objet",
    ],
)  # fmt: skip
def test_ways_to_say_unknown(raw: str) -> None:
    assert is_unknown(raw)
    assert normalise(COMPANY, raw) is None
    assert normalise(SENIORITY, raw) is None


@pytest.mark.parametrize("raw", ["Notion", "Nona", "Precisely", "Banque de France", "Not a Number Ltd", "Naval Group"])
def test_names_are_not_unknown(raw: str) -> None:
    assert not is_unknown(raw)


@pytest.mark.parametrize(
    ("feature", "raw", "value"),
    [
        (SENIORITY, "Senior", "Senior"),
        (SENIORITY, "senior level", "Senior"),
        (SENIORITY, "Sénior (5 ans)", "Senior"),
        (SENIORITY, "Expérimenté", "Senior"),
        (SENIORITY, "confirmée", "Mid"),
        (SENIORITY, "Débutant accepté", "Junior"),
        (SENIORITY, "Entry-level", "Junior"),
        (SENIORITY, "Stagiaire", "Internship"),
        (SENIORITY, "alternance", "Internship"),
        (SENIORITY, "Chef d'équipe", "Lead"),
        (SENIORITY, "Directrice", "Executive"),
        (SENIORITY, "Banana", "Banana"),
        (COMPANY, " « Acme » ", "Acme"),
        (COMPANY, "Acme S.A.S.", "Acme"),
        (COMPANY, "Acme, Inc.", "Acme"),
        (COMPANY, "The company Acme", "Acme"),
        (COMPANY, "Service numérique canadien (SNC)", "Service numérique canadien"),
        (COMPANY, "Асmе", "Acme"),
        (COMPANY, "Группа", "Группа"),
        (LOCATION, "Paris", "Paris, Île-de-France, France"),
        (LOCATION, "PARIS 15e", "Paris, Île-de-France, France"),
        (LOCATION, "Saint Etienne", "Saint-Étienne, Auvergne-Rhône-Alpes, France"),
        (LOCATION, "Londres, Royaume-Uni", "London, England, United Kingdom"),
        (LOCATION, "Genève", "Geneva, Geneva, Switzerland"),
        (LOCATION, "New York, USA", "New York, New York, United States"),
        (LOCATION, "Paris, USA", "Paris, USA"),
        (LOCATION, "Allemagne", "Germany"),
        (LOCATION, "Plouzané", "Plouzané"),
        (CONTRACT, "CDІ", "CDI"),
        (CONTRACT, "  CDI,\n temps plein. ", "CDI, temps plein"),
    ],
)
def test_values(feature: Feature, raw: str, value: str) -> None:
    assert normalise(feature, raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("Chef de projet (H/F)", "Chef de projet (H/F)"),
        ("« [urgent] Data engineer (H/F). »", "[urgent] Data engineer (H/F)"),
        ("(Data engineer)", "Data engineer"),
        ("Data engineer]", "Data engineer"),
        ("(Data engineer", "Data engineer"),
    ],
)
def test_brackets_go_when_they_hold_all_of_it_or_lack_their_other_half(raw: str, value: str) -> None:
    assert normalise(Feature("title", "?"), raw) == value


@given(st.text(max_size=60), st.sampled_from([SENIORITY, COMPANY, LOCATION, CONTRACT]))
def test_normalising_again_changes_nothing(raw: str, feature: Feature) -> None:
    value = normalise(feature, raw)
    if value is not None and feature is not COMPANY:
        assert normalise(feature, value) in (value, None)


@given(st.text(max_size=60))
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


AD = (
    "TITLE\nDéveloppeur Java chez Société Générale\n\nSUMMARY\nÀ propos d’Acme Énergie, basée à Aix-en-Provence. "
    "L'équipe travaille avec Salesforce et Oracle.\n\nSKILLS\n- {'name': 'Zorglub', 'type': 'hard', 'value': None}"
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Acme Énergie", True),
        ("ACME ENERGIE", True),
        ("Acme Energies", True),
        ("Acme", True),
        ("Acm", False),
        ("Société Génerale", True),
        ("Sopra Steria", False),
        ("Aix en Provence", True),
        ("New York", False),
        ("Java", True),
        ("Jav", False),
        ("", False),
    ],
)
def test_occurrence_is_by_whole_tokens(value: str, found: bool) -> None:
    assert occurs(value, AD) is found


@pytest.mark.parametrize(
    ("name", "value", "grounded"),
    [
        ("company", "Acme Énergie", True),
        ("company", "Société Générale", True),
        ("company", "Développeur Java", False),
        ("company", "Développeur", False),
        ("company", "Salesforce", False),
        ("company", "Zorglub", False),
        ("company", "Nowhere Corp", False),
        ("location", "Aix-en-Provence, Provence-Alpes-Côte d'Azur, France", True),
        ("location", "New York, New York, United States", False),
    ],
)
def test_grounding(name: str, value: str, grounded: bool) -> None:
    assert is_grounded(name, value, value, AD) is grounded


def test_a_title_that_says_who_is_hiring_supports_the_company() -> None:
    assert is_grounded("company", "Acme", "Acme", "TITLE\nAcme recrute un·e dev\n\nSUMMARY\nx")
    assert is_grounded("location", "London, England, United Kingdom", "Londres", "Poste à Londres")
