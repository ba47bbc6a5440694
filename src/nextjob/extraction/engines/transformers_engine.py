"""Extractor with a Llama-architecture chat model: every ad is read once, its questions share what was read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch

from nextjob.errors import InputError
from nextjob.extraction.engines.backoff import with_backoff
from nextjob.extraction.engines.decode import generate, read_wave, score_choices
from nextjob.extraction.engines.llama import LlamaTree
from nextjob.extraction.engines.prompts import PROMPT_VERSION, Prompt, PromptBuilder, find_stops
from nextjob.extraction.engines.weights import find_weights
from nextjob.extraction.extractor import Answer
from nextjob.extraction.features import Feature
from nextjob.extraction.sections import compact

WINDOW = 2048
"""Ads tokenised and sorted by length at a time."""
A = TypeVar("A")
B = TypeVar("B")

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class TransformersExtractor:
    """Greedy answers of a chat model; see `Extractor`. Weights are looked for and loaded when they are needed.

    Open features are generated until the end of the turn or of the line. Closed ones take the most probable
    choice: by its first token where those differ, by the whole choice otherwise. In float32 the answers equal
    plain generation, feature by feature and ad by ad, token for token.

    Args:
        model: "smollm2" (packaged), a local folder, or a hub id.
        cache_dir: where the packaged model is unpacked.
        device: "cpu", "cuda" or "cuda:1".
        dtype: "float32", "bfloat16" or "float16".
        max_prompt_tokens: longer ads are cut at their end.
        wave_ads: most ads in memory at the same time, and between two writes of the store.
        wave_tokens: most tokens in memory at the same time, which bounds the keys and values (Llama 3.2 1B in
            bfloat16: 32 kB a token).
        prefill_tokens: tokens of one forward pass over prefixes, padding included.
        compiled: fuse kernels with `torch.compile`: for a GPU and many ads.
        adapter: a LoRA adapter that is added to the weights: "smollm2" (comes with nextjob) or a local folder.

    Raises:
        InputError: on first use: no such model, adapter, device or dtype, a model of another architecture, or one that
            does not fit into memory.
    """

    prompt_version = PROMPT_VERSION

    def __init__(
        self,
        model: str,
        cache_dir: str | Path,
        device: str = "cpu",
        dtype: str = "float32",
        max_prompt_tokens: int = 4096,
        wave_ads: int = 16,
        wave_tokens: int = 65536,
        prefill_tokens: int = 8192,
        compiled: bool = False,
        adapter: str | Path | None = None,
    ) -> None:
        self.base = model
        self.name = model if adapter is None else f"{model}+lora"
        self.adapter = adapter
        self.cache_dir = cache_dir
        self.settings = f"greedy {dtype} max_prompt_tokens={max_prompt_tokens}"
        self.device = device
        self.dtype = dtype
        self.max_prompt_tokens = max_prompt_tokens
        self.wave_ads = wave_ads
        self.wave_tokens = wave_tokens
        self.prefill_tokens = prefill_tokens
        self.compiled = compiled

    @cached_property
    def _weights(self) -> tuple[Path, str]:
        if self.dtype not in DTYPES:
            raise InputError(f"dtype={self.dtype}: choose one of {', '.join(DTYPES)}")
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise InputError(f"device={self.device} but PyTorch sees no GPU: use device=cpu or a machine with one")
        return find_weights(self.base, self.cache_dir)

    @cached_property
    def folder(self) -> Path:
        """Where the weights are; the packaged model is unpacked at the first look."""
        return self._weights[0]

    @cached_property
    def revision(self) -> str:
        """Version of the package, commit on the hub, or hash of a local folder's files; and the adapter's hash."""
        revision = self._weights[1]
        if self.adapter is None:
            return revision
        from nextjob.extraction.engines.adapter import find_adapter, hash_adapter

        return f"{revision}+{hash_adapter(find_adapter(self.adapter))}"

    @cached_property
    def tokenizer(self) -> Any:
        """The model's own tokenizer."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.folder)

    @cached_property
    def model(self) -> Any:
        """The model, in evaluation mode on its device."""
        from transformers import AutoConfig, LlamaForCausalLM

        kind = AutoConfig.from_pretrained(self.folder).model_type
        if kind != "llama":
            raise InputError(f"{self.base}: a {kind} model; this extractor runs the Llama architecture")
        if self.adapter is None:
            model: Any = LlamaForCausalLM.from_pretrained(self.folder, dtype=DTYPES[self.dtype])
        else:  # merged in full precision
            from nextjob.extraction.engines.adapter import find_adapter, merge_adapter

            model = LlamaForCausalLM.from_pretrained(self.folder, dtype=torch.float32)
            model = merge_adapter(model, find_adapter(self.adapter)).to(DTYPES[self.dtype])
        try:
            return model.to(self.device).eval()
        except torch.OutOfMemoryError:
            raise InputError(
                f"{self.base}: its weights in {self.dtype} do not fit into the free memory of {self.device}; "
                "free some, take a smaller dtype or model, or device=cpu"
            ) from None

    @cached_property
    def stop_tokens(self) -> list[int]:
        """Tokens that end an answer."""
        return find_stops(self.tokenizer, self.model.generation_config.eos_token_id)

    @cached_property
    def _tree(self) -> LlamaTree:
        return LlamaTree(self.model, self.wave_tokens, self.compiled)

    def answer(self, ads: Sequence[str], features: Sequence[Feature]) -> Iterator[tuple[list[int], list[list[Answer]]]]:
        """Yield waves of ads of about one length, longest ads first."""
        limit = min(self.max_prompt_tokens, self.model.config.max_position_embeddings)
        builder = PromptBuilder(self.tokenizer, features, limit)
        decoding = _Decoding(
            choices={f: builder.choice_tokens(feature) for f, feature in enumerate(features) if feature.choices},
            caps={f: feature.max_new_tokens for f, feature in enumerate(features) if not feature.choices},
        )
        for wave, prompts in self._waves(builder, decoding, ads):
            yield wave, with_backoff(lambda part: self._answer_or_shrink(features, decoding, part), prompts)

    def _waves(
        self, builder: PromptBuilder, decoding: "_Decoding", ads: Sequence[str]
    ) -> Iterator[tuple[list[int], list[Prompt]]]:
        """Positions and prompts of each wave; the next ads are tokenised while the model runs."""
        order = sorted(range(len(ads)), key=lambda position: len(ads[position]), reverse=True)
        windows = [order[start : start + WINDOW] for start in range(0, len(order), WINDOW)]

        def tokenise(window: list[int]) -> list[tuple[int, Prompt]]:
            return list(zip(window, builder.build_all([compact(ads[position]) for position in window]), strict=True))

        def longest_first(prompts: list[tuple[int, Prompt]]) -> list[tuple[int, Prompt]]:
            return sorted(prompts, key=lambda pair: len(pair[1].prefix), reverse=True)

        left: list[tuple[int, Prompt]] = []
        with ThreadPoolExecutor(1) as thread:
            for number, tokenised in enumerate(_one_ahead(thread, tokenise, windows), start=1):
                ready = longest_first([*left, *tokenised])
                while ready:
                    size = self._wave_size(ready[0][1], decoding.room)
                    if size > len(ready) and number < len(windows):
                        break
                    wave, ready = ready[:size], ready[size:]
                    yield [position for position, _ in wave], [prompt for _, prompt in wave]
                left = ready

    def _wave_size(self, longest: Prompt, room: int) -> int:
        """How many ads a wave has: whole passes over prefixes where it needs several, so that their shape recurs."""
        prefix = self._tree.padded(len(longest.prefix))
        columns = prefix + sum(map(len, longest.suffixes)) + room
        size = min(max(self.wave_tokens // columns, 1), self.wave_ads)
        in_pass = max(self.prefill_tokens // prefix, 1)
        return size - size % in_pass if size > in_pass else size

    def _answer_or_shrink(
        self, features: Sequence[Feature], decoding: "_Decoding", prompts: Sequence[Prompt]
    ) -> list[list[Answer]]:
        """Answers of one wave; where memory runs out, the next ones are half as large."""
        try:
            return self._answer_wave(features, decoding, prompts)
        except torch.OutOfMemoryError:
            self.wave_tokens //= 2
            self.prefill_tokens //= 2
            self._tree.shrink(self.wave_tokens)
            raise

    @torch.inference_mode()
    def _answer_wave(
        self, features: Sequence[Feature], decoding: "_Decoding", prompts: Sequence[Prompt]
    ) -> list[list[Answer]]:
        wave = read_wave(self._tree, prompts, decoding.room, self.prefill_tokens)
        answers = [[Answer("")] * len(features) for _ in prompts]

        def put(ad: int, feature: int, raw: str, confidence: float, tokens: int = 0, truncated: bool = False) -> None:
            length = len(prompts[ad].prefix) + len(prompts[ad].suffixes[feature])
            answers[ad][feature] = Answer(raw, confidence, length, tokens, truncated)

        for f, tokens in decoding.choices.items():
            labels = features[f].choices or ()
            probabilities = score_choices(self._tree, wave, f, tokens, self.tokenizer.eos_token_id).softmax(-1)
            confidences, chosen = (column.tolist() for column in probabilities.max(-1))
            for ad, (confidence, best) in enumerate(zip(confidences, chosen, strict=True)):
                put(ad, f, labels[best], confidence)
        for ad, row in enumerate(generate(self._tree, wave, decoding.caps, self.stop_tokens)):
            for f, (generated, confidence, truncated) in zip(decoding.caps, row, strict=True):
                raw = self.tokenizer.decode(generated, skip_special_tokens=True).strip()
                put(ad, f, raw, confidence, len(generated), truncated)
        return answers


@dataclass(frozen=True)
class _Decoding:
    """How each question is answered: tokens of every choice of a closed one, cap on new tokens of an open one."""

    choices: dict[int, list[list[int]]]
    caps: dict[int, int]

    @property
    def room(self) -> int:
        """Columns of the cache that answers may take."""
        scored = max((sum(map(len, tokens)) for tokens in self.choices.values()), default=0)
        return max(scored, len(self.caps) * max(self.caps.values(), default=0))


def _one_ahead(thread: Executor, work: Callable[[A], B], inputs: Iterable[A]) -> Iterator[B]:
    """Results in order; while one is used, the next is worked on in the thread."""
    pending: Future[B] | None = None
    for given in inputs:
        following = thread.submit(work, given)
        if pending is not None:
            yield pending.result()
        pending = following
    if pending is not None:
        yield pending.result()
