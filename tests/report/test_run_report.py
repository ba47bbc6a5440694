import json
import re

import numpy as np
import pandas as pd
import pytest

from nextjob import Recommender
from nextjob.data import read_board
from nextjob.data.chains import LeakReport
from nextjob.pooling import Estimate
from nextjob.report.actions import calibration, confusion
from nextjob.report.audit import Audit, Part
from nextjob.report.examples import N_EXAMPLES, Example, Job, Listed, Term, examples
from nextjob.report.groups import by_chain_end, by_cold_share, by_cold_target, by_length, by_popularity
from nextjob.report.headline import headline
from nextjob.report.run import run_report
from nextjob.results import COLUMNS
from nextjob.rows import describe
from tests.boards import sessions
from tests.report.pages import PLANTED, Page, assert_whole

EPOCHS = [
    {"train/content_loss": 0.6, "tune/mrr@10": 0.1, "tune/action_acc": 0.8},
    {"train/hybrid_loss": 0.5, "tune/mrr@10": 0.2, "tune/action_acc": 0.8, "tune/score": 0.4},
]


def metrics():
    flat = {}
    for prefix in ("val", "baseline/popularity", "baseline/transitions", "baseline/last_action"):
        for key in (*COLUMNS.values(), "action_ece"):
            flat |= {f"{prefix}/{key}": 0.25, f"{prefix}/{key}_lo": 0.2, f"{prefix}/{key}_hi": 0.3}
    return flat | {f"val/action_auc{end}": None for end in ("", "_lo", "_hi")}


def val_rows(n=60):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "session_id": np.arange(n).astype(str),
            "chain": np.arange(n) // 2,
            "applied": rng.integers(2, size=n),
            "rank": rng.integers(1, 30, size=n),
            "p_apply": rng.random(n),
            "rank_popularity": rng.integers(1, 90, size=n),
            "rank_transitions": rng.integers(1, 60, size=n),
            "p_apply_last_action": rng.random(n),
            "alpha": rng.random(n),
            "length": rng.integers(1, 15, size=n),
            "cold_share": rng.integers(3, size=n) / 4,
            "target_popularity": rng.integers(0, 60, size=n),
            "chain_end": np.arange(n) % 2 == 1,
        }
    )


def example(name, rank):
    job = Job(name, name, "view")
    terms = [Term("svd", "svd", 2.0), Term("content/title", "content", -0.5), Term(name, "transitions", 0.25)]
    return Example(name, [job, job], job, rank, "apply", 0.8, [Listed(job, 1.75, terms, name, rank == 1)])


def report(name="hybrid", **changed):
    given = {
        "metrics": metrics(),
        "rows": val_rows(),
        "weights": {name: 5.63, "location": 0.0},
        "epochs": EPOCHS,
        "marks": {"chosen epoch": 2.0, "mixing begins": 1.5},
        "audit": Audit(LeakReport(60, 30, 0.5, 0.01, 30, 2), {"val": Part(60, 30)}, 0),
        "shown": [example(name, rank) for rank in (1, 57, 81)],
        "n_jobs": 80,
        "facts": {"embeddings": name, name: "value"},
        "config": f"name: {name}",
    }
    return run_report(name, **given | changed)


def test_whatever_is_named_is_escaped():
    page = assert_whole(report(PLANTED).html)
    assert "".join(page.text).count(PLANTED) > 20


def test_page_has_every_section_and_is_the_same_each_time():
    made = report()
    page = assert_whole(made.html)
    assert "0.200 to 0.300" in made.html
    assert {plot.label for plot in made.plots.values()} == set(re.findall(r'aria-label="([^"]+)"', made.html)) - {
        "contents"
    }
    assert len(made.plots) == 4 + 3 + 1 + 3
    assert {"content", "hybrid"} <= set(page.text)  # a loss that some epochs lack is drawn all the same
    for words in ("not comparable", "67.1 %", "chosen epoch", "30 of 60, 50.0 %; by chance 1.0 %"):
        assert words in made.html
    assert "No alpha by" not in made.html
    assert "currentColor" in made.html
    assert report().html == made.html


def test_page_of_a_run_without_history_content_or_gate():
    made = report(epochs=[], weights={}, marks={}, rows=val_rows().assign(alpha=0.7))
    assert_whole(made.html)
    assert "Feature weights" not in made.html
    assert "it is 0.70 for every session" in made.html
    assert not {"alpha", "losses by task"} & set(made.plots)


def test_sessions_say_whether_the_target_was_listed():
    made = report().html
    for words in ("place 1<", "not among the 1, place 57<", "already in the session", "In 1 of them", "0.80"):
        assert words in made
    assert made.count('class="target"') == 1
    widths = re.findall(r'<i class="(svd|content|transitions)" style="width: ([0-9.]+)%"', made)
    assert widths[:2] == [("svd", "72.9"), ("transitions", "9.1")]  # of 82 % for 2.25, without the term below 0
    assert "content/title -0.50" in made


def test_a_board_too_small_for_lists_has_no_sessions():
    assert "too small for a list" in report(shown=[]).html


