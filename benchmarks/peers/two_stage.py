"""The strong peer: candidates from counts, reranked by LightGBM's lambdarank."""

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from nextjob.catalogue import Catalogue
from nextjob.data.prefixes import stitch_chains
from nextjob.data.sessions import Batch, Sessions
from nextjob.models.content import principal_coordinates
from nextjob.models.hybrid import DECIMALS
from nextjob.models.prefix import lags
from nextjob.models.transitions import Transitions, count_transitions
from nextjob.schema import ACTION_NUMBERS, APPLY
from peers.common import batches, prefixes_of_rows
from peers.counted import Neighbours, Pairs, covisits

CANDIDATES = 300
TRANSITIONS: dict[str, Any] = {"window": 12, "back": 0.6, "decay": 0.7, "power": 0.5}
COVISIT_DECAY, COVISIT_POWER = 0.8, 0.5
NEIGHBOURS_DECAY = 0.7
NEIGHBOURS: dict[str, Any] = {"unit": "row", "neighbours": 500, "size_power": 0.5, "idf": 1.0}
LAGS = 5
TRAINING_PREFIXES, STOPPING_PREFIXES, NEGATIVES = 20_000, 3000, 50
PARAMETERS = {
    "objective": "lambdarank",
    "metric": "ndcg",
    "eval_at": [10],
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "lambdarank_truncation_level": 20,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
MOST_ROUNDS, PATIENCE = 600, 40


class TwoStage:
    """Top candidates of transitions, co-visits and neighbours, and a ranker over features of (session, candidate).

    Counts come from train and tune rows; a row's own profile chain is left out of all of them. Tune rows stop the
    boosting, which is then repeated with as many rounds on both.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.n_jobs = len(catalogue.vocabulary)
        self.values = np.stack([number_values(catalogue.texts[name]) for name in catalogue.features], axis=1)
        self.order = np.random.default_rng(0).permutation(self.n_jobs) / self.n_jobs  # of equal candidates
        table = catalogue.embeddings
        self.vectors = {}
        for feature in catalogue.features:
            given = torch.from_numpy(table.vectors[feature]), torch.from_numpy(table.mask(feature))
            coordinates = functional.normalize(principal_coordinates(*given, dimension=128, whitening=0.5), dim=1)
            self.vectors[feature] = functional.pad(coordinates, (0, 0, 1, 0)).numpy()

    def count(self, known: Sessions) -> None:
        """Everything that is counted, from rows of whole chains."""
        stitched = stitch_chains(known)
        self.transitions = Transitions(self.n_jobs, **TRANSITIONS)
        self.transitions.count(stitched)
        forward = count_transitions(stitched, TRANSITIONS["window"], back=0.0)
        backward = forward._replace(source=forward.target, target=forward.source)
        self.pairs = {
            "after": Pairs(forward, self.n_jobs),
            "before": Pairs(backward, self.n_jobs),
            "beside": Pairs(covisits(known), self.n_jobs),
        }
        self.neighbours = Neighbours(known, self.n_jobs, **NEIGHBOURS)

    def fit(self, train: Sessions, tune: Sessions, known: Sessions) -> dict[str, Any]:
        """Count ``known``, which is both, and boost."""
        self.count(known)
        learned = self.examples(prefixes_of_rows(train, TRAINING_PREFIXES), NEGATIVES)
        stopped = self.examples(prefixes_of_rows(tune, STOPPING_PREFIXES), CANDIDATES - 1)
        booster = lightgbm.train(
            PARAMETERS,
            dataset(*learned),
            MOST_ROUNDS,
            valid_sets=[dataset(*stopped)],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        more = sample(*stopped, NEGATIVES)
        both = dataset(*(np.concatenate(parts) for parts in zip(learned, more, strict=True)))
        self.booster = lightgbm.train(PARAMETERS, both, booster.best_iteration)
        return {"rounds": booster.best_iteration, "prefixes": len(learned[1]) + len(more[1])}

    def __call__(self, batch: Batch) -> np.ndarray:
        candidates, features = self.features(batch)
        scores = np.full((len(batch.jobs), self.n_jobs), -np.inf)
        found = np.asarray(self.booster.predict(features.reshape(-1, features.shape[2]))).reshape(candidates.shape)
        np.put_along_axis(scores, candidates, found, axis=1)
        return scores

    def examples(self, prefixes: Sessions, negatives: int) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, C, F) and labels (N, C) of the prefixes whose target is a candidate."""
        parts = []
        for rows in batches(prefixes):
            batch = prefixes.batch(rows)
            candidates, features = self.features(batch)
            target = candidates == batch.target_job.numpy()[:, None] - 1
            found = target.any(1)
            parts.append(sample(features[found], target[found], negatives))
        features, target = (np.concatenate(part) for part in zip(*parts, strict=True))
        return features, target

    def features(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Columns of the candidates (B, C) and their features (B, C, F)."""
        jobs, actions, chain = batch.jobs.numpy(), batch.actions.numpy(), batch.chain.numpy()
        sources = self.sources(batch, jobs, chain)
        candidates, places = best_of(sources, jobs, self.order)
        shape = candidates.shape
        columns = [np.take_along_axis(scores, candidates, axis=1) for scores in sources]
        columns += [scores / scores.max(1, keepdims=True).clip(1e-9) for scores in columns[:3]]
        columns += places
        popularity = np.take_along_axis(self.neighbours.frequency_of(chain), candidates, axis=1)
        columns.append(popularity)

        length = (jobs > 0).sum(1)
        row = np.arange(len(jobs))
        past = [np.where(length > lag, jobs[row, length - 1 - lag], 0) for lag in range(LAGS)]
        for pairs in self.pairs.values():
            weights = np.stack([pairs.at(job, candidates, chain) for job in past])  # (LAGS, B, C)
            mass = pairs.mass_of(np.stack(past, 1), chain).T[:, :, None]
            share = weights / np.sqrt(mass + 1)
            columns += [*share[:3], weights[0], weights.sum(0), share.sum(0), share.max(0), (weights > 0).sum(0)]
            columns.append(share.sum(0) / np.sqrt(popularity + 1))

        for number, vectors in enumerate(self.vectors.values()):
            cosines = np.einsum("bcd,bld->blc", vectors[candidates + 1], vectors[jobs], optimize=True)
            known = (jobs > 0)[:, :, None]
            weight = known * 0.8 ** lags(batch.jobs).numpy()[:, :, None]
            last = cosines[row, length - 1]
            columns += [last, np.where(known, cosines, -1).max(1), (cosines * weight).sum(1) / weight.sum(1)]
            values = np.append(0, self.values[:, number])
            same = (values[candidates + 1][:, None] == values[jobs][:, :, None]) & (values[jobs] > 0)[:, :, None]
            columns += [same[row, length - 1], same.sum(1)]

        applied = actions == ACTION_NUMBERS[APPLY]
        mass = self.pairs["after"].mass_of(np.stack(past, 1), chain)
        facts = [length, applied.sum(1) / length, applied[row, length - 1], mass[:, 0], mass.sum(1)]
        facts += [self.neighbours.frequency_of(chain)[row, past[0] - 1]]
        columns += [np.broadcast_to(fact[:, None], shape) for fact in facts]
        return candidates, np.stack(columns, axis=2, dtype=np.float32, casting="unsafe")

    def sources(self, batch: Batch, jobs: np.ndarray, chain: np.ndarray) -> list[np.ndarray]:
        """Scores (B, J) of transitions, co-visits and neighbours."""
        beside = self.pairs["beside"]
        mass = beside.mass_of(jobs, chain)
        weights = (jobs > 0) * COVISIT_DECAY ** lags(batch.jobs).numpy() / np.maximum(mass, 1) ** COVISIT_POWER
        covisit = beside.summed(jobs, weights, chain).astype(np.float32)
        transitions = self.transitions(batch.jobs, batch.chain).numpy().round(DECIMALS)  # a subtraction leaves 1e-8
        return [transitions, covisit, self.neighbours(batch, NEIGHBOURS_DECAY)]


def number_values(values: list[str]) -> np.ndarray:
    """Numbers of the values of a feature, equal where they are equal but for case; 0 = missing."""
    codes, _ = pd.factorize(pd.Series(values).str.strip().str.casefold().replace("", None))
    return codes + 1


def sample(features: np.ndarray, target: np.ndarray, negatives: int) -> tuple[np.ndarray, np.ndarray]:
    """The target and so many other candidates at random, in a random order: ties must not tell the target."""
    generator = np.random.default_rng(0)
    draw = generator.random(target.shape, dtype=np.float32) - target
    chosen = generator.permuted(np.argpartition(draw, negatives, axis=1)[:, : negatives + 1], axis=1)
    return np.take_along_axis(features, chosen[:, :, None], axis=1), np.take_along_axis(target, chosen, axis=1)


def dataset(features: np.ndarray, target: np.ndarray) -> lightgbm.Dataset:
    """(N, C, F), (N, C) as N queries."""
    size = np.full(len(target), target.shape[1])
    return lightgbm.Dataset(features.reshape(-1, features.shape[2]), target.ravel(), group=size)


def best_of(sources: list[np.ndarray], jobs: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The CANDIDATES jobs with the best place in any source, none of the session's, and their places in each."""
    session, place = np.nonzero(jobs)
    merged = np.full(sources[0].shape, np.inf)
    ranked = []
    for scores in sources:
        masked = scores * (1 + 1e-9 * order)
        masked[session, jobs[session, place] - 1] = -1
        top = np.argpartition(-masked, CANDIDATES, axis=1)[:, :CANDIDATES]
        best_first = np.argsort(-np.take_along_axis(masked, top, axis=1), axis=1)
        top = np.take_along_axis(top, best_first, axis=1)
        scored = np.take_along_axis(masked, top, axis=1) > 0
        places = np.full(scores.shape, 2 * CANDIDATES, dtype=np.float32)
        position = np.broadcast_to(np.arange(CANDIDATES, dtype=np.float32), top.shape)
        np.put_along_axis(places, top, np.where(scored, position, 2 * CANDIDATES), axis=1)
        merged = np.minimum(merged, places)
        ranked.append(places)
    merged += order / 2
    merged[session, jobs[session, place] - 1] = np.inf
    candidates = np.argpartition(merged, CANDIDATES, axis=1)[:, :CANDIDATES]
    return candidates, [np.take_along_axis(places, candidates, axis=1) for places in ranked]
