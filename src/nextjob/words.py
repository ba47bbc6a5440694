"""Words of the feature values: what factors and content learn from beside the embeddings."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor, nn
from torch.nn import functional

MIN_JOBS = 2


class WordList(NamedTuple):
    """W words and pairs of neighbouring words that occur in the values of one feature."""

    words: list[str]
    idf: np.ndarray  # (W,) float32

    def matrix(self, values: Sequence[str]) -> sp.csr_matrix:
        """(J, W) float32 tf-idf of J values, rows of length 1, 0 where a value is missing or has none of the words."""
        if not self.words:
            return sp.csr_matrix((len(values), 0), dtype=np.float32)
        vectorizer = _vectorizer(vocabulary=self.words)
        vectorizer.idf_ = self.idf
        return vectorizer.transform(values).tocsr()


def word_list(values: Sequence[str]) -> WordList:
    """The words of J values, accents and case folded; what occurs in fewer than ``MIN_JOBS`` of them is left out."""
    vectorizer = _vectorizer(min_df=MIN_JOBS)
    try:
        vectorizer.fit(values)
    except ValueError:  # no word is left
        return WordList([], np.zeros(0, dtype=np.float32))
    return WordList(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_)


def _vectorizer(**arguments: Any) -> TfidfVectorizer:
    return TfidfVectorizer(
        strip_accents="unicode", token_pattern=r"[\w+#]+", ngram_range=(1, 2), dtype=np.float32, **arguments
    )


class WordVectors(nn.Module):
    """A trained vector for every word, summed into one for every job; all start at 0."""

    words: Tensor  # (N,) word numbers of all jobs, one job after the other
    weight: Tensor  # (N,) their tf-idf
    starts: Tensor  # (J + 1,) where each job's words start

    def __init__(self, shape: tuple[int, int, int], dimension: int) -> None:
        """``shape``: J jobs, W words, N entries."""
        super().__init__()
        n_jobs, n_words, n_entries = shape
        self.register_buffer("words", torch.zeros(n_entries, dtype=torch.int64))
        self.register_buffer("weight", torch.zeros(n_entries))
        self.register_buffer("starts", torch.zeros(n_jobs + 1, dtype=torch.int64))
        self.vectors = nn.Parameter(torch.zeros(n_words, dimension))
        self.by_word = _Bags(*(torch.zeros(0) for _ in range(3)))

    @torch.no_grad()
    def initialise(self, matrix: sp.csr_matrix) -> None:
        """Take the words of every job and forget what was learned."""
        for buffer, array in ((self.words, matrix.indices), (self.weight, matrix.data), (self.starts, matrix.indptr)):
            buffer.copy_(torch.from_numpy(array))
        self.vectors.zero_()
        turned = matrix.T.tocsr()
        self.by_word = _Bags(
            *(
                torch.from_numpy(a).to(b)
                for a, b in ((turned.indices, self.words), (turned.data, self.weight), (turned.indptr, self.starts))
            )
        )

    def append(self, matrix: sp.csr_matrix) -> None:
        """Add the words of N more jobs, (N, W)."""
        indices, data, ends = (torch.from_numpy(part) for part in (matrix.indices, matrix.data, matrix.indptr[1:]))
        self.words = torch.cat([self.words, indices.to(self.words)])
        self.weight = torch.cat([self.weight, data.to(self.weight)])
        self.starts = torch.cat([self.starts, self.starts[-1] + ends.to(self.starts)])

    def forward(self) -> Tensor:
        """(J, D)."""
        return _WeightedSum.apply(self.vectors, _Bags(self.words, self.weight, self.starts), self.by_word)


class _Bags(NamedTuple):
    """A sparse matrix by rows."""

    columns: Tensor
    values: Tensor
    starts: Tensor

    def times(self, table: Tensor) -> Tensor:
        """Its product with a dense table."""
        return functional.embedding_bag(
            self.columns,
            table,
            self.starts,
            mode="sum",
            per_sample_weights=self.values.to(table),
            include_last_offset=True,
        )


class _WeightedSum(torch.autograd.Function):
    """``matrix @ table``; the gradient is a product with the transposed matrix, far faster than scattering."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, by_job: _Bags, by_word: _Bags) -> Tensor:
        ctx.by_word = by_word
        return by_job.times(table)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.by_word.times(gradient.contiguous()), None, None
