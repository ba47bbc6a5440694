"""python train.py +experiment=extractor_lora, from ads to an adapter that extract.py takes."""

import json

import pytest
import torch

from tests.conftest import python

FEATURES = (
    "data.declared=[{name: title, question: What is the job title?, rule: title_block},"
    "{name: company, question: Which company is hiring?, grounded: true},"
    "{name: location, question: In which city is the job?, max_new_tokens: 8}]"
)


@pytest.mark.slow
def test_an_adapter_is_trained_resumed_and_used(tiny_folder, tmp_path) -> None:
    ads = tmp_path / "ads.jsonl"
    labels = {
        "title": "Developer",
        "seniority": "unknown",
        "company": "Acme",
        "industry": "Software",
        "location": "Paris",
    }
    texts = [f"TITLE\nDeveloper\n\nSUMMARY\nAcme hires.\n\nNumber {n * 'x '}\n\nCome to Paris." for n in range(10)]
    ads.write_text("\n".join(json.dumps({"id": n, "text": text, "labels": labels}) for n, text in enumerate(texts)))
    small = [FEATURES, "logger=csv", f"model.model={tiny_folder}", "data.synthetic=8", "data.folds=2"]
    train = ["train.py", "+experiment=extractor_lora", f"data.ads={ads}", *small, f"paths.cache={tmp_path}"]
    whole, rest = tmp_path / "whole", tmp_path / "rest"
    done = python(*train, "trainer.max_epochs=2", f"hydra.run.dir={whole}")
    assert done.returncode == 0, done.stderr
    assert f"extractor.adapter={whole}/adapter" in done.stdout
    assert set(json.loads((whole / "metrics.json").read_text())) == {"val/loss", "val/likelihood"}
    more = [f"ckpt_path={whole}/checkpoints/last.ckpt", "trainer.max_epochs=3", f"hydra.run.dir={rest}"]
    assert python(*train, *more).returncode == 0
    assert torch.load(rest / "checkpoints/last.ckpt", weights_only=True)["epoch"] == 2

    extract = ["extract.py", "extractor=smollm2", f"extractor.model={tiny_folder}", "limit=3"]
    done = python(*extract, f"extractor.adapter={rest}/adapter", "encoder=hashing", f"out={tmp_path}/features")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "features/features.json").read_text())["extractor"].endswith("+lora")

    refused = python(*train, f"ckpt_path={ads}", f"hydra.run.dir={tmp_path}/none")
    assert refused.returncode == 1
    assert "not a readable checkpoint" in refused.stderr
