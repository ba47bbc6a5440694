"""Why a job was recommended: the named terms of its score, and the past job that speaks for it by each of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from nextjob.data.sessions import Batch
from nextjob.data.vocabulary import JobId, Vocabulary
from nextjob.models.mixing import CONTENT, SVD, TRANSITIONS
from nextjob.models.ranking import Ranked
from nextjob.models.scorer import DECIMALS, HybridScorer
from nextjob.schema import JOB_ID, SESSION_ID

TITLE = "title"
"""The feature that a job is called by."""
OTHERS = ""
"""Stands for the terms without a feature: what other candidates did."""
N_REASONS = 3


class PastJob(NamedTuple):
    """The job of the session that speaks most for a recommended one by one term; the latest of equal ones."""

    job: JobId
    value: str
    """Its value of the term's feature, "" where that is unknown or the term has none."""
    strength: float
    """Content: cosine with the recommended job. Factors and transitions: its part of the score."""


class Explanation(NamedTuple):
    """One recommended job: what it is and what its score is made of."""

    job: JobId
    values: dict[str, str]
    """Its known values by feature; empty where the run does not hold them."""
    score: float
    terms: dict[str, float]
    """Every named term; added up in their order they are the score exactly."""
    past_jobs: dict[str, PastJob]
    """By name of the term; a term that no past job speaks for is absent."""
    reason: str


def explain(
    scorer: HybridScorer,
    batch: Batch,
    ranked: Ranked,
    vocabulary: Vocabulary,
    values_of: Callable[[int], dict[str, str]],
) -> list[list[Explanation]]:
    """The explanation of every ranked job of B sessions; ``values_of`` gives the known values of a job by number."""
    names = list(ranked.terms)
    strongest = {}
    for name, spoken in scorer.by_past_job(batch, ranked.columns).items():
        length = spoken.shape[2]
        latest = spoken.round(decimals=DECIMALS).flip(2).argmax(2)
        place = length - 1 - latest
        job = batch.jobs[:, None].expand_as(spoken).gather(2, place[:, :, None]).squeeze(2)
        strength = spoken.gather(2, place[:, :, None]).squeeze(2)
        strongest[name] = (job.tolist(), strength.tolist())
    scores = ranked.scores.tolist()
    by_term = [ranked.terms[name].tolist() for name in names]
    explanations = []
    for b, columns in enumerate(ranked.columns.tolist()):
        listed = []
        for c, column in enumerate(columns):
            past_jobs, past_numbers = {}, {}
            for name, (jobs, strengths) in strongest.items():
                if strengths[b][c] == -float("inf"):
                    continue
                number = past_numbers[name] = jobs[b][c]
                value = values_of(number).get(name.partition("/")[2], "")
                past_jobs[name] = PastJob(vocabulary.job_ids[number - 1], value, strengths[b][c])
            terms = {name: term[b][c] for name, term in zip(names, by_term, strict=True)}
            called = {name: _called(past_jobs[name].job, values_of(number)) for name, number in past_numbers.items()}
            listed.append(
                Explanation(
                    job=vocabulary.job_ids[column],
                    values=values_of(column + 1),
                    score=scores[b][c],
                    terms=terms,
                    past_jobs=past_jobs,
                    reason=_reason(terms, values_of(column + 1), past_jobs, called),
                )
            )
        explanations.append(listed)
    return explanations


def explanation_table(sessions: Iterable[object], explanations: Sequence[Sequence[Explanation]]) -> pd.DataFrame:
    """Explanations of the given sessions as a long table, one row a recommended job.

    Columns: session_id, rank, job_id, title, score, reason, every term, and the id of the past job that speaks most
    for it as "<term> past job".
    """
    rows = []
    for session, listed in zip(sessions, explanations, strict=True):
        for rank, one in enumerate(listed, start=1):
            row = {SESSION_ID: session, "rank": rank, JOB_ID: one.job, TITLE: one.values.get(TITLE, "")}
            row |= {"score": one.score, "reason": one.reason} | one.terms
            rows.append(row | {f"{name} past job": past.job for name, past in one.past_jobs.items()})
    terms = list(explanations[0][0].terms) if rows else []
    past = [f"{name} past job" for name in terms if "/" in name or name in (SVD, TRANSITIONS)]
    columns = [SESSION_ID, "rank", JOB_ID, TITLE, "score", "reason", *terms, *past]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _called(job: JobId, values: Mapping[str, str]) -> str:
    return f'"{values[TITLE]}"' if TITLE in values else f"job {job}"


def _reason(
    terms: Mapping[str, float], values: Mapping[str, str], past_jobs: Mapping[str, PastJob], called: Mapping[str, str]
) -> str:
    """The strongest reasons in words: what other candidates did, and one reason for every feature."""
    strength: dict[str, float] = {}
    for name in past_jobs:
        about = name.partition("/")[2] or OTHERS
        strength[about] = strength.get(about, 0.0) + terms[name]
    phrases = []
    for about in sorted(strength, key=lambda key: -strength[key]):
        speakers = (TRANSITIONS, SVD) if about == OTHERS else (f"{CONTENT}/{about}",)
        spoken = next(name for name in speakers if name in past_jobs)
        if strength[about] <= 0:
            continue
        value, past = past_jobs[spoken].value, called[spoken]
        known = f" ({value})" if value and about != TITLE else ""
        if spoken == TRANSITIONS:
            phrases.append(f"often opened by candidates who opened {past}")
        elif spoken == SVD:
            phrases.append(f"fits candidates who open jobs like {past}")
        elif value and value.casefold() == values.get(about, "").casefold():
            phrases.append(f"same {about} as {past}{known}")
        else:
            phrases.append(f"{about} like that of {past}{known}")
    return "; ".join(phrases[:N_REASONS]) or "nothing in the session speaks for it"
