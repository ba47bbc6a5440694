"""Where a run ranks well and where it does not: MRR of groups of rows, beside the transitions baseline."""

from collections.abc import Callable, Mapping
from math import nan

import pandas as pd
import torch

from nextjob.metrics import bootstrap_interval, reciprocal_rank
from nextjob.report.groups import by_chain_end, by_cold_target, by_length, by_popularity
from nextjob.report.plots import Plot, Span, spans_by_group
from nextjob.rows import CHAIN
from nextjob.schema import TOP_K

FEWEST_CHAINS = 10
"""Groups with fewer profile chains are shown without an interval."""
BASELINE = "transitions"
SLICES: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "length of the session": by_length,
    "popularity of the target": by_popularity,
    "cold target": by_cold_target,
    "end of the profile chain": by_chain_end,
}


def slice_plots(name: str, rows: pd.DataFrame) -> dict[str, Plot]:
    """MRR with its 95 % interval of every group of every slice that has more than one."""
    groups = {slice_name: group(rows) for slice_name, group in SLICES.items()}
    return {
        slice_name: _plot(name, slice_name, group, rows) for slice_name, group in groups.items() if group.nunique() > 1
    }


def _plot(name: str, slice_name: str, group: pd.Series, rows: pd.DataFrame) -> Plot:
    labels: list[str] = []
    series: dict[str, list[Span]] = {name: [], BASELINE: []}
    for label, members in rows.groupby(group, observed=True):
        ranks = torch.from_numpy(members[["rank", f"rank_{BASELINE}"]].to_numpy(copy=True))
        labels.append(f"{label}  ({len(members):,})")
        for found, span in zip(series.values(), _mrr(ranks, members[CHAIN]), strict=True):
            found.append(span)
    return spans_by_group(f"MRR by {slice_name}", labels, series, f"MRR@{TOP_K}")


def _mrr(ranks: torch.Tensor, chain: pd.Series) -> list[Span]:
    """(N, 2) ranks -> the MRR of either column."""
    values = reciprocal_rank(ranks)
    bounds = torch.full((2, 2), nan)
    if chain.nunique() >= FEWEST_CHAINS:
        bounds = bootstrap_interval(values, torch.tensor(chain.to_numpy()))
    return [Span(*figures) for figures in zip(values.mean(0).tolist(), *bounds.tolist(), strict=True)]
