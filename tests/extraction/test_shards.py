"""Shards: each ad is in one, any order and any interruption give the table of one run."""

import json
import re
import signal
from pathlib import Path

import pandas as pd
import pytest

from nextjob.errors import InputError
from nextjob.extraction import AdsMissing, Feature, RulesExtractor, Shard, extract
from nextjob.extraction.store import content_hash
from tests.conftest import python

from .stopping import ADS

FEATURES = (Feature("company", "?", grounded=True), Feature("location", "?", grounded=True))
JOBS = pd.DataFrame({"job_id": range(120), "text": [f"Acme {n % 90} recrute à Lyon" for n in range(120)]})


def test_every_ad_is_in_one_shard_whatever_else_there_is() -> None:
    shards = [Shard(index, 4) for index in range(4)]
    hashes = [content_hash(f"ad {number}") for number in range(2000)]
    holders = [[shard.index for shard in shards if shard.holds(ad)] for ad in hashes]
    assert all(len(found) == 1 for found in holders)
    assert all(400 < sum(shard.holds(ad) for ad in hashes) < 600 for shard in shards)


@pytest.mark.parametrize(("index", "count"), [(4, 4), (-1, 4), (0, 0), ("a", 4), (0, None)])
def test_a_shard_that_does_not_exist_is_refused(index, count) -> None:
    with pytest.raises(InputError, match=rf"shard.index={index} with shard.count={count}"):
        Shard(index, count)


def test_shards_in_any_order_make_the_table_of_one_run(tmp_path: Path) -> None:
    whole = extract(JOBS, FEATURES, RulesExtractor(), tmp_path / "whole")
    for index in (2, 0):
        with pytest.raises(AdsMissing, match=rf"shard.index={index} is done; \d+ ads of other shards") as caught:
            extract(JOBS, FEATURES, RulesExtractor(), tmp_path / "parts", Shard(index, 3))
        assert not (tmp_path / "parts" / "features.parquet").exists()
    missing = int(re.search(r"(\d+) ads", str(caught.value))[1])
    assert missing == sum(Shard(1, 3).holds(content_hash(text)) for text in set(JOBS["text"]))
    pd.testing.assert_frame_equal(extract(JOBS, FEATURES, RulesExtractor(), tmp_path / "parts", Shard(1, 3)), whole)
    pd.testing.assert_frame_equal(extract(JOBS, FEATURES, RulesExtractor(), tmp_path / "parts"), whole)
    for name in ("features.parquet", "features.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_kill_and_ctrl_c_at_random_moments_cost_a_wave_each_and_nothing_else(tmp_path: Path) -> None:
    """Two of three shards at a time, eight times stopped by SIGKILL or SIGINT, then all to their end."""
    done = python("-m", "tests.extraction.stopping", str(tmp_path), "1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["codes"]) <= {-signal.SIGKILL, 130, 0, 3}
    assert found["broken"] == 0
    assert found["last"][-1] == 0  # earlier ones may leave ads missing
    assert found["distinct"] == len(ADS)
    assert found["asked"] <= len(ADS) + 3 * len(found["codes"])
    assert (found["again"], found["repeated"]) == (0, 0)
    for name in ("features.parquet", "features.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.slow
def test_a_multirun_over_shards_writes_one_table(tiny_board, tmp_path: Path) -> None:
    places = [f"paths.cache={tmp_path}", f"hydra.sweep.dir={tmp_path / 'sweep'}", f"hydra.run.dir={tmp_path / 'run'}"]
    board = ["data=challenge", f"data.root={tiny_board}", "encoder=hashing", *places]
    shards = ["shard.index=0,1,2", "shard.count=3", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    done = python("extract.py", "-m", *board, *shards, f"out={tmp_path / 'parts'}")
    assert done.returncode == 0, done.stderr
    assert "next: python train.py" in done.stdout
    assert python("extract.py", *board, f"out={tmp_path / 'whole'}").returncode == 0
    for name in ("features.parquet", "features.json", "embeddings.parquet"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
