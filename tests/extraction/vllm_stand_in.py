"""The part of vLLM's API that the extractor uses, in plain transformers on a CPU: every prompt whole and alone."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaForCausalLM


@dataclass(frozen=True)
class SamplingParams:
    """Fields of vLLM 0.32's SamplingParams; greedy only."""

    temperature: float
    max_tokens: int = 16
    stop: list[str] = field(default_factory=list)
    stop_token_ids: list[int] = field(default_factory=list)
    logprobs: int | None = None
    logprob_token_ids: list[int] | None = None


class LLM:
    """Keeps every prompt it is given, in order."""

    def __init__(
        self,
        model: str,
        *,
        dtype: str,
        max_model_len: int,
        gpu_memory_utilization: float,
        enable_prefix_caching: bool,
    ) -> None:
        assert 0 < gpu_memory_utilization < 1
        assert enable_prefix_caching
        self.model: Any = LlamaForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype)).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        self.max_model_len = max_model_len
        self.asked: list[list[int]] = []

    @torch.inference_mode()
    def generate(self, prompts: list[dict], sampling_params: list[SamplingParams], *, use_tqdm: bool) -> list:
        assert not use_tqdm
        pairs = zip(prompts, sampling_params, strict=True)
        return [SimpleNamespace(outputs=[self._one(prompt["prompt_token_ids"], params)]) for prompt, params in pairs]

    def _one(self, prompt: list[int], params: SamplingParams) -> SimpleNamespace:
        assert params.temperature == 0
        assert len(prompt) + params.max_tokens <= self.max_model_len
        self.asked.append(prompt)
        made: list[int] = []
        scores = []
        while len(made) < params.max_tokens:
            likelihoods = self.model(torch.tensor([[*prompt, *made]])).logits[0, -1].log_softmax(-1)
            made.append(int(likelihoods.argmax()))
            told = {made[-1], *(params.logprob_token_ids or [])}
            scores.append({token: SimpleNamespace(logprob=float(likelihoods[token])) for token in told})
            stopped = made[-1] in {self.model.generation_config.eos_token_id, *params.stop_token_ids}
            if stopped or any(stop in self.tokenizer.decode(made) for stop in params.stop):
                break
        told_any = params.logprobs is not None or params.logprob_token_ids is not None
        return SimpleNamespace(token_ids=made, logprobs=scores if told_any else None)
