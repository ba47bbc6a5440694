"""Ragged storage of many sessions and the padded batches cut from it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nextjob.schema import PAD


class Batch(NamedTuple):
    """What every model sees: B sessions, right-padded to the longest prefix L of the batch.

    All int64. Jobs are numbered 1..J and actions 1..2, 0 is padding; a target of 0 is unknown.
    """

    jobs: Tensor  # (B, L)
    actions: Tensor  # (B, L)
    target_job: Tensor  # (B,)
    target_action: Tensor  # (B,)
    chain: Tensor  # (B,) profile chain, to leave it out of counts and to resample it
    row: Tensor  # (B,) row number in the split, unique
    later: Tensor  # (B, H) jobs opened after the target, in order; 0 = none, H = 0 where nothing learns from them


@dataclass(frozen=True)
class Sessions:
    """N sessions; session i is ``jobs[offsets[i]:offsets[i + 1]]`` with the same slice of ``actions``."""

    ids: np.ndarray  # (N,) object, the session ids as given
    offsets: np.ndarray  # (N + 1,) int64
    jobs: np.ndarray  # (T,) int64, job numbers 1..J
    actions: np.ndarray  # (T,) int64, action numbers 1..2
    target_job: np.ndarray  # (N,) int64, 0 = unknown
    target_action: np.ndarray  # (N,) int64, 0 = unknown
    chain: np.ndarray  # (N,) int64 profile chain
    later: np.ndarray | None = None  # (N, H) int64 jobs after the target, 0 = none; training examples have them

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> np.ndarray:
        """(N,) number of interactions of each session."""
        return np.diff(self.offsets)

    def take(self, rows: np.ndarray) -> "Sessions":
        """The sessions of the given row numbers, in that order."""
        flat, offsets = slices(self.offsets[rows], self.lengths[rows])
        return Sessions(
            ids=self.ids[rows],
            offsets=offsets,
            jobs=self.jobs[flat],
            actions=self.actions[flat],
            target_job=self.target_job[rows],
            target_action=self.target_action[rows],
            chain=self.chain[rows],
            later=None if self.later is None else self.later[rows],
        )

    def with_target_last(self) -> "Sessions":
        """Sessions whose last interaction became the target; sessions of a single job are left out."""
        rows = np.flatnonzero(self.lengths >= 2)
        last = self.offsets[rows + 1] - 1
        flat, offsets = slices(self.offsets[rows], self.lengths[rows] - 1)
        return Sessions(
            ids=self.ids[rows],
            offsets=offsets,
            jobs=self.jobs[flat],
            actions=self.actions[flat],
            target_job=self.jobs[last],
            target_action=self.actions[last],
            chain=self.chain[rows],
        )

    def with_target_appended(self) -> "Sessions":
        """Sessions that end with their target."""
        flat = np.insert(self.jobs, self.offsets[1:], self.target_job)
        actions = np.insert(self.actions, self.offsets[1:], self.target_action)
        none = np.zeros(len(self), dtype=np.int64)
        offsets = self.offsets + np.arange(len(self) + 1)
        return Sessions(self.ids, offsets, flat, actions, none, none, self.chain)

    def batch(self, rows: np.ndarray) -> Batch:
        """Padded batch of the given rows."""
        lengths = self.lengths[rows]
        inside = np.arange(lengths.max(initial=1)) < lengths[:, None]  # (B, L)
        jobs = np.full(inside.shape, PAD)
        actions = np.full(inside.shape, PAD)
        flat, _ = slices(self.offsets[rows], lengths)
        jobs[inside] = self.jobs[flat]
        actions[inside] = self.actions[flat]
        later = np.empty((len(rows), 0), dtype=np.int64) if self.later is None else self.later[rows]
        columns = (jobs, actions, self.target_job[rows], self.target_action[rows], self.chain[rows], rows, later)
        return Batch(*(torch.from_numpy(np.ascontiguousarray(column)) for column in columns))


def slices(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flat indices of the slices ``[start, start + length)`` one after the other, and their offsets."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flat = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return flat, offsets
