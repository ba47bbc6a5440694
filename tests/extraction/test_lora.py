"""Training adapters: packed rows cost what separate ones cost, runs go on undisturbed, the engine takes the result."""

from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from safetensors.torch import load_file, save
from transformers import AutoTokenizer

from nextjob.errors import InputError
from nextjob.extraction import Feature
from nextjob.extraction.engines.adapter import find_adapter, save_adapter
from nextjob.extraction.engines.transformers_engine import TransformersExtractor
from nextjob.extraction.lora.ads import LabelledAd
from nextjob.extraction.lora.datamodule import AdsDataModule, load
from nextjob.extraction.lora.module import AdapterTraining
from nextjob.extraction.lora.rows import Row, RowBuilder, collate
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


class Stop(L.Callback):
    """Breaks off as the third epoch begins."""

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        if trainer.current_epoch == 2:
            raise RuntimeError("stopped")


def fit(folder: Path, model: Path, rows: list[Row], *more: L.Callback, go_on: Path | None = None) -> AdapterTraining:
    """Four epochs over the rows, the last one kept in the folder."""
    torch.manual_seed(0)
    module = AdapterTraining(str(model), folder, **SETTINGS)
    keep = ModelCheckpoint(folder, "last", enable_version_counter=False)
    off = dict.fromkeys(("logger", "enable_progress_bar", "enable_model_summary"), False)
    trainer = L.Trainer(accelerator="cpu", max_epochs=4, callbacks=[keep, *more], **off)
    trainer.fit(module, load([rows], 800, seed=3), ckpt_path=go_on)
    return module


def test_a_resumed_training_equals_an_undisturbed_one(tiny_folder, alternating_folder, builder, tmp_path) -> None:
    rows = [builder.build(labelled(seed)) for seed in range(12)]
    whole = fit(tmp_path / "whole", tiny_folder, rows).state_dict()
    with pytest.raises(RuntimeError, match="stopped"):
        fit(tmp_path / "part", tiny_folder, rows, Stop())
    last = tmp_path / "part" / "last.ckpt"
    kept = torch.load(last, weights_only=True)
    assert kept["epoch"] == 1
    assert set(kept["state_dict"]) == set(whole)
    assert all("lora_" in name for name in whole)
    resumed = fit(tmp_path / "rest", tiny_folder, rows, go_on=last).state_dict()
    torch.testing.assert_close(resumed, whole, rtol=0, atol=0)
    assert any((whole[name] != kept["state_dict"][name]).any() for name in whole)
    with pytest.raises(InputError, match="but this run trains"):
        fit(tmp_path / "other", alternating_folder, rows, go_on=last)


@torch.no_grad()
def test_the_engine_answers_with_the_adapter_as_it_was_trained(trainable, tiny_folder, builder, tmp_path) -> None:
    save_adapter(trainable.lora, tmp_path / "adapter", "tiny")
    plain, adapted = (
        TransformersExtractor(str(tiny_folder), tmp_path, adapter=a) for a in (None, tmp_path / "adapter")
    )
    ads = [random_ad(seed) for seed in range(8)]
    [(_, before)], [(order, after)] = (list(engine.answer(ads, builder.features)) for engine in (plain, adapted))
    assert sum(one != other for rows in zip(before, after, strict=True) for one, other in zip(*rows, strict=True)) > 12
    assert plain.revision != adapted.revision
    for weight in trainable.parameters():
        if weight.requires_grad:
            weight.copy_(weight.half())  # as it is saved
    trainable.lora.base_model.model.set_attn_implementation("eager")
    for position, row in zip(order, after, strict=True):
        logits = trainable.lora(torch.tensor([builder.prompts.whole(compact(ads[position]), FEATURES[1])])).logits[
            0, -1
        ]
        choices = logits[[tokens[0] for tokens in builder.prompts.choice_tokens(FEATURES[1])]].softmax(-1)
        assert row[1].confidence == pytest.approx(choices.max().item(), abs=1e-4)


def test_what_is_no_adapter_of_the_model_is_one_clear_line(trainable, tiny_folder, tmp_path) -> None:
    with pytest.raises(InputError, match=r"no adapter_config\.json"):
        find_adapter(tmp_path)
    save_adapter(trainable.lora, tmp_path / "adapter", "tiny")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    tensors = load_file(weights)
    upper = {name: tensor for name, tensor in tensors.items() if ".layers.0." not in name}
    for damaged in (weights.read_bytes()[:100], save(upper), save({**tensors, "layers.99": torch.zeros(1)})):
        weights.write_bytes(damaged)
        with pytest.raises(InputError, match="not an adapter of this model"):
            _ = TransformersExtractor(str(tiny_folder), tmp_path, adapter=tmp_path / "adapter").model


@pytest.mark.parametrize(
    ("names", "fold", "message"),
    [
        (["mission"], None, "mission: no ad that is held out has an answer"),
        (["company"], 5, "data.fold=5 with data.folds=5"),
    ],
)
def test_what_cannot_be_learned_is_one_clear_line(names, fold, message, tiny_folder, tmp_path) -> None:
    declared = [{"name": name, "question": "?"} for name in names]
    sizes = {"synthetic": 4, "copies": 1, "batch_tokens": 800, "max_prompt_tokens": 900, "folds": 5, "seed": 0}
    with pytest.raises(InputError, match=message):
        AdsDataModule(None, declared, str(tiny_folder), tmp_path, fold=fold, **sizes).setup()
