"""Extractor with any chat model that vLLM runs: the questions of an ad follow one another and share its prefix."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch

from nextjob.errors import InputError
from nextjob.extraction.engines.prompts import PROMPT_VERSION, Prompt, PromptBuilder, find_stops
from nextjob.extraction.engines.weights import find_weights
from nextjob.extraction.extractor import Answer
from nextjob.extraction.features import Feature
from nextjob.extraction.sections import compact


class VLLMExtractor:
    """Greedy answers of a chat model in vLLM; see `Extractor`. vLLM and the weights are loaded when they are needed.

    Open features are generated until the end of the turn or of the line. Closed ones take the most probable
    choice: by its first token where those differ, by the whole choice otherwise, as in `TransformersExtractor`.

    Args:
        model: "smollm2" (packaged), a local folder, or a hub id.
        cache_dir: where the packaged model is unpacked.
        dtype: "bfloat16", "float16" or "float32".
        max_prompt_tokens: longer ads are cut at their end.
        wave_ads: ads handed to vLLM at a time, and between two writes of the store.
        gpu_memory_utilization: share of the GPU's memory that vLLM takes.

    Raises:
        InputError: on first use: no vLLM, no GPU, no such model.
    """

    prompt_version = PROMPT_VERSION

    def __init__(
        self,
        model: str,
        cache_dir: str | Path,
        dtype: str = "bfloat16",
        max_prompt_tokens: int = 4096,
        wave_ads: int = 256,
        gpu_memory_utilization: float = 0.9,
    ) -> None:
        self.name = model
        self.cache_dir = cache_dir
        self.settings = f"vllm greedy {dtype} max_prompt_tokens={max_prompt_tokens}"
        self.dtype = dtype
        self.max_prompt_tokens = max_prompt_tokens
        self.wave_ads = wave_ads
        self.gpu_memory_utilization = gpu_memory_utilization

    @cached_property
    def _weights(self) -> tuple[Path, str]:
        if find_spec("vllm") is None:
            raise InputError(
                "vLLM is not installed: pip install -r requirements/vllm.txt, in an environment of its own, "
                "or take extractor=llama"
            )
        if not torch.cuda.is_available():
            raise InputError("extractor=vllm needs a GPU and PyTorch sees none: take extractor=smollm2 or rules")
        return find_weights(self.name, self.cache_dir)

    @cached_property
    def revision(self) -> str:
        """Version of the package, commit on the hub, or hash of a local folder's files."""
        return self._weights[1]

    @cached_property
    def tokenizer(self) -> Any:
        """The model's own tokenizer."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._weights[0])

    @cached_property
    def context(self) -> int:
        """Longest sequence of prompt and answer, in tokens."""
        from transformers import AutoConfig

        positions = AutoConfig.from_pretrained(self._weights[0]).max_position_embeddings
        return min(self.max_prompt_tokens, positions)

    @cached_property
    def llm(self) -> Any:
        """vLLM with the model, its log on stderr and its usage report off."""
        os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        from vllm import LLM

        return LLM(
            model=str(self._weights[0]),
            dtype=self.dtype,
            max_model_len=self.context,
            gpu_memory_utilization=self.gpu_memory_utilization,
            enable_prefix_caching=True,
        )

    @cached_property
    def _stops(self) -> frozenset[int]:
        """Tokens that end an answer."""
        from transformers import GenerationConfig

        folder = self._weights[0]
        declared = (
            GenerationConfig.from_pretrained(folder).eos_token_id
            if (folder / "generation_config.json").is_file()
            else None
        )
        return frozenset(find_stops(self.tokenizer, declared))

    def answer(self, ads: Sequence[str], features: Sequence[Feature]) -> Iterator[tuple[list[int], list[list[Answer]]]]:
        """Yield waves of `wave_ads` ads, longest ads first."""
        builder = PromptBuilder(self.tokenizer, features, self.context)
        choices = [builder.choice_tokens(feature) for feature in features]
        questions = [question for f in range(len(features)) for question in self._questions(f, features[f], choices[f])]
        texts = [compact(ad) for ad in ads]
        order = sorted(range(len(ads)), key=lambda position: len(texts[position]), reverse=True)
        for start in range(0, len(order), self.wave_ads):
            wave = order[start : start + self.wave_ads]
            prompts = builder.build_all([texts[position] for position in wave])
            outputs = iter(self._generate(prompts, questions))
            yield wave, [self._read(prompt, features, choices, questions, outputs) for prompt in prompts]

    def _questions(self, number: int, feature: Feature, choices: list[list[int]]) -> "list[_Question]":
        """What vLLM is asked for a feature: to go on once, or the scores of the tokens of its choices."""
        from vllm import SamplingParams

        if not feature.choices:
            # vLLM compares every stop token at every step, so that the many with a newline are a stop string.
            ends = sorted(self._stops.intersection(self.tokenizer.all_special_ids))
            caps: dict[str, Any] = {"max_tokens": feature.max_new_tokens, "stop": ["\n"], "stop_token_ids": ends}
            return [_Question(number, (), SamplingParams(temperature=0, logprobs=0, **caps))]
        if len({tokens[0] for tokens in choices}) == len(choices):
            following = {(): {tokens[0] for tokens in choices}}
        else:
            following = defaultdict(set)
            for tokens in choices:
                whole = (*tokens, self.tokenizer.eos_token_id)
                for step, token in enumerate(whole):
                    following[whole[:step]].add(token)
        return [
            _Question(number, stem, SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=sorted(tokens)))
            for stem, tokens in following.items()
        ]

    def _generate(self, prompts: list[Prompt], questions: "list[_Question]") -> list[Any]:
        """One output for every prompt and question, those of a prompt one after another."""
        inputs = [
            {"prompt_token_ids": [*prompt.prefix, *prompt.suffixes[question.feature], *question.stem]}
            for prompt in prompts
            for question in questions
        ]
        made = self.llm.generate(inputs, [question.params for question in questions] * len(prompts), use_tqdm=False)
        return [request.outputs[0] for request in made]

    def _read(
        self,
        prompt: Prompt,
        features: Sequence[Feature],
        choices: list[list[list[int]]],
        questions: "list[_Question]",
        outputs: Iterator[Any],
    ) -> list[Answer]:
        """The answers about one ad, of the outputs that come next."""
        given: list[dict[tuple[int, ...], Any]] = [{} for _ in features]
        for question in questions:
            given[question.feature][question.stem] = next(outputs)
        lengths = [len(prompt.prefix) + len(suffix) for suffix in prompt.suffixes]
        return [
            self._choose(feature, choices[f], given[f], lengths[f])
            if feature.choices
            else self._finish(given[f][()], lengths[f])
            for f, feature in enumerate(features)
        ]

    def _choose(
        self, feature: Feature, choices: list[list[int]], given: dict[tuple[int, ...], Any], length: int
    ) -> Answer:
        """The most probable choice: log-probabilities of its tokens, each after those before it."""
        scores = []
        for tokens in choices:
            whole = (*tokens, self.tokenizer.eos_token_id) if len(given) > 1 else (tokens[0],)
            scores.append(sum(given[whole[:step]].logprobs[0][token].logprob for step, token in enumerate(whole)))
        probabilities = torch.tensor(scores, dtype=torch.float64).softmax(-1)
        best = int(probabilities.argmax())
        assert feature.choices is not None
        return Answer(feature.choices[best], float(probabilities[best]), length)

    def _finish(self, output: Any, length: int) -> Answer:
        """Text before the first stop token, and the geometric mean of the tokens' probabilities, that one included."""
        tokens = list(output.token_ids)
        kept = next((step for step, token in enumerate(tokens) if token in self._stops), len(tokens))
        likelihoods = [scores[token].logprob for scores, token in zip(output.logprobs, tokens, strict=True)]
        confidence = float(torch.tensor(likelihoods[: kept + 1]).mean().exp())
        raw = self.tokenizer.decode(tokens[:kept], skip_special_tokens=True).strip()
        return Answer(raw, confidence, length, kept, truncated=kept == len(tokens))


class _Question(NamedTuple):
    """A request about every ad: its feature, tokens of a choice that follow the prompt, and how vLLM answers."""

    feature: int
    stem: tuple[int, ...]
    params: Any
