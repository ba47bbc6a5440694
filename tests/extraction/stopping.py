"""Extractions stopped at random moments: python -m tests.extraction.stopping FOLDER SEED.

One process forks them, so that each starts at once, and never touches a table itself.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from nextjob.extraction import AdsMissing, Answer, Shard, declare_features, extract
from nextjob.extraction.table import open_store

ADS = [f"Acme number {number} hires in Lyon" for number in range(60)]
JOBS = pd.DataFrame({"job_id": range(len(ADS)), "text": ADS})
FEATURES = declare_features([{"name": name, "question": "?"} for name in ("company", "mission")])
PARTS = 3


class Slow:
    """Three ads a wave, some milliseconds each; leaves a line for every ad it is asked about."""

    name, revision, settings, prompt_version = "slow", "1", "", ""

    def __init__(self, log: Path) -> None:
        self.log = log

    def answer(self, ads, features):
        for start in range(0, len(ads), 3):
            time.sleep(0.01)
            wave = list(range(start, min(start + 3, len(ads))))
            with self.log.open("a") as file:
                file.writelines(f"{ads[position]}\n" for position in wave)
            yield wave, [[Answer(f"{feature.name} of {ads[position]}") for feature in features] for position in wave]


def fork(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except KeyboardInterrupt:
        code = 130
    except AdsMissing:
        code = 3
    finally:
        os._exit(code)


def end(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    out, log = folder / "out", folder / "asked.txt"
    codes, broken = [], 0
    for _ in range(8):
        shards = rng.sample([Shard(index, PARTS) for index in range(PARTS)], 2)
        pids = [fork(lambda shard=shard: extract(JOBS, FEATURES, Slow(log), out, shard)) for shard in shards]
        for pid in pids:
            time.sleep(rng.uniform(0, 0.14))
            os.kill(pid, rng.choice([signal.SIGKILL, signal.SIGINT]))
        codes += [end(pid) for pid in pids]
        broken += end(fork(lambda: open_store(out))) != 0
    stopped = len(log.read_text().splitlines()) if log.exists() else 0
    last = [end(fork(lambda index=i: extract(JOBS, FEATURES, Slow(log), out, Shard(index, PARTS)))) for i in (2, 0, 1)]
    asked = log.read_text().splitlines()
    again = end(fork(lambda: extract(JOBS, FEATURES, Slow(log), out)))
    repeated = len(log.read_text().splitlines()) - len(asked)
    end(fork(lambda: extract(JOBS, FEATURES, Slow(folder / "other.txt"), folder / "whole")))
    print(json.dumps({
        "codes": codes, "broken": broken, "asked while stopped": stopped, "last": last, "asked": len(asked),
        "distinct": len(set(asked)), "again": again, "repeated": repeated,
    }))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
