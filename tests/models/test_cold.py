"""New jobs: read as training reads them, scored by their content, and without a trace on the scores of the others."""

import numpy as np
import pandas as pd
import pytest
import torch
from hydra.utils import instantiate

from nextjob.cold import cold_recipe, read_new_jobs
from nextjob.data import read_jobs
from nextjob.embedding import HashingEncoder
from nextjob.errors import InputError
from nextjob.metrics import top_k
from nextjob.models.content import principal_axes, project
from nextjob.models.ranking import rank
from nextjob.recommend import Recommender
from nextjob.schema import FEATURE, JOB_ID, VALUE
from tests.models.test_explain import shaken
from tests.paths import RECOMMENDERS, ROOT

PARTS = (slice(0, 4), slice(4, 100))
SAMPLE = ROOT / "data" / "sample"
TITLES = {f"new-{n}": {"title": title} for n, title in enumerate(["Data engineer", "Boulanger", "PRODUCT OWNER"] * 10)}


@pytest.fixture(scope="module")
def extracted(config):
    """The sample with its five features, embedded by hashing."""
    cfg = config(f"data.features={SAMPLE}")
    datamodule = instantiate(cfg.data, encoder=instantiate(cfg.encoder))
    datamodule.setup()
    return datamodule


@pytest.mark.parametrize("coordinates", [{"dimension": 16, "whitening": 0.5}, {"dimension": None, "whitening": 0.0}])
def test_new_jobs_are_read_as_training_reads_them(extracted, coordinates):
    """Every ad of the sample, from its text and from its values."""
    catalogue = extracted.catalogue
    table = catalogue.embeddings
    given = {f: (torch.from_numpy(v), torch.from_numpy(table.mask(f))) for f, v in table.vectors.items()}
    axes = {feature: principal_axes(*vectors, **coordinates) for feature, vectors in given.items()}
    trained = {feature: project(*vectors, axes[feature]) for feature, vectors in given.items()}
    recipe = cold_recipe(catalogue, extracted.declared, axes)
    probe = ("title", catalogue.texts["title"][0], trained["title"][0])
    texts = dict(read_jobs(SAMPLE, "challenge").itertuples(index=False))
    features = pd.read_parquet(SAMPLE / "features.parquet").dropna(subset=[VALUE])
    values = {job: dict(zip(rows[FEATURE], rows[VALUE], strict=True)) for job, rows in features.groupby(JOB_ID)}
    for jobs in (texts, {job: values[str(job)] for job in catalogue.vocabulary.job_ids}):
        new = read_new_jobs(recipe, jobs, None, probe)
        assert new.values == catalogue.texts
        for feature in catalogue.features:
            assert torch.equal(new.coordinates[feature], trained[feature])
            assert (new.words[feature] != catalogue.words[feature]).nnz == 0


@pytest.fixture(scope="module", params=RECOMMENDERS)
def before_and_after(request, make_model):
    """Two recommenders of one model with a shortlist of 60 jobs; the second one was given new jobs, three by three."""
    pair = []
    for _ in range(2):
        recommender = shaken(make_model(f"+experiment={request.param}"))
        recommender.model.scorer.shortlist = 60
        pair.append(recommender)
    names = list(TITLES)
    for part in (names[:3], names[3:]):
        pair[1].add_jobs({name: TITLES[name] for name in part})
    return pair


def test_the_scores_of_the_other_jobs_do_not_change(before_and_after, datamodule):
    before, after = before_and_after
    rows = datamodule.val.take(np.arange(8))
    ids = before.vocabulary.job_ids
    for row in range(len(rows)):
        jobs = before.vocabulary.ids(rows.batch(np.array([row])).jobs[0].numpy())
        actions = ["view", "apply"] * len(jobs)
        k = len(ids) - len(set(jobs))
        old, new = (
            r.recommend(jobs, actions[: len(jobs)], k=k, candidates=None, explain=True) for r in before_and_after
        )
        every = after.recommend(jobs, actions[: len(jobs)], k=k + len(TITLES), explain=True)
        assert new.jobs == every.jobs[:k]
        assert [job for job in every.jobs if job not in TITLES] == old.jobs
        assert every.apply_probability == pytest.approx(old.apply_probability, abs=1e-12)
        found = {one.job: one for one in every.explanations}
        for one in old.explanations:
            assert found[one.job].terms == pytest.approx(one.terms, abs=1e-9)
            assert found[one.job].reason == one.reason


