"""Training rows of synthetic and labelled ads, other variants of them in every epoch."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
from torch.utils.data import DataLoader, Dataset

from nextjob.errors import InputError
from nextjob.extraction.engines.weights import find_weights
from nextjob.extraction.features import declare_features
from nextjob.extraction.lora.ads import LABELS, LabelledAd, deal_folds, read_ads
from nextjob.extraction.lora.augment import vary, written_answers
from nextjob.extraction.lora.rows import Batch, Row, RowBuilder, TokenBatches, collate
from nextjob.extraction.lora.synthetic import make_ads

ASKED = {"industry": 0.15, "location": 0.5}
"""How often a feature is asked, others always: industries cost many tokens, places are learned soon."""
HELD_OUT_SYNTHETIC = 200
ENOUGH = 10
"""Ads from which on an answer that all of them share is no accident."""


class AdsDataModule(L.LightningDataModule):
    """Ads with known answers, packed with the questions of the engine.

    Args:
        ads: JSONL file of labelled ads, see `read_ads`; None learns from synthetic ads only.
        declared: the features in order, as in conf/features.
        model, cache_dir: whose tokenizer and prompts; see `AdapterTraining`.
        synthetic: synthetic ads of an epoch, new ones in every epoch.
        copies: variants of every labelled ad in an epoch.
        batch_tokens: most tokens of a step, padding included.
        max_prompt_tokens: longer ads are cut at their end.
        fold, folds: which part of the labelled ads is held out, ads of one employer together; None holds out
            none. Synthetic ads are held out where no others are.
        seed: of the variants and of the order.

    Raises:
        InputError: no such file, a line that is no labelled ad, no such fold, or features that cannot be learned.
    """

    def __init__(
        self,
        ads: str | Path | None,
        declared: list[dict[str, Any]],
        model: str,
        cache_dir: str | Path,
        synthetic: int,
        copies: int,
        batch_tokens: int,
        max_prompt_tokens: int,
        fold: int | None,
        folds: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.ads, self.features = ads, declare_features(declared)
        self.model, self.cache_dir = model, cache_dir
        self.synthetic, self.copies = synthetic, copies
        self.batch_tokens, self.max_prompt_tokens = batch_tokens, max_prompt_tokens
        if fold is not None and not 0 <= fold < folds:
            raise InputError(f"data.fold={fold} with data.folds={folds}: folds are numbered 0 to folds - 1")
        self.fold, self.folds, self.seed = fold, folds, seed
        self.parts: list[list[Row]] = []
        self.held_out: list[Row] = []

    def setup(self, stage: str | None = None) -> None:
        """Make the rows of all epochs, once."""
        if self.parts:
            return
        from transformers import AutoTokenizer

        folder, _ = find_weights(self.model, self.cache_dir)
        builder = RowBuilder(AutoTokenizer.from_pretrained(folder), self.features, self.max_prompt_tokens)
        labelled = read_ads(self.ads) if self.ads else []
        fold_of = deal_folds(labelled, self.folds)
        learned = without_constants([ad for ad, fold in zip(labelled, fold_of, strict=True) if fold != self.fold])
        kept = [ad for ad, fold in zip(labelled, fold_of, strict=True) if fold == self.fold]
        if not kept:
            kept = make_ads(HELD_OUT_SYNTHETIC, [self.seed, 0])
        self.held_out = [row for ad in kept if (row := builder.build(written_answers(ad))).branches]
        if not self.held_out:
            names = ", ".join(feature.name for feature in self.features)
            raise InputError(
                f"features {names}: no ad that is held out has an answer to learn; known are {', '.join(LABELS)}"
            )
        epochs = self.trainer.max_epochs if self.trainer is not None else 1
        self.parts = [self._part(builder, learned, epoch) for epoch in range(1, (epochs or 1) + 1)]

    def _part(self, builder: RowBuilder, learned: Sequence[LabelledAd], epoch: int) -> list[Row]:
        """Rows of one epoch."""
        rng = np.random.default_rng([self.seed, epoch])
        ads = [vary(ad, rng) for ad in learned for _ in range(self.copies)]
        ads += make_ads(self.synthetic, [self.seed, epoch])
        rows = []
        for ad in ads:
            asked = {feature.name for feature in self.features if rng.random() < ASKED.get(feature.name, 1.0)}
            row = builder.build(ad, asked)
            if row.branches:
                rows.append(row)
        return rows

    def train_dataloader(self) -> DataLoader[Batch]:
        """Batches of one epoch."""
        return load(self.parts, self.batch_tokens, self.seed)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Ads that are held out, whole and as they stand."""
        return load([self.held_out], self.batch_tokens, self.seed)

    test_dataloader = val_dataloader


def without_constants(ads: Sequence[LabelledAd]) -> list[LabelledAd]:
    """The ads without the answers that all of them share, where they are many: those are learned by heart, not read."""
    if len(ads) < ENOUGH:
        return list(ads)
    first = [{feature: right[0] for feature, right in ad.answers.items()} for ad in ads]
    constant = {feature for feature in LABELS if len({answers.get(feature) for answers in first}) == 1}
    kept = [{feature: right for feature, right in ad.answers.items() if feature not in constant} for ad in ads]
    return [replace(ad, answers=answers) for ad, answers in zip(ads, kept, strict=True)]


def load(parts: Sequence[Sequence[Row]], batch_tokens: int, seed: int) -> DataLoader[Batch]:
    """Batches of the part whose turn it is."""
    rows = [row for part in parts for row in part]
    ends = np.cumsum([len(part) for part in parts]).tolist()
    numbers = [range(end - len(part), end) for part, end in zip(parts, ends, strict=True)]
    batches = TokenBatches(numbers, [len(row) for row in rows], batch_tokens, seed)
    return DataLoader(_Batches(rows), sampler=batches, batch_size=None)


class _Batches(Dataset[Batch]):
    """Rows that are taken a batch at a time."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def __getitem__(self, numbers: list[int]) -> Batch:
        return collate([self.rows[number] for number in numbers])
