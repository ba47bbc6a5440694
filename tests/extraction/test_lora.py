"""Training adapters: packed rows cost what separate ones cost, runs go on undisturbed, the engine takes the result."""

from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from transformers import AutoTokenizer

from nextjob.extraction import Feature
from nextjob.extraction.lora.ads import LabelledAd
from nextjob.extraction.lora.module import AdapterTraining
from nextjob.extraction.lora.rows import RowBuilder, collate
from nextjob.extraction.sections import compact

from .conftest import random_ad

FEATURES = (
    Feature("company", "Which company is hiring?", max_new_tokens=12),
    Feature("level", "Which level?", choices=("junior", "senior", "Paris", "Unknown")),
    Feature("place", "In which city is the job, if the ad says it anywhere?", max_new_tokens=12),
)
SETTINGS = {"rank": 4, "scaling": 2.0, "learning_rate": 1e-2, "weight_decay": 0.0}


def labelled(seed: int) -> LabelledAd:
    right = {
        "company": ("Acme",),
        "level": (("junior",), ("senior", "Unknown"))[seed % 2],
        "place": (("Paris",), ("Unknown",), ("Lyon cloud",))[seed % 3],
    }
    return LabelledAd(str(seed), random_ad(seed), right)


@pytest.fixture
def trainable(tiny_folder, tmp_path):
    module = AdapterTraining(str(tiny_folder), tmp_path, **SETTINGS)
    module.configure_model()
    torch.manual_seed(0)
    for weight in module.parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight, std=0.1)
    return module


@pytest.fixture
def builder(tiny_folder):
    return RowBuilder(AutoTokenizer.from_pretrained(tiny_folder), FEATURES, 900)


@torch.no_grad()
def test_packed_rows_cost_what_separate_prompts_cost(trainable, builder) -> None:
    ads = [labelled(seed) for seed in range(6)]
    packed = trainable.loss(collate([builder.build(ad) for ad in ads])).item()
    costs = []
    trainable.lora.base_model.model.set_attn_implementation("eager")
    for ad in ads:
        for feature in builder.features:
            question = builder.prompts.whole(compact(ad.text), feature)
            if feature.choices:
                logits = trainable.lora(torch.tensor([question])).logits[0, -1]
                first = logits[[tokens[0] for tokens in builder.prompts.choice_tokens(feature)]].log_softmax(-1)
                right = [choice in ad.answers[feature.name] for choice in feature.choices]
                costs.append(-first[torch.tensor(right)].logsumexp(0).item())
            else:
                answer = builder.prompts.tokenizer(f" {ad.answers[feature.name][0]}").input_ids
                whole = torch.tensor([[*question, *answer, builder.prompts.tokenizer.eos_token_id]])
                logits = trainable.lora(whole).logits[0, len(question) - 1 : -1]
                costs.append(torch.nn.functional.cross_entropy(logits, whole[0, len(question) :]).item())
    assert packed == pytest.approx(np.mean(costs), rel=1e-4)