@torch.no_grad()
def test_added_jobs_keep_the_contract_of_a_scorer(before_and_after, datamodule):
    """Ranking agrees with dense scores, in a batch and alone, with new jobs in the sessions."""
    scorer = before_and_after[1].model.scorer
    batch = datamodule.val.batch(np.arange(30))
    batch.jobs[:, 0] = 481 + torch.arange(30)
    total, terms = scorer.score(batch, parts=True)
    assert total.shape == (30, 480 + len(TITLES))
    assert torch.equal(sum(terms.values(), torch.zeros_like(total)), total)
    compared = total.round(decimals=6).scatter(1, batch.jobs.where(batch.jobs > 0, batch.jobs[:, :1]) - 1, -torch.inf)
    ranked = rank(scorer, batch, 100)
    assert torch.equal(ranked.columns, top_k(compared, 100, scorer.tie_order))
    for row in (0, 29):
        alone = rank(scorer, type(batch)(*(column[row : row + 1] for column in batch)), 100)
        assert torch.equal(alone.columns[0], ranked.columns[row])


def test_a_twin_is_scored_and_counts_like_its_cold_original(make_model):
    """A new job with the values of a job that nobody opened: equal in all that content and words say."""
    recommender = shaken(make_model("+experiment=hybrid"))
    scorer, ids = recommender.model.scorer, recommender.vocabulary.job_ids
    unopened = scorer.popularity.eq(0) & scorer.transitions.mass.total[1:, 0].eq(0)
    cold = unopened.nonzero()[:, 0].tolist()
    assert len(cold) >= 5
    with torch.no_grad():
        scorer.svd.V[cold] = 0.0
    twins = {
        f"twin-{ids[column]}": {k: v.upper() for k, v in recommender.values(ids[column]).items()} for column in cold
    }
    recommender.add_jobs(twins)
    warm, others = [[ids[column] for column in scorer.popularity.argsort(descending=True)[part]] for part in PARTS]
    for column, twin in zip(cold, twins, strict=True):
        both = [ids[column], twin]
        answer = recommender.recommend(warm, k=2, candidates=both, explain=True)
        one, other = sorted(answer.explanations, key=lambda found: both.index(found.job))
        assert one.terms == pytest.approx(other.terms, abs=1e-6)
        lists = [recommender.recommend([*warm, job], k=5, candidates=others) for job in both]
        assert lists[0].scores == pytest.approx(lists[1].scores, abs=1e-6)
        assert recommender.similar_jobs(twin, k=1)[0].similarity == pytest.approx(1)
    assert recommender.recommend([twin], k=3, candidates=both + warm).jobs[0] == ids[column]


class OtherWords(HashingEncoder):
    """The same name and dimension, other vectors."""

    def encode(self, texts):
        return super().encode([text[::-1] for text in texts])


@pytest.mark.parametrize(
    ("jobs", "encoder", "message"),
    [
        ({}, None, r"^no jobs to add"),
        ({"": "text"}, None, r"^empty job id"),
        ({"A": "text", 7: ""}, None, r"^job 7: neither a text nor a value of title"),
        ({"A": {"titel": "x"}}, None, r"^job 'A': unknown feature 'titel'; known: text, title"),
        ({"A": "text", "KNOWN": "text"}, None, r"is in the catalogue already"),
        ({1: "text", "1": "text"}, None, r"job '1' occurs twice"),
        ({"A": "text"}, HashingEncoder(64), r"^encoder hashing-64 gives other vectors than hashing-256"),
        ({"A": "text"}, OtherWords(256), r"^encoder hashing-256 gives other vectors than hashing-256"),
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_is_added(make_model, jobs, encoder, message):
    recommender = Recommender(make_model("+experiment=hybrid"))
    ids = recommender.vocabulary.job_ids.copy()
    expected = recommender.recommend(ids[:3], explain=True)
    with pytest.raises(InputError, match=message) as refused:
        recommender.add_jobs({ids[0] if job == "KNOWN" else job: text for job, text in jobs.items()}, encoder)
    assert "\n" not in str(refused.value)
    assert recommender.vocabulary.job_ids == ids
    assert recommender.recommend(ids[:3], explain=True) == expected
    recommender.add_jobs({"A": "Data engineer"})
    assert "A" in recommender.vocabulary
