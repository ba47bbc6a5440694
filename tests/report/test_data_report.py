import itertools

import numpy as np
import pandas as pd
import pytest

from nextjob.__main__ import main
from nextjob.data.prefixes import stitch_chains
from nextjob.data.vocabulary import Vocabulary
from nextjob.embedding import SentenceEncoder
from nextjob.report.browsing import actions
from nextjob.report.coverage import ad_lengths, coverage
from nextjob.report.covisits import co_visits
from nextjob.report.popularity import popularity, top_share
from nextjob.report.space import telling_feature
from tests.boards import sessions
from tests.conftest import one_line
from tests.report.pages import PLANTED, assert_whole
from tests.test_embedding import tiny_model

VIEW, APPLY = 1, 2


@pytest.fixture(scope="module")
def page(tiny_board, tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "data_report.html"
    main(["data-report", "data=challenge", f"data.root={tiny_board}", "encoder=hashing", f"out={out}"])
    return out.read_text(encoding="utf-8")


def write_views(root, title):
    """Two features and views alone."""
    root.mkdir()
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(30), 4)
    pd.DataFrame(
        {
            "session_id": owner,
            "job_id": rng.integers(20, size=len(owner)),
            "action": "view",
            "position": np.arange(len(owner)),
        }
    ).to_csv(root / "interactions.csv", index=False)
    jobs = pd.DataFrame({"job_id": range(20), "title": title, "location": ["Paris", "Lyon"] * 10})
    jobs.to_csv(root / "jobs.csv", index=False)


def test_page_is_whole_and_has_every_plot(page):
    assert_whole(page)
    for words in (
        "length of the sessions",
        "rows of the profile chains",
        "share of apply by position",
        "interactions of the n-th job",
        "how much the most frequent hold",
        "words of the ads",
        "factor space by title",
    ):
        assert f'aria-label="{words}"' in page
    assert "row-order leak" in page
    assert len(page) < 500_000


def test_titles_and_values_are_escaped_and_one_kind_of_action_is_said(tmp_path, capsys):
    write_views(tmp_path / "board", title=PLANTED)
    out = tmp_path / "page.html"
    main(["data-report", "data=interactions", f"data.root={tmp_path / 'board'}", f"out={out}"])
    made = out.read_text(encoding="utf-8")
    page = assert_whole(made)
    assert PLANTED in "".join(page.text)
    assert "of one kind, views" in made
    assert "The jobs have no text" in made
    assert "factor space by location" in made  # one title for all tells nothing
    assert "30; rows of the longest: 1" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["out=report"], ["out=a.html", "out=b.html"], ["data=challenge"]])
def test_bad_arguments_leave_nothing(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["data-report", *arguments])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(5))
def test_co_visits_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    rows = [rng.integers(1, 9, size=rng.integers(1, 6)).tolist() for _ in range(12)]
    target = rng.integers(1, 9, size=12)
    chain = np.sort(rng.integers(5, size=12))
    board = sessions(rows, target_job=target, chain=chain)
    stitched, window = stitch_chains(board), 2

    near = {}
    for c in range(len(stitched)):
        jobs = stitched.jobs[stitched.offsets[c] : stitched.offsets[c + 1]].tolist()
        for i, j in itertools.combinations(range(len(jobs)), 2):
            if j - i <= window and jobs[i] != jobs[j]:
                near.setdefault(frozenset((jobs[i], jobs[j])), set()).add(stitched.chain[c])
    others = [
        [bool(near.get(frozenset((job, t)), set()) - {c}) for job in row]
        for row, t, c in zip(rows, target, chain, strict=True)
    ]

    found = co_visits(board, stitched, window)
    assert found.chains.tolist() == sorted(map(len, near.values()), reverse=True)
    opened = len(set(stitched.jobs.tolist()))
    assert found.possible == opened * (opened - 1) / 2
    assert found.reached == pytest.approx(np.mean([any(row) for row in others]))
    assert found.reached_by_last == pytest.approx(np.mean([row[-1] for row in others]))


def test_actions_by_hand():
    board = sessions([[1, 2], [3]], [[VIEW, APPLY], [VIEW]], target_job=[3, 4], target_action=[APPLY, VIEW])
    found = actions(board, stitch_chains(board))
    assert found.overall == pytest.approx(2 / 5)
    assert found.by_position.tolist() == [0.0, 0.5, 1.0]
    assert found.rows.tolist() == [2, 2, 1]
    assert found.after == {"view": 0.0, "apply": 1.0}
    assert found.repeated == 1.0


def test_popularity_by_hand():
    board = sessions([[1, 1, 2], [2]], target_job=[3, 1], chain=[0, 1])
    found = popularity(board, stitch_chains(board), n_jobs=5)
    assert found.counts.tolist() == [3, 2, 1, 0, 0]
    assert (found.never, found.once) == (0.4, 0.5)
    assert found.top_share == 0.5
    assert top_share(np.arange(200)[::-1]) == (199 + 198) / np.arange(200).sum()


def test_coverage_joins_spellings_and_the_telling_feature_has_several_values():
    values = {"title": ["Chef", "chef ", "Chef", ""], "level": ["A", "B", "A", None], "country": ["X", "X", "X", "X"]}
    table = pd.DataFrame(
        [
            (job, feature, value)
            for feature, column in values.items()
            for job, value in zip("abcd", column, strict=True)
        ],
        columns=["job_id", "feature", "value"],
    )
    found = coverage(table, Vocabulary(["d", "c", "b", "a"]))
    assert found["title"].frequent == [("Chef", 0.75)]
    assert found["title"].values.isna().tolist() == [True, False, False, False]
    assert (found["level"].known, found["level"].distinct) == (0.75, 2)
    assert telling_feature(found) == "level"


def test_ads_are_counted_in_tokens_where_the_encoder_is_here(tmp_path):
    here, elsewhere = SentenceEncoder(str(tiny_model(tmp_path / "model"))), SentenceEncoder("nobody/nothing")
    for encoder, unit in ((here, "tokens"), (elsewhere, "words"), (None, "words")):
        found = ad_lengths(["vendeur, vendeur", "", "a " * 700], encoder)
        assert (found.counts.tolist(), found.unit) == ([2, 0, 700], unit)


def test_the_smallest_boards(tmp_path, capsys):
    """Two jobs, one pair and no value at all; then sessions that open one job only."""
    (tmp_path / "jobs.csv").write_text("job_id,title\na,\nb,\n")
    lines = ["session_id,job_id,action,position", "1,a,view,1", "1,b,apply,2", "2,b,view,1"]
    (tmp_path / "interactions.csv").write_text("\n".join(lines))
    keys = ["data-report", "data=interactions", f"data.root={tmp_path}", f"out={tmp_path / 'page.html'}"]
    main(keys)
    made = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert_whole(made)
    assert "0.0 % near a job of the session in another chain" in made
    (tmp_path / "interactions.csv").write_text("\n".join([*lines[:2], *lines[3:]]))
    with pytest.raises(SystemExit):
        main(keys)
    assert "no session opens two different jobs" in one_line(capsys.readouterr().err)


def test_features_are_refused_where_there_are_none(tmp_path):
    with pytest.raises(SystemExit):
        main(["data-report", f"data.features={tmp_path}", f"out={tmp_path / 'page.html'}"])
    assert list(tmp_path.iterdir()) == []
