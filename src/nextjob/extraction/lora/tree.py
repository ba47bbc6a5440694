"""Attention over packed rows, for the training forward pass of a transformers Llama."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from nextjob.extraction.engines.llama import see_branches
from nextjob.extraction.lora.rows import Batch

NAME = "nextjob_tree"


def tree_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor, **_: Any
) -> tuple[Tensor, None]:
    """Causal attention within the prefix, masked attention of the branches to prefix and branch.

    Args:
        module: the attention layer; its scaling is the default one.
        query: (B, G * H, P + S, D).
        key, value: (B, H, P + S, D).
        attention_mask: (B, 1, S, P + S) bool, what the branches see.

    Returns:
        (B, P + S, G * H, D), and None for the weights.
    """
    columns, groups = query.shape[2] - attention_mask.shape[2], query.shape[1] // key.shape[1]
    prefix = scaled_dot_product_attention(
        query[:, :, :columns], key[:, :, :columns], value[:, :, :columns], is_causal=True, enable_gqa=True
    )
    # Query heads of a group become further queries of their key head, so that keys are never repeated.
    folded = query[:, :, columns:].unflatten(1, (-1, groups)).flatten(2, 3)
    branches = scaled_dot_product_attention(folded, key, value, attn_mask=attention_mask.repeat(1, 1, groups, 1))
    whole = torch.cat([prefix, branches.unflatten(2, (groups, -1)).flatten(1, 2)], dim=2)
    return whole.transpose(1, 2), None


def visible(batch: Batch) -> Tensor:
    """(B, 1, S, P + S) bool: what the engine shows a token, the same for every head."""
    return see_branches(batch.lengths, batch.prefix.shape[1], batch.branch, batch.step)[:, None]


def positions(batch: Batch) -> Tensor:
    """(B, P + S) int64: places in the prefix, and places in the branches counted on from its end."""
    prefix = torch.arange(batch.prefix.shape[1], device=batch.prefix.device).expand(len(batch.prefix), -1)
    return torch.cat([prefix, batch.lengths[:, None] + batch.step], dim=1)


AttentionInterface.register(NAME, tree_attention)
