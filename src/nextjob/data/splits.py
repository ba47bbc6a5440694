"""Splits by profile chain: no candidate has sessions on two sides."""

from typing import NamedTuple

import numpy as np

from nextjob.errors import InputError

LARGEST_TUNE_SHARE = 0.3
"""Of the training chains, where there are few."""


class Split(NamedTuple):
    """Row numbers of the three parts.

    ``train`` feeds counts, factors and word vectors. ``tune`` (inside the training folds) fits what mixes them
    and chooses the epoch. ``val`` is the fold that is reported and decides nothing.
    """

    train: np.ndarray
    tune: np.ndarray
    val: np.ndarray


def split_by_chain(chain: np.ndarray, fold: int, folds: int, tune_chains: int, seed: int) -> Split:
    """Assign whole chains to folds at random; fold ``fold`` is val, ``tune_chains`` of the rest are tune.

    Tune takes no more than LARGEST_TUNE_SHARE of the rest, and at least one chain.

    The folds depend on ``seed`` and the chains alone, so every model sees the same ones.

    Raises:
        InputError: the fold does not exist, no chain is to be tune, or there are fewer chains than folds.
    """
    if not 0 <= fold < folds:
        raise InputError(f"data.fold={fold}: with data.folds={folds} the folds are 0 to {folds - 1}")
    if tune_chains < 1:
        raise InputError(f"data.tune_chains={tune_chains}: the mixing learns from at least one chain")
    chains = np.unique(chain)
    if len(chains) < 2 * folds:
        raise InputError(
            f"{len(chains)} profile chains are too few for data.folds={folds}, which takes two a fold: "
            "give more sessions, or lower data.folds"
        )
    order = np.random.default_rng(seed).permutation(chains)
    fold_of = np.empty(chains.max() + 1, dtype=np.int64)
    fold_of[order] = np.arange(len(order)) % folds
    rest = order[fold_of[order] != fold]
    in_tune = np.zeros(chains.max() + 1, dtype=bool)
    in_tune[rest[: max(1, min(tune_chains, round(LARGEST_TUNE_SHARE * len(rest))))]] = True
    is_val = fold_of[chain] == fold
    is_tune = in_tune[chain]
    return Split(*(np.flatnonzero(part) for part in (~is_val & ~is_tune, is_tune, is_val)))
