"""The weightless extractor on hand-written ads in French and English."""

import numpy as np
import pytest

from nextjob.extraction import Feature, RulesExtractor
from nextjob.extraction.lora.synthetic import make_ads
from nextjob.extraction.rules import read_feature
from nextjob.extraction.values.folding import fold_words
from nextjob.extraction.values.normalise import normalise
from nextjob.extraction.wanted import wanted_title

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
        ("About us\nWe are looking for a Data Engineer to join our team.", "Data Engineer"),
        ("As a Senior Nurse, you take care of people.", "Senior Nurse"),
        ("As a data-driven company, we care. The hiring manager needs a Sr. Cook.", "Sr. Cook"),
        ("Qui sommes-nous ?\nVelora recrute un·e développeur·se web pour son équipe.", "développeur·se web"),
        ("Velora s'agrandit en recrutant une comptable ou un comptable (H/F) à Lyon.", "comptable ou comptable"),
        ("Velora recherche un carreleur H/F pour son chantier.", "carreleur"),
        ("Nous cherchons une personne rigoureuse. Poste : aide-soignante de nuit", "aide-soignante de nuit"),
        ("Nous recrutons une personne chargée de déploiement pour Lyon.", "personne chargée de déploiement"),
        ("Nous sommes à la recherche d'un ou d'une chargé·e de mission d'expérience.", "chargé·e de mission"),
        ("Velora recrute, pour l'un de ses clients basé à Lyon, un futur chef de rang.", "chef de rang"),
        ("Poste de nuit.\nPoste de magasinier (CACES) de nuit pour notre client", "magasinier de nuit"),
        ("Nous voulons pourvoir un poste d'analyste des risques dans l'équipe.", "analyste des risques"),
        ("Rejoignez-nous en tant que designer d'expérience utilisateur !", "designer d'expérience utilisateur"),
        ("En tant qu'infirmier coordinateur vous suivrez les patients.", "infirmier coordinateur"),
        ("En tant que service public nous veillons à ce que vous soyez bien. Poste : juriste", "juriste"),
        ("Une équipe pour recruter un comptable. Nous cherchons également un peintre, et un soudeur.", None),
        (
            "Nous recrutons un(e) chargé(e) d'assistance aux usagers et d'animation des réseaux locaux.",
            "chargé(e) d'assistance aux usagers et d'animation des réseaux locaux",
        ),
        ("We need a Health, Safety and Environment (HSE) Manager in Leeds.", "Health, Safety and Environment Manager"),
        ("Join our kitchen as a sous chef. As the head, you cook.", "sous chef"),
        ("Velora is seeking to hire a plumber in Leeds.", "plumber"),
        ("Nous sommes à la recherche de notre futur plombier.", "plombier"),
        ("La recherche de notre laboratoire. Le recrutement de notre agence.", None),
        ("Our area\nThe Risk Analyst role is based in York. The team will help.", "Risk Analyst"),
        ("Nous recrutons des soudeurs motivés et des talents.", "soudeurs"),
        ("Nous recherchons des talents et une personne chargée d'animer la vie du site.", None),
        ("En recherche d'un nouveau challenge ? Velora, leader du marché.", None),
        ("Nous recherchons un profil senior et un nouveau talent.", None),
        ("Infirmière de nuit\nVous êtes curieuse.", None),
    ],
)
def test_title_without_a_block(text: str, title: str | None) -> None:
    """Whom the ad says it is looking for, else the first line, which is a guess."""
    answer = read_feature(FEATURES[0], text)
    assert answer.raw == (title or text.splitlines()[0])
    assert (answer.confidence == 0) == (title is None)


def test_wanted_titles_of_invented_ads_are_right() -> None:
    """Ads that also name other people, and firms that are looking for nobody."""
    ads = [ad for ad in make_ads(400, 7) if "title" in ad.answers]
    found = [(wanted, ad.answers["title"][0]) for ad in ads if (wanted := wanted_title(ad.text))]
    assert len(found) > 100
    right = [fold_words(title)[:1] == fold_words(wanted)[:1] for wanted, title in found]
    assert np.mean(right) > 0.95


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
