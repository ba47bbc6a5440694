"""Hand weights: untrained cosines of every feature and the transitions, their weights chosen from a grid."""

from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nextjob.catalogue import Catalogue
from nextjob.data.prefixes import stitch_chains
from nextjob.data.sessions import Batch, Sessions
from nextjob.metrics import reciprocal_rank
from nextjob.models.content import principal_coordinates
from nextjob.models.mixing import FIRST_EPS
from nextjob.models.prefix import lags
from nextjob.models.transitions import Transitions
from peers.common import INNER_ROWS, batches, prefixes_of_rows

DIMENSION, WHITENING = 128, 0.5
DECAYS = (0.7, 0.8, 0.9)
FEATURE_WEIGHTS = {"title": (1.0,), "location": (1.0, 2.0, 3.0, 4.0), "company": (0.0, 0.5, 1.0)}
OTHER_FEATURES = (0.0, 0.5, 1.0)
TRANSITION_WEIGHTS = (0.0, 0.03, 0.1, 0.3)
COUNTED = {"window": 12, "back": 0.6, "decay": 0.7, "power": 0.5}


class HandWeights:
    """sum_f w_f cos(u_f, j_f) + w_t log(1 + T / eps), u_f the decayed mean of the past jobs' unit vectors.

    Every combination of the grid ranks the same rows of the training folds, own chains left out of the counts.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        table = catalogue.embeddings
        self.unit = {
            feature: functional.normalize(
                principal_coordinates(
                    torch.from_numpy(vectors), torch.from_numpy(table.mask(feature)), DIMENSION, WHITENING
                ),
                dim=1,
            )
            for feature, vectors in table.vectors.items()
        }
        self.transitions = Transitions(len(catalogue.vocabulary), **COUNTED)  # type: ignore[arg-type]

    def fit(self, train: Sessions, tune: Sessions, known: Sessions) -> dict[str, Any]:
        """Count and choose on ``known``, which is train and tune."""
        self.transitions.count(stitch_chains(known))
        inner = prefixes_of_rows(known, INNER_ROWS)
        grids = [FEATURE_WEIGHTS.get(feature, OTHER_FEATURES) for feature in self.unit]
        best, most = None, -1.0
        for decay in DECAYS:
            weights = torch.tensor(list(product(*grids, TRANSITION_WEIGHTS)))
            found = torch.cat([self._reciprocal(inner.batch(rows), decay, weights) for rows in batches(inner)])
            value, place = found.mean(0).max(0)
            if value > most:
                best, most = (decay, weights[place]), value.item()
        assert best is not None
        self.decay, self.weights = best
        names = [*self.unit, "transitions"]
        chosen = dict(zip(names, self.weights.tolist(), strict=True))
        return {"decay": self.decay, **chosen, "inner_mrr": most}

    def __call__(self, batch: Batch) -> np.ndarray:
        """(B, J) scores."""
        return (self._terms(batch, self.decay, leave_out=False) @ self.weights).numpy()

    def _terms(self, batch: Batch, decay: float, leave_out: bool) -> Tensor:
        """(B, J, F + 1)."""
        recency = decay ** lags(batch.jobs) * batch.jobs.ne(0)
        terms = []
        for unit in self.unit.values():
            past = functional.embedding(batch.jobs, functional.pad(unit, (0, 0, 1, 0)))
            terms.append(functional.normalize(torch.einsum("bl,bld->bd", recency, past), dim=1) @ unit.T)
        counted = self.transitions(batch.jobs, batch.chain if leave_out else None)
        return torch.stack([*terms, torch.log1p(counted / FIRST_EPS)], dim=2)

    def _reciprocal(self, batch: Batch, decay: float, weights: Tensor) -> Tensor:
        """(B, W) reciprocal rank of the target under W weightings, (W, F + 1)."""
        terms = self._terms(batch, decay, leave_out=True)
        seen = torch.zeros(terms.shape[0], terms.shape[1] + 1, dtype=torch.bool).scatter_(1, batch.jobs, True)[:, 1:]
        found = []
        for row, target, masked in zip(terms, batch.target_job - 1, seen, strict=True):
            scores = row[~masked] @ weights.T
            found.append(reciprocal_rank(1 + (scores > row[target] @ weights.T).sum(0)))
        return torch.stack(found)
