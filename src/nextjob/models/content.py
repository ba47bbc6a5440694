"""Content: how close a job's features are to those of the session's past jobs."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional

from nextjob.models.kept import Kept
from nextjob.models.prefix import RecencyWeights, recency
from nextjob.words import WordVectors

FIRST_SCALE = 12.0
"""Spread of the logits from which the word vectors learn."""
LARGEST = "largest"
"""First half of the name of a column: the largest cosine with any one past job."""


class Shape(NamedTuple):
    """Sizes of one feature: dimension of its coordinates, distinct words, words of all jobs."""

    dimension: int
    words: int
    entries: int


class ContentScorer(nn.Module):
    """One cosine per feature between the session profile and every job.

    u_f = sum_i w_i (j_f(i) + A_f(i)), each of length 1, over past jobs with weights of recency and action, and
    s_f = cos(u_f, k_f + B_f) for a job k. The coordinates j_f are centred and partly whitened principal components
    of the feature's embeddings; A_f and B_f are sums of the trained vectors of the value's words, one for jobs as
    part of a prefix and one for jobs as candidates, and start at 0. A missing value scores 0.
    """

    def __init__(self, shapes: dict[str, Shape], n_jobs: int, decay: float, apply_weight: float, dropout: float):
        super().__init__()
        self.features = list(shapes)
        self.weights = RecencyWeights(decay, apply_weight)
        self.decay = decay
        self.dropout = nn.Dropout(dropout)
        self.spaces = nn.ModuleList(FeatureSpace(n_jobs, shape) for shape in shapes.values())
        self.log_scale = nn.Parameter(torch.full((len(shapes),), math.log(FIRST_SCALE / max(len(shapes), 1) ** 0.5)))

    def by_feature(self) -> Iterator[tuple[str, "FeatureSpace"]]:
        """Every feature with its coordinates and words."""
        for feature, space in zip(self.features, self.spaces, strict=True):
            assert isinstance(space, FeatureSpace)
            yield feature, space

    def profiles(self, jobs: Tensor, actions: Tensor) -> dict[str, Tensor]:
        """Unit vector of the session per feature; (B, L), (B, L) -> {feature: (B, D)}."""
        weights = self.weights(jobs, actions)
        return {
            feature: self.dropout(
                functional.normalize(
                    torch.einsum("bl,bld->bd", weights, functional.embedding(jobs, space.past())), dim=1
                )
            )
            for feature, space in self.by_feature()
        }

    def forward(self, jobs: Tensor, actions: Tensor) -> dict[str, Tensor]:
        """Cosine of every job per feature; (B, L), (B, L) -> {feature: (B, J)} in [-1, 1]."""
        profiles = self.profiles(jobs, actions)
        return {feature: profiles[feature] @ space.candidates().T for feature, space in self.by_feature()}

    def at(self, jobs: Tensor, actions: Tensor, candidates: Tensor) -> dict[str, Tensor]:
        """The same of some columns; (B, L), (B, L), (B, C) -> {feature: (B, C)}."""
        profiles = self.profiles(jobs, actions)
        return {
            feature: torch.einsum("bd,bcd->bc", profiles[feature], space.candidates()[candidates])
            for feature, space in self.by_feature()
        }

    def nearest(self, jobs: Tensor, candidates: Tensor) -> list[Tensor]:
        """Largest cosine between a candidate and any one past job; (B, L), (B, C) -> one (B, C) per feature."""
        spaces = [space for _, space in self.by_feature()]
        cosines = [_cosines(jobs, candidates, space.past(), space.candidates()) for space in spaces]
        return [_largest(cosine, jobs) for cosine in cosines]

    def untrained(self, jobs: Tensor, candidates: Tensor) -> dict[str, Tensor]:
        """Cosines by the coordinates alone; (B, L), (B, C) -> three (B, C) per feature by name.

        The largest with any one past job, their mean with weights of recency, and that with the last job.
        """
        weights, last = recency(jobs, self.decay), (jobs.ne(0).sum(1) - 1).clamp(min=0)
        found = {}
        for feature, space in self.by_feature():
            table = space.untrained()
            cosine = _cosines(jobs, candidates, table, table[1:])
            mean = (cosine * weights[:, None]).sum(2)
            found[f"{LARGEST}/{feature}"] = _largest(cosine, jobs)
            found[f"mean/{feature}"] = mean
            found[f"last/{feature}"] = cosine.gather(2, last[:, None, None].expand(*mean.shape, 1))[:, :, 0]
        return found

    def without_words(self, jobs: Tensor) -> dict[str, Tensor]:
        """Cosine of every job by the coordinates alone; (B, L) -> {feature: (B, J)}."""
        weights, scores = recency(jobs, self.decay), {}
        for feature, space in self.by_feature():
            table = space.untrained()
            profile = torch.einsum("bl,bld->bd", weights, functional.embedding(jobs, table))
            scores[feature] = functional.normalize(profile, dim=1) @ table[1:].T
        return scores

    def by_past_job(self, jobs: Tensor, candidates: Tensor) -> dict[str, Tensor]:
        """Cosine of every candidate and every single past job per feature; (B, L), (B, C) -> {feature: (B, C, L)}.

        -inf where one of the two has no value.
        """
        cosines = {}
        for feature, space in self.by_feature():
            past, table = space.past(), space.candidates()
            missing = [functional.embedding(rows, of).eq(0).all(2) for rows, of in ((jobs, past), (candidates, table))]
            unknown = missing[0][:, None] | missing[1][:, :, None]
            cosines[feature] = _cosines(jobs, candidates, past, table).masked_fill(unknown, -torch.inf)
        return cosines

    def append(self, coordinates: Mapping[str, Tensor], words: Mapping[str, sp.csr_matrix]) -> None:
        """Add N jobs, (N, D) and (N, W) per feature."""
        for feature, space in self.by_feature():
            space.coordinates = torch.cat([space.coordinates, coordinates[feature].to(space.coordinates)])
            for part in (space.A, space.B):
                part.append(words[feature])

    def joined(self, jobs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """(B, D'), (J, D') whose inner products are the cosines times their learned scales, summed over features."""
        profiles, scales = self.profiles(jobs, actions), self.log_scale.exp()
        sessions = [scale * profiles[feature] for scale, feature in zip(scales, self.features, strict=True)]
        return torch.cat(sessions, dim=1), torch.cat([space.candidates() for _, space in self.by_feature()], dim=1)


class FeatureSpace(nn.Module):
    """Coordinates of one feature's values and the trained vectors of their words."""

    coordinates: Tensor

    def __init__(self, n_jobs: int, shape: Shape) -> None:
        super().__init__()
        self.register_buffer("coordinates", torch.zeros(n_jobs, shape.dimension))
        self.A, self.B = (WordVectors((n_jobs, shape.words, shape.entries), shape.dimension) for _ in range(2))
        self._past, self._candidates, self._untrained = Kept(), Kept(), Kept()

    def past(self) -> Tensor:
        """(J + 1, D) unit vectors of jobs as part of a prefix, row 0 = padding."""
        return self._past.of(self, lambda: _unit(self.coordinates + self.A()))

    def candidates(self) -> Tensor:
        """(J, D) unit vectors of jobs as candidates."""
        return self._candidates.of(self, lambda: _unit(self.coordinates + self.B()))[1:]

    def untrained(self) -> Tensor:
        """(J + 1, D) unit vectors of the coordinates alone, row 0 = padding."""
        return self._untrained.of(self, lambda: _unit(self.coordinates))


