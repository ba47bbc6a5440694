"""Ads whose answers are known: what is read from a file of labelled ads, and which of them belong together."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from nextjob.errors import InputError
from nextjob.extraction.readable import readable
from nextjob.extraction.values.folding import fold_words

UNKNOWN = "Unknown"
LABELS = ("title", "seniority", "company", "industry", "location")
SHINGLE = 5
"""Words in a row that two ads are compared by."""
ALIKE = 0.3
"""Share of common shingles from which two ads are of one group."""


@dataclass(frozen=True)
class LabelledAd:
    """One ad and, per feature, the answers that count as right, the best one first ("Unknown" for none).

    `group` names the employer or product, "" where that is not known; `evidence` holds words of the ad that an answer
    rests on.
    """

    ad_id: str
    text: str
    answers: dict[str, tuple[str, ...]]
    group: str = ""
    evidence: dict[str, str] = field(default_factory=dict)


def read_ads(path: str | Path) -> list[LabelledAd]:
    """Labelled ads from a JSONL file: `id`, `text`, `labels`, and optionally `also_acceptable`, `evidence`
    and `columns.startup`.

    Raises:
        InputError: no such file, or a line that lacks a part.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file of labelled ads; data.ads=null trains on synthetic ads only")
    ads = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            also = row.get("also_acceptable", {})
            answers = {name: _answers(row["labels"][name], also.get(name, [])) for name in LABELS}
            evidence = {name: _whole_words(words) for name, words in row.get("evidence", {}).items() if words}
            group = row.get("columns", {}).get("startup", "")
            text = readable(str(row["text"])).strip()  # as extraction reads it
            ads.append(LabelledAd(str(row["id"]), text, answers, group, evidence))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: line {number}: not a labelled ad ({error}); needs id, text and labels") from None
    if not ads:
        raise InputError(f"{path}: no ads in this file")
    return ads


def _whole_words(excerpt: str) -> str:
    """An excerpt of an ad without the words at its ends, which may be cut, where it has more than a few."""
    words = excerpt.split()
    return " ".join(words[1:-1] if len(words) > 6 else words)


def _answers(label: str, also: Sequence[str]) -> tuple[str, ...]:
    given = (UNKNOWN if answer.casefold() == "unknown" else answer for answer in (label, *also))
    return tuple(dict.fromkeys(given))


def group_ads(ads: Sequence[LabelledAd]) -> list[int]:
    """Number of the first ad of every ad's group; ads of one employer, or that share much text, are together."""
    parent = list(range(len(ads)))

    def root(node: int) -> int:
        while parent[node] != node:
            node = parent[node]
        return node

    shingles = [_shingles(ad.text) for ad in ads]
    holders: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, own in enumerate(shingles):
        for shingle in own:
            holders[shingle].append(number)
    common = Counter(pair for numbers in holders.values() for pair in combinations(numbers, 2))
    for (first, second), shared in common.items():
        if shared >= ALIKE * (len(shingles[first]) + len(shingles[second]) - shared):
            parent[root(second)] = root(first)
    named: dict[str, int] = {}
    for number, ad in enumerate(ads):
        if ad.group:
            parent[root(number)] = root(named.setdefault(ad.group, number))
    leaders: dict[int, int] = {}
    return [leaders.setdefault(root(number), number) for number in range(len(ads))]


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = fold_words(text)
    return {tuple(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


def deal_folds(ads: Sequence[LabelledAd], folds: int) -> list[int]:
    """Fold of every ad: whole groups, the largest first, each to the smallest fold."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(group_ads(ads)):
        members[group].append(number)
    sizes = [0] * folds
    fold_of = [0] * len(ads)
    for numbers in sorted(members.values(), key=lambda numbers: (-len(numbers), ads[numbers[0]].ad_id)):
        fold = sizes.index(min(sizes))
        sizes[fold] += len(numbers)
        for number in numbers:
            fold_of[number] = fold
    return fold_of
