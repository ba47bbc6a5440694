"""Explanations: what a score is made of and which past job speaks for it, whatever the session and the model."""

from functools import reduce
from operator import add

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nextjob.models.ranking import rank
from nextjob.recommend import Recommender
from tests.paths import RECOMMENDERS

N_JOBS = 480
SESSION = st.lists(st.tuples(st.integers(0, N_JOBS - 1), st.sampled_from(["view", "apply"])), min_size=1, max_size=12)


def shaken(model) -> Recommender:
    """Its word vectors, reranker and ranker of counts no longer at 0."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith((".vectors", "ranker.output.weight")):
                parameter.normal_(std=0.1, generator=generator)
    return Recommender(model)


@pytest.fixture(scope="module", params=RECOMMENDERS)
def recommender(request, make_model) -> Recommender:
    return shaken(make_model(f"+experiment={request.param}"))


@pytest.fixture(scope="module")
def hybrid(make_model) -> Recommender:
    return shaken(make_model("+experiment=hybrid"))


@settings(max_examples=15, deadline=None)
@given(session=SESSION)
def test_the_terms_of_every_recommended_job_add_up_to_its_score(recommender, session):
    ids = recommender.vocabulary.job_ids
    jobs, actions = [ids[place] for place, _ in session], [action for _, action in session]
    answer = recommender.recommend(jobs, actions, explain=True)
    assert answer._replace(explanations=None) == recommender.recommend(jobs, actions)
    assert [one.job for one in answer.explanations] == answer.jobs
    for one, score in zip(answer.explanations, answer.scores, strict=True):
        assert reduce(add, one.terms.values(), 0.0) == one.score == score
        assert one.values == recommender.values(one.job)
        assert set(one.past_jobs) <= set(one.terms)
        for name, past in one.past_jobs.items():
            assert past.job in jobs
            assert past.value == recommender.values(past.job).get(name.partition("/")[2], "")
        for name, term in one.terms.items():
            if term and "/" in name:
                assert name in one.past_jobs


@settings(max_examples=15, deadline=None)
@given(session=SESSION)
def test_the_past_job_of_a_content_term_is_the_nearest_one(hybrid, session):
    """Among all past jobs, by the vectors that the term compares; the latest of equally near ones."""
    ids = hybrid.vocabulary.job_ids
    jobs = [ids[place] for place, _ in session]
    spaces = dict(hybrid.model.scorer.content.by_feature())
    with torch.no_grad():
        tables = {name: (space.past().numpy(), space.candidates().numpy()) for name, space in spaces.items()}
    for one in hybrid.recommend(jobs, k=3, explain=True).explanations:
        for feature, (past, candidates) in tables.items():
            of_job = candidates[hybrid.vocabulary.number(one.job) - 1]
            cosines = [past[place + 1] @ of_job if past[place + 1].any() else -2 for place, _ in session]
            if not of_job.any() or max(cosines) == -2:
                assert f"content/{feature}" not in one.past_jobs
                continue
            nearest = max(range(len(jobs)), key=lambda place: (cosines[place].round(6), place))
            found = one.past_jobs[f"content/{feature}"]
            assert found.job == jobs[nearest]
            assert found.strength == pytest.approx(cosines[nearest])


def test_what_past_jobs_add_is_what_the_experts_score(hybrid, datamodule):
    """The shares of factors and transitions add up over the session."""
    scorer, batch = hybrid.model.scorer, datamodule.val.batch(np.arange(30))
    with torch.inference_mode():
        candidates = rank(scorer, batch, 20).columns
        experts = scorer.experts(batch)
        spoken = scorer.by_past_job(batch, candidates)
    assert spoken.keys() == experts.keys()
    for name in ("svd", "transitions"):
        added = spoken[name].masked_fill(spoken[name].isinf(), 0.0).sum(2)
        assert torch.allclose(added, experts[name].gather(1, candidates))
    for name, shares in spoken.items():
        assert (shares[batch.jobs.eq(0)[:, None].expand_as(shares)] == -torch.inf).all(), name


def test_the_reason_names_the_strongest_terms_and_their_past_jobs(hybrid):
    """Every reason of the first hundred sessions, read back from its explanation."""
    ids, found = hybrid.vocabulary.job_ids, 0
    for first in range(0, 100, 2):
        for one in hybrid.recommend(ids[first : first + 3], explain=True).explanations:
            assert 1 <= len(one.reason.split("; ")) <= 3
            best = max(one.terms, key=lambda name: one.terms[name])
            assert f'"{hybrid.values(one.past_jobs[best].job)["title"]}"' in one.reason
            for name, past in one.past_jobs.items():
                feature = name.partition("/")[2]
                if f"same {feature} as" in one.reason:
                    found += 1
                    assert past.value.casefold() == one.values[feature].casefold()
                    known = f" ({past.value})" if feature != "title" else ""
                    assert f'same {feature} as "{hybrid.values(past.job)["title"]}"{known}' in one.reason
    assert found


def test_explanations_do_not_depend_on_the_batch(hybrid, datamodule):
    together = list(hybrid.recommend_each(datamodule.val.take(np.arange(40)), explain=True))
    for row in (0, 7, 39):
        (alone,) = hybrid.recommend_each(datamodule.val.take(np.array([row])), explain=True)
        assert alone.jobs == together[row].jobs
        for one, other in zip(alone.explanations, together[row].explanations, strict=True):
            assert one.reason == other.reason
            assert {name: past.job for name, past in one.past_jobs.items()} == {
                name: past.job for name, past in other.past_jobs.items()
            }
            assert one.terms == pytest.approx(other.terms, abs=1e-9)