def _unit(vectors: Tensor) -> Tensor:
    """(J, D) -> (J + 1, D) of length 1 under a row of zeros."""
    return functional.pad(functional.normalize(vectors, dim=1), (0, 0, 1, 0))


def _cosines(jobs: Tensor, candidates: Tensor, past: Tensor, table: Tensor) -> Tensor:
    return torch.einsum("bld,bcd->bcl", functional.embedding(jobs, past), functional.embedding(candidates, table))


def _largest(cosines: Tensor, jobs: Tensor) -> Tensor:
    """(B, C, L) -> (B, C) over the jobs that are none of the padding."""
    return cosines.masked_fill(jobs.eq(0)[:, None], -torch.inf).amax(2)


class Axes(NamedTuple):
    """Principal axes of the embeddings of one feature."""

    mean: Tensor  # (E,) double
    axes: Tensor  # (E, D) double


def principal_coordinates(vectors: Tensor, present: Tensor, dimension: int | None, whitening: float) -> Tensor:
    """Centred principal coordinates with each axis divided by std^whitening; (J, D), (J,) bool -> (J, dimension).

    ``whitening`` 0 keeps the spread of the embedding, 1 gives every axis the same. ``dimension`` None leaves the
    vectors as they are. Rows without a value are 0.
    """
    return project(vectors, present, principal_axes(vectors, present, dimension, whitening))


def principal_axes(vectors: Tensor, present: Tensor, dimension: int | None, whitening: float) -> Axes | None:
    """What `principal_coordinates` projects on; None where it leaves the vectors as they are."""
    if dimension is None:
        return None
    known = vectors[present].double()
    mean = known.mean(0)
    centred = known - mean
    variance, axes = torch.linalg.eigh(centred.T @ centred / max(len(known) - 1, 1))
    keep = variance.argsort(descending=True)[:dimension]
    keep = keep[variance[keep] > 1e-9 * variance.max()]
    axes = axes[:, keep] * variance[keep] ** (-whitening / 2)
    return Axes(mean, axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign())


def project(vectors: Tensor, present: Tensor, axes: Axes | None) -> Tensor:
    """Coordinates of (J, E) vectors on (E, D) axes, (J, D), 0 in rows without a value."""
    if axes is None:
        return vectors * present[:, None]
    coordinates = torch.zeros(len(vectors), axes.axes.shape[1])
    coordinates[present] = ((vectors[present].double() - axes.mean) @ axes.axes).float()
    return coordinates
