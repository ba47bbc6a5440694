"""Training examples: every prefix of every stitched chain, made after the split."""

import numpy as np

from nextjob.data.sessions import Sessions, slices


def stitch_chains(sessions: Sessions) -> Sessions:
    """One long session per profile chain, targets joined where they are not the next row's first job.

    Rows of a chain must be neighbours in their original order. Each result row ends with its last target.
    """
    n = len(sessions)
    if n == 0:
        return sessions
    opens = np.concatenate([[True], sessions.chain[1:] != sessions.chain[:-1]])
    next_first = np.append(sessions.jobs[sessions.offsets[1:-1]], 0)
    closes = np.append(opens[1:], True)
    keep_target = (sessions.target_job > 0) & (closes | (sessions.target_job != next_first))
    extended = sessions.lengths + keep_target
    ends = np.cumsum(extended)
    jobs = np.empty(ends[-1], dtype=np.int64)
    actions = np.empty(ends[-1], dtype=np.int64)
    is_target = np.zeros(ends[-1], dtype=bool)
    is_target[ends[keep_target] - 1] = True
    jobs[~is_target], jobs[is_target] = sessions.jobs, sessions.target_job[keep_target]
    actions[~is_target], actions[is_target] = sessions.actions, sessions.target_action[keep_target]
    offsets = np.append((ends - extended)[opens], ends[-1])
    none = np.zeros(int(opens.sum()), dtype=np.int64)
    return Sessions(sessions.ids[opens], offsets, jobs, actions, none, none, sessions.chain[opens])


def expand_prefixes(sessions: Sessions, max_length: int, horizon: int = 1) -> Sessions:
    """Every prefix of every session with what came next as target; a prefix keeps its last ``max_length`` jobs.

    ``later`` holds the next ``horizon`` - 1 jobs after the target. Repeated targets (the job is already in the kept
    prefix) are dropped, because seen jobs are masked.
    """
    end = np.delete(np.arange(sessions.offsets[-1]), sessions.offsets[:-1])  # every job but the first of a session
    owner = np.searchsorted(sessions.offsets, end, side="right") - 1
    start = np.maximum(sessions.offsets[owner], end - max_length)
    lengths = end - start
    flat, offsets = slices(start, lengths)
    jobs = sessions.jobs[flat]
    target = sessions.jobs[end]
    place = end[:, None] + np.arange(1, horizon)
    later = np.where(
        place < sessions.offsets[owner + 1, None], np.append(sessions.jobs, 0)[place.clip(max=len(sessions.jobs))], 0
    )
    repeated = np.zeros(len(end), dtype=bool)
    example = np.repeat(np.arange(len(end)), lengths)
    repeated[example[jobs == np.repeat(target, lengths)]] = True
    expanded = Sessions(
        ids=sessions.ids[owner],
        offsets=offsets,
        jobs=jobs,
        actions=sessions.actions[flat],
        target_job=target,
        target_action=sessions.actions[end],
        chain=sessions.chain[owner],
        later=later,
    )
    return expanded.take(np.flatnonzero(~repeated))
