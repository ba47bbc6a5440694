"""The candidates of the synthetic job board: what they look for and the histories they leave.

A candidate browses by taste over the features that the ads state, and in the company of others: every job has
hidden companions, independent of its text, that candidates open after it. Taste picks among the companions, so
content, collaborative filtering and both together each carry a signal of their own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nextjob.data.synthetic_ads import COMPANY, INDUSTRY, LOCATION, SENIORITY, TITLE, Ad, pick, pick_some
from nextjob.data.synthetic_text import CITIES, COMPANIES, FAMILIES, SENIORITIES
from nextjob.schema import APPLY, VIEW

Event = tuple[int, str]
"""A job (its place in the list of ads) and the action on it."""
Row = tuple[list[Event], Event]
"""A session and its target."""
Wish = dict[str, int]
"""What a candidate looks for: a code per feature."""

TASTE: Final = {TITLE: 8.0, LOCATION: 8.0, SENIORITY: 6.0, INDUSTRY: 6.0, COMPANY: 6.0}
"""How strongly a match on a feature draws a candidate, in log odds."""
UNSTATED: Final = 0.2
"""Part of a match that a candidate grants to an ad which leaves the feature out."""
NEIGHBOUR: Final = 0.2
"""Part of a match that a neighbouring trade gives."""
DRIFT: Final = 0.03
"""Chance, at every step, that one of the wishes changes."""
MEMORY: Final = 15
"""A job is not opened again within this many events."""

COMPANIONS: Final = 40
COMPANION_PULL: Final = 7.0
"""Pull of a job's hidden companions right after it, in log odds; half as much one event later."""
POPULARITY_SPREAD: Final = 1.0
FRESH_SHARE: Final = 0.24

PERSISTENCE: Final = 1.75
"""Log odds by which the last action calls for the same again."""
RELUCTANCE: Final = 0.4
"""Log odds by which a view is likelier than an application."""

SHORTEST_ROW: Final = 3
LONGEST_ROW: Final = 15
ROW_SKEW: Final = 2.6
MOST_ROWS: Final = 9
NEXT_ROW: Final = 0.62
"""Chance that a history goes on for another row."""


@dataclass(frozen=True)
class Board:
    """What drives the candidates; J jobs, newest first."""

    codes: dict[str, np.ndarray]
    """Feature -> (J,) int, -1 where the ad does not state it; the title's code is its trade."""
    popularity: np.ndarray
    """(J,) float, log odds of being opened."""
    companions: np.ndarray
    """(J, COMPANIONS) int, the jobs that tend to follow a job."""
    appeal: np.ndarray
    """(J,) float, log odds of an application."""
    fresh: np.ndarray
    """(J,) bool, posted so lately that one candidate alone, at the end of a search, has found it."""


def make_board(rng: np.random.Generator, ads: list[Ad]) -> Board:
    """Put the stated features into numbers and draw the hidden side, which the text of the ads does not tell."""
    jobs = len(ads)
    fresh = np.arange(jobs) < int(FRESH_SHARE * jobs)
    known = np.flatnonzero(~fresh).tolist()
    companies = [name for names in COMPANIES.values() for name in names]
    return Board(
        codes={
            TITLE: np.array([ad.family for ad in ads]),
            SENIORITY: _codes(ads, SENIORITY, SENIORITIES),
            COMPANY: _codes(ads, COMPANY, companies),
            INDUSTRY: _codes(ads, INDUSTRY, tuple(COMPANIES)),
            LOCATION: _codes(ads, LOCATION, CITIES),
        },
        popularity=POPULARITY_SPREAD * _bell(rng, jobs),
        companions=np.array([pick_some(rng, known, COMPANIONS) for _ in range(jobs)]),
        appeal=0.5 * _bell(rng, jobs),
        fresh=fresh,
    )


def make_chains(rng: np.random.Generator, board: Board, count: int) -> list[list[Row]]:
    """Let `count` candidates browse and cut each history into rows: a row's target opens the next row.

    Each fresh job ends the history of one candidate whom it suits, and occurs nowhere else: a cold target.
    """
    lengths = [_row_lengths(rng) for _ in range(count)]
    wishes, histories = [], []
    for rows in lengths:
        wish, events = _browse(rng, board, sum(rows) + 1)
        wishes.append(wish)
        histories.append(events)

    free = np.ones(count, dtype=bool)
    pulls = np.stack([_pull(board, wish) for wish in wishes])
    for job in pick_some(rng, np.flatnonzero(board.fresh).tolist(), min(count, int(board.fresh.sum()))):
        finder = _choose(rng, np.where(free, pulls[:, job], -np.inf))
        free[finder] = False
        histories[finder][-1] = (job, histories[finder][-1][1])
    return [_cut(events, rows) for events, rows in zip(histories, lengths, strict=True)]


