"""Candidates: unseen, each once, and nearly all of the exact ten jobs among them."""

import doctest
import sys

import numpy as np
import pytest
import torch

import nextjob.serving.candidates
from nextjob import Recommender
from nextjob.data import read_sessions
from nextjob.data.synthetic import write_board
from nextjob.errors import InputError
from nextjob.schema import ACTION_NUMBERS
from nextjob.serving import Candidates
from tests.conftest import LEAN, python
from tests.models.test_explain import shaken


@pytest.fixture(scope="module")
def recommender(tiny_run) -> Recommender:
    return Recommender.load(tiny_run)


@pytest.mark.parametrize("n", [1, 7, 40, 77, 500])
def test_candidates_are_so_many_unseen_jobs_each_once(recommender, n):
    candidates, ids = Candidates(recommender), recommender.vocabulary.job_ids
    for start in (0, 30, 77):
        session = ids[start : start + 3]
        chosen = candidates.of(session, n=n)
        assert len(set(chosen)) == len(chosen) == min(n, len(ids) - 3)
        assert not set(chosen) & set(session)
        if n == 500:
            assert recommender.recommend(session, candidates=chosen).jobs == recommender.recommend(session).jobs


def test_added_jobs_are_candidates(tiny_run):
    recommender = Recommender.load(tiny_run)
    candidates = Candidates(recommender)
    title = recommender.values(recommender.vocabulary.job_ids[0])["title"]
    recommender.add_jobs({f"new-{n}": {"title": title} for n in range(3)})
    assert {"new-1", "new-2"} <= set(candidates.of(["new-0"], n=20))


def test_candidates_are_found_by_the_weights_they_are_ranked_by(tiny_run):
    recommender = silenced(Recommender.load(tiny_run), "count_ranker")
    session = recommender.vocabulary.job_ids[:2]
    for alpha in (0, 1):
        changed = recommender.reweighed(alpha, {"title": 9})
        assert recall_of(changed, Candidates(changed), session, None, 20) == 1.0


def test_what_is_missing_is_said(make_model, recommender, monkeypatch):
    content_alone = make_model("+experiment=content")
    content_alone.scorer.content = None
    with pytest.raises(InputError, match="neither factors nor content"):
        Candidates(Recommender(content_alone))
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InputError, match=r'candidates need FAISS: pip install -e "\.\[serving\]"'):
        Candidates(recommender)


def test_the_example_runs(recommender):
    failed, tried = doctest.testmod(nextjob.serving.candidates, extraglobs={"recommender": recommender})
    assert (failed, tried) == (0, 4)


def silenced(recommender: Recommender, *rankers: str) -> Recommender:
    """What these say depends on none of the weights that candidates are found by."""
    for ranker in rankers:
        for parameter in getattr(recommender.model.scorer, ranker).output.parameters():
            torch.nn.init.zeros_(parameter)
    return recommender


def recall_of(recommender: Recommender, candidates: Candidates, jobs, actions, n: int) -> float:
    """Share of the exact ten jobs of a session that is among n candidates."""
    return float(np.isin(recommender.recommend(jobs, actions).jobs, candidates.of(jobs, actions, n)).mean())


def recall(recommender: Recommender, sessions, n: int) -> float:
    """Its mean over sessions."""
    candidates, found = Candidates(recommender), []
    names = {number: action for action, number in ACTION_NUMBERS.items()}
    for row in range(len(sessions)):
        batch = sessions.batch(np.array([row]))
        jobs, actions = recommender.vocabulary.ids(batch.jobs[0].numpy()), map(names.get, batch.actions[0].tolist())
        found.append(recall_of(recommender, candidates, jobs, list(actions), n))
    return float(np.mean(found))


def test_a_tenth_of_the_jobs_holds_the_exact_list_of_an_untrained_model(make_model, datamodule):
    recommender = silenced(shaken(make_model("+experiment=hybrid")), "count_ranker", "reranker")
    rows = datamodule.val.take(np.arange(0, len(datamodule.val), 5))
    assert recall(recommender, rows, len(recommender.vocabulary) // 10) >= 0.98


@pytest.mark.slow
def test_500_candidates_of_5000_jobs_hold_the_exact_list_of_a_trained_model(tmp_path):
    write_board(tmp_path / "board", n_jobs=5000, n_candidates=1500, n_test=100)
    overrides = ["data=challenge", f"data.root={tmp_path / 'board'}", f"paths.cache={tmp_path / 'cache'}", *LEAN]
    run = tmp_path / "run"
    done = python("train.py", "+experiment=hybrid", *overrides, "data.folds=2", f"hydra.run.dir={run}")
    assert done.returncode == 0, done.stderr
    recommender = Recommender.load(run)
    sessions = read_sessions(tmp_path / "board" / "x_test.csv", recommender.vocabulary)
    assert recall(recommender, sessions, 500) >= 0.98
