"""Invented ads, and a tiny Llama-shaped checkpoint with a tokenizer of its own."""

import random
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from nextjob.extraction import Feature

torch.set_num_threads(1)  # these models are far too small to share among threads

TWO_TURNS = (
    "{{ bos_token }}{% for message in messages %}<|start|>{{ message['role'] }}\n\n"
    "{{ message['content'] | trim }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n\n{% endif %}"
)
ALTERNATING = (
    "{% for message in messages %}{% if message['role'] != ['user', 'assistant'][loop.index0 % 2] %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "[{{ message['role'] }}] {{ message['content'] }}\n{% endfor %}"
)
TEXT = (
    "Développeur développeuse Java Python chez Acme à Paris Lyon cherche recrute une équipe senior junior ans "
    "d'expérience CDI télétravail the a job of data engineer with cloud Kubernetes été œuvre naïve 日本 🙂 12 %"
)
WORDS = TEXT.split()


def random_ad(seed: int) -> str:
    """Between 3 and 150 words, in lines, with odd spaces; some with the blocks of the challenge's format."""
    rng = random.Random(seed)
    length = rng.randint(3, 150)
    words = [rng.choice(WORDS) + rng.choice([" ", " ", " ", "\n", "\n\n", ", ", " - "]) for _ in range(length)]
    body = "".join(words)
    return f"TITLE\n{words[0]}\n\nSUMMARY\n{body}" if seed % 2 else body


@pytest.fixture
def features() -> tuple[Feature, ...]:
    """Two open and two closed features; the last one's choices begin alike, so that whole choices are scored."""
    return (
        Feature("company", "Which company is hiring?", max_new_tokens=12),
        Feature("seniority", "Which level?", choices=("Junior", "Mid", "Senior", "Unknown")),
        Feature("place", "In which city is the job, if the ad says it anywhere?", max_new_tokens=7),
        Feature("sector", "Which sector?", choices=("data cloud", "data engineer", "data engineer Java", "CDI")),
    )


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("tiny"), TWO_TURNS)


@pytest.fixture(scope="session")
def alternating_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("alternating"), ALTERNATING)


def make_checkpoint(folder: Path, chat_template: str) -> Path:
    """A random three-layer Llama with grouped key heads, and a byte-level BPE trained on the random ads."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|begin|>", "<|start|>", "<|end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((random_ad(seed) for seed in range(40)), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin|>",
        eos_token="<|end|>",
        additional_special_tokens=["<|start|>"],
        chat_template=chat_template,
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.3,  # wide enough for answers to differ and attention to matter
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