def test_slices_of_one_group_are_left_out():
    rows = val_rows().assign(chain_end=True, cold_share=0.0, length=4)
    made = report(rows=rows)
    assert not {"end of the profile chain", "length of the session"} & set(made.plots)
    assert "No alpha by cold jobs in the session: the held-out sessions are all in one group." in made.html


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.03, "does not explain"), (-0.01, 0.03, "may explain"), (-0.03, -0.01, "more than chance explains")],
)
def test_headline_compares_with_the_best_baseline(low, high, verdict):
    found = metrics() | {"baseline/popularity/mrr@10": 0.1, "val/hr@10": 0.475}
    gains = {
        name: {"mrr@10": Estimate("hybrid", name, "mrr@10", 0.02, low, high)} for name in ("popularity", "transitions")
    }
    ranking, action = headline("hybrid", found, val_rows(), gains)
    assert "47.5 % of 60" in ranking
    assert "for transitions" in ranking
    assert verdict in ranking
    assert "25.0 %" in action


def test_groups_by_hand():
    rows = pd.DataFrame(
        {
            "length": [1, 3, 12],
            "target_popularity": [0, 2, 51],
            "cold_share": [0.0, 0.25, 0.9],
            "chain_end": [True, False, True],
        }
    )
    assert by_length(rows).tolist() == ["1", "3 to 4", "12 or more"]
    assert by_popularity(rows).tolist() == ["0", "1 to 2", "51 or more"]
    assert by_cold_share(rows).tolist() == ["none", "up to 25%", "up to 100%"]
    assert by_cold_target(rows).tolist() == ["cold", "seen in training", "seen in training"]
    assert by_chain_end(rows).tolist() == ["last of its chain", "a row follows", "last of its chain"]


def test_calibration_and_confusion_by_hand():
    rows = pd.DataFrame({"p_apply": [0.1, 0.15, 0.5, 0.51, 1.0], "applied": [0, 1, 0, 0, 1], "chain": [0, 0, 1, 1, 2]})
    first, second, last = calibration(rows)
    assert (first.low, first.high, first.rows, first.predicted) == (0.1, 0.2, 2, 0.125)
    assert first.observed.value == 0.5
    assert np.isnan(first.observed.low)  # too few chains for an interval
    assert (second.rows, second.observed.value, last.high, last.observed.value) == (2, 0.0, 1.0, 1.0)
    assert confusion(rows).tolist() == [[2, 1], [1, 1]]


def test_rows_are_described_beside_the_counted_chains():
    counted = sessions([[1, 2, 2], [3]])
    rows = sessions([[1], [4, 1, 4, 5], [2, 3]], target_job=[2, 6, 1], chain=[0, 0, 1])
    found = describe(rows, counted)
    assert found["length"].tolist() == [1, 4, 2]
    assert found["cold_share"].tolist() == [0.0, 0.75, 0.0]
    assert found["target_popularity"].tolist() == [2, 0, 1]
    assert found["chain_end"].tolist() == [False, True, True]


def test_run_folder_has_a_report_of_its_own_results(tiny_run):
    made = (tiny_run / "report.html").read_text(encoding="utf-8")
    stored = json.loads((tiny_run / "metrics.json").read_text())
    page = Page(made)
    assert f"{stored['val/score']:.3f}" in made
    for words in (
        "hashing-256",
        "title from the ads by a fixed rule",
        "profile chains",
        "train rows",
        "torch 2",
        "losses by task",
        "learning_rate",
    ):
        assert words in made
    assert "chosen epoch" in page.text
    assert len(made) < 500_000


def test_examples_are_those_of_the_rows_and_agree_with_their_ranks(tiny_run, tiny_board):
    recommender, board = Recommender.load(tiny_run), read_board(tiny_board, "challenge")
    rows = pd.read_parquet(tiny_run / "val_rows.parquet")
    val = board.train.take(pd.Index(board.train.ids.astype(str)).get_indexer(rows["session_id"]))
    shown = examples(recommender, val, rows)
    assert [one.session for one in examples(recommender, val, rows)] == [one.session for one in shown]
    assert len({one.session for one in shown}) == N_EXAMPLES
    known = rows.set_index("session_id")
    for one in shown:
        assert one.rank == known.loc[one.session, "rank"]
        assert one.apply_probability == pytest.approx(known.loc[one.session, "p_apply"], abs=1e-5)
        assert len(one.jobs) == known.loc[one.session, "length"]
        assert [place for place, listed in enumerate(one.listed, start=1) if listed.is_target] == (
            [one.rank] if one.found else []
        )
        assert all(listed.score == pytest.approx(sum(t.value for t in listed.terms), abs=0.06) for listed in one.listed)
    assert sum(one.found for one in shown) == sum(one.rank <= 10 for one in shown)


def test_examples_of_a_board_with_hardly_more_jobs_than_a_session(tiny_run):
    recommender = Recommender.load(tiny_run)
    n_jobs = len(recommender.vocabulary)
    rows = pd.DataFrame({"rank": [1]})
    (shown,) = examples(recommender, sessions([range(1, n_jobs - 2)], target_job=[n_jobs]), rows)
    assert len(shown.listed) == 3
    assert examples(recommender, sessions([range(1, n_jobs + 1)], target_job=[1]), rows) == []


def test_described_rows_lie_beside_the_ranks(tiny_run):
    rows = pd.read_parquet(tiny_run / "val_rows.parquet")
    assert rows["alpha"].between(0, 1).all()
    assert rows["alpha"].nunique() > 1
    assert rows["length"].between(1, 15).all()
    assert rows.groupby("chain")["chain_end"].sum().eq(1).all()
    cold = rows["target_popularity"] == 0
    assert rows.loc[cold, "rank_transitions"].min() > rows.loc[~cold, "rank_transitions"].min()
