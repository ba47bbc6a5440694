"""What an extraction would take: ads, tokens, and seconds at the speed of a short probe."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table

from nextjob.extraction.engines.tokens import Tokenized, count_tokens, spread
from nextjob.extraction.extractor import Extractor
from nextjob.extraction.features import Feature
from nextjob.extraction.plan import Plan
from nextjob.extraction.shards import ALL, Shard
from nextjob.extraction.table import open_store

PROBE = (1, 2, 16, 128, 1024)
"""Ads of one probe after the other, until one takes PROBE_SECONDS; the first also loads the model."""
PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class Estimate:
    """Work that is left.

    Attributes:
        ads: per feature, the distinct ads that lack an answer.
        tokens: per feature, tokens of their prompts; empty where the extractor has none.
        seconds: what answering them takes.
        probed: ads of the probe that says so, 0 where nothing is left.
    """

    ads: dict[str, int]
    tokens: dict[str, int]
    seconds: float
    probed: int

    def __rich__(self) -> RenderableType:
        """A line a feature, and the time."""
        lines = Table("feature", *(["ads to ask", "prompt tokens"] if self.tokens else ["ads to ask"]), box=None)
        for name, ads in self.ads.items():
            lines.add_row(name, f"{ads:,}", *([f"{self.tokens[name]:,}"] if self.tokens else []))
        if not self.probed:
            return Group(lines, "Every answer is there: nothing to ask.")
        speed = f", {sum(self.tokens.values()) / self.seconds:,.0f} prompt tokens a second" if self.tokens else ""
        about = timedelta(seconds=max(round(self.seconds), 1))
        return Group(lines, f"about {about} (h:mm:ss){speed}, measured on {self.probed} ads; nothing is written")


def estimate(
    jobs: pd.DataFrame,
    features: Sequence[Feature],
    extractor: Extractor,
    out: str | Path | None = None,
    shard: Shard = ALL,
) -> Estimate:
    """What `extract` with the same arguments would ask; writes nothing.

    Raises:
        InputError: as `extract` does.
    """
    plan = Plan.of(jobs, features, extractor)
    pending = plan.pending(open_store(out), shard)
    names = [feature.name for feature in features]
    ads = Counter(feature.name for lacking in pending.values() for feature in lacking)
    lengths = {text: float(len(text)) for text in pending}
    tokens: Counter[str] = Counter()
    if isinstance(extractor, Tokenized):
        for lacking in set(pending.values()):
            texts = [text for text in pending if pending[text] == lacking]
            for text, counts in zip(texts, count_tokens(extractor, lacking, texts), strict=True):
                lengths[text] = sum(counts)
                tokens.update({feature.name: count for feature, count in zip(lacking, counts, strict=True)})
    seconds, probed = _probe(extractor, pending, lengths)
    return Estimate(
        {name: ads[name] for name in names}, {name: tokens[name] for name in names} if tokens else {}, seconds, probed
    )


def _probe(
    extractor: Extractor, pending: dict[str, tuple[Feature, ...]], lengths: dict[str, float]
) -> tuple[float, int]:
    """Seconds for all ads, by the time that some of them take, and how many those are."""
    taken, sample = 0.0, []
    features = max(pending.values(), key=len, default=())
    for count in PROBE:
        sample = spread([text for text in pending if pending[text] == features], count)
        if not sample:
            break
        start = time.perf_counter()
        for _ in extractor.answer(sample, features):
            pass
        taken = time.perf_counter() - start
        if count > PROBE[0] and (taken > PROBE_SECONDS or len(sample) < count):
            break
    return taken * sum(lengths.values()) / (sum(lengths[text] for text in sample) or 1.0), len(sample)
