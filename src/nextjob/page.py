"""report.html: one page without outside resources that shows what a run is, did and learned."""

from collections.abc import Mapping, Sequence
from math import nan

from jinja2 import Environment, PackageLoader

from nextjob.history import LOSSES, TUNE
from nextjob.plots import curves, histogram
from nextjob.results import COLUMNS, Figure

TUNE_CURVES = ("mrr@10", "action_acc", "score", "alpha")


def report_page(
    title: str,
    rows: Mapping[str, Sequence[Figure]],
    facts: Mapping[str, str],
    weights: Mapping[str, float],
    alphas: Sequence[float],
    epochs: Sequence[Mapping[str, float]],
    config: str,
) -> str:
    """The page as HTML; every text that is given is escaped.

    Args:
        title: the run's name.
        rows: the results table, the run's own row first.
        facts: what describes the run, in order.
        weights: learned weight of every feature.
        alphas: alpha of every val session.
        epochs: losses (train/...) and tune metrics (tune/...) of every epoch; a loss that was not computed is absent.
        config: the run's config.yaml.
    """
    names = list(dict.fromkeys(name for epoch in epochs for name in epoch))
    losses = [name for name in names if name.startswith(LOSSES)]
    tuned = [TUNE + name for name in TUNE_CURVES if TUNE + name in names]
    plots = {}
    for label, chosen in (("training loss", losses), ("tune metrics", tuned)):
        if chosen:
            lines = {_short(name): [epoch.get(name, nan) for epoch in epochs] for name in chosen}
            plots[label] = curves(lines, label)
    plots["alpha"] = histogram(alphas, "alpha")
    environment = Environment(loader=PackageLoader("nextjob"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html.j2").render(
        title=title,
        columns=list(COLUMNS),
        rows=rows,
        facts=facts,
        weights=weights,
        largest=max(weights.values(), default=1.0),
        plots=plots,
        config=config,
    )


def _short(name: str) -> str:
    return name.partition("/")[2].removesuffix("_loss")
