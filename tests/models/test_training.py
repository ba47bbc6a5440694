"""Whole trainings: refit, two processes, a run that was killed, and labels without a signal."""

import json
from dataclasses import replace
from pathlib import Path

import lightning as L
import numpy as np
import pandas as pd
import pytest
import torch
from hydra.utils import instantiate

from nextjob import Recommender
from nextjob.checkpoint import Checkpoint
from nextjob.data import read_board
from nextjob.data.splits import split_by_chain
from nextjob.datamodule import SessionDataModule
from nextjob.history import History
from nextjob.models.hybrid import HybridRecommender
from nextjob.models.transitions import Transitions
from nextjob.schema import TOP_K
from nextjob.training import refit
from tests.conftest import in_process, python

FIRST_IS_BEST = ["callbacks.checkpoint.monitor=epoch", "callbacks.checkpoint.mode=min"]
QUIET = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}
OFF = {"enable_checkpointing": False, "limit_val_batches": 0}


def train(*overrides: str, run: Path, call=in_process) -> str:
    done = call("train.py", "+experiment=hybrid", *overrides, f"hydra.run.dir={run}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def metrics(run: Path) -> dict[str, float | None]:
    return json.loads((run / "metrics.json").read_text())


def assert_equal_metrics(one: Path, other: Path, tolerance: float) -> None:
    expected, found = metrics(one), metrics(other)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == (value if value is None else pytest.approx(value, abs=tolerance)), name


def states(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]


# --- refit


@pytest.fixture
def fitted(config, datamodule, tmp_path):
    """Trains an experiment for three short epochs of which the first counts as the best, and refits it."""

    def fit(experiment: str):
        cfg = config(f"+experiment={experiment}", f"paths.run={tmp_path}", "model.expert_epochs=2", *FIRST_IS_BEST)
        L.seed_everything(0, verbose=False)
        short = {**QUIET, "max_epochs": 3, "limit_train_batches": 3}
        callbacks = [instantiate(cfg.callbacks.checkpoint), instantiate(cfg.callbacks.history)]
        trainer, again = L.Trainer(**short, callbacks=callbacks), L.Trainer(**short, **OFF)
        model, final = instantiate(cfg.model), instantiate(cfg.model)
        trainer.fit(model, datamodule)
        trainer.test(model, datamodule, ckpt_path=trainer.checkpoint_callback.best_model_path, verbose=False)
        refit(final, model, trainer, again)
        return trainer, model, again, final

    return fit


def test_refit_counts_every_chain_for_the_best_number_of_epochs_and_keeps_the_mixing(fitted, datamodule, tmp_path):
    before = datamodule.split
    trainer, model, again, final = fitted("hybrid")
    assert (trainer.current_epoch, again.current_epoch) == (3, 1)
    first, _, third = next(c for c in trainer.callbacks if isinstance(c, History)).epochs
    experts, mixing = ({name for name in epoch if name.endswith("_loss")} for epoch in (first, third))
    assert experts == {f"train/{name}_loss" for name in ("collaborative", "content", "counts", "action")}
    assert mixing == {"train/hybrid_loss", "train/action_loss"}

    every = again.datamodule
    assert datamodule.split is before
    assert datamodule.trainer.datamodule is not every
    assert set(every.counted.chain) == set(datamodule.board.train.chain)
    counted = Transitions(final.scorer.transitions.n_jobs, **final.scorer_arguments["transitions"])
    counted.count(every.counted)
    assert torch.equal(final.scorer.transitions.mass.total, counted.mass.total)
    assert final.scorer.popularity.sum() == len(every.counted.jobs) > model.scorer.popularity.sum()

    for name, value in model.state_dict().items():
        if name.startswith(("mixing.", "action.", "reranker.", "count_ranker.")) and not name.startswith(
            "action.rates."
        ):
            assert torch.equal(final.state_dict()[name], value), name
    assert not torch.equal(final.scorer.svd.U, model.scorer.svd.U)

    files = tmp_path / "checkpoints"
    for path, expected in ((files / "best.ckpt", final), (files / "validated.ckpt", model)):
        stored = states(path)
        assert all(torch.equal(stored[name], value) for name, value in expected.state_dict().items()), path
    loaded = Recommender.load(tmp_path)
    assert torch.equal(loaded.model.scorer.svd.U, final.scorer.svd.U.double())


@pytest.mark.parametrize("experiment", ["action", "slides"])
def test_refit_runs_where_only_the_action_is_trained(fitted, experiment):
    _, model, _, final = fitted(experiment)
    assert final.scorer.popularity.sum() > model.scorer.popularity.sum()
    assert torch.equal(final.action.output.weight, model.action.output.weight)


def test_a_refit_run_recommends_with_the_refit_model_and_reports_the_validated_one(
    tiny_board, tiny_overrides, tmp_path
):
    train(*tiny_overrides, "data.folds=2", "refit=true", run=tmp_path)
    files = tmp_path / "checkpoints"
    refit_model = Recommender.load(tmp_path)
    files.joinpath("validated.ckpt").replace(files / "best.ckpt")
    validated = Recommender.load(tmp_path)

    board = read_board(tiny_board, "challenge")
    written = pd.read_csv(tmp_path / "submission.csv", dtype=str)["job_id"].tolist()
    assert written == refit_model.recommend_sessions(board.test)["job_id"].tolist()
    assert written != validated.recommend_sessions(board.test)["job_id"].tolist()

    val = board.train.take(split_by_chain(board.train.chain, fold=0, folds=2, tune_chains=400, seed=0).val)
    lists = [json.loads(row) for row in validated.recommend_sessions(val)["job_id"]]
    targets = board.vocabulary.ids(val.target_job)
    found = [1 / (jobs.index(job) + 1) if job in jobs else 0 for jobs, job in zip(lists, targets, strict=True)]
    assert metrics(tmp_path)["val/mrr@10"] == pytest.approx(np.mean(found), abs=1e-9)


# --- a run that was killed


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "epoch"), [(FIRST_IS_BEST, 2), ([], 1)], ids=["after the best", "before any best"])
def test_a_killed_and_resumed_run_ends_like_the_undisturbed_one(tmp_path, choice, epoch):
    """Killed in the middle of an epoch, and resumed in another run folder."""
    overrides = ["encoder=hashing", "data.features=null", "logger=csv", "trainer.max_epochs=4", "model.expert_epochs=2"]
    overrides += ["+trainer.limit_train_batches=25", f"paths.cache={tmp_path / 'cache'}", *choice]
    train(*overrides, run=tmp_path / "whole")
    killer = ["+callbacks.killer._target_=tests.killer.Killer", f"+callbacks.killer={{epoch:{epoch},step:10}}"]
    killed = python("train.py", "+experiment=hybrid", *overrides, *killer, f"hydra.run.dir={tmp_path / 'killed'}")
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "killed" / "metrics.json").exists()

    moved = (tmp_path / "killed").rename(tmp_path / "moved")
    train(*overrides, f"ckpt_path={moved / 'checkpoints' / 'last.ckpt'}", run=tmp_path / "resumed")
    assert_equal_metrics(tmp_path / "whole", tmp_path / "resumed", 1e-4)
    for name in ("best.ckpt", "last.ckpt"):
        whole, resumed = (states(tmp_path / run / "checkpoints" / name) for run in ("whole", "resumed"))
        assert all(torch.allclose(resumed[key], value, atol=1e-4) for key, value in whole.items()), name


