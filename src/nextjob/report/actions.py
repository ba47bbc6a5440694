"""The action head: are its probabilities what they say, and which actions does it take for which?"""

from math import nan
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from nextjob.metrics import CALIBRATION_BINS, bootstrap_interval, calibration_bins
from nextjob.report.plots import Plot, Span, reliability
from nextjob.report.slices import FEWEST_CHAINS
from nextjob.rows import CHAIN


class Bin(NamedTuple):
    """Rows whose probability of apply lies in one bin of `calibration_error`."""

    low: float
    high: float
    rows: int
    predicted: float
    observed: Span


def calibration(rows: pd.DataFrame) -> list[Bin]:
    """Every bin that has rows, with the 95 % interval of what was observed."""
    number = calibration_bins(torch.from_numpy(rows["p_apply"].to_numpy(copy=True))).numpy()
    bins = []
    for place, members in rows.groupby(number):
        applied = torch.from_numpy(members["applied"].to_numpy(copy=True)).double()
        bounds = [nan, nan]
        if members[CHAIN].nunique() >= FEWEST_CHAINS:
            bounds = bootstrap_interval(applied, torch.tensor(members[CHAIN].to_numpy())).tolist()
        observed = Span(applied.mean().item(), *bounds)
        low, high = (edge / CALIBRATION_BINS for edge in (place, place + 1))  # type: ignore[operator]
        bins.append(Bin(low, high, len(members), members["p_apply"].mean(), observed))
    return bins


def reliability_plot(bins: list[Bin]) -> Plot:
    """The reliability diagram."""
    total = sum(one.rows for one in bins)
    return reliability(
        "reliability of the probability of apply",
        [one.predicted for one in bins],
        [one.observed for one in bins],
        [one.rows / total for one in bins],
    )


def confusion(rows: pd.DataFrame) -> np.ndarray:
    """(2, 2) counts: true action view or apply by predicted action view or apply."""
    counts = np.zeros((2, 2), dtype=np.int64)
    np.add.at(counts, (rows["applied"].to_numpy(), (rows["p_apply"] > 0.5).to_numpy().astype(np.int64)), 1)
    return counts
