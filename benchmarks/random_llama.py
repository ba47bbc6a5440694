"""A model of the shape of Llama 3.2 1B with random weights, its tokenizer and invented ads: the same for a seed."""

import math
import random
from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

LLAMA_1B = LlamaConfig(
    vocab_size=128_256,
    hidden_size=2048,
    intermediate_size=8192,
    num_hidden_layers=16,
    num_attention_heads=32,
    num_key_value_heads=8,
    head_dim=64,
    max_position_embeddings=131_072,
    rms_norm_eps=1e-5,
    rope_parameters={
        "rope_type": "llama3",
        "rope_theta": 500_000.0,
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
    tie_word_embeddings=True,
)
TEMPLATE = (
    "<|begin_of_text|>{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
WORDS_PER_TOKEN = 0.905
"""Of the invented ads by their own tokenizer."""


def make_model(dtype: torch.dtype, device: str) -> Any:
    """Random weights, made on the device."""
    torch.manual_seed(0)
    with torch.device("meta"):
        model: Any = LlamaForCausalLM(LLAMA_1B)
    model = model.to(dtype).to_empty(device=device).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.02 if parameter.dim() > 1 else 0.0)
        if parameter.dim() == 1:
            parameter.data.fill_(1.0)
    with torch.device(device):  # its frequencies are no parameters
        model.model.rotary_emb = type(model.model.rotary_emb)(LLAMA_1B)
    return model


def make_tokenizer(questions: Iterable[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE of the invented words, with the special tokens and turns of Llama 3."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=8000,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*_words(), *(f" {word}" for word in _words()), *questions], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin_of_text|>",
        eos_token="<|eot_id|>",
        additional_special_tokens=special[1:3],
        chat_template=TEMPLATE,
    )


def make_ads(count: int, seed: int = 0) -> list[str]:
    """Invented ads of exp(N(6.78, 0.5)) tokens or so, between 100 and 3,000, in lines of 12 words."""
    rng = random.Random(seed)
    words = _words()
    ads = []
    for _ in range(count):
        length = round(min(max(math.exp(rng.gauss(6.78, 0.5)), 100), 3000) * WORDS_PER_TOKEN)
        chosen = rng.choices(words, k=length)
        ads.append("\n".join(" ".join(chosen[start : start + 12]) for start in range(0, length, 12)))
    return ads


def _words() -> list[str]:
    rng = random.Random(1)
    syllables = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "on", "er")]
    return ["".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(1500)]