def test_a_checkpoint_goes_along_to_another_folder(tmp_path):
    """Neither the old folder's paths nor its score are lost."""
    old, new = tmp_path / "old" / "checkpoints", tmp_path / "new" / "checkpoints"
    old.mkdir(parents=True)
    torch.save({"catalogue": {}}, old / "best.ckpt")
    callback = Checkpoint(dirpath=new, filename="best", monitor="tune/score", mode="max")
    saved = {"dirpath": "elsewhere", "best_model_path": "elsewhere/best.ckpt", "best_model_score": torch.tensor(0.5)}
    state = callback.state_dict() | saved
    trainer = L.Trainer(**QUIET)
    trainer._checkpoint_connector._ckpt_path = old / "last.ckpt"
    callback.on_load_checkpoint(trainer, L.LightningModule(), {"callbacks": {callback.state_key: state}})
    callback.load_state_dict(state)
    assert callback.best_model_path == str(new / "best.ckpt")
    assert callback.best_k_models == {str(new / "best.ckpt"): torch.tensor(0.5)}
    assert (new / "best.ckpt").read_bytes() == (old / "best.ckpt").read_bytes()


def test_no_epoch_before_the_mixing_is_chosen(tiny_run):
    assert torch.load(tiny_run / "checkpoints" / "best.ckpt", weights_only=True)["epoch"] == 1
    logged = pd.read_csv(tiny_run / "metrics.csv").groupby("epoch").max()
    assert logged["tune/mrr@10"].loc[[0, 1]].notna().all()
    assert logged["tune/score"].loc[[0, 1]].notna().tolist() == [False, True]


# --- two processes


