"""Vectors from the OpenAI embeddings API, or a server that speaks it."""

import os
from collections.abc import Sequence

import numpy as np

from nextjob.errors import InputError

PRICES = {"text-embedding-3-small": 0.02, "text-embedding-3-large": 0.13, "text-embedding-ada-002": 0.10}
"""US dollars per million tokens, list prices announced on 2024-01-25."""
PRICES_DATE = "2024-01-25"

CHARACTERS_PER_TOKEN = 3.5
"""Rough figure for French and English; only for the estimate."""


class OpenAIEncoder:
    """Embeddings of `model` cut to `dimensions`; the key comes from OPENAI_API_KEY alone.

    OPENAI_BASE_URL points the client elsewhere; the server's host stands in for the revision, which the API
    does not tell. Requests that fail for the moment (429, 5xx, connection) are retried by the client.
    """

    def __init__(
        self,
        model: str = "text-embedding-3-small",
        dimensions: int = 1024,
        batch_size: int = 256,
        max_retries: int = 5,
        timeout: float = 60.0,
    ) -> None:
        try:
            import openai
        except ImportError as error:
            raise InputError(
                'encoder=openai: the client is missing; pip install -e ".[openai]", or use encoder=minilm'
            ) from error
        if not os.environ.get("OPENAI_API_KEY"):
            raise InputError("encoder=openai: OPENAI_API_KEY is not set; set it, or use encoder=minilm")
        self._openai = openai
        self._client = openai.OpenAI(max_retries=max_retries, timeout=timeout)
        self._model = model
        self._batch_size = batch_size
        self.name = f"openai/{model}-{dimensions}"
        self.revision = self._client.base_url.netloc.decode()
        self.dimension = dimensions

    def estimate(self, texts: Sequence[str]) -> str:
        """One line: texts, tokens by the length of the texts, and the price where it is known."""
        tokens = round(sum(map(len, texts)) / CHARACTERS_PER_TOKEN)
        line = f"OpenAI {self._model}: {len(texts):,} texts, about {tokens:,} tokens"
        if self._model not in PRICES:
            return f"{line}, price unknown"
        price = PRICES[self._model]
        dollars = tokens * price / 1e6
        return f"{line}, about ${dollars:.4f} (${price} per million tokens, list price of {PRICES_DATE})"

    def encode(self, texts: list[str]) -> np.ndarray:
        """N texts -> (N, D) float32, in order; InputError when the service refuses."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), self._batch_size):
            batch = texts[start : start + self._batch_size]
            vectors[start : start + len(batch)] = self._request(batch)
        return vectors

    def _request(self, batch: list[str]) -> np.ndarray:
        try:
            answer = self._client.embeddings.create(model=self._model, input=batch, dimensions=self.dimension)
        except self._openai.AuthenticationError:
            raise InputError("encoder=openai: the service refuses the key in OPENAI_API_KEY (401)") from None
        except self._openai.APIStatusError as error:
            reason = f"{error.status_code} {error.code or ''}".strip()
            raise InputError(
                f"encoder=openai: {self.revision} answered {reason} for {self._model}, {self.dimension} "
                "dimensions; check these two and the account's quota, or use encoder=minilm"
            ) from None
        except (self._openai.APIConnectionError, ValueError):
            raise InputError(
                f"encoder=openai: {self.revision} cannot be reached or sends no embeddings; check "
                "OPENAI_BASE_URL, try later, or use encoder=minilm"
            ) from None
        rows = [entry.embedding for entry in sorted(answer.data, key=lambda entry: entry.index)]
        if len(rows) != len(batch) or any(len(row) != self.dimension for row in rows):
            raise InputError(
                f"encoder=openai: {self._model} did not return {len(batch)} vectors of {self.dimension} "
                f"dimensions; set encoder.dimensions to one that the model offers"
            )
        return np.array(rows, dtype=np.float32)
