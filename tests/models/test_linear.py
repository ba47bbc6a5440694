"""The linear terms as one inner product."""

import numpy as np
import pytest
import torch

from nextjob.models.linear import job_vectors, session_vectors
from nextjob.models.mixing import CONTENT, SVD
from tests.models.test_explain import shaken
from tests.paths import RECOMMENDERS


@torch.no_grad()
@pytest.mark.parametrize("experiment", RECOMMENDERS)
def test_inner_products_are_the_sum_of_the_linear_terms(make_model, datamodule, experiment):
    scorer = shaken(make_model(f"+experiment={experiment}", "model.rerank=null")).model.scorer
    batch = datamodule.val.batch(np.arange(40))
    _, terms = scorer.score(batch, parts=True)
    products = session_vectors(scorer, scorer.mixing, batch) @ job_vectors(scorer).T
    linear = [term for name, term in terms.items() if name.partition("/")[0] in (SVD, CONTENT)]
    assert torch.allclose(products, scorer.add_up(dict(enumerate(linear)), len(batch.jobs)), rtol=0, atol=1e-9)


@torch.no_grad()
def test_a_discount_of_popular_jobs_is_in_the_vectors(make_model, datamodule):
    scorer = shaken(make_model("+experiment=slides", "model.terms=[popularity_discount]")).model.scorer
    batch = datamodule.val.batch(np.arange(40))
    products = session_vectors(scorer, scorer.mixing, batch) @ job_vectors(scorer).T
    assert torch.allclose(products, scorer.score(batch), rtol=0, atol=1e-9)
