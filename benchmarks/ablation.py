"""What does each part give? python benchmarks/ablation.py runs=OUT/hybrid out=ABLATION [folds=3,4]

Takes finished runs of `python -m nextjob evaluate +experiment=hybrid ... out=OUT`. The experts of a run are kept; what
mixes them is fitted anew without one part after the other (experts learn apart from each other, so that leaving one
out changes nothing in the rest), and every expert ranks alone. Two rows show what an honest split is worth: the run
repeated on the same rows in random order, where no profile chains are found and rows are split at random, and the full
score with closeness of job ids added, its weight chosen on the tune chains. Finished parts are skipped when the
command is given again. The figures go to ABLATION/ablation.csv.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pandas as pd
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from nextjob.cli.arguments import key_values
from nextjob.cli.entry import one_line_errors
from nextjob.data.board import require_file
from nextjob.data.sessions import Batch, Sessions
from nextjob.errors import InputError
from nextjob.losses import mask_seen_
from nextjob.metrics import bootstrap_interval, ranks, reciprocal_rank
from nextjob.models.hybrid import HybridRecommender
from nextjob.models.scorer import DECIMALS
from nextjob.rows import ROWS_FILE
from nextjob.schema import SESSION_ID

USAGE = "python benchmarks/ablation.py runs=OUT/hybrid out=ABLATION [folds=3,4]"
FULL = "full"
WITHOUT: dict[str, dict[str, Any]] = {
    FULL: {},
    "without svd": {"alpha": 0.0},
    "without counts": {"rerank": {"counts": None}},
    "without content and counts": {"alpha": 1.0, "rerank": {"counts": None}},
    "without transitions and counts": {"terms": [], "rerank": {"counts": None}},
    "without reranker and counts": {"rerank": None},
    "without gate (alpha 0.5)": {"alpha": 0.5},
}
ID_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)
RANDOM, IDS = "random rows, other rows in val", "full + closeness of ids"
ROWS_AT_ONCE = 128
Score = Callable[[Batch], Tensor]
"""Scores of every job, (B, J)."""


class KeepExperts(L.Callback):
    """Puts learned experts in place of the initialised ones."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self.weights = weights

    def on_train_start(self, trainer: L.Trainer, pl_module: HybridRecommender) -> None:  # type: ignore[override]
        """Load what this model has of them."""
        own = pl_module.scorer.state_dict()
        pl_module.scorer.load_state_dict({k: v for k, v in self.weights.items() if k in own}, strict=False)


@one_line_errors
def main(arguments: Sequence[str]) -> None:
    """Fit what is missing, pool, print and write the figures."""
    keys = key_values(arguments, {"runs": None, "out": None, "folds": "3,4"}, USAGE)
    out, folds = Path(keys["out"]), keys["folds"].split(",")
    tables: dict[str, list[pd.DataFrame]] = {}
    for fold in folds:
        run = Path(keys["runs"]) / f"seed0-fold{fold}"
        if not (run / ROWS_FILE).is_file():
            raise InputError(f"{run}: no finished run; give the folder of an experiment of evaluate")
        for name, rows in of_fold(run, out / f"fold{fold}").items():
            tables.setdefault(name, []).append(rows)
    figures = summary({name: pd.concat(rows) for name, rows in tables.items()})
    figures.to_csv(out / "ablation.csv", index=False)
    table = Table("", "MRR@10", f"less {FULL}, paired", box=box.SIMPLE_HEAD)
    for line in figures.to_dict("records"):
        difference, low, high = (line[key] for key in ("difference", "low", "high"))
        paired = "" if np.isnan(difference) else f"{difference:+.4f} [{low:+.4f}, {high:+.4f}]"
        table.add_row(line["name"], f"{line['mrr']:.4f}", paired)
    Console(soft_wrap=True).print(f"folds {', '.join(folds)}", table)


