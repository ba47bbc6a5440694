"""Profile chains, and the row-order leak that reveals them.

A long browsing history cut into consecutive rows leaves a trace: the target of a row is the first job of the
next row, with the same action. Rows linked that way belong to one candidate, so they stay on one side of every
split. Row order is never a feature; the leak is measured and reported.
"""

from dataclasses import asdict, dataclass

import numpy as np

from nextjob.data.sessions import Sessions


@dataclass(frozen=True)
class LeakReport:
    """How far the order of the rows gives their targets away."""

    rows: int
    linked_rows: int
    linked_share: float
    share_by_chance: float
    chains: int
    longest_chain: int

    def __str__(self) -> str:
        if self.linked_share < 0.01 + 2 * self.share_by_chance:
            return f"{self.rows:,} rows in {self.chains:,} profile chains; row order gives no target away"
        return (
            f"row-order leak: in {self.linked_share:.1%} of {self.rows:,} rows the target is the first job of "
            f"the next row ({self.share_by_chance:.1%} by chance); {self.chains:,} profile chains, up to "
            f"{self.longest_chain} rows; splits keep chains whole and no model sees row order"
        )

    def as_dict(self) -> dict[str, float]:
        """The figures under their names, for logs."""
        return asdict(self)


def link_rows(sessions: Sessions) -> np.ndarray:
    """(N,) bool, True where the row's target is the next row's first job (and the action agrees)."""
    linked = np.zeros(len(sessions), dtype=bool)
    if len(sessions) < 2:
        return linked
    first = sessions.offsets[1:-1]
    linked[:-1] = (sessions.target_job[:-1] == sessions.jobs[first]) & (
        sessions.target_action[:-1] == sessions.actions[first]
    )
    return linked


def profile_chains(sessions: Sessions) -> np.ndarray:
    """(N,) int64 chain number of each row: a row opens a new chain unless the row before links to it."""
    linked = link_rows(sessions)
    return np.cumsum(np.concatenate([[True], ~linked[:-1]])[: len(sessions)]) - 1


def leak_report(sessions: Sessions) -> LeakReport:
    """Measure the leak; chance is the rate at which targets meet the first jobs of unrelated rows."""
    linked = link_rows(sessions)
    n = len(sessions)
    jobs = int(max(sessions.jobs.max(initial=0), sessions.target_job.max(initial=0))) + 1
    target = np.bincount(sessions.target_job, minlength=jobs) / max(n, 1)
    first = np.bincount(sessions.jobs[sessions.offsets[:-1]], minlength=jobs) / max(n, 1)
    _, sizes = np.unique(sessions.chain, return_counts=True)
    return LeakReport(
        rows=n,
        linked_rows=int(linked.sum()),
        linked_share=float(linked.mean()) if n else 0.0,
        share_by_chance=float((target * first)[1:].sum()),
        chains=len(sizes),
        longest_chain=int(sizes.max(initial=0)),
    )
