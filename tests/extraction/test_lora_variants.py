"""Variants of labelled ads: what they teach stands in them."""

from dataclasses import replace

import numpy as np
import pytest

from nextjob.extraction.lora.ads import UNKNOWN, LabelledAd
from nextjob.extraction.lora.augment import vary, written_answers
from nextjob.extraction.lora.datamodule import without_constants
from nextjob.extraction.lora.titles import written_title
from nextjob.extraction.lora.written import find_written
from nextjob.extraction.sections import read_title

BODY = "\n\n".join(
    [
        "Nous aidons les communes.\nVelora recherche un·e développeur·se web pour son équipe de Lyon.",
        *(
            f"- Vous menez le chantier numéro {number} avec les équipes et les usagers du service"
            for number in range(30)
        ),
        "Il faut 4 ans d'expérience.",
        "Écrivez à Velora, à Lyon.",
    ]
)
AD = LabelledAd(
    "1",
    f"TITLE\nVelora recrute : développeur·se web\n\nSUMMARY\n{BODY}",
    {
        "title": ("Développeur·se web", "Velora recrute : développeur·se web"),
        "seniority": ("Mid",),
        "company": ("Velora",),
        "location": ("Lyon, France",),
        "industry": ("Public sector",),
    },
    evidence={"seniority": "4 ans d'expérience"},
)


def test_answers_of_variants_stand_in_them() -> None:
    rng = np.random.default_rng(0)
    variants = [vary(AD, rng) for _ in range(200)]
    for variant in variants:
        for feature in {"title", "company", "location"} & set(variant.answers):
            [answer] = variant.answers[feature]
            assert answer == UNKNOWN or find_written(answer, variant.text), variant
        if variant.answers.get("company") == (UNKNOWN,):
            assert "Velora" not in variant.text
        if variant.answers.get("seniority") == ("Mid",):
            assert "4 ans" in variant.text
        assert not (read_title(variant.text) and "title" in variant.answers)
    lengths = [len(variant.text) for variant in variants]
    assert np.median(lengths) < 0.7 * len(AD.text)
    names = {variant.answers["company"][0] for variant in variants}
    assert len(names) > 20
    assert sum("title" in variant.answers for variant in variants) > 80


def test_a_level_without_evidence_is_unknown_where_that_is_right() -> None:
    right = {"seniority": ("Junior", UNKNOWN)}
    assert written_answers(LabelledAd("1", BODY, right)).answers["seniority"] == (UNKNOWN,)
    told = LabelledAd("1", BODY, right, evidence={"seniority": "4 ans"})
    assert written_answers(told).answers["seniority"] == ("Junior",)
    assert written_answers(LabelledAd("1", BODY, {"seniority": ("Mid", "Senior")})).answers["seniority"] == ("Mid",)


def test_interns_among_juniors_are_told_apart() -> None:
    for label, evidence, level in (("Junior", "stagiaire", "Internship"), ("Junior", "2 ans", "Junior")):
        ad = LabelledAd("1", BODY, {"seniority": (label,)}, evidence={"seniority": evidence})
        assert written_answers(ad).answers["seniority"] == (level,)


def test_an_answer_that_all_ads_share_is_not_taught() -> None:
    ads = [replace(AD, answers={**AD.answers, "title": (f"Dev {number}",)}) for number in range(12)]
    assert set(without_constants(ads)[0].answers) == {"title"}
    assert without_constants(ads[:3]) == ads[:3]


@pytest.mark.parametrize(
    ("label", "text", "written"),
    [
        ("Data Analyst", "Hello.\nWe need a data analyst (m/f).", "data analyst"),
        ("Chef·fe de projet", "Un chef d’équipe suit le projet.", "Chef·fe de projet"),
        (
            "Chargé de déploiement junior",
            "Nous recherchons un·e chargé de déploiement pour Lyon.",
            "chargé de déploiement",
        ),
        ("Designer UX", "Voici :\nun ou une designer produit UX, à Lyon", "designer produit UX"),
        (
            "Référent(e) territorial(e)",
            "Un poste de référent(e) territorial(e) dans le Jura",
            "référent(e) territorial(e)",
        ),
        ("Directrice artistique", "Rien de tel ici.", None),
        ("Ingénieure réseau et sécurité", "La sécurité du réseau est notre affaire.", "Ingénieure réseau et sécurité"),
    ],
)
def test_a_title_is_taught_as_the_ad_writes_it(label, text, written) -> None:
    assert written_title((label,), text) == written
