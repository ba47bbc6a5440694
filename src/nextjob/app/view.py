"""What the page shows, as HTML; every text that comes from an ad or a person is escaped."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jinja2 import Environment, PackageLoader

from nextjob.app.sessions import Session
from nextjob.data.vocabulary import JobId
from nextjob.explain import TITLE, Explanation
from nextjob.models.mixing import COUNTS, DISCOUNT, SHORTLIST, SVD, TRANSITIONS
from nextjob.recommend import Recommendation, Recommender

LABELS = {
    TRANSITIONS: "opened together",
    SVD: "similar candidates",
    COUNTS: "opened before and after",
    DISCOUNT: "popularity discount",
    SHORTLIST: "not on the shortlist",
}
COLOURS = {TRANSITIONS: "#0072b2", SVD: "#56b4e9", COUNTS: "#332288", DISCOUNT: "#8c8c8c", SHORTLIST: "#8c8c8c"}
OF_FEATURE = ("#e69f00", "#009e73", "#cc79a7", "#d55e00", "#8672c4", "#a38a56")


class Segment(NamedTuple):
    """A term as part of a bar."""

    label: str
    value: float
    width: float
    """Percent of the whole bar."""
    colour: str


class Card(NamedTuple):
    """One recommended job as it is shown."""

    rank: int
    job: JobId
    title: str
    known: list[str]
    score: float
    moved: str
    negative: list[Segment]
    positive: list[Segment]
    reason: str
    terms: list[tuple[str, float, str]]
    """Name, value and past job of every term that says something, the largest first."""


def session_html(recommender: Recommender, session: Session) -> str:
    """The jobs of a session in order, with what was done."""
    rows = [
        (_called(recommender, job), _other(recommender.values(job)), action)
        for job, action in zip(*session, strict=True)
    ]
    return _render("app_session.html.j2", rows=rows)


def answer_html(recommender: Recommender, answer: Recommendation, before: Sequence[JobId] | None) -> str:
    """The ranked list with its explanations and the predicted action.

    ``before`` is the list by the learned weights where others are tried, to show which jobs moved.
    """
    explanations = answer.explanations or []
    zero, cards = _cards(recommender, explanations, before)
    colours = _colours(explanations[0].terms)
    ordered = sorted(colours, key=lambda name: "/" in name)
    legend = {_group(name): colours[name] for name in ordered if name != SHORTLIST}
    return _render("app_answer.html.j2", answer=answer, cards=cards, zero=zero, legend=legend)


def error_html(message: str) -> str:
    """Why there is no list."""
    return _render("app_error.html.j2", message=message)


def _cards(
    recommender: Recommender, explanations: Sequence[Explanation], before: Sequence[JobId] | None
) -> tuple[float, list[Card]]:
    """Where zero lies, in percent of the bars, and the cards."""
    colours = _colours(explanations[0].terms)
    parts = [{name: term for name, term in one.terms.items() if name != SHORTLIST and term} for one in explanations]
    below = max(-sum(min(term, 0.0) for term in terms.values()) for terms in parts)
    above = max(sum(max(term, 0.0) for term in terms.values()) for terms in parts)
    whole = (below + above) or 1.0
    cards = []
    for rank, (one, terms) in enumerate(zip(explanations, parts, strict=True), start=1):
        segments = [Segment(_label(name), term, 100 * abs(term) / whole, colours[name]) for name, term in terms.items()]
        past = {name: _called(recommender, found.job) for name, found in one.past_jobs.items()}
        said = sorted((item for item in one.terms.items() if item[1]), key=lambda item: -item[1])
        cards.append(
            Card(
                rank=rank,
                job=one.job,
                title=_called(recommender, one.job),
                known=_other(one.values),
                score=one.score,
                moved=_moved(one.job, rank, before),
                negative=[segment for segment in segments if segment.value < 0],
                positive=[segment for segment in segments if segment.value > 0],
                reason=one.reason,
                terms=[(_label(name), term, past.get(name, "")) for name, term in said],
            )
        )
    return 100 * below / whole, cards


def _moved(job: JobId, rank: int, before: Sequence[JobId] | None) -> str:
    if before is None:
        return ""
    if job not in before:
        return "new"
    up = before.index(job) + 1 - rank
    return f"▲ {up}" if up > 0 else f"▼ {-up}" if up < 0 else ""


def _colours(terms: Mapping[str, float]) -> dict[str, str]:
    """Of every term; those of one feature share theirs."""
    features = list(dict.fromkeys(name.partition("/")[2] for name in terms if "/" in name))
    of_feature = {feature: OF_FEATURE[place % len(OF_FEATURE)] for place, feature in enumerate(features)}
    return {name: COLOURS.get(name) or of_feature[name.partition("/")[2]] for name in terms}


def _group(name: str) -> str:
    return name.partition("/")[2] or LABELS[name]


def _label(name: str) -> str:
    feature = name.partition("/")[2]
    return f"{feature} alike" if feature else LABELS[name]


def _called(recommender: Recommender, job: JobId) -> str:
    return recommender.values(job).get(TITLE, f"job {job}")


def _other(values: Mapping[str, str]) -> list[str]:
    return [value for feature, value in values.items() if feature != TITLE]


def _render(template: str, **content: object) -> str:
    environment = Environment(loader=PackageLoader("nextjob"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(**content)
