"""An extractor that answers cities and companies at random: what the ad does not name does not survive."""

import json
import random
import re
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from nextjob.data import read_jobs
from nextjob.extraction import Answer, declare_features, extract
from nextjob.extraction.values.folding import fold
from nextjob.extraction.values.gazetteer import CITIES
from tests.paths import ROOT

FEATURES = declare_features([{"name": name, "question": "?", "grounded": True} for name in ("company", "location")])
KNOWN = "Capgemini, Sopra Steria, Thales, Orange, Atos, Google, Amazon, BNP Paribas, Deloitte, Accenture, Nice Systems"
NAMES: dict[str, list[str]] = defaultdict(list)
for words, place in CITIES.items():
    NAMES[place].append(" ".join(words))


class Inventive:
    """Answers from a pool at random; every fifth answer has a letter too many or a country beside it."""

    name, revision, settings, prompt_version = "inventive", "1", "", ""

    def __init__(self, companies: list[str], seed: int) -> None:
        cities = [" ".join(words).title() for words in CITIES]
        self.pools = {"company": [*companies, *KNOWN.split(", "), *cities[:40]], "location": [*cities, "Zanzibar"]}
        self.random = random.Random(seed)

    def answer(self, ads, features):
        for position in range(len(ads)):
            yield [position], [[Answer(self.invent(feature.name)) for feature in features]]

    def invent(self, feature: str) -> str:
        answer = self.random.choice(self.pools[feature])
        ending = self.random.choice(["", "", "", "", ", USA", "s", " (H/F)", ", France"])
        return answer + ending


def is_named(feature: str, value: str, ad: str) -> bool:
    """Whether the folded ad has the value, or for a city any of its names, between two ends of words."""
    names = NAMES.get(value, [value]) if feature == "location" else [value]
    gap = r"[\W_]+"
    words = [re.findall(r"[^\W_]+", fold(name)) for name in names]
    return any(re.search(rf"(?<![^\W_]){gap.join(map(re.escape, run))}(?![^\W_])", fold(ad)) for run in words)


def check(ads: list[str], companies: list[str], seeds: int) -> None:
    survived = 0
    jobs = pd.DataFrame({"job_id": range(len(ads)), "text": ads})
    for seed in range(seeds):
        table = extract(jobs, FEATURES, Inventive(companies, seed))
        kept = table[table["value"].notna()]
        survived += len(kept)
        for row in kept.itertuples():
            assert is_named(row.feature, row.value, ads[int(row.job_id)]), (row.feature, row.value, row.raw)
        assert set(table.loc[table["value"].isna(), "status"]) <= {"ungrounded", "unknown"}
    assert 0 < survived < 0.3 * seeds * len(table)  # the pools do hold some names that stand in some ads


def test_nothing_survives_that_an_invented_ad_does_not_name() -> None:
    truth = pd.read_parquet(ROOT / "data" / "sample" / "features.parquet")
    companies = sorted(set(truth.loc[truth["feature"] == "company", "value"].dropna()))
    check(read_jobs(ROOT / "data" / "sample", "challenge")["text"].tolist()[:400], companies, seeds=2)


@pytest.mark.slow
def test_nothing_survives_that_a_real_ad_does_not_name(real_data: Path) -> None:
    path = real_data / "ads" / "ads_dev.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    check([row["text"] for row in rows], sorted({row["labels"]["company"] for row in rows}), seeds=10)
