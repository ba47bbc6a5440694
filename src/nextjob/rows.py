"""Results row by row: what pooled intervals and paired comparisons are made of."""

import io
from pathlib import Path

import lightning as L
import numpy as np
import pandas as pd
import torch
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from nextjob.data.sessions import Sessions
from nextjob.datamodule import SessionDataModule
from nextjob.files import write_atomically
from nextjob.metrics import correct, final_score, hit, log_losses, ndcg, reciprocal_rank
from nextjob.models.hybrid import BASELINES, HybridRecommender
from nextjob.schema import SESSION_ID, TOP_K

ROWS_FILE = "val_rows.parquet"
CHAIN = "chain"
LAST_ACTION = "last_action"
RANK_MEASURES = (f"mrr@{TOP_K}", f"hr@{TOP_K}", f"ndcg@{TOP_K}")
MEASURES = (*RANK_MEASURES, "action_acc", "action_logloss", "score")


def validation_rows(trainer: L.Trainer) -> pd.DataFrame:
    """One row per val session after trainer.test, in the order of the split; every process calls it and has them all.

    Columns: session_id (text), chain, applied (0 or 1), rank and p_apply of the model, rank_<baseline>, and
    p_apply_last_action; alpha; and the columns of `describe`.
    """
    model: HybridRecommender = trainer.lightning_module  # type: ignore[assignment]
    datamodule: SessionDataModule = trainer.datamodule  # type: ignore[attr-defined]
    found = {name: model.results[name] for name in ("model", *BASELINES)}
    row = _column(found["model"], "row")
    table = pd.DataFrame(
        {
            SESSION_ID: datamodule.val.ids[row].astype(str),
            CHAIN: _column(found["model"], "chain"),
            "applied": _column(found["model"], "applied").astype(np.int64),
            "rank": _column(found["model"], "ranks"),
            "p_apply": _column(found["model"], "p_apply"),
            **{f"rank_{name}": _column(found[name], "ranks") for name in BASELINES},
            f"p_apply_{LAST_ACTION}": _column(found[BASELINES[0]], "p_apply"),
            "alpha": _column(model.alphas, "value"),
        },
        index=row,
    )
    return table[~table.index.duplicated()].sort_index().join(describe(datamodule.val, datamodule.counted))


def describe(sessions: Sessions, counted: Sessions) -> pd.DataFrame:
    """What sets sessions apart from each other, (N, 4), beside the chains that the model may count.

    length: interactions; cold_share: share of them with jobs that no counted chain holds; target_popularity:
    interactions with the target in the counted chains, 0 for a cold job; chain_end: no row of its chain follows.
    """
    n_jobs = max(part.max(initial=0) for part in (sessions.jobs, sessions.target_job, counted.jobs)) + 1
    popularity = np.bincount(counted.jobs, minlength=n_jobs)
    cold = np.add.reduceat((popularity[sessions.jobs] == 0).astype(np.int64), sessions.offsets[:-1])
    return pd.DataFrame(
        {
            "length": sessions.lengths,
            "cold_share": cold / sessions.lengths,
            "target_popularity": popularity[sessions.target_job],
            "chain_end": np.append(sessions.chain[1:] != sessions.chain[:-1], True),
        }
    )


def write_validation_rows(run: Path, rows: pd.DataFrame) -> None:
    """Put `validation_rows` into a run folder."""
    content = io.BytesIO()
    rows.to_parquet(content, index=False)
    write_atomically(run / ROWS_FILE, content.getvalue())


def measure(rows: pd.DataFrame, name: str | None = None) -> pd.DataFrame:
    """Values whose means over rows are the metrics, (N, M), for the model or the baseline `name`.

    Index and columns: session_id; chain and the MEASURES (the last-action rule has no ranks, so only its actions).
    """
    applied = torch.from_numpy(rows["applied"].to_numpy(copy=True))
    p_apply = torch.from_numpy(rows["p_apply" if name is None else f"p_apply_{LAST_ACTION}"].to_numpy(copy=True))
    right = correct(p_apply, applied)
    values = {"action_acc": right, "action_logloss": log_losses(p_apply, applied)}
    if name != LAST_ACTION:
        rank = torch.from_numpy(rows["rank" if name is None else f"rank_{name}"].to_numpy(copy=True))
        values |= dict(zip(RANK_MEASURES, (reciprocal_rank(rank), hit(rank), ndcg(rank)), strict=True))
        values["score"] = final_score(values[f"mrr@{TOP_K}"], right)
    table = pd.DataFrame({key: values[key].numpy() for key in MEASURES if key in values})
    return table.set_index(rows[SESSION_ID].to_numpy()).assign(**{CHAIN: rows[CHAIN].to_numpy()})


def _column(metric: Metric, state: str) -> np.ndarray:
    with metric.sync_context():
        return dim_zero_cat(getattr(metric, state)).cpu().numpy()
