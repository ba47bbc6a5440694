"""How long sessions and chains are, and where candidates apply."""

from typing import NamedTuple

import numpy as np

from nextjob.data.sessions import Sessions
from nextjob.report.plots import Plot, columns, histogram
from nextjob.schema import ACTION_NUMBERS, APPLY, VIEW

LONGEST = 0.99
"""A histogram ends at this quantile; its last bar holds all beyond."""
MOST_BARS = 40
LAST_POSITION = 11


class Actions(NamedTuple):
    """Shares of apply."""

    overall: float
    by_position: np.ndarray  # (P,) at the first, second, ... interaction of a session with its target
    rows: np.ndarray  # (P,) sessions that have such an interaction
    after: dict[str, float]  # for the target, by the last action of the session
    repeated: float  # targets with the same action as the last job


def counts_histogram(label: str, values: np.ndarray, xlabel: str, ylabel: str) -> Plot:
    """Whole numbers from 1 on, a bar each where they are few."""
    end = max(int(np.quantile(values, LONGEST)), 2)
    step = -(-end // MOST_BARS)
    return histogram(label, values, xlabel, ylabel, np.arange(1, end + 1 + step, step) - 0.5)


def actions(sessions: Sessions, stitched: Sessions) -> Actions:
    """Shares over all interactions (every one once), by position and by the last action."""
    apply = ACTION_NUMBERS[APPLY]
    whole = sessions.with_target_appended()
    position = np.minimum(np.arange(len(whole.jobs)) - np.repeat(whole.offsets[:-1], whole.lengths), LAST_POSITION)
    rows = np.bincount(position)
    last = sessions.actions[sessions.offsets[1:] - 1]
    return Actions(
        overall=float((stitched.actions == apply).mean()),
        by_position=np.bincount(position, weights=whole.actions == apply) / rows,
        rows=rows,
        after={
            name: float((sessions.target_action[last == ACTION_NUMBERS[name]] == apply).mean())
            for name in (VIEW, APPLY)
            if (last == ACTION_NUMBERS[name]).any()
        },
        repeated=float((sessions.target_action == last).mean()),
    )


def position_plot(found: Actions) -> Plot:
    """Share of apply at every position."""
    names = [str(number) for number in range(1, len(found.by_position) + 1)]
    if len(names) > LAST_POSITION:
        names[-1] += "+"
    return columns(
        "share of apply by position", names, found.by_position, "interaction of the session", "share of apply"
    )
