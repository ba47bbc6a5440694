"""Alpha: how much of the score is collaborative, and how that moves with the session."""

import numpy as np
import pandas as pd

from nextjob.report.groups import by_cold_share, by_length
from nextjob.report.plots import Plot, Span, histogram, spans_by_group


def alpha_plots(rows: pd.DataFrame) -> dict[str, Plot]:
    """Distribution of alpha, and its median and middle 80 % by group, where there are several; none of one number."""
    if rows["alpha"].max() - rows["alpha"].min() < 1e-6:
        return {}
    plots = {
        "alpha": histogram(
            "distribution of alpha", rows["alpha"].to_numpy(), "alpha", "sessions", np.linspace(0, 1, 41)
        )
    }
    for name, group in (("length of the session", by_length(rows)), ("cold jobs in the session", by_cold_share(rows))):
        if group.nunique() < 2:
            continue
        parts = rows["alpha"].groupby(group, observed=True)
        labels = [f"{label}  ({len(part):,})" for label, part in parts]
        spans = [Span(*part.quantile([0.5, 0.1, 0.9])) for _, part in parts]
        plots[f"alpha by {name}"] = spans_by_group(f"alpha by {name}", labels, {"alpha": spans}, "alpha")
    return plots
