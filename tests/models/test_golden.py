"""Scores that may only change on purpose.

Regenerate with NEXTJOB_REGENERATE=1 pytest tests/models/test_golden.py, and say why in the commit.
"""

import json
import os
from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch

from nextjob.metrics import top_k
from nextjob.models.hybrid import HybridRecommender
from nextjob.schema import TOP_K

FOLDER = Path(__file__).parent / "golden"
SESSIONS = np.arange(0, 100, 20)
WRITTEN = 6  # decimals


def predictions(model: HybridRecommender, batch) -> dict[str, list]:
    """Ranked lists, their scores and the probability of apply, in double precision."""
    with torch.no_grad():
        scores, p_apply = model.eval().double()(batch)
    best = top_k(scores, TOP_K, model.scorer.tie_order)
    rounded = {"scores": scores.gather(1, best), "p_apply": p_apply}
    return {"jobs": (best + 1).tolist()} | {k: v.round(decimals=WRITTEN).tolist() for k, v in rounded.items()}


def compare(name: str, found: dict[str, list], tolerance: float, shared: int) -> None:
    path = FOLDER / f"{name}.json"
    if os.environ.get("NEXTJOB_REGENERATE"):
        path.write_text(json.dumps(found) + "\n")
        pytest.skip(f"{path.name} is written anew")
    expected = json.loads(path.read_text())
    assert np.allclose(found["scores"], expected["scores"], rtol=0, atol=tolerance)
    assert np.allclose(found["p_apply"], expected["p_apply"], rtol=0, atol=tolerance)
    for jobs, listed in zip(found["jobs"], expected["jobs"], strict=True):
        assert len(set(jobs) & set(listed)) >= shared


def test_an_initialised_model_scores_as_before(make_model, datamodule):
    model = make_model("+experiment=hybrid")
    compare("initialised", predictions(model, datamodule.val.batch(SESSIONS)), tolerance=1e-4, shared=TOP_K)


def test_a_trained_model_scores_as_before(make_model, datamodule):
    L.seed_everything(0, verbose=False)
    model = make_model("+experiment=hybrid").train()
    off = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = L.Trainer(accelerator="cpu", max_steps=5, limit_val_batches=0, **off)
    trainer.fit(model, datamodule)
    compare("trained", predictions(model, datamodule.val.batch(SESSIONS)), tolerance=1e-3, shared=TOP_K - 1)
