"""Job ids of the catalogue and their numbers 1..J; an id is never a row number."""

import hashlib
from collections.abc import Hashable, Sequence

import numpy as np

from nextjob.errors import InputError

JobId = int | str


class Vocabulary:
    """The catalogue's job ids, in their own type (int or str), numbered from 1 in catalogue order."""

    def __init__(self, job_ids: Sequence[JobId]) -> None:
        self.job_ids: list[JobId] = list(job_ids)
        self._numbers: dict[Hashable, int] = {str(job): n for n, job in enumerate(self.job_ids, start=1)}
        if len(self._numbers) != len(self.job_ids):
            raise InputError("the catalogue holds the same job id twice")

    def add(self, job_ids: Sequence[JobId]) -> None:
        """Number further job ids after those there are.

        Raises:
            InputError: one is there already, is given twice or is empty; none is added then.
        """
        known = dict(self._numbers)
        job_ids = [job if isinstance(job, str) else int(job) for job in job_ids]
        for number, job in enumerate(job_ids, start=len(known) + 1):
            if not str(job):
                raise InputError("empty job id")
            if known.setdefault(str(job), number) != number:
                raise InputError(f"job {job!r} is in the catalogue already; give a new job an id of its own")
        self.job_ids += job_ids
        self._numbers = known

    def __len__(self) -> int:
        return len(self.job_ids)

    def __contains__(self, job: JobId) -> bool:
        return str(job) in self._numbers

    def number(self, job: JobId) -> int:
        """The number of a job id, given in either type.

        Raises:
            InputError: the job is not in the catalogue.
        """
        number = self._numbers.get(str(job))
        if number is None:
            raise InputError(f"job {job!r} is not in the catalogue of {len(self)} jobs")
        return number

    def ids(self, numbers: np.ndarray) -> list[JobId]:
        """Job ids of an array of numbers, in the catalogue's own type."""
        return [self.job_ids[n - 1] for n in numbers.tolist()]

    @property
    def digest(self) -> str:
        """Hash of the ids in order: two catalogues are the same when it is the same."""
        text = "\n".join(str(job) for job in self.job_ids)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def own_type(ids: Sequence[str]) -> list[JobId]:
    """Ids read as text in their own type: int when every one is written like an int, str otherwise."""
    if all(text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") for text in ids):
        return [int(text) for text in ids]
    return list(ids)
