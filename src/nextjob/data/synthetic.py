"""A synthetic job board with known truth, in the challenge's own file format.

Every draw comes from uniform doubles of PCG64 and every choice of a job from integer weights, so a seed gives
the same bytes on any machine.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from nextjob.data.synthetic_ads import FEATURES, make_ads, pick
from nextjob.data.synthetic_candidates import Row, make_board, make_chains
from nextjob.files import write_atomically
from nextjob.schema import ACTION, ACTIONS, FEATURE, JOB_ID, JOB_IDS, SESSION_ID, VALUE

EVIDENCE = "evidence"


def write_board(root: Path, seed: int = 0, n_jobs: int = 480, n_candidates: int = 800, n_test: int = 200) -> None:
    """Write a board's five files into `root`, the same bytes for the same arguments.

    `x_train.csv`, `y_train.csv`, `x_test.csv` (`n_test` rows), `job_listings.json`, and `truth.csv`: what each
    ad states, one row a job and feature (job_id, feature, value, evidence), empty where it states nothing.
    Job ids have gaps and grow with age: the smallest id is the newest job.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    ads = make_ads(rng, n_jobs)
    ids = np.cumsum([pick(rng, (1, 1, 1, 1, 2, 4)) for _ in ads]).tolist()
    train, test = _split(rng, make_chains(rng, make_board(rng, ads), n_candidates), n_test)

    root.mkdir(parents=True, exist_ok=True)
    _write_csv(root / "x_train.csv", (SESSION_ID, JOB_IDS, ACTIONS), _inputs(train, ids))
    _write_csv(
        root / "y_train.csv",
        (SESSION_ID, JOB_ID, ACTION),
        ((number, ids[job], action) for number, (_, (job, action)) in enumerate(train)),
    )
    _write_csv(root / "x_test.csv", (SESSION_ID, JOB_IDS, ACTIONS), _inputs(test, ids))
    listings = {str(job_id): ad.text for job_id, ad in zip(ids, ads, strict=True)}
    write_atomically(root / "job_listings.json", json.dumps(listings, ensure_ascii=False, indent=0).encode() + b"\n")
    _write_csv(
        root / "truth.csv",
        (JOB_ID, FEATURE, VALUE, EVIDENCE),
        (
            (job_id, feature, ad.values[feature], ad.evidence[feature])
            for job_id, ad in zip(ids, ads, strict=True)
            for feature in FEATURES
        ),
    )


def _split(rng: np.random.Generator, chains: list[list[Row]], n_test: int) -> tuple[list[Row], list[Row]]:
    """Set whole chains aside until they give `n_test` rows; the last one may be cut short."""
    order = np.argsort(rng.random(len(chains)), kind="stable").tolist()
    test: list[Row] = []
    while order and len(test) < n_test:
        test += chains[order.pop()]
    return [row for place in sorted(order) for row in chains[place]], test[:n_test]


def _inputs(rows: list[Row], ids: list[int]) -> Iterable[Sequence[object]]:
    for number, (events, _) in enumerate(rows):
        yield number, str([ids[job] for job, _ in events]), str([action for _, action in events])


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())
