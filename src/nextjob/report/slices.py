"""Where a run ranks well and where it does not: MRR of groups of rows, beside the transitions baseline."""

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import NamedTuple

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


class Group(NamedTuple):
    """Rows that have something in common, and the MRR of every ranking of them with its 95 % interval."""

    label: str
    rows: int
    mrr: list[Span]


def mrr_by_slice(rows: pd.DataFrame, ranks: Sequence[str]) -> dict[str, list[Group]]:
    """The groups of every slice that has more than one, by the name of the slice; ``ranks`` are columns."""
    found = {}
    for name, by in SLICES.items():
        group = by(rows)
        if group.nunique() > 1:
            found[name] = [
                Group(str(label), len(members), _mrr(members[[*ranks]], members[CHAIN]))
                for label, members in rows.groupby(group, observed=True)
            ]
    return found


def slice_plots(name: str, rows: pd.DataFrame) -> dict[str, Plot]:
    """Every slice beside the transitions baseline."""
    return {
        slice_name: spans_by_group(
            f"MRR by {slice_name}",
            [f"{group.label}  ({group.rows:,})" for group in groups],
            {label: [group.mrr[place] for group in groups] for place, label in enumerate((name, BASELINE))},
            f"MRR@{TOP_K}",
        )
        for slice_name, groups in mrr_by_slice(rows, ["rank", f"rank_{BASELINE}"]).items()
    }


def _mrr(ranks: pd.DataFrame, chain: pd.Series) -> list[Span]:
    """(N, M) ranks -> the MRR of every column."""
    values = reciprocal_rank(torch.from_numpy(ranks.to_numpy(copy=True)))
    bounds = torch.full((2, ranks.shape[1]), nan)
    if chain.nunique() >= FEWEST_CHAINS:
        bounds = bootstrap_interval(values, torch.tensor(chain.to_numpy()))
    return [Span(*figures) for figures in zip(values.mean(0).tolist(), *bounds.tolist(), strict=True)]
