"""The sessions of the page: typed ones and examples."""

import re

import torch

from nextjob.data.sessions import Sessions
from nextjob.data.vocabulary import JobId, Vocabulary
from nextjob.errors import InputError
from nextjob.explain import TITLE
from nextjob.recommend import Recommender
from nextjob.schema import ACTION_NUMBERS, APPLY, VIEW

N_EXAMPLES = 12
LENGTH = 3

Session = tuple[list[JobId], list[str]]
"""Ids of the jobs in order, and what was done with each."""


def parse_session(text: str, vocabulary: Vocabulary) -> Session:
    """One job a line, or several with commas between: its id and view or apply, view where neither stands.

    Raises:
        InputError: there is no job, or another word stands behind one.
    """
    jobs: list[JobId] = []
    actions = []
    for entry in filter(None, map(str.strip, re.split(r"[\n,]", text))):
        *job, action = entry.rsplit(maxsplit=1)
        known = job and action.lower() in ACTION_NUMBERS
        if job and not known and entry not in vocabulary and job[0] in vocabulary:
            raise InputError(f"unknown action {action!r} behind job {job[0]!r}; it must be view or apply")
        jobs.append(job[0] if known else entry)
        actions.append(action.lower() if known else VIEW)
    if not jobs:
        raise InputError("no job yet: write one a line, its id and then view or apply")
    return jobs, actions


def format_session(session: Session) -> str:
    """A session as `parse_session` reads it."""
    return "\n".join(f"{job} {action}" for job, action in zip(*session, strict=True))


def label(recommender: Recommender, session: Session) -> str:
    """What an example is called: the title of its first job and how many follow."""
    jobs, _ = session
    title = recommender.values(jobs[0]).get(TITLE, f"job {jobs[0]}")
    return title if len(jobs) == 1 else f"{title}, then {len(jobs) - 1} more"


def sessions_of_file(recommender: Recommender, sessions: Sessions) -> dict[str, Session]:
    """The first sessions of a file by label."""
    found: dict[str, Session] = {}
    names = {number: action for action, number in ACTION_NUMBERS.items()}
    for row in range(min(len(sessions), N_EXAMPLES)):
        inside = slice(sessions.offsets[row], sessions.offsets[row + 1])
        actions = [names[number] for number in sessions.actions[inside].tolist()]
        session = (recommender.vocabulary.ids(sessions.jobs[inside]), actions)
        found[f"{sessions.ids[row]}: {label(recommender, session)}"] = session
    return found


@torch.inference_mode()
def made_up_sessions(recommender: Recommender) -> dict[str, Session]:
    """Sessions around popular jobs, each job the one that candidates most often opened close to the one before."""
    scorer, ids = recommender.model.scorer, recommender.vocabulary.job_ids
    found: dict[str, Session] = {}
    used: set[int] = set()
    for first in scorer.tie_order.argsort().tolist():
        if len(found) == N_EXAMPLES:
            break
        if first in used:
            continue
        columns = [first]
        while len(columns) < LENGTH:
            scores = scorer.transitions(torch.tensor([[columns[-1] + 1]]))[0]
            scores[columns] = 0
            if not scores.any():
                break
            columns.append(int(scores.argmax()))
        used.update(columns)
        actions = [VIEW] * len(columns)
        actions[-1 if len(found) % 2 else 0] = APPLY
        session: Session = ([ids[column] for column in columns], actions)
        found[f"{len(found) + 1}. {label(recommender, session)}"] = session
    return found
