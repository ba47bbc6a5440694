"""What a person sees at the end of a run: the results table and the files of the run folder."""

import json
from pathlib import Path

import lightning as L
from lightning.pytorch.loggers import WandbLogger
from rich import box
from rich.console import Console
from rich.table import Table

from nextjob.files import write_atomically
from nextjob.models.hybrid import BASELINES, HybridRecommender
from nextjob.recommend import Recommender, write_submission
from nextjob.rows import write_validation_rows
from nextjob.tracking import finish_tracking

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


def results_table(name: str, metrics: Metrics, title: str) -> Table:
    """The run's row and the baselines', each figure above half the width of its 95 % interval."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for header in COLUMNS:
        table.add_column(header, justify="right", no_wrap=True)
    rows = {name: "val", **{baseline: f"baseline/{baseline}" for baseline in (*BASELINES, "last_action")}}
    for label, prefix in rows.items():
        table.add_row(label, *(_figure(metrics, f"{prefix}/{key}") for key in COLUMNS.values()))
    return table


def _figure(metrics: Metrics, key: str) -> str:
    value, low, high = (metrics.get(key + suffix) for suffix in ("", "_lo", "_hi"))
    if value is None:
        return "-"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f}\n±{(high - low) / 2:.3f}"


def finish_run(run: Path, name: str, trainer: L.Trainer) -> None:
    """Write the run folder's files and print the results table and the next commands."""
    model: HybridRecommender = trainer.lightning_module  # type: ignore[assignment]
    if not trainer.is_global_zero:
        return
    datamodule = trainer.datamodule  # type: ignore[attr-defined]
    metrics = model.summary
    write_validation_rows(run, trainer)
    write_atomically(run / "metrics.json", json.dumps(metrics, indent=2).encode())
    weights = {feature: weight.item() for feature, weight in model.mixing.feature_weights().items()}
    write_atomically(run / "feature_weights.json", json.dumps(weights, indent=2).encode())
    catalogue = datamodule.catalogue
    title = (
        f"fold {datamodule.fold} of {datamodule.folds}, {len(datamodule.val):,} rows, "
        f"features by {catalogue.extractor}, embeddings by {catalogue.encoder}"
    )
    console = Console(soft_wrap=True)
    console.print(results_table(name, metrics, title))
    if metrics["val/action_auc"] is None:
        console.print("The validation targets hold one action only: the action head had one class to learn.")
    if datamodule.board.test is not None:
        write_submission(Recommender(model).recommend_sessions(datamodule.board.test), run / "submission.csv")
    console.print(f"run folder  {run}")
    console.print(f"recommend   python -m nextjob recommend run={run} sessions=FILE out=submission.csv")
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger) and (line := finish_tracking(logger)):
            console.print(line)
