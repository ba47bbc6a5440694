"""Blocks of an ad in the challenge's format."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextjob.extraction.sections import compact, read_sections, read_title

AD = r"""TITLE
Développeur·se Java / Kotlin 

SUMMARY
Acme recrute à Lyon.
SKILLS
sont demandés, voici la liste :
- {pas une liste}

SECTION:
DESCRIPTION: Missions :
Acme recrute à Lyon.
Écrire du code.

SECTION:
TITLE: CANDIDATE_PROFILE
DESCRIPTION: Profil :
5 ans d'expérience.

SECTION:
TITLE: COMPANY_DESCRIPTION

LANGUAGES
- {'name': 'français', 'value': None}

CERTIFICATIONS


SKILLS
- {'name': 'Java', 'type': 'hard', 'value': None}
- {'name': 'java', 'type': 'hard', 'value': None}
- {'name': "l'esprit
d'équipe", 'type': 'soft', 'value': None}
- {'name': 'dire "oui" et l\'écrire\\n', 'type': 'soft', 'value': None}
- {'name': '__import__("os").getcwd()', 'type': 'hard', 'value': None}

COURSES


TASKS
- {'name': 'écrire du code', 'value': None}
- {'name': 'relire
celui des autres', 'value': None}"""


def test_a_section_may_have_a_title_of_its_own() -> None:
    assert "COMPTABLE" in compact("TITLE\nDev\n\nSECTION:\nTITLE: COMPTABLE\nDESCRIPTION: Lyon")
    assert compact("TITLE\nDev\n\nSECTION:\nTITLE: CANDIDATE_PROFILE\nDESCRIPTION: Lyon") == "Title: Dev\nLyon"


def test_golden_sections() -> None:
    sections = read_sections(unicodedata.normalize("NFD", AD))
    assert sections.title == "Développeur·se Java / Kotlin"
    assert sections.body == (
        "Acme recrute à Lyon.\nSKILLS\nsont demandés, voici la liste :\n- {pas une liste}",
        "Missions :\nAcme recrute à Lyon.\nÉcrire du code.",
        "Profil :\n5 ans d'expérience.",
    )
    assert sections.lists == {
        "LANGUAGES": ("français",),
        "CERTIFICATIONS": (),
        "SKILLS": (
            "Java",
            "java",
            "l'esprit d'équipe",
            'dire "oui" et l\'écrire\\n',
            '__import__("os").getcwd()',
        ),
        "COURSES": (),
        "TASKS": ("écrire du code", "relire celui des autres"),
    }


def test_compact_says_everything_once() -> None:
    assert compact(AD) == (
        "Title: Développeur·se Java / Kotlin\n"
        "Acme recrute à Lyon.\nSKILLS\nsont demandés, voici la liste :\n- {pas une liste}\n"
        "Missions :\nÉcrire du code.\nProfil :\n5 ans d'expérience.\n"
        "Languages: français\n"
        'Skills: Java, l\'esprit d\'équipe, dire "oui" et l\'écrire\\n, __import__("os").getcwd()\n'
        "Tasks: relire celui des autres"
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("TITLE\nQA\n\nSUMMARY\n\n", "QA"),
        ("TITLE\r\nQA\r\n\r\nSUMMARY\r\nx", "QA"),
        ("TITLE\n\nSUMMARY\nx", ""),
        ("TITLE\nQA\n\nNo summary heading here", "QA"),
        ("Title: QA", ""),
        ("", ""),
    ],
)
def test_title_by_rule(text: str, title: str) -> None:
    assert read_title(text) == title
    assert read_sections(text).title == title


def test_an_ad_without_blocks_is_one_body() -> None:
    assert read_sections("Acme hires.\n\nParis.").body == ("Acme hires.\n\nParis.",)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=6))
def test_listed_names_survive_whatever_they_hold(names: list[str]) -> None:
    names = [unicodedata.normalize("NFC", name) for name in names]
    lines = "\n".join(f"- {{'name': {name!r}, 'type': 'hard', 'value': None}}" for name in names)
    found = read_sections(f"TITLE\nQA\n\nSUMMARY\nx\n\nSKILLS\n{lines}").lists["SKILLS"]
    assert found == tuple(" ".join(name.split()) for name in names)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    read_sections(text)
    assert len(compact(text)) <= len(unicodedata.normalize("NFC", text)) + 20
