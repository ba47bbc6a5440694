"""What serving costs and what candidates miss: python benchmarks/serving.py RUN_DIR SESSIONS

Answers up to 300 sessions of a file one by one: by all jobs, by the exported program, and by FAISS candidates. Prints
milliseconds of processor time a session (set OMP_NUM_THREADS=1) and, for several numbers of candidates, the share of
the exact ten jobs among them.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from nextjob import Recommender
from nextjob.data import read_sessions
from nextjob.schema import ACTION_NUMBERS
from nextjob.serving import Candidates, export

SESSIONS = 300
NUMBERS = (20, 50, 100, 200, 500)


def timed(answer: Callable[[int], object], n: int) -> str:
    """Median and 95th percentile of the milliseconds that n answers take, after a first one."""
    answer(0)
    times = []
    for row in range(n):
        start = time.process_time()
        answer(row)
        times.append(1000 * (time.process_time() - start))
    return "{:.1f}  {:.1f}".format(*np.percentile(times, [50, 95]))


def main(run: str, file: str) -> None:
    """Export, answer, compare, print."""
    recommender = Recommender.load(run)
    sessions = read_sessions(file, recommender.vocabulary)
    n = min(SESSIONS, len(sessions))
    batches = [sessions.batch(np.array([row])) for row in range(n)]
    names = {number: action for action, number in ACTION_NUMBERS.items()}
    asked = [
        (recommender.vocabulary.ids(b.jobs[0].numpy()), [names[a] for a in b.actions[0].tolist()]) for b in batches
    ]
    with tempfile.TemporaryDirectory() as folder:
        program = torch.export.load(export(recommender, Path(folder))[0]).module()
    candidates = Candidates(recommender)
    exact = [recommender.recommend(*session).jobs for session in asked]

    result = Table("answer", "CPU ms, median and 95 %", title=f"{n} sessions, {len(recommender.vocabulary):,} jobs")
    result.add_row("Recommender, all jobs", timed(lambda row: recommender.recommend(*asked[row]), n))
    result.add_row("exported program, all jobs", timed(lambda row: program(batches[row].jobs, batches[row].actions), n))
    result.add_row("500 candidates alone", timed(lambda row: candidates.of(*asked[row]), n))
    ranked = timed(lambda row: recommender.recommend(*asked[row], candidates=candidates.of(*asked[row])), n)
    result.add_row("500 candidates, ranked", ranked)
    Console().print(result)
    for number in NUMBERS:
        shares = [
            np.isin(jobs, candidates.of(*session, number)).mean() for session, jobs in zip(asked, exact, strict=True)
        ]
        print(f"{number} candidates hold {np.mean(shares):.4f} of the exact ten")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
