"""Training rows: one ad with all its questions and answers, as the engine reads them.

Shapes: B ads, P prefix columns, S columns of the branches (every question followed by its answer), N answer tokens,
M closed answers, C most choices of one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from nextjob.errors import InputError
from nextjob.extraction.engines.prompts import PromptBuilder
from nextjob.extraction.features import Feature
from nextjob.extraction.lora.ads import LabelledAd
from nextjob.extraction.sections import compact


@dataclass(frozen=True)
class Branch:
    """One question with its answer.

    Attributes:
        ids: the question, and an open answer without its last token.
        answer: tokens of an open answer and the end token; the first is predicted at `ids[-len(answer)]`.
        choices: first tokens of the choices of a closed feature.
        right: which of the choices count as right.
    """

    ids: list[int]
    answer: list[int]
    choices: list[int]
    right: list[bool]


@dataclass(frozen=True)
class Row:
    """One ad: the shared prefix and its branches."""

    prefix: list[int]
    branches: list[Branch]

    def __len__(self) -> int:
        return len(self.prefix) + sum(len(branch.ids) for branch in self.branches)


class Batch(NamedTuple):
    """Rows side by side.

    `prefix` (B, P) and `suffix` (B, S) int64 tokens; `lengths` (B,) int64 of the prefixes; `branch` (B, S) int64
    number of the branch, -1 for padding; `step` (B, S) int64 place in the branch. Open answers: `places` (N,) int64
    where in the flattened (B * S) columns a token is predicted, `targets` (N,) int64 that token, `weights` (N,)
    float32 one through the length of its answer. Closed answers: `closed` (M,) int64 places as above, `choices`
    (M, C) int64 first tokens of the choices, -1 for padding, and `right` (M, C) bool which of them count.
    """

    prefix: Tensor
    suffix: Tensor
    lengths: Tensor
    branch: Tensor
    step: Tensor
    places: Tensor
    targets: Tensor
    weights: Tensor
    closed: Tensor
    choices: Tensor
    right: Tensor


class RowBuilder:
    """Makes rows with the prompts of the engine.

    Args:
        tokenizer: of the model that learns.
        features: every question that an ad may be asked, in order.
        max_prompt_tokens: longer ads are cut at their end.

    Raises:
        InputError: the tokenizer merges a question with its answer, or choices of a feature begin alike.
    """

    def __init__(self, tokenizer: Any, features: Sequence[Feature], max_prompt_tokens: int) -> None:
        self.features = features
        self.prompts = PromptBuilder(tokenizer, features, max_prompt_tokens)
        self.choices = [self._first_tokens(feature) for feature in features]

    def _first_tokens(self, feature: Feature) -> list[int]:
        tokens = self.prompts.choice_tokens(feature)
        first = [ids[0] for ids in tokens]
        if len(set(first)) < len(first):
            raise InputError(
                f"feature {feature.name}: two choices begin with the same token; rename one to train on it"
            )
        if tokens != [self._answer(choice)[:-1] for choice in feature.choices or ()]:
            raise InputError(f"feature {feature.name}: this tokenizer merges a question with its answer")
        return first

    def _answer(self, answer: str) -> list[int]:
        """Tokens of an answer as it follows the question, and the end token."""
        tokenizer = self.prompts.tokenizer
        return [*tokenizer(f" {answer}", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]

    def build(self, ad: LabelledAd, asked: Collection[str] | None = None) -> Row:
        """The row of an ad: every feature it has answers for, or those of them that are asked.

        An open feature learns the first of its answers.
        """
        prompt = self.prompts.build(compact(ad.text))
        branches = []
        for feature, choices, suffix in zip(self.features, self.choices, prompt.suffixes, strict=True):
            if feature.name not in ad.answers or (asked is not None and feature.name not in asked):
                continue
            right = ad.answers[feature.name]
            if feature.choices is None:
                tokens = self._answer(self.prompts.neutralise(right[0]))[: feature.max_new_tokens]
                branches.append(Branch(suffix + tokens[:-1], tokens, [], []))
            elif set(right) & set(feature.choices):
                branches.append(Branch(suffix, [], choices, [choice in right for choice in feature.choices]))
        return Row(prompt.prefix, branches)


def collate(rows: Sequence[Row]) -> Batch:
    """Pad rows on the right and say where their answers are."""
    width = max(sum(len(branch.ids) for branch in row.branches) for row in rows)
    suffix, numbers, steps = [], [], []
    places: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    closed: dict[int, Branch] = {}
    for number, row in enumerate(rows):
        end = number * width
        for branch in row.branches:
            end += len(branch.ids)
            if branch.choices:
                closed[end - 1] = branch
            else:
                count = len(branch.answer)
                places += range(end - count, end)
                targets += branch.answer
                weights += [1 / count] * count
        suffix.append([token for branch in row.branches for token in branch.ids])
        numbers.append([place for place, branch in enumerate(row.branches) for _ in branch.ids])
        steps.append([step for branch in row.branches for step in range(len(branch.ids))])
    return Batch(
        prefix=_pad([row.prefix for row in rows]),
        suffix=_pad(suffix),
        lengths=torch.tensor([len(row.prefix) for row in rows]),
        branch=_pad(numbers, -1),
        step=_pad(steps),
        places=torch.tensor(places, dtype=torch.int64),
        targets=torch.tensor(targets, dtype=torch.int64),
        weights=torch.tensor(weights),
        closed=torch.tensor(list(closed), dtype=torch.int64),
        choices=_pad([branch.choices for branch in closed.values()], -1),
        right=_pad([[int(right) for right in branch.right] for branch in closed.values()]).bool(),
    )


def _pad(rows: list[list[int]], padding: int = 0) -> Tensor:
    width = max(map(len, rows), default=0)
    padded = [row + [padding] * (width - len(row)) for row in rows]
    return torch.tensor(padded, dtype=torch.int64).reshape(len(rows), width)


class TokenBatches(Sampler[list[int]]):
    """Batches of rows of like length, in another order every epoch; an epoch goes through one part of the rows.

    Args:
        parts: numbers of the rows of every epoch; after the last part comes the first again.
        lengths: tokens of every row.
        tokens: most tokens of a batch, padding included; a longer row is a batch of its own.
        seed: of the order.
    """

    def __init__(self, parts: Sequence[Sequence[int]], lengths: Sequence[int], tokens: int, seed: int) -> None:
        self.seed = seed
        self.epoch = 0
        self._parts = [_cut(sorted(part, key=lambda row: lengths[row]), lengths, tokens) for part in parts]
        self._length = min(map(len, self._parts))  # a trainer counts the batches once

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[list[int]]:
        # A generator: a resumed trainer asks for the iterator first and says the epoch after that.
        batches = self._parts[self.epoch % len(self._parts)]
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(batches))
        for number in order[: self._length]:
            yield batches[number]


def _cut(order: Sequence[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    batches: list[list[int]] = []
    for row in order:  # ascending, so that the newest row is the longest
        if not batches or (len(batches[-1]) + 1) * lengths[row] > tokens:
            batches.append([])
        batches[-1].append(row)
    return batches
