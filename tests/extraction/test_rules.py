"""The weightless extractor on hand-written ads in French and English."""

import pytest

from nextjob.extraction import Feature, RulesExtractor
from nextjob.extraction.rules import read_feature
from nextjob.extraction.values.normalise import normalise

NAMES = ("title", "seniority", "company", "location", "industry")
FEATURES = [Feature(name, "?") for name in NAMES]

ADS = [
    (
        "TITLE\nDéveloppeur Java (H/F)\n\nSUMMARY\nNous recherchons un développeur. Rejoignez Banque Zénith, "
        "banque privée. Vous avez 3 à 5 ans d'expérience en Java. Poste basé à Lyon, déplacements à Paris.",
        ("Développeur Java (H/F)", "Mid", "Banque Zénith", "Lyon", "Banking and finance"),
    ),
    (
        "Senior Data Engineer\n\nAbout Acme Robotics\nAcme Robotics is a manufacturing company with a factory in "
        "Leeds.\nLocation: Manchester, UK. You have 2 years of experience.",
        (
            "Senior Data Engineer",
            "Senior",
            "Acme Robotics",
            "Manchester",
            "Manufacturing",
        ),
    ),
    (
        "TITLE\nTrackvert recrute un·e chargé·e de déploiement (stage)\n\nSUMMARY\nTrackvert est un service "
        "public du ministère. Localisation : 20 avenue de Ségur 75007 Paris",
        (
            "Trackvert recrute un·e chargé·e de déploiement (stage)",
            "Internship",
            "Trackvert",
            "Paris",
            "Public sector",
        ),
    ),
    (
        "TITLE\nLead dev\n\nSUMMARY\nEntreprise : Santéa\nLieu : Plouzané\nNous aidons les hôpitaux et leurs patients.",
        ("Lead dev", "Lead", "Santéa", "Plouzané", "Healthcare"),
    ),
    (
        "TITLE\nHead of Claims\n\nSUMMARY\nThe role is at an insurance start-up. Work at Northwind in Toronto, "
        "Canada, on motor insurance. Nice to have: ten minutes.",
        ("Head of Claims", "Executive", "Northwind", "Toronto", "Insurance"),
    ),
    (
        "TITLE\nDev\n\nSUMMARY\nMission en télétravail. Localisation : 100% remote. Profil confirmé.",
        ("Dev", "Mid", "", "", ""),
    ),
    ("", ("", "", "", "", "")),
]


@pytest.mark.parametrize(("ad", "expected"), ADS, ids=[ad[:20].replace("\n", " ") for ad, _ in ADS])
def test_features_by_rule(ad: str, expected: tuple[str, ...]) -> None:
    [(_, [answers])] = RulesExtractor().answer([ad], FEATURES)
    assert tuple(answer.raw for answer in answers) == expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Infirmière de nuit\n\nNotre clinique recherche un médecin.", "Infirmière de nuit"),
        ("Full Stack Developer\nParis", "Full Stack Developer"),
        ("About us\nWe are looking for a Data Engineer to join our team.", "Data Engineer"),
        ("As a Senior Nurse, you take care of people.", "Senior Nurse"),
        ("Qui sommes-nous ?\nVelora recrute un·e développeur·se web pour son équipe.", "développeur·se web"),
        ("Velora s'agrandit en recrutant une comptable ou un comptable (H/F) à Lyon.", "comptable ou comptable"),
        ("Le poste\nVous êtes technicienne de maintenance et vous aimez les moteurs.", "technicienne de maintenance"),
        (
            "We value tools such as a developer would. We need time.",
            "We value tools such as a developer would. We need time.",
        ),
        ("Nous recherchons des valeurs fortes.", "Nous recherchons des valeurs fortes."),
    ],
)
def test_title_without_a_block(text: str, title: str) -> None:
    """The first line is left where the ad names nobody."""
    answer = read_feature(FEATURES[0], text)
    assert answer.raw == title
    assert (answer.confidence == 0) == (title == text)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Vous justifiez de 10 ans d'expérience", "Senior"),
        ("Expérience de plus de deux ans", "Junior"),
        ("2 to 5 years of experience", "Junior"),
        ("experience: at least 4 years", "Mid"),
        ("Notre société a 30 ans et vous travaillez 4 jours", ""),
        ("Nous cherchons un développeur expérimenté", "Senior"),
        ("un profil junior est bienvenu", "Junior"),
        ("you will report to a senior manager", ""),
    ],
)
def test_seniority_of_the_body(text: str, level: str) -> None:
    [(_, [[answer]])] = RulesExtractor().answer([f"TITLE\nDev\n\nSUMMARY\n{text}"], FEATURES[1:2])
    assert answer.raw == level


PERMANENT = "Permanent / CDI / contrat à durée indéterminée"


@pytest.mark.parametrize(
    ("ad", "answer"),
    [
        ("Poste en CDI à Paris", PERMANENT),
        ("A permanent position", PERMANENT),
        ("Contrat à durée indéterminée", PERMANENT),
        ("CDD de 6 mois, fixed-term", "Fixed-term / CDD"),
        ("CDI ou CDD", ""),
        ("Freelancers and unknown people", ""),
        ("rien", ""),
    ],
)
def test_a_closed_feature_without_a_rule_takes_the_only_choice_named(ad: str, answer: str) -> None:
    choices = (PERMANENT, "Fixed-term / CDD", "Freelance", "Unknown")
    contract = Feature("contract", "Which contract?", choices=choices)
    [(_, [[given]])] = RulesExtractor().answer([ad], [contract])
    assert given.raw == answer
    assert normalise(contract, given.raw) == (answer or None)
