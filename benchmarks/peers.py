"""Peers on the project's own folds: python benchmarks/peers.py data.root=DIR out=OUT [key=value ...]

Fits and scores other methods on the chain-grouped folds of `python -m nextjob evaluate`: counted on the training and
tune chains, tuned on the tune chains, ranked on the val rows over the whole catalogue with the session's jobs masked,
each row scored alone. Finished pairs of fold and peer are skipped, so a command that was stopped goes on when it is
given again. The figures go to OUT/peers.csv and OUT/peers.json.

  data.root    folder of the board
  data.format  challenge or interactions (challenge)
  out          where the ranks go, OUT/foldF/PEER.parquet
  folds        number of folds (5)
  fold         which of them to run, such as 1,3 (all)
  only         which peers to run, such as lightgbm,ease (all)
  against      folder of python -m nextjob evaluate: adds the paired differences of its experiments to every peer
  cache        folder of embeddings made before (.cache)

It needs the packages of requirements/peers.txt.
"""

import io
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from peers import counted, linear
from peers.common import Tuned, rank_targets, tie_order
from peers.hand import HandWeights
from peers.two_stage import TwoStage
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from nextjob.catalogue import load_catalogue
from nextjob.cli.arguments import key_values, nearest
from nextjob.cli.entry import one_line_errors
from nextjob.data.board import Board
from nextjob.data.read import read_board
from nextjob.data.splits import split_by_chain
from nextjob.embedding import SentenceEncoder
from nextjob.errors import InputError
from nextjob.extraction import Feature
from nextjob.files import write_atomically
from nextjob.metrics import bootstrap_interval, hit, reciprocal_rank
from nextjob.rows import ROWS_FILE
from nextjob.schema import SESSION_ID

USAGE = "python benchmarks/peers.py data.root=DIR out=OUT [fold=1] [only=lightgbm,ease] [against=FOLDER]"
KEYS = {
    "data.root": None,
    "out": None,
    "data.format": "challenge",
    "folds": "5",
    "fold": "",
    "only": "",
    "against": "",
    "cache": ".cache",
}
TUNE_CHAINS, SPLIT_SEED = 400, 0
TUNED = {
    "transitions": (counted.transitions, counted.TRANSITIONS_OPTIONS),
    "vsknn": (counted.Neighbours, counted.VSKNN_OPTIONS),
    "bm25": (linear.bm25, linear.BM25_OPTIONS),
    "als": (linear.als, linear.ALS_OPTIONS),
    "ease": (linear.ease, linear.EASE_OPTIONS),
}
WITH_CONTENT = {"lightgbm": TwoStage, "hand": HandWeights}
PEERS = (*WITH_CONTENT, *TUNED)
FEATURES = ("title", "seniority", "company", "location", "industry")


class Job(NamedTuple):
    """One peer on one fold, and where its ranks and its cost go."""

    peer: str
    fold: int
    rows: Path
    cost: Path


@one_line_errors
def main(arguments: Sequence[str]) -> None:
    """Run what is missing, print and write the figures."""
    keys = key_values(arguments, KEYS, USAGE)
    folds, chosen, peers = _choices(keys)
    experiments = _experiments(Path(keys["against"]), chosen) if keys["against"] else {}
    board, out = read_board(keys["data.root"], keys["data.format"]), Path(keys["out"])
    jobs = []
    for fold in chosen:
        folder = out / f"fold{fold}"
        jobs += [Job(peer, fold, folder / f"{peer}.parquet", folder / f"{peer}.json") for peer in peers]
    board_name = {"catalogue": board.vocabulary.digest, "rows": len(board.train), "folds": folds}
    console = Console(soft_wrap=True, highlight=False)
    missing = [job for job in jobs if not _is_finished(job, board_name)]
    console.print(f"{out}: {len(jobs) - len(missing)} of {len(jobs)} pairs of fold and peer are there")
    for job in missing:
        with console.status(f"fold {job.fold} {job.peer}"):
            _in_a_process(run, job, board, board_name, Path(keys["cache"]))
        cost = json.loads(job.cost.read_text())
        rows = torch.from_numpy(pd.read_parquet(job.rows)["rank"].to_numpy(copy=True))
        mrr, seconds = reciprocal_rank(rows).mean().item(), cost["fit_seconds"] + cost["rank_seconds"]
        console.print(f"fold {job.fold} {job.peer}: MRR@10 {mrr:.4f} in {seconds:.0f} s, {cost['setting']}")
    report(jobs, experiments, out, console)


