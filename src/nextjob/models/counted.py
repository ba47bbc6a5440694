"""What is counted from chains for the ranker of counts, a row's own profile chain left out."""

from torch import Tensor, nn

from nextjob.data.sessions import Sessions
from nextjob.models.counts import N_PAIR_COLUMNS, PairCounts
from nextjob.models.timeline import N_TIMES, Timeline
from nextjob.models.transitions import count_transitions

N_COLUMNS = N_PAIR_COLUMNS + N_TIMES


class Counted(nn.Module):
    """Counts of pairs of jobs, and the timeline that follows from all pairs together."""

    def __init__(self, n_jobs: int, window: int, back: float) -> None:
        super().__init__()
        self.window = window
        self.pairs = PairCounts(n_jobs, back)
        self.timeline = Timeline(n_jobs)

    def count(self, stitched: Sessions) -> None:
        """Replace everything by what the given chains say (one stitched session each)."""
        pairs = count_transitions(stitched, self.window, back=0.0)
        self.pairs.count(stitched, pairs)
        self.timeline.place(pairs)

    def append(self, n_new: int) -> None:
        """Add jobs that nobody opened."""
        self.pairs.append(n_new)
        self.timeline.append(n_new)

    def describe(self, jobs: Tensor, candidates: Tensor, weights: Tensor, chain: Tensor | None) -> dict[str, Tensor]:
        """N_COLUMNS columns for every candidate by name, (B, C) each.

        (B, L) past jobs, (B, C) candidates, (B, L) weights of the past jobs, (B,) chains to leave out.
        """
        columns = self.pairs.describe(jobs, candidates, weights, chain)
        return columns | self.timeline.describe(jobs, candidates, chain)