def of_fold(run: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Ranks of every variant on the val rows of one run."""
    folder.mkdir(parents=True, exist_ok=True)
    cfg = OmegaConf.load(run / ".hydra" / "config.yaml")
    assert isinstance(cfg, DictConfig)
    datamodule = instantiate(cfg.data, encoder=instantiate(cfg.encoder))
    datamodule.setup()
    experts = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    experts = {
        name.removeprefix("scorer."): weight
        for name, weight in experts.items()
        if name.startswith(("scorer.svd.", "scorer.content.", "scorer.count_ranker."))
    }
    done = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}

    def keep(name: str, rank: Tensor) -> None:
        val = datamodule.val
        done[name] = pd.DataFrame({SESSION_ID: val.ids.astype(str), "chain": val.chain, "rank": rank.numpy()})
        done[name].to_parquet(folder / f"{name}.parquet")

    for name, changes in WITHOUT.items():
        if name in done:
            continue
        model = mixed(cfg, changes, datamodule, experts).eval().double()
        keep(name, target_ranks(model, datamodule.val, model.scorer.score))  # type: ignore[arg-type]
        if name != FULL:
            continue
        for expert in model.scorer.experts(datamodule.val.batch(np.arange(2))):
            keep(f"{expert.replace('/', ' ')} alone", target_ranks(model, datamodule.val, by_expert(model, expert)))
        keep(IDS, target_ranks(model, datamodule.val, with_ids(model, datamodule)))
    if RANDOM not in done:
        done[RANDOM] = random_rows(cfg, folder)
        done[RANDOM].to_parquet(folder / f"{RANDOM}.parquet")
    return done


def mixed(cfg: DictConfig, changes: dict[str, Any], datamodule: Any, experts: dict[str, Tensor]) -> HybridRecommender:
    """A model with the given experts whose mixing has learned for as many epochs as in a whole run."""
    L.seed_everything(cfg.seed, verbose=False)
    alone = {"collaborative": 0.0, "content": 0.0, "hybrid": 1.0, "action": 0.0}
    given: Any = OmegaConf.to_container(cfg.model, resolve=True)
    arguments: dict[str, Any] = {key: value for key, value in given.items() if not key.startswith("_")}
    changes = {key: arguments[key] | value if isinstance(value, dict) else value for key, value in changes.items()}
    model = HybridRecommender(**arguments | {"loss_weights": alone, "expert_epochs": 0} | changes)
    off: dict[str, Any] = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    epochs = cfg.trainer.max_epochs - cfg.model.expert_epochs
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=epochs, limit_val_batches=0, callbacks=[KeepExperts(experts)], **off
    )
    trainer.fit(model, datamodule)
    return model


@torch.no_grad()
def target_ranks(model: HybridRecommender, sessions: Sessions, score: Score) -> Tensor:
    """(N,) rank of every target by ``score``, the session's jobs masked."""
    found = []
    for start in range(0, len(sessions), ROWS_AT_ONCE):
        batch = sessions.batch(np.arange(start, min(start + ROWS_AT_ONCE, len(sessions))))
        scores = mask_seen_(score(batch).round(decimals=DECIMALS), batch.jobs)
        found.append(ranks(scores, batch.target_job - 1, model.scorer.tie_order))
    return torch.cat(found)


def by_expert(model: HybridRecommender, expert: str) -> Score:
    """The scores of one expert."""
    return lambda batch: model.scorer.experts(batch)[expert]


def with_ids(model: HybridRecommender, datamodule: Any) -> Score:
    """The full score plus w / (1 + distance to the nearest id of the session), w chosen on the tune rows."""
    assert model.catalogue is not None
    ids = torch.tensor([int(job) for job in model.catalogue["job_ids"]], dtype=torch.float64)

    def closeness(batch: Batch) -> Tensor:
        nearest = torch.full((len(batch.jobs), len(ids)), torch.inf, dtype=torch.float64)
        for job in batch.jobs.T:
            distance = (ids - ids[(job - 1).clamp(min=0), None]).abs().masked_fill_(job.eq(0)[:, None], torch.inf)
            nearest = torch.minimum(nearest, distance)
        return 1 / (1 + nearest)

    def weighed(weight: float, leave_out: bool) -> Score:
        return lambda batch: model.scorer.score(batch, leave_out=leave_out) + weight * closeness(batch)  # type: ignore[operator]

    tune = datamodule.tune
    mrr = [
        reciprocal_rank(target_ranks(model, tune, weighed(weight, leave_out=True))).mean().item()
        for weight in ID_WEIGHTS
    ]
    return weighed(ID_WEIGHTS[int(np.argmax(mrr))], leave_out=False)


def random_rows(cfg: DictConfig, folder: Path) -> pd.DataFrame:
    """The run repeated on its board with the rows in random order; its val rows are others."""
    board, run = folder / "random-board", folder / "random-run"
    board.mkdir(exist_ok=True)
    root = Path(cfg.data.root)
    x_path, y_path = (require_file(root, name, [".csv"]) for name in ("x_train", "y_train"))
    x, y = (pd.read_csv(path, dtype=str) for path in (x_path, y_path))
    order = np.random.default_rng(0).permutation(len(x))
    for table, path in ((x, x_path), (y, y_path)):
        table.iloc[order].to_csv(board / path.name, index=False)
    shutil.copy(root / "job_listings.json", board / "job_listings.json")
    keys = ["+experiment=hybrid", "data=challenge", f"data.root={board}", f"data.fold={cfg.data.fold}", "logger=csv"]
    keys += [f"seed={cfg.seed}", f"paths.cache={cfg.paths.cache}", f"hydra.run.dir={run}"]
    subprocess.run([sys.executable, "train.py", *keys], check=True, stdout=subprocess.DEVNULL)
    return pd.read_parquet(run / ROWS_FILE)[[SESSION_ID, "chain", "rank"]]


def summary(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """MRR of every variant and its paired difference to the full score, where the rows are the same."""
    value = {
        name: rows.set_index(SESSION_ID).assign(
            value=reciprocal_rank(torch.from_numpy(rows["rank"].to_numpy(copy=True))).numpy()
        )
        for name, rows in tables.items()
    }
    full, lines = value[FULL], []
    for name, rows in value.items():
        line = {"name": name, "mrr": rows["value"].mean(), "difference": np.nan, "low": np.nan, "high": np.nan}
        if name not in (FULL, RANDOM):
            difference = torch.from_numpy((rows["value"] - full["value"].reindex(rows.index)).to_numpy(copy=True))
            low, high = bootstrap_interval(difference, torch.from_numpy(rows["chain"].to_numpy(copy=True))).tolist()
            line |= {"difference": difference.mean().item(), "low": low, "high": high}
        lines.append(line)
    return pd.DataFrame(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
