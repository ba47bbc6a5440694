"""AdamW with a learning rate for every part of a model, which falls while the part learns."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

LAST_RATE = 0.05
"""Where falling learning rates end, as a share of where they start."""


def adamw(
    parts: Mapping[str, nn.Module | None],
    learning_rates: Mapping[str, float],
    weight_decay: Mapping[str, float],
    spans: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """Optimiser and schedule as Lightning takes them (Loshchilov and Hutter, 2019), one parameter group a part.

    ``spans`` are the steps between which the rate of each part falls to LAST_RATE of itself, linearly.
    """
    groups = [
        {
            "name": name,
            "params": list(part.parameters()),
            "lr": learning_rates[name],
            "weight_decay": weight_decay[name],
        }
        for name, part in parts.items()
        if part is not None
    ]
    falls = [_falling(*spans[str(group["name"])]) for group in groups]
    optimizer = torch.optim.AdamW(groups, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, falls)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _falling(start: float, end: float) -> Callable[[int], float]:
    """1 until step ``start``, then linearly to LAST_RATE at step ``end``."""
    return lambda step: min(1.0, max(LAST_RATE, 1 - (step - start) / max(end - start, 1)))
