"""What a run would ask and how long it takes, before it and while it goes."""

import io

import pandas as pd
import pytest
from rich.console import Console

from nextjob.extraction import RulesExtractor, Shard, declare_features, estimate, extract
from nextjob.extraction.ask import progress_bar
from nextjob.extraction.engines.tokens import count_tokens, estimate_sizes, spread
from nextjob.extraction.engines.transformers_engine import TransformersExtractor

from .conftest import random_ad

DECLARED = [
    {"name": "title", "question": "Which title?", "rule": "title_block"},
    {"name": "company", "question": "Which company?", "max_new_tokens": 4},
    {"name": "level", "question": "Which level?", "choices": ["Junior", "Senior"]},
]
FEATURES = declare_features(DECLARED)
JOBS = pd.DataFrame({"job_id": range(12), "text": [random_ad(seed % 10) for seed in range(12)]})


@pytest.fixture
def engine(tiny_folder, tmp_path) -> TransformersExtractor:
    return TransformersExtractor(str(tiny_folder), tmp_path / "cache", max_prompt_tokens=900)


def test_a_dry_run_counts_the_tokens_that_the_run_reads_and_writes_nothing(engine, tmp_path) -> None:
    out = tmp_path / "out"
    told = estimate(JOBS, FEATURES, engine, out)
    assert not out.exists()
    assert told.ads == {"title": 5, "company": 10, "level": 10}
    read = extract(JOBS, FEATURES, engine, out).drop_duplicates(["content_hash", "feature"])
    assert told.tokens == read.groupby("feature", sort=False)["prompt_tokens"].sum().to_dict()
    assert told.seconds > 0
    assert estimate(JOBS, FEATURES, engine, out).ads == dict.fromkeys(told.ads, 0)


def test_a_dry_run_of_a_shard_and_of_some_features_counts_those(tmp_path) -> None:
    parts = [estimate(JOBS, FEATURES, RulesExtractor(), None, Shard(index, 3)).ads["company"] for index in range(3)]
    assert sum(parts) == 10
    told = estimate(JOBS, declare_features(DECLARED, only="level"), RulesExtractor())
    assert (told.ads, told.tokens) == ({"level": 10}, {})


def test_what_a_dry_run_says_fits_a_terminal(engine, tmp_path) -> None:
    page = io.StringIO()
    console = Console(file=page, width=80)
    console.print(estimate(JOBS, FEATURES, engine, tmp_path / "out"))
    extract(JOBS, FEATURES, engine, tmp_path / "out")
    console.print(estimate(JOBS, FEATURES, engine, tmp_path / "out"))
    before, _, after = page.getvalue().partition("nothing is written")
    assert "prompt tokens a second, measured on 5 ads" in " ".join(before.split())
    assert "Every answer is there" in after


def test_the_bar_is_one_line_of_80_columns() -> None:
    console = Console(width=80, file=io.StringIO(), force_terminal=True, color_system=None)
    bar = progress_bar(console, hidden=False)
    task = bar.add_task("15 of 16, Meta-Llama-3.1-70B-Instruct", total=9e6, ads=0, all_ads=219_170, rate="")
    bar.update(task, completed=3e6, ads=119_170, rate="1,234,567 tokens/s")
    lines = list(console.render_lines(bar.get_renderable(), pad=False))
    assert len(lines) == 1
    text = "".join(segment.text for segment in lines[0])
    assert len(text) <= 80
    assert "119170/219170 ads 1,234,567 tokens/s" in text


def test_sizes_are_tokens_by_a_sample_and_characters_without_tokens(engine) -> None:
    ads = [random_ad(seed) for seed in range(40)]
    sizes = estimate_sizes(engine, FEATURES, ads)
    assert sum(sizes) == pytest.approx(sum(map(sum, count_tokens(engine, FEATURES, ads))))
    assert max(estimate_sizes(engine, FEATURES, [*ads, "Acme " * 9000])) <= 900 * len(FEATURES)
    assert estimate_sizes(RulesExtractor(), FEATURES, ads) == [len(ad) for ad in ads]


def test_a_sample_is_of_all_lengths() -> None:
    ads = ["a" * length for length in range(1, 101)]
    assert [len(ad) for ad in spread(ads, 4)] == [13, 38, 63, 88]
    assert spread(ads, 1000) == ads
    assert spread([], 3) == []
