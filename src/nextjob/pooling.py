"""Figures pooled over folds and seeds, and paired differences, with intervals over profile chains."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
import torch

from nextjob.metrics import bootstrap_interval
from nextjob.models.hybrid import BASELINES
from nextjob.rows import CHAIN, LAST_ACTION, measure
from nextjob.schema import TOP_K

COMPARED = [f"mrr@{TOP_K}", "action_acc", "score"]


class Estimate(NamedTuple):
    """A pooled figure and its 95 % interval; `against` names what was subtracted, empty for nothing."""

    name: str
    against: str
    metric: str
    value: float
    lo: float
    hi: float

    @property
    def label(self) -> str:
        """What the figure is of."""
        return f"{self.name} - {self.against}" if self.against else self.name


def pool(rows: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Measures of every session, the mean over seeds, per experiment and then per baseline.

    `rows` holds the val rows of every fold and seed of an experiment. The baselines' rows are those of the first
    experiment. Index session_id; columns chain and MEASURES.
    """
    first = next(iter(rows.values()))
    measured = {name: measure(table) for name, table in rows.items()}
    measured |= {name: measure(first, name) for name in (*BASELINES, LAST_ACTION)}
    return {name: table.groupby(level=0, sort=True).mean() for name, table in measured.items()}


def estimates(pooled: Mapping[str, pd.DataFrame]) -> list[Estimate]:
    """Every measure of every experiment and baseline."""
    return [estimate for name, table in pooled.items() for estimate in _estimate(table, name, "")]


def differences(pooled: Mapping[str, pd.DataFrame], experiments: list[str]) -> list[Estimate]:
    """Paired over sessions: every further experiment less the first one, and the first one less every baseline."""
    first, *others = experiments
    pairs = [(name, first) for name in others]
    pairs += [(first, name) for name in (*BASELINES, LAST_ACTION)]
    found = []
    for name, against in pairs:
        one, other = pooled[name], pooled[against].reindex(pooled[name].index)
        common = [metric for metric in COMPARED if metric in one and metric in other]
        found += _estimate((one[common] - other[common]).assign(**{CHAIN: one[CHAIN]}), name, against)
    return found


def _estimate(table: pd.DataFrame, name: str, against: str) -> list[Estimate]:
    values = torch.tensor(table.drop(columns=CHAIN).to_numpy())
    low, high = bootstrap_interval(values, torch.tensor(table[CHAIN].to_numpy())).tolist()
    figures = zip(table.columns.drop(CHAIN), values.mean(0).tolist(), low, high, strict=True)
    return [Estimate(name, against, *figure) for figure in figures]
