"""Co-visits: which jobs are opened in one profile chain, how concentrated that is, and how many targets it reaches."""

from typing import NamedTuple

import numpy as np

from nextjob.data.sessions import Sessions
from nextjob.errors import InputError
from nextjob.models.transitions import count_transitions


class CoVisits(NamedTuple):
    """Pairs of jobs at most ``window`` apart in a profile chain."""

    window: int
    chains: np.ndarray  # (P,) in how many chains each unordered pair occurs, falling
    possible: int  # pairs of jobs that occur in any chain
    reached: float  # share of targets that another chain holds with a job of the session
    reached_by_last: float  # the same with the last job of the session


def co_visits(sessions: Sessions, stitched: Sessions, window: int) -> CoVisits:
    """Count the pairs of the ``stitched`` chains and look every target of ``sessions`` up, its own chain left out.

    Raises:
        InputError: there is no pair.
    """
    n = int(max(part.max(initial=0) for part in (stitched.jobs, sessions.target_job))) + 1
    counts = count_transitions(stitched, window, back=1.0)
    if len(counts.source) == 0:
        raise InputError("no session opens two different jobs, so there is nothing to tell or to learn")
    pair_of_chain = np.unique(counts.chain * n**2 + counts.source * n + counts.target)
    pairs, chains = np.unique(pair_of_chain % n**2, return_counts=True)
    once = pairs // n < pairs % n
    opened = len(np.unique(stitched.jobs))

    owner = np.repeat(np.arange(len(sessions)), sessions.lengths)
    wanted = sessions.jobs * n + sessions.target_job[owner]
    own = _found(pair_of_chain, sessions.chain[owner] * n**2 + wanted)[1]
    place, known = _found(pairs, wanted)
    elsewhere = np.where(known, chains[place], 0) > own
    last = sessions.offsets[1:] - 1
    return CoVisits(
        window=window,
        chains=np.sort(chains[once])[::-1],
        possible=opened * (opened - 1) // 2,
        reached=float(np.logical_or.reduceat(elsewhere, sessions.offsets[:-1]).mean()),
        reached_by_last=float(elsewhere[last].mean()),
    )


def _found(keys: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place of every wanted key among the sorted keys, and whether it is there."""
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return place, keys[place] == wanted
