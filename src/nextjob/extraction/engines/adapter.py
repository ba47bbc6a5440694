"""Adapters on disk, in peft's format: `adapter_config.json` and `adapter_model.safetensors`."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from nextjob.errors import InputError
from nextjob.extraction.engines.weights import PACKAGED as PACKAGED_MODEL
from nextjob.extraction.engines.weights import PACKAGED_ID
from nextjob.files import write_atomically

PACKAGED = Path(__file__).parents[1] / "adapters"
"""Folders of the adapters that come with the package, by name."""
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def save_adapter(model: Any, folder: str | Path, base: str) -> None:
    """Write the adapter of a peft model in half precision, `base` being the name of the model it belongs to."""
    from peft import get_peft_model_state_dict

    base = PACKAGED_ID if base == PACKAGED_MODEL else base
    weights = {name: weight.half().cpu().contiguous() for name, weight in get_peft_model_state_dict(model).items()}
    config = model.peft_config["default"].to_dict() | {"base_model_name_or_path": base, "inference_mode": True}
    plain = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    write_atomically(Path(folder) / CONFIG, json.dumps(plain, indent=2).encode())
    write_atomically(Path(folder) / WEIGHTS, save(weights, metadata={"format": "pt"}))


def find_adapter(name: str | Path) -> Path:
    """Folder of an adapter: one that comes with the package, by name, or any other.

    Raises:
        InputError: there is no adapter.
    """
    packaged = PACKAGED / name
    folder = packaged if packaged.is_dir() else Path(name).expanduser()
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).is_file():
            raise InputError(f"{folder}: no {file}, so this is not an adapter; give a folder that peft has saved")
    return folder


def hash_adapter(folder: Path) -> str:
    """Hash of the two files, 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for file in (CONFIG, WEIGHTS):
        digest.update((folder / file).read_bytes())
    return digest.hexdigest()


def merge_adapter(model: Any, folder: Path) -> Any:
    """The model with the adapter added to its weights; nothing else of it changes.

    Raises:
        InputError: the adapter is of another model, or its files are damaged.
    """
    from peft import PeftModel, get_peft_model_state_dict

    try:
        adapted = PeftModel.from_pretrained(model, str(folder), torch_device=str(model.device))
        with safe_open(folder / WEIGHTS, "pt") as file:
            saved = set(file.keys())
    except (RuntimeError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise InputError(f"{folder}: not an adapter of this model ({str(error).splitlines()[0]})") from None
    # peft leaves a layer as it is where the file lacks it, and passes over what the model lacks.
    if other := saved ^ set(get_peft_model_state_dict(adapted, save_embedding_layers=False)):
        raise InputError(f"{folder}: not an adapter of this model ({min(other)} is not in both)")
    with torch.no_grad():
        return adapted.merge_and_unload()
