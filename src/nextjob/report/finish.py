"""The files of a finished run, and what a person sees of it in the terminal."""

import json
from pathlib import Path

import lightning as L
from lightning.pytorch.loggers import WandbLogger
from rich.console import Console

from nextjob.datamodule import SessionDataModule
from nextjob.files import write_atomically
from nextjob.history import History
from nextjob.models.hybrid import HybridRecommender
from nextjob.recommend import Recommender, write_submission
from nextjob.report.audit import audit
from nextjob.report.examples import examples
from nextjob.report.facts import facts
from nextjob.report.run import run_report
from nextjob.report.training import training_marks
from nextjob.results import COLUMNS, Metrics, results, terminal_table
from nextjob.rows import validation_rows, write_validation_rows
from nextjob.tracking import finish_tracking, log_plots


def finish_run(run: Path, name: str, trainer: L.Trainer, final: HybridRecommender) -> None:
    """Write the run folder's files, end the loggers, print the results table and the next commands.

    Everything is of the model that ``trainer`` tested, but for submission.csv, which is of the ``final`` one.
    """
    model: HybridRecommender = trainer.lightning_module  # type: ignore[assignment]
    val_rows = validation_rows(trainer)
    if not trainer.is_global_zero:
        return
    datamodule: SessionDataModule = trainer.datamodule  # type: ignore[attr-defined]
    assert datamodule.board is not None
    metrics: Metrics = model.summary
    weights = {feature: weight.item() for feature, weight in model.scorer.mixing.feature_weights().items()}
    write_validation_rows(run, val_rows)
    _write_json(run / "metrics.json", metrics)
    _write_json(run / "feature_weights.json", weights)
    config = run / ".hydra" / "config.yaml"
    epochs = next((callback.epochs for callback in trainer.callbacks if isinstance(callback, History)), [])  # type: ignore[attr-defined]
    begins = model.expert_epochs if model.mixing_learns else None
    report = run_report(
        name=name,
        metrics=metrics,
        rows=val_rows,
        weights=weights if model.scorer.content is not None else {},
        epochs=epochs,
        marks=training_marks(trainer.checkpoint_callback, epochs, begins),  # type: ignore[arg-type]
        audit=audit(datamodule),
        shown=examples(Recommender(model), datamodule.val, val_rows),
        n_jobs=len(datamodule.catalogue.vocabulary),
        facts=facts(datamodule, run),
        config=config.read_text(encoding="utf-8") if config.is_file() else "",
    )
    write_atomically(run / "report.html", report.html.encode())
    if datamodule.board.test is not None:
        write_submission(Recommender(final).recommend_sessions(datamodule.board.test), run / "submission.csv")

    catalogue, rows = datamodule.catalogue, results(name, metrics)
    title = (
        f"fold {datamodule.fold} of {datamodule.folds}, {len(datamodule.val):,} rows\n"
        f"features: {catalogue.extractor}\nembeddings: by the encoder {catalogue.encoder}"
    )
    Console().print(terminal_table(rows, title))
    if metrics["val/action_auc"] is None:
        print("The validation targets hold one action only: the action head had one class to learn.")
    shown = run.relative_to(Path.cwd()) if run.is_relative_to(Path.cwd()) else run
    print(f"run folder  {shown}")
    print(f"report      {shown}/report.html")
    print(f"recommend   python -m nextjob recommend run={shown} sessions=FILE out=submission.csv")
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            logger.log_metrics({"tune/best": trainer.checkpoint_callback.best_model_score.item()})  # type: ignore[union-attr]
            cells = [[label, *(figure.value for figure in figures)] for label, figures in rows.items()]
            logger.log_table("results", columns=["model", *COLUMNS], data=cells)
            log_plots(logger, report.plots)
            if line := finish_tracking(logger):
                print(line)


def _write_json(path: Path, content: dict[str, float] | Metrics) -> None:
    write_atomically(path, json.dumps(content, indent=2).encode())
