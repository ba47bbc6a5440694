"""A sparse table whose rows are read without a copy of it."""

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn


class SparseRows(nn.Module):
    """Rows of a sparse (R, J) table as buffers; an entry holds one number or F of them."""

    starts: Tensor  # (R + 1,) where each row starts among the E entries
    columns: Tensor  # (E,)
    values: Tensor  # (E,) or (E, F)

    def __init__(
        self, row: np.ndarray, column: np.ndarray, values: np.ndarray, shape: tuple[int, int], kept: bool = True
    ) -> None:
        """Sums of the values, (N,) or (N, F), at each row and column, (N,) both; checkpoints hold them if ``kept``."""
        super().__init__()
        self.width = shape[1]
        key, place = np.unique(row * shape[1] + column, return_inverse=True)
        sums = [np.bincount(place, part, len(key)) for part in np.atleast_2d(values.T)]
        for name, array, dtype in (
            ("starts", np.searchsorted(key, np.arange(shape[0] + 1) * shape[1]), torch.int64),
            ("columns", key % shape[1], torch.int32),
            ("values", np.stack(sums, axis=1).reshape(-1, *values.shape[1:]), torch.float32),
        ):
            self.register_buffer(name, torch.as_tensor(array, dtype=dtype), persistent=kept)

    @classmethod
    def empty(cls, shape: tuple[int, int], *numbers: int) -> "SparseRows":
        """A table without entries, of so many numbers each."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, np.empty((0, *numbers)), shape)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Take the number of entries from what is loaded."""
        for name in ("starts", "columns", "values"):
            if prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def append(self, n_new: int) -> None:
        """Add empty rows and columns."""
        self.width += n_new
        self.starts = torch.cat([self.starts, self.starts[-1:].expand(n_new)])

    def of(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Every entry of the given rows, (N,): the place of its row among them, and its own; (E',) both."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        source = torch.repeat_interleave(lengths)
        entry = torch.arange(source.shape[0], device=rows.device)
        entry += (self.starts[rows] - (lengths.cumsum(0) - lengths))[source]
        return source, entry

    def weighted_sum(self, rows: Tensor, weights: Tensor, out: Tensor) -> Tensor:
        """Add ``sum_l weights[b, l] * table[rows[b, l]]`` to ``out``; (B, L), (B, L), (B, J) -> (B, J)."""
        used = weights.ne(0)
        source, entry = self.of(rows[used])
        place = (used.nonzero()[:, 0] * self.width)[source] + self.columns[entry]
        out.view(-1).index_add_(0, place, self.values[entry] * weights[used][source])
        return out

    def entries(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Entries of the table at the given places; two (...) -> (...)."""
        matrix = sp.csr_matrix(tuple(part.cpu().numpy() for part in (self.values, self.columns, self.starts)))
        matrix.resize(len(self.starts) - 1, self.width)
        found = matrix[rows.cpu().numpy().ravel(), columns.cpu().numpy().ravel()]
        return torch.from_numpy(np.asarray(found)).view(rows.shape).to(self.values)
