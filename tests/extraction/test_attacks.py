"""An ad is text to read: it changes no other row, no list of choices, and nothing it does not show is grounded."""

import io
import json

import pandas as pd
import pytest
from rich.console import Console

from nextjob.extraction import Answer, RulesExtractor, declare_features, extract, summarise
from nextjob.extraction.engines.prompts import PromptBuilder
from nextjob.extraction.engines.transformers_engine import TransformersExtractor
from nextjob.extraction.readable import readable
from nextjob.extraction.sections import compact

from .attacks import ATTACKS, HIDDEN
from .test_hallucination import is_named

LEVELS = ["Junior", "Senior", "Unknown"]
FEATURES = declare_features(
    [
        {"name": "title", "question": "Which title?", "rule": "title_block"},
        {"name": "company", "question": "Which company?", "grounded": True, "max_new_tokens": 6},
        {"name": "location", "question": "Which city?", "grounded": True, "max_new_tokens": 6},
        {"name": "seniority", "question": "Which level?", "choices": LEVELS},
        {"name": "team", "question": "Which team?", "choices": ["data cloud", "data engineer", "Unknown"]},
    ]
)
OTHERS = [
    "TITLE\nData engineer\n\nSUMMARY\nZenith recrute à Paris un profil junior.",
    "TITLE\nHead of data\n\nSUMMARY\nJoin Northwind in London, as a senior lead.",
    "Développeuse confirmée chez Brumelis, Nantes, CDI",
]


def rows(extractor, *attack: str) -> tuple[list[dict], list[dict]]:
    """Rows of the other ads, and of the attack, which stands between them."""
    ads = pd.Series([OTHERS[0], *attack, *OTHERS[1:]], dtype=object)
    table = extract(pd.DataFrame({"job_id": [1, *([2] if attack else []), 3, 4], "text": ads}), FEATURES, extractor)
    Console(file=io.StringIO()).print(summarise(table))
    records = json.loads(table.to_json(orient="records", double_precision=4))
    return [row for row in records if row["job_id"] != "2"], [row for row in records if row["job_id"] == "2"]


def check(attacked: list[dict], ad: str) -> None:
    """Every row has a status and a value that it allows."""
    assert [row["feature"] for row in attacked] == [feature.name for feature in FEATURES]
    for row in attacked:
        value = row["value"]
        assert (value is not None) == (row["status"] in ("ok", "truncated"))
        if value is None:
            continue
        assert value == readable(value).strip()
        if row["feature"] in ("company", "location"):
            assert is_named(row["feature"], value, readable(ad)), value
        elif row["feature"] != "title":
            assert value in LEVELS or value in ("data cloud", "data engineer")


class Obedient:
    """Answers what an attack wants, about the attack alone, and the truth about the other ads."""

    name, revision, settings, prompt_version = "obedient", "1", "", ""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted

    def answer(self, ads, features):
        truth = {"company": "Zenith", "location": "Paris", "seniority": "Junior", "team": "Unknown", "title": "Dev"}
        for position, ad in enumerate(ads):
            yield [position], [[Answer(truth[f.name] if ad in OTHERS else self.wanted, 1.0) for f in features]]


@pytest.mark.parametrize("name", ATTACKS)
def test_rules(name: str) -> None:
    others, attacked = rows(RulesExtractor(), ATTACKS[name])
    assert others == rows(RulesExtractor())[0]
    check(attacked, ATTACKS[name])
    found = {row["feature"]: row["value"] for row in attacked}
    assert (found["title"], found["company"]) == ("Développeur Java", "Acme")
    assert found["location"] == "Lyon, Auvergne-Rhône-Alpes, France"


@pytest.fixture(scope="module")
def truth() -> list[dict]:
    return rows(Obedient(""))[0]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_engine_that_obeys(name: str, truth) -> None:
    ad = ATTACKS[name]
    injected = ad.partition("Lyon.\n")[2].encode(errors="replace").decode()
    for wanted in ("Grimstone", "Marseille", "Tokyo", injected, "Senior Emperor"):
        others, attacked = rows(Obedient(wanted), ad)
        assert others == truth
        check(attacked, ad)
        if name in HIDDEN and wanted in ("Grimstone", "Marseille", "Tokyo"):
            assert all(row["value"] is None for row in attacked if row["feature"] in ("company", "location"))


@pytest.fixture(scope="module")
def engine(tiny_folder, tmp_path_factory) -> TransformersExtractor:
    cache = tmp_path_factory.mktemp("cache")
    return TransformersExtractor(str(tiny_folder), cache, wave_ads=8, max_prompt_tokens=600)


@pytest.fixture(scope="module")
def undisturbed(engine) -> list[dict]:
    return rows(engine)[0]


@pytest.mark.parametrize("name", ATTACKS)
def test_a_language_model(name: str, engine, undisturbed) -> None:
    others, attacked = rows(engine, ATTACKS[name])
    for row, alone in zip(others, undisturbed, strict=True):
        assert row.pop("confidence") == pytest.approx(alone["confidence"], abs=1e-3)
        assert row == {key: value for key, value in alone.items() if key != "confidence"}
    check(attacked, ATTACKS[name])


@pytest.mark.parametrize("name", ATTACKS)
def test_a_prompt_has_the_turns_of_its_template(name: str, engine) -> None:
    builder = PromptBuilder(engine.tokenizer, FEATURES, 600)
    special = set(engine.tokenizer.all_special_ids)
    prompt, plain = (builder.build(compact(readable(ad))) for ad in (ATTACKS[name], OTHERS[0]))
    assert [token for token in prompt.prefix if token in special] == [t for t in plain.prefix if t in special]
    assert prompt.suffixes == plain.suffixes
