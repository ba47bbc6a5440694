"""report.html: what a run reached, where it is good, what it learned, and what it tells single sessions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from nextjob.pooling import COMPARED, Estimate, differences, pool
from nextjob.report import published
from nextjob.report.actions import calibration, confusion, reliability_plot
from nextjob.report.audit import Audit
from nextjob.report.examples import Example
from nextjob.report.gate import alpha_plots
from nextjob.report.headline import headline
from nextjob.report.page import render
from nextjob.report.plots import Plot
from nextjob.report.slices import FEWEST_CHAINS, slice_plots
from nextjob.report.training import training_plots
from nextjob.results import COLUMNS, Metrics, results


class RunReport(NamedTuple):
    """The page, and the plots on it by name."""

    html: str
    plots: dict[str, Plot]


def run_report(
    name: str,
    metrics: Metrics,
    rows: pd.DataFrame,
    weights: Mapping[str, float],
    epochs: Sequence[Mapping[str, float]],
    marks: Mapping[str, float],
    audit: Audit,
    shown: Sequence[Example],
    n_jobs: int,
    facts: Mapping[str, str],
    config: str,
) -> RunReport:
    """Everything a run has to tell.

    Args:
        name: the run's name.
        metrics: the flat content of metrics.json.
        rows: val_rows.parquet.
        weights: learned weight of every feature, none without content.
        epochs, marks: see `training_plots`.
        audit: of the board and its split.
        shown: single sessions.
        n_jobs: size of the catalogue.
        facts: what describes the run, in order.
        config: the run's config.yaml.
    """
    paired: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for found in differences(pool({name: rows}), [name]):
        paired[found.against][found.metric] = found
    slices, alphas = slice_plots(name, rows), alpha_plots(rows)
    training = training_plots(epochs, marks)
    bins = calibration(rows)
    reliability = reliability_plot(bins)
    html = render(
        "report.html.j2",
        name=name,
        headline=headline(name, metrics, rows, paired),
        columns=list(COLUMNS),
        results=results(name, metrics),
        paired=paired,
        compared=COMPARED,
        measure_names={key: header for header, key in COLUMNS.items()},
        published=published,
        slices=slices,
        fewest_chains=FEWEST_CHAINS,
        weights=weights,
        largest=max(weights.values(), default=1.0) or 1.0,
        alpha=rows["alpha"],
        alphas=alphas,
        bins=bins,
        reliability=reliability,
        metrics=metrics,
        confusion=confusion(rows),
        training=training,
        marks=marks,
        audit=audit,
        examples=shown,
        n_jobs=n_jobs,
        facts=facts,
        config=config,
    )
    return RunReport(html, {**slices, **alphas, "reliability": reliability, **training})