def _codes(ads: list[Ad], feature: str, names: Sequence[str]) -> np.ndarray:
    places: dict[str | None, int] = {name: place for place, name in enumerate(names)}
    return np.array([places.get(ad.values[feature], -1) for ad in ads])


def _bell(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw `count` values of mean 0 and standard deviation 1, near enough normal."""
    return rng.random((count, 12)).sum(axis=1) - 6.0


def _choose(rng: np.random.Generator, logits: np.ndarray) -> int:
    """Draw a place with probability softmax(logits), by integer weights."""
    total = np.cumsum(np.rint(np.exp(logits - logits.max()) * 1e6).astype(np.int64))
    return int(np.searchsorted(total, int(rng.random() * int(total[-1])), side="right"))


def _row_lengths(rng: np.random.Generator) -> list[int]:
    rows = 1
    while rows < MOST_ROWS and rng.random() < NEXT_ROW:
        rows += 1
    span = LONGEST_ROW - SHORTEST_ROW + 1
    return [SHORTEST_ROW + int(span * rng.random() ** ROW_SKEW) for _ in range(rows)]


def _cut(events: list[Event], lengths: list[int]) -> list[Row]:
    rows, start = [], 0
    for length in lengths:
        rows.append((events[start : start + length], events[start + length]))
        start += length
    return rows


def _browse(rng: np.random.Generator, board: Board, count: int) -> tuple[Wish, list[Event]]:
    """Give one candidate's last wish and `count` events in order."""
    wish = _first_wish(rng, board)
    pull = _pull(board, wish)
    base = board.popularity + np.where(board.fresh, -np.inf, 0.0)
    inclination = 2.0 * (rng.random() - 0.5) - RELUCTANCE
    events: list[Event] = []
    for _ in range(count):
        if rng.random() < DRIFT:
            wish = _drift(rng, board, wish)
            pull = _pull(board, wish)
        logits = base + pull
        for lag, (opened, _) in enumerate(reversed(events[-2:]), start=1):
            logits[board.companions[opened]] += COMPANION_PULL / lag
        logits[[opened for opened, _ in events[-MEMORY:]]] = -np.inf
        job = _choose(rng, logits)
        odds = inclination + float(board.appeal[job])
        if events:
            odds += PERSISTENCE if events[-1][1] == APPLY else -PERSISTENCE
        events.append((job, APPLY if rng.random() < 1 / (1 + math.exp(-odds)) else VIEW))
    return wish, events


def _first_wish(rng: np.random.Generator, board: Board) -> Wish:
    """Wish for a job like one on the board; what its ad leaves out is drawn on its own."""
    model = pick(rng, np.flatnonzero(~board.fresh).tolist())
    codes = {feature: int(board.codes[feature][model]) for feature in TASTE}
    return {f: code if code >= 0 else _wished(rng, board, f) for f, code in codes.items()}


def _wished(rng: np.random.Generator, board: Board, feature: str) -> int:
    """Draw a code that the board offers, the frequent ones more often."""
    offered = board.codes[feature]
    return int(pick(rng, offered[offered >= 0].tolist()))


def _drift(rng: np.random.Generator, board: Board, wish: Wish) -> Wish:
    """Change one wish: a neighbouring trade, one level up, or another city, sector or company."""
    feature = pick(rng, tuple(TASTE))
    if feature == TITLE:
        code = (wish[TITLE] + pick(rng, (-1, 1))) % len(FAMILIES)
    elif feature == SENIORITY:
        code = min(wish[SENIORITY] + 1, len(SENIORITIES) - 1)
    else:
        code = _wished(rng, board, feature)
    return {**wish, feature: code}


def _pull(board: Board, wish: Wish) -> np.ndarray:
    """Pull of every job by its features, (J,) log odds."""
    total = np.zeros(len(board.fresh))
    for feature, strength in TASTE.items():
        codes, wished = board.codes[feature], wish[feature]
        match = np.where(codes < 0, UNSTATED, codes == wished)
        if feature == TITLE:
            steps = np.abs(codes - wished)
            match += NEIGHBOUR * (np.minimum(steps, len(FAMILIES) - steps) == 1)
        total += strength * match
    return total
