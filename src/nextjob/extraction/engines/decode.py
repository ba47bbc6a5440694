"""What a model answers about a wave of ads: each is read once, then its questions, and every answer goes on there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from nextjob.extraction.engines.llama import LlamaTree, TreeCache, see_branches
from nextjob.extraction.engines.prompts import Prompt


@dataclass
class Wave:
    """B ads of one wave after their F questions.

    `seen` is (B, F, capacity) bool, the columns a branch attends to; `positions` (B, F) int64 the place of its
    next token; `logits` (B, F, V) float32 the scores of that token.
    """

    cache: TreeCache
    seen: Tensor
    positions: Tensor
    logits: Tensor


class Generated(NamedTuple):
    """An answer in tokens, without the one that stopped it."""

    tokens: list[int]
    confidence: float
    """Geometric mean of the tokens' probabilities, that of the stop token included."""
    truncated: bool
    """The cap on new tokens ended it."""


def read_wave(tree: LlamaTree, prompts: Sequence[Prompt], room: int, prefill_tokens: int) -> Wave:
    """Prefill the prefixes, then extend every ad by the block of its suffixes.

    Args:
        tree: the model.
        prompts: of the ads, longest prefix first.
        room: columns of the cache that are left for answers.
        prefill_tokens: tokens of one pass over prefixes, padding included.
    """
    device = tree.model.device
    prefixes = torch.tensor([len(prompt.prefix) for prompt in prompts], device=device)
    suffixes = torch.tensor([[len(ids) for ids in prompt.suffixes] for prompt in prompts], device=device)
    (ads, branches), columns, width = suffixes.shape, tree.padded(int(prefixes.max())), int(suffixes.sum(1).max())
    cache = tree.allocate(ads, columns + width + room)
    first = 0
    while first < ads:
        longest = tree.padded(max(len(prompt.prefix) for prompt in prompts[first:]))
        chunk = prompts[first : first + max(prefill_tokens // longest, 1)]
        tree.prefill(_pad([prompt.prefix for prompt in chunk], longest, device), cache, first)
        first += len(chunk)
    cache.length = columns

    # The suffixes of an ad stand one after another; (B, S) each: token, its branch (-1 = padding), its place there.
    ids = _pad([[token for suffix in prompt.suffixes for token in suffix] for prompt in prompts], width, device)
    numbered = [[range(len(suffix)) for suffix in prompt.suffixes] for prompt in prompts]
    step = _pad([[i for places in row for i in places] for row in numbered], width, device)
    branch = _pad([[f for f, places in enumerate(row) for _ in places] for row in numbered], width, device, -1)
    visible = see_branches(prefixes, columns, branch, step)
    hidden = tree.extend(ids, prefixes[:, None] + step, visible, cache)

    last = suffixes.cumsum(1) - 1
    logits = tree.logits(hidden.gather(1, last[:, :, None].expand(-1, -1, hidden.shape[-1])))
    seen = torch.zeros(ads, branches, cache.keys.shape[3], dtype=torch.bool, device=device)
    seen[:, :, :columns] = visible[:, :1, :columns]
    seen[:, :, columns : cache.length] = branch[:, None] == torch.arange(branches, device=device)[:, None]
    return Wave(cache, seen, prefixes[:, None] + suffixes, logits)


def score_choices(tree: LlamaTree, wave: Wave, branch: int, choices: list[list[int]], end: int) -> Tensor:
    """Scores (B, C) of the choices, each some tokens; the wave stays as it is.

    The logit of each first token where those differ, the log-probability of each whole choice with the token ``end``
    after it otherwise.
    """
    first = [tokens[0] for tokens in choices]
    if len(set(first)) == len(first):
        return wave.logits[:, branch, first]
    ads, device = len(wave.logits), wave.logits.device
    length = wave.cache.length
    flat = torch.tensor([token for tokens in choices for token in tokens], device=device)
    owner = torch.tensor([c for c, tokens in enumerate(choices) for _ in tokens], device=device)
    step = torch.tensor([i for tokens in choices for i in range(len(tokens))], device=device)
    block = (owner[:, None] == owner) & (step <= step[:, None])
    seen = wave.seen[:, branch, None, :length].expand(-1, len(flat), -1)
    visible = torch.cat([seen, block.expand(ads, -1, -1)], dim=-1)
    positions = wave.positions[:, branch, None] + step
    hidden = tree.extend(flat.expand(ads, -1), positions, visible, wave.cache)
    wave.cache.length = length  # forget the choices again
    following = flat.roll(-1)
    following[step.roll(-1) == 0] = end
    scores = wave.logits[:, branch].log_softmax(-1)[:, first]
    for ad in range(ads):  # one ad at a time: the logits of all choices of all ads would not fit
        after = tree.logits(hidden[ad]).log_softmax(-1).gather(1, following[:, None])[:, 0]
        scores[ad] = scores[ad].index_add(0, owner, after)
    return scores


def generate(tree: LlamaTree, wave: Wave, caps: Mapping[int, int], stops: Sequence[int]) -> list[list[Generated]]:
    """Greedy answers of every ad to the questions in ``caps``, {branch: most new tokens}; (B) lists in that order."""
    ads = len(wave.logits)
    if not caps:
        return [[] for _ in range(ads)]
    branches, device = list(caps), wave.logits.device
    limits = torch.tensor(list(caps.values()), device=device)
    ends = torch.tensor(stops, device=device)
    seen, positions, logits = wave.seen[:, branches], wave.positions[:, branches], wave.logits[:, branches]
    running = torch.ones(ads, len(branches), dtype=torch.bool, device=device)
    chosen, likelihoods = [], []
    own = torch.arange(len(branches), device=device)
    for step in range(max(caps.values())):
        highest, token = logits.max(-1)
        chosen.append(torch.where(running, token, -1))
        likelihoods.append(highest - logits.logsumexp(-1))
        running &= ~torch.isin(token, ends) & (step + 1 < limits)
        if not running.any():
            break
        seen[:, own, wave.cache.length + own] = True
        visible = seen[:, :, : wave.cache.length + len(branches)]
        logits = tree.logits(tree.extend(token, positions + step, visible, wave.cache))
    tokens, means = torch.stack(chosen, -1).tolist(), torch.stack(likelihoods, -1).tolist()
    known = frozenset(stops)
    return [
        [_finish(*answer, known) for answer in zip(*of_ad, strict=True)] for of_ad in zip(tokens, means, strict=True)
    ]


def _finish(tokens: list[int], likelihoods: list[float], stops: frozenset[int]) -> Generated:
    """Tokens are -1 from where the answer had ended."""
    made = [token for token in tokens if token >= 0]
    confidence = math.exp(sum(likelihoods[: len(made)]) / len(made))
    stopped = made[-1] in stops
    return Generated(made[:-1] if stopped else made, confidence, not stopped)


def _pad(rows: list[list[int]], width: int, device: torch.device, padding: int = 0) -> Tensor:
    return torch.tensor([row + [padding] * (width - len(row)) for row in rows], device=device)
