"""From raw answers to values: normalisation and grounding, by table."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nextjob.extraction import Feature
from nextjob.extraction.values.folding import fold
from nextjob.extraction.values.grounding import ground
from nextjob.extraction.values.normalise import is_unknown, normalise

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
@example("ὀ")
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


AD = (
    "TITLE\nDéveloppeur Java chez Société Générale\n\nSUMMARY\nÀ propos d’Acme Énergie, basée à Aix-en-Provence. "
    "L'équipe travaille avec Salesforce et Oracle.\n\nSKILLS\n- {'name': 'Zorglub', 'type': 'hard', 'value': None}"
)


@pytest.mark.parametrize(
    ("name", "value", "grounded"),
    [
        ("company", "Acme Énergie", "Acme Énergie"),
        ("company", "ACME ENERGIE", "ACME ENERGIE"),
        ("company", "Acme Energies", "Acme Énergie"),
        ("company", "Acme", "Acme"),
        ("company", "Acm", None),
        ("company", "Equipe", None),
        ("company", "l'équipe", None),
        ("company", "Société Générale", "Société Générale"),
        ("company", "Sociéte Générales", "Société Générale"),
        ("company", "Sopra Steria", None),
        ("company", "Développeur Java", None),
        ("company", "Développeur", None),
        ("company", "Salesforce", None),
        ("company", "Zorglub", None),
        ("company", "Aix-en-Provence", None),
        ("company", "Nowhere Corp", None),
        ("company", "", None),
        ("diploma", "Jav", None),
        ("diploma", "Java", "Java"),
        (
            "location",
            "Aix-en-Provence, Provence-Alpes-Côte d'Azur, France",
            "Aix-en-Provence, Provence-Alpes-Côte d'Azur, France",
        ),
        ("location", "New York, New York, United States", None),
    ],
)
def test_grounding_is_by_whole_words_and_gives_the_spelling_of_the_ad(
    name: str, value: str, grounded: str | None
) -> None:
    assert ground(name, value, AD) == grounded


@pytest.mark.parametrize("answer", ["Our client", "Notre client final", "The Company", "Groupe", "Une startup"])
def test_a_company_has_a_name(answer: str) -> None:
    assert ground("company", normalise(COMPANY, answer), f"{answer} recherche un data engineer") is None


def test_a_spelling_is_on_one_line() -> None:
    assert ground("company", "Acme Energies", "Chez Acme\nÉnergie renouvelable") is None


def test_a_title_that_says_who_is_hiring_supports_the_company() -> None:
    assert ground("company", "Acme", "TITLE\nAcme recrute un·e dev\n\nSUMMARY\nx")


PLACES = {
    "Paris 12e": "Paris, Île-de-France, France",
    "à Paris (75)": "Paris, Île-de-France, France",
    "La Défense": "La Défense, Île-de-France, France",
    "Paris La Défense": "La Défense, Île-de-France, France",
    "Londres": "London, England, United Kingdom",
    "London, Ontario": "London, Ontario, Canada",
    "Ottawa, Canada": "Ottawa, Ontario, Canada",
    "Saint-Denis de la Réunion": "Saint-Denis de La Réunion, La Réunion, France",
    "Genève (Suisse)": "Geneva, Geneva, Switzerland",
    "Bretagne": "Bretagne, France",
    "IDF": "Île-de-France, France",
    "Québec, Canada": "Quebec, Canada",
    "Allemagne": "Germany",
    "Plouzané": "Plouzané",
    "Plouzané, Bretagne": "Plouzané, Bretagne",
}


@pytest.mark.parametrize(("written", "value"), PLACES.items())
def test_a_place_of_the_ad_is_resolved_and_stands(written: str, value: str) -> None:
    assert normalise(LOCATION, written) == value
    assert ground("location", value, f"Poste basé {written}, télétravail possible") == value


@pytest.mark.parametrize(
    ("answer", "ad"),
    [
        ("Nice", "Nice to have: Kafka"),
        ("Nice", "Nice, a friendly team"),
        ("Tours", "You give tours of our site"),
        ("Angers", "Les dangers du métier, he angers nobody"),
        ("Lorient", "L'orient et l'Occident"),
        ("La Défense", "Le ministère de la Défense recrute"),
        ("La Réunion", "Animer la réunion d'équipe"),
        ("Sophia", "Contact: Sophia Martin"),
        ("Paris", "Une comparaison, des parisiens"),
        ("Paris, USA", "Poste à Paris"),
        ("Paris, Texas, USA", "Poste à Paris"),
        ("New York, USA", "Poste à Lyon"),
        ("Lyon", "Poste à Paris"),
        ("France", "Poste à Paris"),
        ("Java", "Expert Java"),
        ("Remote", "Poste à Paris"),
    ],
)
def test_a_place_that_the_ad_does_not_name_is_dropped(answer: str, ad: str) -> None:
    assert ground("location", normalise(LOCATION, answer), ad) is None


@pytest.mark.parametrize(
    ("answer", "ad", "value"),
    [
        ("Plouzané, France", "Lieu : Plouzané", "Plouzané"),
        ("Nice", "Poste à Nice", "Nice, Provence-Alpes-Côte d'Azur, France"),
        ("Nice", "CDI - Nice (06)", "Nice, Provence-Alpes-Côte d'Azur, France"),
        ("Tours", "Notre agence de Tours", "Tours, Centre-Val de Loire, France"),
        ("La Défense", "bureaux à la Défense", "La Défense, Île-de-France, France"),
        ("London", "Poste à Londres", "London, England, United Kingdom"),
    ],
)
def test_a_place_without_what_the_ad_does_not_say(answer: str, ad: str, value: str) -> None:
    assert ground("location", normalise(LOCATION, answer), ad) == value


@pytest.mark.parametrize(
    ("ad", "stated"),
    [
        ("TITLE\nLead dev\n\nSUMMARY\nNous recrutons.", True),
        ("Data engineer\nYou have 4 years of experience.", True),
        ("TITLE\nDev\n\nSUMMARY\nProfil confirmé.", True),
        ("TITLE\nDev\n\nSUMMARY\nNotre équipe a 10 ans.", False),
        ("TITLE\nDev\n\nSUMMARY\nYou report to a senior manager.", False),
    ],
)
def test_a_level_needs_an_ad_that_states_one(ad: str, stated: bool) -> None:
    """Which one is the model's to say."""
    assert ground("seniority", "Senior", ad) == ("Senior" if stated else None)
