"""How good is extraction on real ads? python benchmarks/extraction_quality.py ADS OUT [--device cuda] [--jobs 7] ...

ADS is a JSONL file of labelled ads (id, text, labels, also_acceptable, company_in_text; optionally evidence and
columns.startup). Compares rules, SmolLM2 and SmolLM2 with a LoRA adapter: the ads are dealt into 5 folds, ads of one
employer and ads alike together, and those of a fold are answered with an adapter that has not learned from it. Then
trains the adapter on all ads, into OUT/adapter. Every training and every set of answers is one job, which is skipped
where OUT has its result; OUT/answers.json, the raw answers, is enough to judge them and print the table again.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import pandas as pd
import torch
import yaml
from extraction_scores import SCORES, measure, read_ads
from rich.console import Console
from rich.table import Table

from nextjob.extraction import Answer, RulesExtractor, declare_features, extract
from nextjob.extraction.engines.adapter import save_adapter
from nextjob.extraction.engines.transformers_engine import TransformersExtractor
from nextjob.extraction.lora import ads as labelled
from nextjob.extraction.lora.augment import without_title
from nextjob.extraction.lora.datamodule import AdsDataModule
from nextjob.extraction.lora.module import AdapterTraining
from nextjob.extraction.readable import readable
from nextjob.extraction.table import judge, weigh_rules
from nextjob.files import write_atomically

FOLDS = 5
DECLARED = yaml.safe_load(Path("conf/features/default.yaml").read_text(encoding="utf-8"))["features"]
MODEL = "smollm2"
MODELS = {MODEL: "SmolLM2, zero-shot", "lora": "SmolLM2 + LoRA"}
OWN, SETTLED = ", its own answers", ""
"""Answers of an extractor, and what stands where the rules are surer."""


def main(given: argparse.Namespace) -> None:
    """Run what is missing, several jobs at a time, then print the table."""
    answers = given.out / "answers.json"
    if not answers.is_file():
        names = ["final", *(f"lora-{fold}" for fold in range(FOLDS)), MODEL]
        missing = [name for name in names if not (given.out / f"{name}.json").is_file()]
        run_side_by_side(missing, given.jobs, given.out)
        found = {name: json.loads((given.out / f"{name}.json").read_text()) for name in names if name != "final"}
        arms = {arm: [a for name, given in found.items() if name.split("-")[0] == arm for a in given] for arm in MODELS}
        write_atomically(answers, json.dumps(arms, ensure_ascii=False, indent=0).encode())
    Console(width=120).print(table(given.ads, json.loads(answers.read_text())))


def run_side_by_side(names: list[str], jobs: int, out: Path) -> None:
    """Run this script once per job, at most `jobs` at the same time; what they print goes to OUT/NAME.log."""
    waiting, running, failed = list(names), dict[str, subprocess.Popen[bytes]](), list[str]()
    while waiting or running:
        while waiting and len(running) < jobs:
            name = waiting.pop(0)
            with (out / f"{name}.log").open("wb") as log:
                command = [sys.executable, *sys.argv, "--job", name]
                running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        for name in [name for name, process in running.items() if process.poll() is not None]:
            if running.pop(name).returncode:
                failed.append(name)
        time.sleep(0.2)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; see their logs in {out}, then run the same command to go on")


def run_job(name: str, given: argparse.Namespace) -> None:
    """One training, or the answers of one extractor, or both."""
    torch.backends.cuda.enable_cudnn_sdp(False)  # it plans anew for every shape
    done = given.out / f"{name}.json"
    ads = labelled.read_ads(given.ads)
    kept = list(range(len(ads)))
    adapter = None
    if name != MODEL:
        fold = None if name == "final" else int(name.removeprefix("lora-"))
        adapter = given.out / ("adapter" if fold is None else name)
        train(given, fold, adapter)
        kept = [number for number, held in enumerate(labelled.deal_folds(ads, FOLDS)) if held == fold]
    answers = answer([ads[number] for number in kept], engine(given, adapter)) if name != "final" else []
    write_atomically(done, json.dumps(answers, ensure_ascii=False).encode())


def engine(given: argparse.Namespace, adapter: Path | None) -> TransformersExtractor:
    dtype = "bfloat16" if given.device == "cuda" else "float32"
    return TransformersExtractor(MODEL, given.cache, given.device, dtype, wave_ads=given.wave, adapter=adapter)


def train(given: argparse.Namespace, fold: int | None, adapter: Path) -> None:
    """Train on all ads but those of the fold, for at most `seconds`."""
    L.seed_everything(0, verbose=False)
    module = AdapterTraining(
        MODEL,
        given.cache,
        rank=8,
        scaling=2.0,
        learning_rate=given.learning_rate,
        weight_decay=0.01,
        max_seconds=given.seconds,
    )
    data = AdsDataModule(
        given.ads,
        DECLARED,
        MODEL,
        given.cache,
        synthetic=given.synthetic,
        copies=2,
        batch_tokens=given.batch_tokens,
        max_prompt_tokens=4096,
        fold=fold,
        folds=FOLDS,
        seed=0,
    )
    trainer = L.Trainer(
        accelerator="gpu" if given.device == "cuda" else "cpu",
        devices=1,
        precision="bf16-mixed" if given.device == "cuda" else "32-true",
        max_epochs=given.epochs,
        gradient_clip_val=1.0,
        limit_train_batches=given.limit_batches,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Says()],
    )
    trainer.fit(module, data)
    save_adapter(module.lora, adapter, MODEL)


class Says(L.Callback):
    """Prints the loss now and then."""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.begin, self.tokens, self.losses = time.monotonic(), 0, list[torch.Tensor]()
        print(f"{trainer.estimated_stepping_batches} steps", flush=True)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        self.tokens += batch.prefix.numel() + batch.suffix.numel()
        self.losses.append(outputs["loss"].detach())
        if trainer.global_step % 25 == 0:
            seconds = time.monotonic() - self.begin
            loss = torch.stack(self.losses).mean().item()
            print(
                f"step {trainer.global_step} loss {loss:.3f} {seconds:.0f} s {self.tokens / seconds:.0f} tokens/s",
                flush=True,
            )
            self.losses = []


def texts(ad: labelled.LabelledAd) -> tuple[str, str]:
    """The ad whole, and without its TITLE block as it is asked for its title."""
    return ad.text, without_title(ad.text)


def answer(ads: list[labelled.LabelledAd], extractor: Any) -> list[dict[str, Any]]:
    """Raw answers about every feature of every ad, the extractor's own."""
    features = [replace(feature, weigh_rules=False) for feature in declare_features(DECLARED)]
    made = []
    for chosen, column in (
        ([f for f in features if f.name != "title"], 0),
        ([f for f in features if f.name == "title"], 1),
    ):
        jobs = pd.DataFrame({"job_id": [ad.ad_id for ad in ads], "text": [texts(ad)[column] for ad in ads]})
        made.append(extract(jobs, chosen, extractor)[["job_id", "feature", "raw", "confidence"]])
    whole = pd.concat(made)
    return whole.astype(object).where(whole.notna(), None).to_dict("records")  # type: ignore[return-value]


