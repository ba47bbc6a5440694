"""How long ads are to the extractor that reads them."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from nextjob.extraction.engines.prompts import PromptBuilder
from nextjob.extraction.extractor import Extractor
from nextjob.extraction.features import Feature
from nextjob.extraction.sections import compact

SAMPLE = 200
"""Ads that are counted to estimate the tokens of more."""


@runtime_checkable
class Tokenized(Protocol):
    """An extractor with prompts of tokens."""

    tokenizer: Any
    max_prompt_tokens: int


def count_tokens(extractor: Tokenized, features: Sequence[Feature], ads: Sequence[str]) -> list[list[int]]:
    """Length (B, F) of the prompts of B ads and F features."""
    builder = PromptBuilder(extractor.tokenizer, features, extractor.max_prompt_tokens)
    prompts = builder.build_all([compact(ad) for ad in ads])
    return [[len(prompt.prefix) + len(suffix) for suffix in prompt.suffixes] for prompt in prompts]


def estimate_sizes(extractor: Extractor, features: Sequence[Feature], ads: Sequence[str]) -> list[float]:
    """Size (B) of ads for the time they take: tokens of their prompts, from a sample's tokens by character.

    Characters where the extractor has no tokens.
    """
    lengths = [float(len(ad)) for ad in ads]
    if not isinstance(extractor, Tokenized):
        return lengths
    sample = spread(ads, SAMPLE)
    counts = count_tokens(extractor, features, sample)
    rate = sum(map(sum, counts)) / sum(map(len, sample))
    return [min(length * rate, len(features) * extractor.max_prompt_tokens) for length in lengths]


def spread(ads: Sequence[str], count: int) -> list[str]:
    """At most `count` of the ads, of all lengths."""
    ordered = sorted(ads, key=len)
    step = max(len(ordered) / count, 1.0)
    return [ordered[int((number + 0.5) * step)] for number in range(min(count, len(ordered)))]
