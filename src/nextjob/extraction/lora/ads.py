"""Ads whose answers are known: what is read from a file of labelled ads, and which of them belong together."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from sklearn.preprocessing import MultiLabelBinarizer

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
    shingles = MultiLabelBinarizer(sparse_output=True).fit_transform([_shingles(ad.text) for ad in ads])
    size = np.asarray(shingles.sum(1)).ravel()
    shared = (shingles @ shingles.T).tocoo()
    alike = shared.data >= ALIKE * (size[shared.row] + size[shared.col] - shared.data)
    first_of = {ad.group: number for number, ad in reversed(list(enumerate(ads))) if ad.group}
    named = [(first_of[ad.group], number) for number, ad in enumerate(ads) if ad.group]
    pairs = np.concatenate([np.stack([shared.row[alike], shared.col[alike]], axis=1), np.array(named).reshape(-1, 2)])
    together = sp.coo_matrix((np.ones(len(pairs)), pairs.T.astype(np.int64)), (len(ads), len(ads)))
    group = connected_components(together, directed=False)[1]
    first = np.unique(group, return_index=True)[1]
    return [int(number) for number in first[group]]


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
