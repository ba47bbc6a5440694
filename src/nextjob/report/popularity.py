"""The long tail: how unevenly interactions fall on jobs."""

from math import ceil
from typing import NamedTuple

import numpy as np

from nextjob.data.sessions import Sessions

TOP = 0.01


class Popularity(NamedTuple):
    """Interactions of every job of the catalogue, falling, and what they say."""

    counts: np.ndarray  # (J,)
    never: float  # share of the jobs that no session opens
    top_share: float  # share of the interactions that falls on the top 1 % of the jobs
    once: float  # share of the targets that no other chain opens


def popularity(sessions: Sessions, stitched: Sessions, n_jobs: int) -> Popularity:
    """Count the interactions of the ``stitched`` chains."""
    counts = np.sort(np.bincount(stitched.jobs, minlength=n_jobs + 1)[1:])[::-1]
    owner = np.repeat(stitched.chain, stitched.lengths)
    in_chains = np.bincount(np.unique(owner * (n_jobs + 1) + stitched.jobs) % (n_jobs + 1), minlength=n_jobs + 1)
    return Popularity(
        counts=counts,
        never=float((counts == 0).mean()),
        top_share=top_share(counts),
        once=float((in_chains[sessions.target_job] < 2).mean()),
    )


def top_share(counts: np.ndarray) -> float:
    """Share of the sum that the first 1 % of falling counts hold."""
    return float(counts[: ceil(TOP * len(counts))].sum() / max(counts.sum(), 1))