def run(job: Job, board: Board, board_name: dict[str, Any], cache: Path) -> None:
    """Fit the peer, rank the val rows, write the ranks and then the cost; on one thread, so that times compare."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    n_jobs = len(board.vocabulary)
    split = split_by_chain(board.train.chain, job.fold, board_name["folds"], TUNE_CHAINS, SPLIT_SEED)
    train, tune, val = (board.train.take(part) for part in split)
    known = board.train.take(np.sort(np.concatenate([split.train, split.tune])))
    with threadpool_limits(1):
        if job.peer in TUNED:
            peer: Tuned | TwoStage | HandWeights = Tuned(*TUNED[job.peer], n_jobs)
        else:
            declared = [Feature(name, f"{name}?", rule="title_block" if name == "title" else None) for name in FEATURES]
            catalogue = load_catalogue(board.jobs, board.vocabulary, declared, None, SentenceEncoder(), cache)
            peer = WITH_CONTENT[job.peer](catalogue)
        started = time.monotonic()
        setting = peer.fit(train, tune, known)
        fitted = time.monotonic()
        found = rank_targets(peer, val, tie_order(known, n_jobs))
        ranked = time.monotonic()
    table = pd.DataFrame({SESSION_ID: val.ids.astype(str), "chain": val.chain, "rank": found.numpy()})
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    write_atomically(job.rows, content.getvalue())
    cost = {
        **board_name,
        "setting": setting,
        "fit_seconds": fitted - started,
        "rank_seconds": ranked - fitted,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    write_atomically(job.cost, json.dumps(cost, indent=2).encode())


def report(jobs: Sequence[Job], experiments: dict[str, pd.DataFrame], out: Path, console: Console) -> None:
    """Pool the folds of every peer; one table, also as CSV and JSON."""
    found = []
    for peer in dict.fromkeys(job.peer for job in jobs):
        own = [job for job in jobs if job.peer == peer]
        rows = pd.concat([pd.read_parquet(job.rows).assign(fold=job.fold) for job in own], ignore_index=True)
        rank, chain = (torch.from_numpy(rows[name].to_numpy(copy=True)) for name in ("rank", "chain"))
        reciprocal = reciprocal_rank(rank)
        line = {"peer": peer} | _estimate("mrr@10", reciprocal, chain) | _estimate("hr@10", hit(rank), chain)
        costs = pd.DataFrame([json.loads(job.cost.read_text()) for job in own])
        line |= {"fit_s": costs["fit_seconds"].mean(), "rank_s": costs["rank_seconds"].mean()}
        line["peak_gb"] = costs["peak_gb"].max()
        rows["value"] = reciprocal.numpy()
        for name, theirs in experiments.items():
            both = _paired(theirs, rows, name)
            difference = torch.from_numpy((both["value_theirs"] - both["value"]).to_numpy(copy=True))
            line |= _estimate(f"{name} - peer", difference, torch.from_numpy(both["chain"].to_numpy(copy=True)))
        found.append(line)
    figures = pd.DataFrame(found).sort_values("mrr@10", ascending=False)
    folds = sorted({job.fold for job in jobs})
    title = f"{len(rows):,} rows, folds {', '.join(map(str, folds))}; ± half of the 95 % interval; mean seconds a fold"
    console.print(_table(figures, title))
    if experiments:
        console.print(_paired_table(figures, list(experiments)))
    write_atomically(out / "peers.csv", figures.to_csv(index=False, lineterminator="\n").encode())
    write_atomically(out / "peers.json", json.dumps(figures.to_dict("records"), indent=2).encode())
    console.print(f"figures  {out / 'peers.json'}, {out / 'peers.csv'}")


def _estimate(name: str, values: torch.Tensor, chain: torch.Tensor) -> dict[str, float]:
    low, high = bootstrap_interval(values, chain).tolist()
    return {name: values.mean().item(), f"{name}_lo": low, f"{name}_hi": high}


def _paired(theirs: pd.DataFrame, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of the folds that both have; they must be the same sessions."""
    shared = rows[rows["fold"].isin(theirs["fold"])]
    both = shared.merge(theirs, on=["fold", SESSION_ID], suffixes=("", "_theirs"))
    if len(both) != len(shared) or len(both) != theirs["fold"].isin(rows["fold"]).sum():
        raise InputError(f"against: the val rows of {name} are not those of these folds; evaluate the same board")
    return both


