"""The bundled board: the same bytes from its seed, the challenge's format, true truth, and a signal to learn."""

import ast
import csv
import json
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nextjob.data.synthetic import write_board

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
FILES = ("x_train.csv", "y_train.csv", "x_test.csv", "job_listings.json", "truth.csv")
FOLDS = 5


def table(name):
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def ads():
    return json.loads((SAMPLE / "job_listings.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows():
    """Training rows as (jobs, actions, target job, target action)."""
    return [
        (ast.literal_eval(x["job_ids"]), ast.literal_eval(x["actions"]), int(y["job_id"]), y["action"])
        for x, y in zip(table("x_train.csv"), table("y_train.csv"), strict=True)
    ]


@pytest.fixture(scope="module")
def chains(rows):
    """(N,) chain of every training row."""
    starts = [(before[2], before[3]) != (row[0][0], row[1][0]) for before, row in pairwise(rows)]
    return np.cumsum([0, *starts])


def test_the_committed_board_comes_from_its_seed(tmp_path):
    write_board(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name
    assert sum((SAMPLE / name).stat().st_size for name in FILES) < 1_200_000


def test_another_seed_gives_another_board(tmp_path):
    for seed in (1, 2):
        write_board(tmp_path / str(seed), seed=seed, n_jobs=60, n_candidates=40, n_test=10)
    for name in FILES:
        assert (tmp_path / "1" / name).read_bytes() != (tmp_path / "2" / name).read_bytes(), name
    assert len((tmp_path / "1" / "x_test.csv").read_text(encoding="utf-8").splitlines()) == 11


def test_format(ads, rows):
    for name in FILES:
        text = (SAMPLE / name).read_bytes()
        assert text.endswith(b"\n")
        assert b"\r" not in text
    test = table("x_test.csv")
    sessions = [row[:2] for row in rows] + [
        (ast.literal_eval(x["job_ids"]), ast.literal_eval(x["actions"])) for x in test
    ]
    assert 1_800 <= len(rows) <= 2_500
    assert len(test) == 200
    assert [x["session_id"] for x in test] == [str(n) for n in range(200)]
    for jobs, actions in sessions:
        assert 3 <= len(jobs) == len(actions) <= 15
        assert len(set(jobs)) == len(jobs)
        assert {str(job) for job in jobs} <= ads.keys()
        assert set(actions) <= {"view", "apply"}
    assert all(str(target) in ads and target not in jobs for jobs, _, target, _ in rows)
    numbers = [int(job) for job in ads]
    assert numbers == sorted(numbers)
    assert numbers[-1] > len(numbers)  # an id is not a row number


def test_behaviour_resembles_the_real_board(rows, chains):
    assert 0.57 < 1 - chains[-1] / (len(rows) - 1) < 0.64
    assert 0.83 < np.mean([actions[-1] == action for _, actions, _, action in rows]) < 0.87
    assert 0.36 <= np.mean([action == "apply" for row in rows for action in row[1]]) <= 0.41
    fold = chains % FOLDS
    cold = 0
    for held in range(FOLDS):
        known = {job for row, part in zip(rows, fold, strict=True) if part != held for job in (*row[0], row[2])}
        cold += sum(row[2] not in known for row, part in zip(rows, fold, strict=True) if part == held)
    assert 0.05 <= cold / len(rows) <= 0.08


def test_truth_is_in_the_text_or_absent(ads):
    truth = table("truth.csv")
    assert len(truth) == 5 * len(ads)
    missing = dict.fromkeys(("title", "seniority", "company", "industry", "location"), 0)
    for row in truth:
        text = unicodedata.normalize("NFC", ads[row["job_id"]])
        value, evidence = row["value"], row["evidence"]
        assert bool(value) == bool(evidence)
        assert evidence in text
        if row["feature"] in ("title", "company", "location"):
            assert value.casefold() in evidence.casefold()
        missing[row["feature"]] += not value
    shares = {feature: count / len(ads) for feature, count in missing.items()}
    assert 0 < shares["title"] < 0.02
    assert all(0.02 < share < 0.25 for feature, share in shares.items() if feature != "title")
    names = {row["value"] for row in truth if row["feature"] == "company"} - {""}
    for job, feature, value in ((row["job_id"], row["feature"], row["value"]) for row in truth):
        if feature == "company" and not value:
            assert not any(name in unicodedata.normalize("NFC", ads[job]) for name in names)


def test_ads_are_varied(ads):
    decomposed = [not unicodedata.is_normalized("NFC", text) for text in ads.values()]
    assert 0.35 < np.mean(decomposed) < 0.45
    assert len(set(ads.values())) < len(ads)  # a few are posted twice
    for text in ads.values():
        assert 80 <= len(text.split()) <= 250
        assert text.startswith("TITLE\n")
        for block in ("SUMMARY\n", "SECTION:\n", "LANGUAGES\n", "CERTIFICATIONS\n", "SKILLS\n", "TASKS\n"):
            assert f"\n\n{block}" in text


def reciprocal_ranks(scores, seen, targets):
    """MRR@10 terms of scores (N, J); seen jobs are masked, ties share their mean rank."""
    ranks = []
    for score, jobs, target in zip(scores, seen, targets, strict=True):
        score = score.copy()
        score[jobs] = -np.inf
        rank = 1 + (score > score[target]).sum() + ((score == score[target]).sum() - 1) / 2
        ranks.append(1 / rank if rank <= 10 else 0.0)
    return np.array(ranks)


def transitions(sequences, jobs):
    """(J, J) distance-weighted counts of one job after, and less so before, another; rows sum to about 1."""
    counts = np.zeros((jobs, jobs))
    for sequence in sequences:
        for lag in range(1, 9):
            np.add.at(counts, (sequence[:-lag], sequence[lag:]), 1 / lag)
            np.add.at(counts, (sequence[lag:], sequence[:-lag]), 0.5 / lag)
    return counts / (counts.sum(1, keepdims=True) + 1)


@pytest.fixture(scope="module")
def ranks(ads, rows, chains):
    """Reciprocal ranks of simple methods on every training row, each held out with its whole chain."""
    place = {int(job): number for number, job in enumerate(ads)}
    seen = [np.array([place[job] for job in row[0]]) for row in rows]
    targets = np.array([place[row[2]] for row in rows])
    values = {}
    for row in table("truth.csv"):
        if row["value"]:
            values.setdefault(row["feature"], {})[place[int(row["job_id"])]] = row["value"]
    similar = {}
    for feature, known in values.items():
        column = np.array([known.get(job, f"unstated {job}") for job in range(len(ads))])
        similar[feature] = (column[:, None] == column[None, :]).astype(float)
    weights = {"title": 1.0, "location": 1.0, "seniority": 0.5, "industry": 0.5, "company": 0.5}
    kernel = sum(weight * similar[feature] for feature, weight in weights.items())
    kernels = {"content": kernel, "title": similar["title"]}
    for feature, weight in weights.items():
        kernels[f"content without {feature}"] = kernel - weight * similar[feature]
    shuffled = np.random.default_rng(0).permutation(len(ads))
    kernels["shuffled"] = kernel[np.ix_(shuffled, shuffled)]

    ranks = {name: np.zeros(len(rows)) for name in (*kernels, "popularity", "cf", "mix")}
    for held in range(FOLDS):
        inside = np.flatnonzero(chains % FOLDS == held)
        sequences = [
            np.concatenate([*(seen[row] for row in members), targets[members[-1:]]])
            for chain in range(chains[-1] + 1)
            if chain % FOLDS != held
            for members in [np.flatnonzero(chains == chain)]
        ]
        popularity = np.bincount(np.concatenate(sequences), minlength=len(ads))
        follows = transitions(sequences, len(ads)) / (popularity + 1) ** 0.5
        recency = [0.8 ** np.arange(len(seen[row]))[::-1] for row in inside]
        cf = np.stack([weight @ follows[seen[row]] for row, weight in zip(inside, recency, strict=True)])
        scores = {name: np.stack([each[seen[row]].mean(0) for row in inside]) for name, each in kernels.items()}
        scores["popularity"] = np.tile(popularity.astype(float), (len(inside), 1))
        scores["cf"] = cf
        scores["mix"] = np.log(cf + 0.02 * cf.mean(1, keepdims=True)) + scores["content"]
        for name, score in scores.items():
            ranks[name][inside] = reciprocal_ranks(score, [seen[row] for row in inside], targets[inside])
    return ranks


def lead(ranks, better, worse):
    """Mean of the paired difference in standard errors."""
    difference = ranks[better] - ranks[worse]
    return difference.mean() / (difference.std() / np.sqrt(len(difference)))


def test_signal_popularity_content_cf_mix(ranks):
    assert ranks["popularity"].mean() < 0.04
    assert 0.08 < ranks["content"].mean() < 0.15
    assert lead(ranks, "content", "popularity") > 4
    assert lead(ranks, "cf", "content") > 4
    assert lead(ranks, "mix", "cf") > 4


def test_every_feature_adds_and_shuffled_features_do_not_help(ranks):
    assert ranks["shuffled"].mean() < 0.3 * ranks["content"].mean()
    assert lead(ranks, "content", "title") > 4
    for feature in ("title", "location", "seniority", "industry", "company"):
        assert lead(ranks, "content", f"content without {feature}") > 2, feature
