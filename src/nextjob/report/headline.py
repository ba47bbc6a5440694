"""What a run reached against the best baseline, in two sentences."""

from collections.abc import Mapping

import pandas as pd

from nextjob.models.hybrid import BASELINES
from nextjob.pooling import Estimate
from nextjob.report.numbers import percent, signed
from nextjob.results import Metrics
from nextjob.rows import LAST_ACTION
from nextjob.schema import TOP_K

MRR, ACCURACY = f"mrr@{TOP_K}", "action_acc"


def headline(
    name: str, metrics: Metrics, rows: pd.DataFrame, differences: Mapping[str, Mapping[str, Estimate]]
) -> list[str]:
    """One sentence about the ranking and one about the action; ``differences`` by baseline and measure."""
    best = max(BASELINES, key=lambda baseline: metrics[f"baseline/{baseline}/{MRR}"] or 0.0)
    gain = differences[best][MRR]
    ranking = (
        f"In {percent(metrics[f'val/hr@{TOP_K}'])} of {len(rows):,} held-out sessions {name} has the job opened next "
        f"among its first ten; its MRR@{TOP_K} is {metrics[f'val/{MRR}']:.3f} against "
        f"{metrics[f'baseline/{best}/{MRR}']:.3f} for {best}, the best baseline: {signed(gain.value)} "
        f"[{signed(gain.lo)}, {signed(gain.hi)}], {_verdict(gain)}."
    )
    rule = metrics[f"baseline/{LAST_ACTION}/{ACCURACY}"]
    action = (
        f"It predicts {percent(metrics[f'val/{ACCURACY}'])} of the actions right; repeating the last action is right "
        f"for {percent(rule)}."
    )
    return [ranking, action]


def _verdict(gain: Estimate) -> str:
    if gain.lo > 0:
        return "a lead that chance does not explain"
    return "behind by more than chance explains" if gain.hi < 0 else "a difference that chance may explain"
