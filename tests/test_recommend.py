"""The library: one session in, ten jobs and an action out."""

import pytest

from nextjob import Recommender
from nextjob.errors import InputError
from nextjob.metrics import TOP_K
from tests.conftest import python

EXAMPLE = """
import sys
from nextjob import Recommender

recommender = Recommender.load({run!r})
jobs = recommender.vocabulary.job_ids
recommended = recommender.recommend([jobs[3], jobs[1]], ["view", "apply"], k=5)
assert len(recommended.jobs) == len(recommended.scores) == 5
assert recommended.action in ("view", "apply")
assert not {{"hydra", "omegaconf"}} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def recommender(tiny_run) -> Recommender:
    return Recommender.load(tiny_run)


def test_the_example_runs_without_hydra(tiny_run):
    done = python("-c", EXAMPLE.format(run=str(tiny_run)))
    assert done.returncode == 0, done.stderr


def test_one_session_gets_a_ranked_list_and_an_action(recommender):
    jobs = recommender.vocabulary.job_ids
    answer = recommender.recommend(jobs[:3], ["view", "apply", "apply"])
    assert len(set(answer.jobs)) == len(answer.scores) == TOP_K
    assert not set(answer.jobs) & set(jobs[:3])
    assert answer.scores == sorted(answer.scores, reverse=True)
    assert 0 <= answer.apply_probability <= 1
    assert answer.action == ("apply" if answer.apply_probability > 0.5 else "view")


def test_actions_are_views_unless_given(recommender):
    jobs = recommender.vocabulary.job_ids[:3]
    assert recommender.recommend(jobs) == recommender.recommend(jobs, ["view"] * 3)
    assert recommender.recommend(jobs).apply_probability < recommender.recommend(jobs, ["apply"] * 3).apply_probability


@pytest.mark.parametrize("k", [1, 5, TOP_K, 40])
def test_a_shorter_list_is_the_head_of_a_longer_one(recommender, k):
    jobs = recommender.vocabulary.job_ids
    assert recommender.recommend(jobs[:2], k=k).jobs == recommender.recommend(jobs[:2], k=len(jobs) - 2).jobs[:k]


def test_ids_come_back_in_the_catalogue_s_own_type(recommender):
    jobs = recommender.vocabulary.job_ids
    assert {type(job) for job in jobs} == {int}
    answer = recommender.recommend([str(job) for job in jobs[:2]])
    assert {type(job) for job in answer.jobs} == {int}
    assert answer == recommender.recommend(jobs[:2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1],), r"job -1 is not in the catalogue of 80 jobs"),
        ((["nothing"],), r"job 'nothing' is not in the catalogue"),
        (([],), r"empty session"),
        (([0], ["view", "view"]), r"1 jobs but 2 actions"),
        (([0], ["buy"]), r"buy"),
        (([0], None, 0), r"k=0: the catalogue has 80 jobs, 1 of them seen"),
        (([0], None, 80), r"k=80: the catalogue has 80 jobs, 1 of them seen"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(recommender, arguments, message):
    jobs, *others = arguments
    first = recommender.vocabulary.job_ids[0]
    with pytest.raises(InputError, match=message) as refused:
        recommender.recommend([first if job == 0 else job for job in jobs], *others)
    assert "\n" not in str(refused.value)
