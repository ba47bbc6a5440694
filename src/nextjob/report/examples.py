"""Single held-out sessions: what was opened, what is recommended next, and why."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from nextjob.data.sessions import Sessions
from nextjob.data.vocabulary import JobId
from nextjob.explain import TITLE, Explanation
from nextjob.recommend import Recommender
from nextjob.schema import ACTION_NUMBERS, TOP_K

N_EXAMPLES = 20
SEED = 0
SMALLEST_TERM = 0.005
"""Terms below it, on either side of 0, are not shown."""


class Job(NamedTuple):
    """A job as a person reads it."""

    title: str
    about: str
    action: str


class Term(NamedTuple):
    """One named term of a recommended job's score."""

    name: str
    family: str
    value: float


class Listed(NamedTuple):
    """A recommended job."""

    job: Job
    score: float
    terms: list[Term]  # in their order
    reason: str
    is_target: bool


class Example(NamedTuple):
    """A session, its target and its ranked list."""

    session: str
    jobs: list[Job]
    target: Job
    rank: int  # of the target
    action: str  # predicted
    apply_probability: float
    listed: list[Listed]

    @property
    def found(self) -> bool:
        """Whether the target is in the list."""
        return self.rank <= len(self.listed)

    @property
    def widest(self) -> float:
        """The largest sum of the positive terms of a listed job: what fills the width."""
        return max(sum(max(term.value, 0.0) for term in one.terms) for one in self.listed) or 1.0


def examples(recommender: Recommender, val: Sessions, rows: pd.DataFrame) -> list[Example]:
    """Val sessions drawn with a fixed seed, in the order of the rows; none where too few jobs remain for a list.

    ``rows`` is the table of `validation_rows`, indexed by the row number in ``val``.
    """
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(rows))[:N_EXAMPLES])
    rows = rows.iloc[drawn]
    sessions = val.take(rows.index.to_numpy())
    room = len(recommender.vocabulary) - int(sessions.lengths.max())
    if room < 1:
        return []
    answers = recommender.recommend_each(sessions, k=min(TOP_K, room), explain=True)
    actions = {number: name for name, number in ACTION_NUMBERS.items()}
    found = []
    for row, answer in enumerate(answers):
        place = slice(sessions.offsets[row], sessions.offsets[row + 1])
        ids = recommender.vocabulary.ids(np.append(sessions.jobs[place], sessions.target_job[row]))
        taken = [actions[number] for number in [*sessions.actions[place], sessions.target_action[row]]]
        *jobs, target = (_job(recommender, job, action) for job, action in zip(ids, taken, strict=True))
        found.append(
            Example(
                session=str(sessions.ids[row]),
                jobs=jobs,
                target=target,
                rank=int(rows["rank"].iloc[row]),
                action=answer.action,
                apply_probability=answer.apply_probability,
                listed=[_listed(recommender, one, one.job == ids[-1]) for one in answer.explanations or []],
            )
        )
    return found


def _job(recommender: Recommender, job: JobId, action: str = "") -> Job:
    values = recommender.values(job)
    title = values.pop(TITLE, f"job {job}")
    return Job(title, " · ".join(values.values()), action)


def _listed(recommender: Recommender, one: Explanation, is_target: bool) -> Listed:
    shown = [Term(name, name.partition("/")[0], value) for name, value in one.terms.items()]
    terms = [term for term in shown if abs(term.value) >= SMALLEST_TERM]
    return Listed(_job(recommender, one.job), one.score, terms, one.reason, is_target)