def _table(figures: pd.DataFrame, title: str) -> Table:
    table = _empty_table(title, "MRR@10", "HR@10", "fit s", "rank s", "peak GB")
    for line in figures.to_dict("records"):
        cells = [f"{line[key]:.4f} ±{(line[f'{key}_hi'] - line[f'{key}_lo']) / 2:.4f}" for key in ("mrr@10", "hr@10")]
        cells += [f"{line['fit_s']:.0f}", f"{line['rank_s']:.0f}", f"{line['peak_gb']:.1f}"]
        table.add_row(line["peer"], *cells)
    return table


def _paired_table(figures: pd.DataFrame, experiments: Sequence[str]) -> Table:
    table = _empty_table("paired differences of MRR@10, experiment less peer, 95 % interval below", *experiments)
    for line in figures.to_dict("records"):
        keys = [f"{name} - peer" for name in experiments]
        cells = ["\n".join(f"{line[key + end]:+.4f}" for end in ("", "_lo", "_hi")) for key in keys]
        table.add_row(line["peer"], *cells)
    return table


def _empty_table(title: str, *headers: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    return table


def _experiments(folder: Path, folds: Sequence[int]) -> dict[str, pd.DataFrame]:
    """Reciprocal ranks (fold, session_id, value) of every experiment of evaluate, the mean over seeds."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for fold in folds:
        for path in sorted(folder.glob(f"*/seed*-fold{fold}/{ROWS_FILE}")):
            rows = pd.read_parquet(path, columns=[SESSION_ID, "rank"])
            value = reciprocal_rank(torch.from_numpy(rows["rank"].to_numpy(copy=True))).numpy()
            parts.setdefault(path.parent.parent.name, []).append(rows[[SESSION_ID]].assign(fold=fold, value=value))
    if not parts:
        raise InputError(f"{folder}: no EXPERIMENT/seedS-foldF/{ROWS_FILE} of these folds; give the out of evaluate")
    keys = ["fold", SESSION_ID]
    return {name: pd.concat(found).groupby(keys, as_index=False)["value"].mean() for name, found in parts.items()}


def _is_finished(job: Job, board_name: dict[str, Any]) -> bool:
    if not (job.rows.is_file() and job.cost.is_file()):
        return False
    stored = json.loads(job.cost.read_text())
    if any(stored.get(key) != value for key, value in board_name.items()):
        raise InputError(f"{job.cost}: is of another board or other folds; choose another out")
    return True


def _in_a_process(work: Callable[..., None], *arguments: Any) -> None:
    """Run in a process of its own, so that peak memory is that of one peer."""
    process = multiprocessing.get_context("fork").Process(target=one_line_errors(work), args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


def _choices(keys: dict[str, str]) -> tuple[int, list[int], list[str]]:
    """Number of folds, the folds to run, and the peers."""
    folds = keys["folds"]
    if not folds.isdecimal() or int(folds) < 2:
        raise InputError(f"folds={folds}: it must be a whole number from 2 on")
    chosen = keys["fold"].split(",") if keys["fold"] else [str(fold) for fold in range(int(folds))]
    for fold in chosen:
        if not fold.isdecimal() or int(fold) >= int(folds):
            raise InputError(f"fold={fold}: with folds={folds} the folds are 0 to {int(folds) - 1}")
    peers = keys["only"].split(",") if keys["only"] else list(PEERS)
    for peer in peers:
        if peer not in PEERS:
            raise InputError(f"only={peer}: unknown peer{nearest(peer, PEERS)}; known: {', '.join(PEERS)}")
    return int(folds), sorted({int(fold) for fold in chosen}), list(dict.fromkeys(peers))


if __name__ == "__main__":
    if set(sys.argv[1:]) & {"-h", "--help"}:
        print(__doc__.strip())
    else:
        main(sys.argv[1:])
