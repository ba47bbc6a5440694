"""The results table of a run: its row beside the baselines, for the terminal, the report and W&B."""

from typing import NamedTuple

from rich.table import Table

from nextjob.models.hybrid import BASELINES
from nextjob.rows import LAST_ACTION

COLUMNS = {
    "MRR@10": "mrr@10",
    "HR@10": "hr@10",
    "NDCG@10": "ndcg@10",
    "accuracy": "action_acc",
    "log loss": "action_logloss",
    "AUC": "action_auc",
    "score": "score",
}
Metrics = dict[str, float | None]


class Figure(NamedTuple):
    """A value and the bounds of its 95 % interval; None where it does not exist."""

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return "-" if self.value is None else f"{self.value:.3f}"

    @property
    def margin(self) -> str:
        """Half the width of the interval, "" without one."""
        return "" if self.low is None or self.high is None else f"±{(self.high - self.low) / 2:.3f}"


def results(name: str, metrics: Metrics) -> dict[str, list[Figure]]:
    """The figures of the run and of every baseline, one a column, from the flat content of metrics.json."""
    prefixes = {name: "val"} | {baseline: f"baseline/{baseline}" for baseline in (*BASELINES, LAST_ACTION)}
    return {
        label: [
            Figure(*(metrics.get(f"{prefix}/{key}{suffix}") for suffix in ("", "_lo", "_hi")))
            for key in COLUMNS.values()
        ]
        for label, prefix in prefixes.items()
    }


def terminal_table(rows: dict[str, list[Figure]], title: str) -> Table:
    """A table of 80 columns, each figure above half the width of its 95 % interval."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False, width=80)
    table.add_column("", no_wrap=True, ratio=1)
    for header in COLUMNS:
        table.add_column(header, justify="right", no_wrap=True, min_width=len(header))
    for label, figures in rows.items():
        table.add_row(label, *(f"{figure}\n{figure.margin}".rstrip() for figure in figures))
    return table
