"""The features table: what is asked, what is kept, and how a run goes on where it stopped."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nextjob.errors import InputError
from nextjob.extraction import Answer, Feature, RulesExtractor, extract

FEATURES = (
    Feature("title", "Which title?", rule="title_block"),
    Feature("company", "Which company?", grounded=True),
    Feature("seniority", "Which level?", choices=("Junior", "Senior", "Unknown")),
)


class Scripted:
    """An extractor that repeats a script, counts what it is asked, and can break off after some waves."""

    name, revision, settings, prompt_version = "scripted", "1", "greedy", "1"

    def __init__(
        self, script: dict[str, str] | None = None, stop_after: int | None = None, on_stop=None, probability=0.5
    ) -> None:
        self.script = script or {}
        self.probability = probability
        self.stop_after = stop_after
        self.on_stop = on_stop
        self.asked: list[tuple[str, str]] = []

    def answer(self, ads, features):
        for wave, position in enumerate(range(len(ads))):
            if wave == self.stop_after:
                self.on_stop()
            self.asked += [(ads[position], feature.name) for feature in features]
            yield [position], [[Answer(self.script.get(f.name, "Acme"), self.probability, 9, 2) for f in features]]


def jobs(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"job_id": range(10, 10 + len(texts)), "text": texts})


ADS = [f"Acme hires number {n}" for n in range(6)]


def test_the_rules_answer_where_they_are_surer() -> None:
    """Scripted answers have a probability of 0.5; what is no choice, and what the rules do not find, is left."""
    texts = ["Profil senior.", "Stagiaire dev", "Profil confirmé.", "Notre équipe."]
    for weigh_rules, values in ((False, ["Junior"] * 4), (True, ["Senior", "Junior", "Junior", "Junior"])):
        feature = replace(FEATURES[2], weigh_rules=weigh_rules)
        table = extract(jobs(*texts), [feature], Scripted({"seniority": "Junior"}))
        assert table["value"].tolist() == values
        assert table["engine"].tolist() == ["scripted" if value == "Junior" else "rules" for value in values]
        assert table["prompt_tokens"].tolist() == [9] * 4
    with pytest.raises(InputError, match="weigh_rules is for title, seniority"):
        replace(FEATURES[1], weigh_rules=True)


@pytest.mark.parametrize(("probability", "title"), [(None, "Acme"), (0.9, "data engineer"), (0.95, "Acme")])
def test_a_first_line_is_a_guess_and_a_named_title_is_not(probability: float | None, title: str) -> None:
    sure = Scripted(probability=probability)
    feature = replace(FEATURES[0], weigh_rules=True)
    table = extract(jobs("Hello.\nWe are hiring a data engineer.", "Hello.\nJoin us."), [feature], sure)
    assert table["value"].tolist() == [title, "Acme"]


def test_columns_and_values(tmp_path: Path) -> None:
    table = extract(jobs("TITLE\nDev\n\nSUMMARY\nAcme"), FEATURES, Scripted({"seniority": "sénior"}), tmp_path)
    assert list(table.columns) == [
        "job_id", "feature", "raw", "value", "status", "confidence", "prompt_tokens", "answer_tokens",
        "content_hash", "engine", "revision", "prompt_version",
    ]  # fmt: skip
    assert table[["job_id", "feature", "raw", "value", "status", "engine"]].to_numpy().tolist() == [
        ["10", "title", "Dev", "Dev", "ok", "rule"],
        ["10", "company", "Acme", "Acme", "ok", "scripted"],
        ["10", "seniority", "sénior", "Senior", "ok", "scripted"],
    ]
    written = pd.read_parquet(tmp_path / "features.parquet")
    pd.testing.assert_frame_equal(written, table, check_dtype=False)
    manifest = json.loads((tmp_path / "features.json").read_text())
    assert manifest["extractor"] == "scripted"
    assert [feature["name"] for feature in manifest["features"]] == ["title", "company", "seniority"]
    assert manifest["status"]["company"] == {"ok": 1}


@pytest.mark.parametrize(
    ("text", "raw", "name", "status"),
    [
        ("Acme", "Acme", "company", "ok"),
        ("Acme", "N/A", "company", "unknown"),
        ("Acme", "Zenith", "company", "ungrounded"),
        ("Acme", "Pirate", "seniority", "out_of_vocabulary"),
        ("Acme", "Unknown", "seniority", "unknown"),
        (" \n", "Acme", "company", "empty_ad"),
        (None, "Acme", "company", "empty_ad"),
    ],
)
def test_statuses(text, raw, name, status) -> None:
    extractor = Scripted({name: raw})
    table = extract(jobs(text), FEATURES, extractor).set_index("feature")
    assert table.loc[name, "status"] == status
    assert pd.notna(table.loc[name, "value"]) == (status == "ok")
    assert bool(extractor.asked) == (status != "empty_ad")


def test_a_cut_answer_is_kept_and_says_so() -> None:
    class Cut(Scripted):
        def answer(self, ads, features):
            for wave, rows in super().answer(ads, features):
                yield wave, [[replace(answer, truncated=True) for answer in row] for row in rows]

    row = extract(jobs("Acme"), FEATURES[1:2], Cut()).iloc[0]
    assert (row["value"], row["status"]) == ("Acme", "truncated")


def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    first = extract(jobs(*ADS), FEATURES, Scripted(), tmp_path)
    again = Scripted()
    pd.testing.assert_frame_equal(first, extract(jobs(*ADS), FEATURES, again, tmp_path))
    assert again.asked == []


def test_equal_ads_are_asked_once() -> None:
    extractor = Scripted()
    table = extract(jobs("Acme", "Acme", "Acme\u0301", "Acme"), FEATURES[1:2], extractor)
    assert len(extractor.asked) == 2
    assert len(table) == 4


def test_a_changed_question_redoes_that_feature_only(tmp_path: Path) -> None:
    extract(jobs(*ADS), FEATURES, Scripted(), tmp_path)
    changed = replace(FEATURES[1], question="Who is hiring?")
    extractor = Scripted({"company": "Zenith"})
    table = extract(jobs(*ADS), (FEATURES[0], changed, FEATURES[2]), extractor, tmp_path)
    assert extractor.asked == [(ad, "company") for ad in ADS]
    assert set(table.loc[table["feature"] == "company", "raw"]) == {"Zenith"}


@pytest.mark.parametrize("field", ["name", "revision", "settings", "prompt_version"])
def test_another_model_or_decoding_asks_again(field, tmp_path: Path) -> None:
    extract(jobs(*ADS), FEATURES[1:], Scripted(), tmp_path)
    other = Scripted()
    setattr(other, field, "other")
    extract(jobs(*ADS), FEATURES[1:], other, tmp_path)
    assert len(other.asked) == 2 * len(ADS)


def test_a_crash_loses_the_wave_under_way_only(tmp_path: Path) -> None:
    def crash() -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        extract(jobs(*ADS), FEATURES[1:], Scripted(stop_after=4, on_stop=crash), tmp_path)
    assert not (tmp_path / "features.parquet").exists()
    rest = Scripted()
    table = extract(jobs(*ADS), FEATURES[1:], rest, tmp_path)
    assert {ad for ad, _ in rest.asked} == set(ADS[4:])
    pd.testing.assert_frame_equal(table, extract(jobs(*ADS), FEATURES[1:], Scripted()))


def test_ctrl_c_finishes_the_wave_and_says_how_to_go_on(tmp_path: Path, capsys) -> None:
    def press() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        extract(jobs(*ADS), FEATURES[1:], Scripted(stop_after=2, on_stop=press), tmp_path)
    said = " ".join(capsys.readouterr().err.split())
    assert "Stopped after 3 of 6 ads" in said
    assert "Run the same command to go on" in said
    assert signal.getsignal(signal.SIGINT) is before
    rest = Scripted()
    extract(jobs(*ADS), FEATURES[1:], rest, tmp_path)
    assert {ad for ad, _ in rest.asked} == set(ADS[3:])


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch) -> None:
    def full(source, target) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("nextjob.files.os.replace", full)
    with pytest.raises(OSError, match="no space"):
        extract(jobs(*ADS), FEATURES, Scripted(), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_broken_shard_is_named(tmp_path: Path) -> None:
    extract(jobs(*ADS), FEATURES, Scripted(), tmp_path)
    shard = next((tmp_path / "shards").iterdir())
    shard.write_bytes(shard.read_bytes()[:50])
    with pytest.raises(InputError, match=f"{shard.name}.*delete it") as caught:
        extract(jobs(*ADS), FEATURES, Scripted(), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_column_of_the_catalogue_is_taken_as_it_is() -> None:
    catalogue = jobs("Acme", "Acme").assign(company=["Zenith", None])
    extractor = Scripted()
    table = extract(catalogue, FEATURES[1:2], extractor)
    assert table["value"].tolist() == ["Zenith", "Acme"]
    assert table["engine"].tolist() == ["column", "scripted"]
    assert extract(catalogue.drop(columns="text"), FEATURES[1:2], extractor)["status"].tolist() == [
        "ok",
        "empty_ad",
    ]


@pytest.mark.parametrize(
    ("catalogue", "message"),
    [
        (pd.DataFrame({"job_id": []}), "no jobs"),
        (pd.DataFrame({"text": ["x"]}), "job_id"),
        (pd.DataFrame({"job_id": [1, 2, 1], "text": ["x", "y", "z"]}), "row 2: job '1' occurs twice"),
        (pd.DataFrame({"job_id": [1], "title": ["x"]}), "'company'"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_refused(catalogue, message) -> None:
    with pytest.raises(InputError, match=message):
        extract(catalogue, FEATURES, Scripted())


def test_rules_end_to_end() -> None:
    table = extract(jobs("TITLE\nSenior dev\n\nSUMMARY\nActon recrute."), FEATURES, RulesExtractor())
    assert table["value"].tolist() == ["Senior dev", "Acton", "Senior"]