def table(path: Path, answers: dict[str, list[dict[str, Any]]]) -> Table:
    """One line per metric, one column per extractor, the rules first."""
    answered = {str(row["job_id"]) for row in answers[MODEL]}
    labels = [ad for ad in read_ads(path) if str(ad["id"]) in answered]
    ads = [ad for ad in labelled.read_ads(path) if ad.ad_id in answered]
    groups = labelled.group_ads(ads)
    features = {feature.name: feature for feature in declare_features(DECLARED)}
    by_id = {ad.ad_id: texts(ad) for ad in ads}
    arms = {"rules": answer(ads, RulesExtractor()), **{MODELS[arm]: rows for arm, rows in answers.items()}}
    result = Table("", *arms, title=f"{len(ads)} real ads, {FOLDS} folds, 95 % intervals")
    values = {}
    for arm, rows in arms.items():
        for row in rows:
            feature = features[row["feature"]]
            text = readable(by_id[row["job_id"]][feature.name == "title"]).strip()
            own = Answer(row["raw"], row["confidence"])
            for kind, weighed in ((OWN, own), (SETTLED, weigh_rules(feature, own, text))):
                values[arm, row["job_id"], feature.name, kind], _ = judge(feature, weighed, text)
    for name, score in SCORES.items():
        for kind in (OWN, SETTLED) if features[score.feature].weigh_rules else (SETTLED,):
            given = [[values[arm, ad.ad_id, score.feature, kind] for ad in ads] for arm in arms]
            figures = [measure(score, labels, column, groups) for column in given]
            result.add_row(f"{name}{kind}", *(f"{figure:.3f} [{low:.3f}, {high:.3f}]" for figure, low, high in figures))
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ads", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--jobs", type=int, default=1, help="at the same time")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="where SmolLM2 is unpacked")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--synthetic", type=int, default=150, help="synthetic ads of an epoch")
    parser.add_argument("--batch-tokens", type=int, default=6144)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seconds", type=float, help="of one training at most")
    parser.add_argument("--wave", type=int, default=16, help="ads that are answered at the same time")
    parser.add_argument("--limit-batches", type=int, help="of an epoch")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.job:
        run_job(arguments.job, arguments)
    else:
        main(arguments)
