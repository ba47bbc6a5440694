"""Small hand-made sessions."""

from collections.abc import Sequence

import numpy as np

from nextjob.data.sessions import Sessions


def sessions(
    jobs: Sequence[Sequence[int]],
    actions: Sequence[Sequence[int]] | None = None,
    target_job: Sequence[int] | None = None,
    target_action: Sequence[int] | None = None,
    chain: Sequence[int] | None = None,
) -> Sessions:
    """Sessions of job numbers; actions are views unless given, every row is its own chain unless given."""
    n = len(jobs)
    lengths = [len(row) for row in jobs]
    none = np.zeros(n, dtype=np.int64)
    return Sessions(
        ids=np.arange(n).astype(str).astype(object),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        jobs=np.concatenate(jobs).astype(np.int64),
        actions=np.concatenate(actions).astype(np.int64) if actions else np.ones(sum(lengths), dtype=np.int64),
        target_job=np.array(target_job) if target_job is not None else none,
        target_action=np.array(target_action) if target_action is not None else none + (target_job is not None),
        chain=np.array(chain) if chain is not None else np.arange(n),
    )