@pytest.mark.slow
def test_two_processes_evaluate_a_checkpoint_like_one(tiny_run, tiny_overrides, tmp_path):
    same = ["+experiment=hybrid", *tiny_overrides, "data.folds=2", "data.fold=1", "paths.run=unused"]
    checkpoint = str(tiny_run / "checkpoints" / "best.ckpt")
    rows = []
    for processes in ("1", "2"):
        (tmp_path / processes).mkdir()
        done = python("tests/evaluate_checkpoint.py", processes, checkpoint, str(tmp_path / processes), *same)
        assert done.returncode == 0, done.stderr
        assert f"MEMBER: {processes}/{processes}" in done.stderr
        rows.append(pd.read_parquet(tmp_path / processes / "val_rows.parquet"))
    assert len(rows[0]) % 2 == 1, "a row has to be dealt twice"
    assert_equal_metrics(tmp_path / "1", tmp_path / "2", 1e-6)
    pd.testing.assert_frame_equal(*rows)


@pytest.mark.slow
def test_two_processes_train_into_one_complete_run_folder(tiny_overrides, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    overrides = [*tiny_overrides, "data.folds=2", "trainer.max_epochs=3", "refit=true"]
    train(*overrides, run=one)
    shown = train(*overrides, "logger=wandb", "trainer=ddp", "trainer.devices=2", run=two, call=python)
    assert shown.count("MRR@10") == shown.count("run folder") == shown.count("wandb sync") == 1
    assert len(list((two / "wandb").glob("offline-run-*"))) == 1
    assert {path.name for path in two.parent.iterdir()} == {"one", "two"}
    assert {path.name for path in one.iterdir()} - {path.name for path in two.iterdir()} <= {
        "metrics.csv",
        "hparams.yaml",
    }
    assert {path.name for path in (two / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt", "validated.ckpt"}
    rows = [pd.read_parquet(run / "val_rows.parquet")["session_id"] for run in (one, two)]
    assert rows[0].tolist() == rows[1].tolist()
    alone, together = metrics(one), metrics(two)
    assert alone["val/mrr@10_lo"] <= together["val/mrr@10_hi"]
    assert together["val/mrr@10_lo"] <= alone["val/mrr@10_hi"]
    assert Recommender.load(two).recommend(Recommender.load(two).vocabulary.job_ids[:1]).jobs


# --- labels without a signal


def without_signal(datamodule: SessionDataModule) -> None:
    """Shuffle the jobs of the rows that are not val, give them new names, and swap the ads among the jobs."""
    rng = np.random.default_rng(0)
    rows, n_jobs = datamodule.board.train, len(datamodule.catalogue.vocabulary)
    others = np.ones(len(rows), dtype=bool)
    others[datamodule.split.val] = False
    inside, name = np.repeat(others, rows.lengths), np.append(0, rng.permutation(n_jobs) + 1)
    jobs, target = rows.jobs.copy(), rows.target_job.copy()
    jobs[inside], target[others] = name[rng.permutation(jobs[inside])], name[rng.permutation(target[others])]
    datamodule.board = replace(datamodule.board, train=replace(rows, jobs=jobs, target_job=target))
    datamodule._use(datamodule.split)
    ads = rng.permutation(n_jobs)
    embeddings = datamodule.catalogue.embeddings
    vectors = {feature: table[ads] for feature, table in embeddings.vectors.items()}
    datamodule.catalogue = replace(datamodule.catalogue, embeddings=replace(embeddings, vectors=vectors))


def trained(cfg, change=lambda datamodule: None) -> tuple[dict[str, float], HybridRecommender]:
    L.seed_everything(0, verbose=False)
    datamodule = instantiate(cfg.data, encoder=instantiate(cfg.encoder))
    datamodule.setup()
    change(datamodule)
    model = instantiate(cfg.model)
    trainer = L.Trainer(**QUIET, max_epochs=4, enable_checkpointing=False, num_sanity_val_steps=0)
    trainer.fit(model, datamodule)
    trainer.test(model, datamodule, verbose=False)
    return model.summary, model


@pytest.mark.slow
def test_labels_without_a_signal_give_chance_and_real_ones_do_not(config):
    """Chance is the mean of 1 / rank over the first ten places of a random order: H(10) / jobs."""
    cfg = config("+experiment=hybrid")
    real, model = trained(cfg)
    shuffled, _ = trained(cfg, without_signal)
    chance = sum(1 / place for place in range(1, TOP_K + 1)) / len(model.scorer.popularity)
    low, high = (shuffled[f"val/mrr@{TOP_K}_{end}"] for end in ("lo", "hi"))
    assert low <= chance <= high
    assert real[f"val/mrr@{TOP_K}_lo"] > 5 * chance
