"""data_report.html: what a board is like before anything is trained on it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from nextjob.data.board import Board
from nextjob.data.chains import leak_report
from nextjob.data.prefixes import stitch_chains
from nextjob.embedding import SentenceEncoder
from nextjob.models.svd import initial_factors
from nextjob.report.browsing import actions, counts_histogram, position_plot
from nextjob.report.coverage import ad_lengths, coverage
from nextjob.report.covisits import co_visits
from nextjob.report.numbers import percent
from nextjob.report.page import render
from nextjob.report.plots import Plot, concentration, falling
from nextjob.report.popularity import popularity, top_share
from nextjob.report.space import space_plot, telling_feature
from nextjob.schema import TEXT


class BoardReport(NamedTuple):
    """The page, and the figures that sum it up by name."""

    html: str
    facts: dict[str, str]


def board_report(
    board: Board,
    root: Path,
    features: pd.DataFrame,
    factors: dict[str, object],
    window: int,
    encoder: SentenceEncoder | None,
) -> BoardReport:
    """Everything a board has to tell.

    Args:
        board: catalogue and sessions.
        root: its folder.
        features: the features table of its jobs.
        factors: the arguments of initial_factors beside sessions and rank.
        window: how far apart two jobs of a chain are a co-visit.
        encoder: whose tokens the ads are counted in, None for words.

    Raises:
        InputError: no session opens two different jobs.
    """
    sessions, n_jobs = board.train, len(board.vocabulary)
    stitched = stitch_chains(sessions)
    pairs = co_visits(sessions, stitched, window)
    leak = leak_report(sessions)
    acted = actions(sessions, stitched)
    popular = popularity(sessions, stitched, n_jobs)
    known = coverage(features, board.vocabulary)
    coloured = telling_feature(known)
    left, _, _ = initial_factors(sessions.with_target_appended(), stitched, n_jobs, rank=2, **factors)  # type: ignore[arg-type]
    ads = ad_lengths(board.jobs[TEXT].dropna().tolist() if TEXT in board.jobs else [], encoder)
    chain_rows = np.unique(sessions.chain, return_counts=True)[1]
    once = float((pairs.chains == 1).mean())
    facts = {
        "sessions": f"{len(sessions):,}; jobs before the target, median: {np.median(sessions.lengths):.0f}",
        "profile chains": f"{leak.chains:,}; rows of the longest: {leak.longest_chain}",
        "jobs": f"{n_jobs:,}, {percent(popular.never)} of them never opened",
        "interactions": f"{len(stitched.jobs):,}, {percent(acted.overall)} of them applications",
        "top 1 % of the jobs": f"{percent(popular.top_share)} of the interactions",
        "co-visited pairs": f"{len(pairs.chains):,}, {percent(once)} in one chain only",
        "targets in reach": f"{percent(pairs.reached)} near a job of the session in another chain",
        "targets in no other chain": percent(popular.once),
        "linked rows": f"{percent(leak.linked_share)}, by chance {percent(leak.share_by_chance)}",
    }
    opened = popular.counts[popular.counts > 0]
    plots: dict[str, Plot] = {
        "lengths": counts_histogram("length of the sessions", sessions.lengths, "jobs before the target", "sessions"),
        "chains": counts_histogram("rows of the profile chains", chain_rows, "rows", "profile chains"),
        "positions": position_plot(acted),
        "tail": falling("interactions of the n-th job", opened, "n-th most opened job", "interactions"),
        "concentration": concentration(
            "how much the most frequent hold",
            {"jobs": opened, "co-visited pairs": pairs.chains},
            "share of those that occur",
            "share of occurrences",
        ),
        "space": space_plot(left, coloured, known[coloured]),
    }
    if len(ads.counts):
        plots["ads"] = counts_histogram(f"{ads.unit} of the ads", ads.counts.clip(min=1), ads.unit, "ads")
    html = render(
        "data_report.html.j2",
        root=str(root),
        facts=facts,
        leak=leak,
        acted=acted,
        popular=popular,
        pairs=pairs,
        top_pairs=top_share(pairs.chains),
        known=known,
        coloured=coloured,
        ads=ads,
        n_jobs=n_jobs,
        test=len(board.test) if board.test is not None else 0,
        plots=plots,
    )
    return BoardReport(html, facts)
