"""The two leading directions of the SVD that the factors start from, one point a job."""

from collections.abc import Mapping

import numpy as np

from nextjob.report.coverage import Coverage
from nextjob.report.plots import Plot, points

LONGEST_NAME = 26


def telling_feature(features: Mapping[str, Coverage]) -> str:
    """The feature whose most frequent values, the first apart, cover most jobs: the one worth colouring by."""
    return max(features, key=lambda name: sum(share for _, share in features[name].frequent[1:]))


def space_plot(factors: np.ndarray, feature: str, found: Coverage) -> Plot:
    """Jobs in the plane of their first two factors, (J, k <= 2), coloured by the most frequent values of a feature.

    Coordinates are signed square roots, so that the many small ones do not fall into one spot; jobs without factors
    are left out.
    """
    factors = np.pad(factors, ((0, 0), (0, 2 - factors.shape[1])))  # a tiny board may have fewer directions
    place = np.sign(factors) * np.abs(factors) ** 0.5
    there = np.abs(factors).max(1) > 1e-9 * np.abs(factors).max()
    groups = {"other": np.ones(len(place), dtype=bool)}
    for value, _ in found.frequent:
        chosen = (found.values == value).to_numpy()
        groups["other"] &= ~chosen
        groups[value if len(value) <= LONGEST_NAME else value[: LONGEST_NAME - 1] + "…"] = chosen
    parts = {name: place[chosen & there] for name, chosen in groups.items()}
    return points(f"factor space by {feature}", parts, "first direction", "second direction")
