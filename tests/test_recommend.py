"""The library: one session in, ten jobs and an action out."""

import doctest

import pytest

import nextjob.recommend
from nextjob import Recommender
from nextjob.data import read_sessions
from nextjob.errors import InputError
from nextjob.metrics import TOP_K
from tests.conftest import python

EXAMPLE = """
import sys
import nextjob
assert "torch" not in sys.modules
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


def test_the_library_imports_fast_and_runs_without_hydra(tiny_run):
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


def test_candidates_and_seen_jobs_are_cut_out_of_one_ranking(recommender):
    ids = recommender.vocabulary.job_ids
    session = ids[5:8]
    everything = recommender.recommend(session, k=len(ids), filter_seen=False)
    assert set(everything.jobs) == set(ids)
    for chosen in (ids[::3], [str(job) for job in ids[4:9]], [*ids[:3], *ids[:3]]):
        for filter_seen in (True, False):
            kept = [
                (job, score)
                for job, score in zip(everything.jobs, everything.scores, strict=True)
                if str(job) in map(str, chosen) and not (filter_seen and job in session)
            ]
            answer = recommender.recommend(session, k=len(kept), filter_seen=filter_seen, candidates=chosen)
            assert answer.jobs == [job for job, _ in kept]
            assert answer.scores == pytest.approx([score for _, score in kept])
            with pytest.raises(InputError, match=rf"^k={len(kept) + 1}: {len(kept)} jobs remain to be ranked$"):
                recommender.recommend(session, k=len(kept) + 1, filter_seen=filter_seen, candidates=chosen)
    assert recommender.recommend(session, candidates=ids) == recommender.recommend(session)


def test_similar_jobs_are_near_by_every_feature_as_learned(recommender):
    ids, scorer = recommender.vocabulary.job_ids, recommender.model.scorer
    weights = {name: weight.item() for name, weight in scorer.mixing.feature_weights().items()}
    tables = {name: space.candidates().detach() for name, space in scorer.content.by_feature()}
    for place in (0, 40):
        similar = recommender.similar_jobs(ids[place], k=len(ids) - 1)
        assert {one.job for one in similar} == set(ids) - {ids[place]}
        assert [one.similarity for one in similar] == sorted((one.similarity for one in similar), reverse=True)
        for one in similar[:5]:
            other = recommender.vocabulary.number(one.job) - 1
            cosines = {
                name: (table[place] @ table[other]).item() for name, table in tables.items() if table[place].any()
            }
            total = sum(weights[name] for name in cosines)
            assert one.parts == pytest.approx({name: weights[name] * cos / total for name, cos in cosines.items()})
            assert one.similarity == pytest.approx(sum(one.parts.values()))
    for arguments, message in (
        ((-1,), "is not in the catalogue"),
        ((ids[0], 0), "k=0"),
        ((ids[0], 80), "79 other jobs"),
    ):
        with pytest.raises(InputError, match=message):
            recommender.similar_jobs(*arguments)


def test_added_jobs_are_recommended_and_opened(tiny_run, tmp_path):
    """From the text of an ad, in a file of sessions too."""
    recommender = Recommender.load(tiny_run)
    first = recommender.vocabulary.job_ids[0]
    expected = recommender.recommend([first], k=40)
    found = recommender.add_jobs({"A": "TITLE\nData engineer\n\nSUMMARY\nPython", 10**6: {"title": "data engineer"}})
    assert found == {"A": {"title": "Data engineer"}, 10**6: {"title": "data engineer"}}
    others = recommender.recommend([first], k=40, candidates=recommender.vocabulary.job_ids[:-2])
    assert others._replace(scores=expected.scores) == expected
    assert others.scores == pytest.approx(expected.scores, rel=1e-12)
    nearest = recommender.recommend(["A"], k=41, candidates=["1000000", *expected.jobs], explain=True).explanations
    near = next(one for one in nearest if one.job == 10**6)
    assert near.reason.startswith('same title as "Data engineer"')
    assert recommender.similar_jobs("A")[0].job == 10**6
    (tmp_path / "sessions.csv").write_text(f"session_id,job_ids,actions\n0,\"['A', {first}]\",\"['view', 'view']\"\n")
    table = recommender.recommend_sessions(read_sessions(tmp_path / "sessions.csv", recommender.vocabulary), k=81 - 1)
    assert str(10**6) in table["job_id"][0]
    assert Recommender.load(tiny_run).recommend([first], k=40) == expected


def test_a_run_of_before_takes_no_new_jobs(tiny_run):
    recommender = Recommender.load(tiny_run)
    recommender.model.catalogue["cold"] = None
    with pytest.raises(InputError, match="earlier version"):
        recommender.add_jobs({"A": "text"})


def test_the_examples_of_the_library_run(tiny_run):
    failed, tried = doctest.testmod(nextjob.recommend, extraglobs={"run": tiny_run})
    assert tried > 10
    assert failed == 0


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
