"""Val rows in groups: by how long the session is, how known its target, where its profile chain ends."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

LENGTHS = (1, 2, 4, 7, 11)
POPULARITIES = (0, 2, 5, 10, 20, 50)
SHARES = (0.0, 0.25, 0.5, 1.0)


def by_length(rows: pd.DataFrame) -> pd.Series:
    """Interactions of the session, in bands."""
    return _bands(rows["length"], LENGTHS, 1)


def by_popularity(rows: pd.DataFrame) -> pd.Series:
    """Interactions with the target in the counted chains, in bands."""
    return _bands(rows["target_popularity"], POPULARITIES, 0)


def by_cold_target(rows: pd.DataFrame) -> pd.Series:
    """Whether the target occurs in a counted chain."""
    return _either(rows["target_popularity"] > 0, "seen in training", "cold")


def by_chain_end(rows: pd.DataFrame) -> pd.Series:
    """Whether a further row of the profile chain follows."""
    return _either(~rows["chain_end"], "a row follows", "last of its chain")


def by_cold_share(rows: pd.DataFrame) -> pd.Series:
    """Share of cold jobs in the session, in bands."""
    labels = ["none", *(f"up to {share:.0%}" for share in SHARES[1:])]
    return pd.Series(pd.cut(rows["cold_share"], [-1, *SHARES], labels=labels))


def _bands(values: pd.Series, tops: Sequence[int], least: int) -> pd.Series:
    """Whole numbers in bands that end at ``tops``, and one beyond the last."""
    starts = [least, *(top + 1 for top in tops)]
    labels = [str(top) if start == top else f"{start} to {top}" for start, top in zip(starts, tops, strict=False)]
    return pd.Series(pd.cut(values, [least - 1, *tops, np.inf], labels=[*labels, f"{starts[-1]} or more"]))


def _either(first: pd.Series, yes: str, no: str) -> pd.Series:
    return pd.Series(pd.Categorical(np.where(first, yes, no), [yes, no]), index=first.index)
