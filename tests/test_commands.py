"""The commands end to end, and recommendations that depend on their own session alone."""

import csv
import json
import re
import shutil
from functools import reduce
from importlib import import_module
from operator import add

import numpy as np
import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console

from nextjob import Recommender
from nextjob.__main__ import COMMANDS, main
from nextjob.catalogue import EMBEDDINGS_FILE, FEATURES_FILE
from nextjob.cli import evaluate
from nextjob.data import read_board, read_jobs, read_sessions
from nextjob.data.synthetic import write_board
from nextjob.embedding import EmbeddingTable
from nextjob.errors import InputError
from nextjob.extraction.sections import read_title
from nextjob.pooling import differences, estimates, pool
from nextjob.schema import TOP_K
from tests.paths import CONF


@pytest.fixture(scope="module")
def recommender(tiny_run) -> Recommender:
    return Recommender.load(tiny_run)


def read_lists(path) -> dict[str, tuple[str, list[int]]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["session_id"]: (row["action"], json.loads(row["job_id"])) for row in csv.DictReader(file)}


def recommend(run, sessions, out):
    main(["recommend", f"run={run}", f"sessions={sessions}", f"out={out}"])
    return read_lists(out)


# --- the door


def test_help_lists_every_command_and_every_command_explains_itself(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in shown
        assert callable(import_module(f"nextjob.cli.{name.replace('-', '_')}").main)
        main([name, "--help"])
        assert f"python -m nextjob {name}" in capsys.readouterr().out


def test_experiments_bring_no_top_level_key():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        known = set(compose("train"))
        for path in (CONF / "experiment").glob("*.yaml"):
            assert set(compose("train", [f"+experiment={path.stem}"])) == known


# --- recommend


def test_recommend_writes_the_submission_of_the_run(tiny_run, tiny_board, tmp_path):
    lists = recommend(tiny_run, tiny_board / "x_test.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tiny_run / "submission.csv").read_bytes()
    board = read_board(tiny_board, "challenge")
    assert list(lists) == board.test.ids.tolist()
    for row, (action, jobs) in enumerate(lists.values()):
        seen = board.test.jobs[board.test.offsets[row] : board.test.offsets[row + 1]]
        assert action in ("view", "apply")
        assert len(set(jobs)) == TOP_K
        assert set(jobs) <= set(board.vocabulary.job_ids) - set(board.vocabulary.ids(seen))


def test_recommend_explains_beside_the_submission(tiny_run, tiny_board, tmp_path):
    keys = [f"run={tiny_run}", f"sessions={tiny_board / 'x_test.csv'}", f"out={tmp_path / 'out.csv'}", "explain=true"]
    main(["recommend", *keys])
    assert (tmp_path / "out.csv").read_bytes() == (tiny_run / "submission.csv").read_bytes()
    lists = read_lists(tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.explained.csv", dtype={"session_id": str})
    listed = table.groupby("session_id", sort=False)["job_id"].agg(list)
    assert list(listed.items()) == [(session, jobs) for session, (_, jobs) in lists.items()]
    assert table["rank"].tolist() == list(range(1, TOP_K + 1)) * len(lists)
    titles = {job: read_title(text) for job, text in read_jobs(tiny_board, "challenge").itertuples(index=False)}
    assert all(title in titles[job] for job, title in zip(table["job_id"], table["title"], strict=True))
    past = [name for name in table if name.endswith(" past job")]
    terms = [*(name.removesuffix(" past job") for name in past), "counts", "shortlist"]
    assert {"svd", "transitions", "content/title"} <= set(terms)
    assert reduce(add, (table[name] for name in terms)).equals(table["score"])
    opened = {
        str(row.session_id): json.loads(row.job_ids) for row in pd.read_csv(tiny_board / "x_test.csv").itertuples()
    }
    for session, *named in table[["session_id", *past]].itertuples(index=False):
        assert {job for job in named if pd.notna(job)} <= set(opened[session])


def test_a_run_folder_without_values_explains_by_ids(tiny_run, tmp_path):
    """As those of an earlier version are."""
    path = tmp_path / "checkpoints" / "best.ckpt"
    path.parent.mkdir()
    content = torch.load(tiny_run / "checkpoints" / "best.ckpt", weights_only=True)
    del content["catalogue"]["values"]
    torch.save(content, path)
    known, earlier = Recommender.load(tiny_run), Recommender.load(tmp_path)
    jobs = known.vocabulary.job_ids[:3]
    answer, expected = (one.recommend(jobs, explain=True) for one in (earlier, known))
    assert answer.jobs == expected.jobs
    for one, other in zip(answer.explanations, expected.explanations, strict=True):
        assert (one.values, one.terms) == ({}, other.terms)
        assert {name: past.job for name, past in one.past_jobs.items()} == {
            name: past.job for name, past in other.past_jobs.items()
        }
        assert one.reason.startswith("nothing") or any(f"job {job}" in one.reason for job in jobs)


def test_recommend_takes_a_long_table_and_keeps_session_ids(tiny_run, tiny_board, tmp_path):
    wide = recommend(tiny_run, tiny_board / "x_test.csv", tmp_path / "wide.csv")
    table = pd.read_csv(tiny_board / "x_test.csv").map(lambda cell: json.loads(str(cell).replace("'", '"')))
    long = table.rename(columns={"job_ids": "job_id", "actions": "action"}).explode(["job_id", "action"])
    long["position"] = long.groupby("session_id").cumcount()
    shuffled = long.sample(frac=1, random_state=0)
    shuffled.to_parquet(tmp_path / "long.parquet")
    shuffled.assign(session_id="00" + shuffled["session_id"].astype(str), job_id=shuffled["job_id"].astype(str)).to_csv(
        tmp_path / "long.csv", index=False
    )
    assert recommend(tiny_run, tmp_path / "long.parquet", tmp_path / "a.csv") == wide
    named = recommend(tiny_run, tmp_path / "long.csv", tmp_path / "b.csv")
    assert named == {f"00{session}": answer for session, answer in wide.items()}


@pytest.mark.parametrize("seed", range(4))
def test_each_session_is_scored_on_its_own(recommender, tiny_run, tiny_board, tmp_path, seed):
    """Shuffle, drop and repeat rows under other ids: every list stays what the session gets alone."""
    rng = np.random.default_rng(seed)
    table = pd.read_csv(tiny_board / "x_train.csv")
    kept = table.iloc[rng.permutation(len(table))[: rng.integers(2, len(table))]]
    copies = kept.sample(frac=0.5, random_state=seed).assign(session_id=lambda copy: copy["session_id"] + 10_000)
    mixed = pd.concat([kept, copies]).sample(frac=1, random_state=seed)
    mixed.to_csv(tmp_path / "sessions.csv", index=False)
    lists = recommend(tiny_run, tmp_path / "sessions.csv", tmp_path / "out.csv")
    assert list(lists) == mixed["session_id"].astype(str).tolist()
    for row in kept.iloc[:40].itertuples():
        alone = recommender.recommend(json.loads(row.job_ids), json.loads(row.actions.replace("'", '"')))
        assert lists[str(row.session_id)] == (alone.action, alone.jobs)
    for copy in copies["session_id"]:
        assert lists[str(copy)] == lists[str(copy - 10_000)]


def test_library_takes_one_job_and_either_id_type(recommender):
    jobs = recommender.vocabulary.job_ids
    one = recommender.recommend([jobs[0]])
    assert one == recommender.recommend([str(jobs[0])], ["view"])
    assert one.scores == sorted(one.scores, reverse=True)
    longest = recommender.recommend(jobs[:1], k=len(jobs) - 1)
    assert set(longest.jobs) == set(jobs[1:])
    assert longest.jobs[:TOP_K] == one.jobs
    with pytest.raises(InputError, match="1 of them seen"):
        recommender.recommend(jobs[:1], k=len(jobs))


def test_no_sessions_give_an_empty_table(tiny_run, tmp_path):
    (tmp_path / "none.csv").write_text("session_id,job_ids,actions\n")
    assert recommend(tiny_run, tmp_path / "none.csv", tmp_path / "out.csv") == {}
    assert read_sessions(tmp_path / "none.csv", Recommender.load(tiny_run).vocabulary).lengths.tolist() == []


# --- evaluate


def test_evaluate_goes_on_where_it_stopped(tiny_run, tiny_overrides, tmp_path, capsys):
    """Fold 0 is there, made by train.py; fold 1 was killed half-way."""
    arguments = ["+experiment=hybrid", *tiny_overrides, "folds=2", f"out={tmp_path / 'out'}"]
    runs, out = evaluate.plan(arguments)
    shutil.copytree(tiny_run, runs[0].folder)
    (runs[1].folder / "checkpoints").mkdir(parents=True)
    (runs[1].folder / "checkpoints" / "last.ckpt").write_text("half")
    for found in ("1 of 2 runs are there\nhybrid seed 0 fold 1: score", "2 of 2 runs are there\n"):
        evaluate.main(arguments)
        said = capsys.readouterr().out
        assert found in said

    folds = [json.loads((run.folder / "metrics.json").read_text()) for run in runs]
    rows = [len(pd.read_parquet(run.folder / "val_rows.parquet")) for run in runs]
    pooled = json.loads((out / "evaluate.json").read_text())
    assert pooled["rows"] == sum(rows)
    kinds = said.partition("MRR@10 by kind of session")[2]
    ends = re.findall(r"(?:last of its chain|a row follows) +([\d,]+) +([\d.]+)", kinds)
    assert sum(int(number) for number, _ in ends) == sum(rows)
    mean = np.average([float(value) for _, value in ends], weights=[int(number) for number, _ in ends])
    assert mean == pytest.approx(pooled["hybrid/mrr@10"], abs=1e-3)
    for metric in ("mrr@10", "ndcg@10", "action_acc", "action_logloss", "score"):
        for name, prefix in (("hybrid", "val"), ("transitions", "baseline/transitions")):
            assert pooled[f"{name}/{metric}"] == pytest.approx(
                np.average([fold[f"{prefix}/{metric}"] for fold in folds], weights=rows)
            )
    gain = pooled["hybrid/score"] - pooled["popularity/score"]
    assert pooled["hybrid - popularity/score"] == pytest.approx(gain)

    crowd = [run._replace(experiment=name) for name in ("hybrid", "collaborative", "content", "slides") for run in runs]
    evaluate.report(crowd, out, Console(width=80))
    kinds = capsys.readouterr().out.partition("MRR@10 by kind of session")[2]
    for label in ("3 to 4", "cold", "a row follows"):
        assert re.search(rf" {label} +[\d,]+ +[\d.]+", kinds), kinds

    with pytest.raises(InputError, match="another configuration"):
        evaluate.main([*arguments, "model.learning_rates.svd=0.5"])


def test_evaluate_names_its_folder_after_what_decides_the_runs():
    def out(*arguments):
        return evaluate.plan(["+experiment=hybrid", *arguments])[1]

    assert out("a=1", "b=2") == out("b=2", "a=1", "seeds=3")
    assert len({out(), out("a=1"), out("folds=3"), out("a=1", "folds=3")}) == 4
    runs, _ = evaluate.plan(["+experiment=hybrid,slides", "folds=2", "seeds=2", "out=x"])
    assert [str(run.folder) for run in runs][:3] == [f"x/hybrid/seed{s}-fold{f}" for s, f in ((0, 0), (0, 1), (1, 0))]
    assert len({run.folder for run in runs}) == 8


def test_pooling_averages_seeds_first_and_pairs_rows():
    ranks = {0: [1, 2, 20], 1: [2, 2, 20]}  # per seed
    tables = [
        pd.DataFrame(
            {
                "session_id": ["a", "b", "c"],
                "chain": [0, 0, 1],
                "applied": [0, 1, 0],
                "rank": rank,
                "p_apply": [0.1, 0.9, 0.9],
                "rank_popularity": [4, 4, 4],
                "rank_transitions": [1, 1, 1],
                "p_apply_last_action": [0.9, 0.9, 0.1],
            }
        )
        for rank in ranks.values()
    ]
    other = pd.concat(tables).assign(rank=1).sample(frac=1, random_state=0)
    pooled = pool({"one": pd.concat(tables), "two": other})
    assert pooled["one"]["mrr@10"].tolist() == [0.75, 0.5, 0.0]
    figures = {(found.name, found.metric): found.value for found in estimates(pooled)}
    assert figures["one", "mrr@10"] == pytest.approx(1.25 / 3)
    assert figures["one", "action_acc"] == pytest.approx(2 / 3)
    paired = {(found.name, found.against, found.metric): found for found in differences(pooled, ["one", "two"])}
    assert paired["one", "popularity", "mrr@10"].value == pytest.approx(1.25 / 3 - 0.25)
    gain = paired["two", "one", "mrr@10"]
    assert gain.value == pytest.approx(1 - 1.25 / 3)
    assert gain.lo == pytest.approx(0.375)  # the chain of a and b alone
    assert gain.hi == pytest.approx(1)  # the chain of c alone
    assert ("one", "last_action", "mrr@10") not in paired


# --- sample


def test_sample_writes_board_features_and_embeddings(tmp_path):
    main(["sample", f"out={tmp_path / 'sample'}", "encoder=hashing", f"paths.cache={tmp_path / 'cache'}"])
    write_board(tmp_path / "board")
    for path in (tmp_path / "board").iterdir():
        assert (tmp_path / "sample" / path.name).read_bytes() == path.read_bytes()
    made = {path.name for path in (tmp_path / "sample").iterdir()} - {
        path.name for path in (tmp_path / "board").iterdir()
    }
    assert made == {FEATURES_FILE, "features.json", EMBEDDINGS_FILE}
    assert {path.name for path in tmp_path.iterdir()} == {"sample", "board", "cache"}
    assert EmbeddingTable.load(tmp_path / "sample" / EMBEDDINGS_FILE).manifest["encoder"] == "hashing-256"
    assert "rules" in (tmp_path / "sample" / "features.json").read_text()
