"""What every extractor offers, whether it holds rules or a language model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from nextjob.extraction.features import Feature


@dataclass(frozen=True)
class Answer:
    """Raw answer of an extractor to one question about one ad.

    Attributes:
        raw: the text as it was given, "" for none.
        confidence: probability between 0 and 1, None where there is no such thing.
        prompt_tokens: length of the prompt the answer stands for.
        answer_tokens: tokens generated.
        truncated: the cap on new tokens ended the answer.
    """

    raw: str
    confidence: float | None = None
    prompt_tokens: int = 0
    answer_tokens: int = 0
    truncated: bool = False


class Extractor(Protocol):
    """Answers questions about ads.

    Attributes:
        name: extractor or model.
        revision: version of its rules or weights.
        settings: everything else that can change an answer (number format, decoding, prompt).
        prompt_version: version of the prompts, "" where there are none.
    """

    name: str
    revision: str
    settings: str
    prompt_version: str

    def answer(self, ads: Sequence[str], features: Sequence[Feature]) -> Iterator[tuple[list[int], list[list[Answer]]]]:
        """Yield waves: positions in `ads`, and for each of them one answer per feature, in order."""
        ...
