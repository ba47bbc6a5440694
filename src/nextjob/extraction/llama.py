"""A Llama forward pass over a tree: one prefix per ad, branches that share its keys and values.

Works on the weights of a transformers `LlamaForCausalLM`. Shapes: B ads, P prefix columns, Q new tokens of an ad,
H key/value heads, G query heads per key/value head, D head width, E model width, K columns of the cache in use.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb


@dataclass
class TreeCache:
    """Keys and values of every layer, allocated once: (layers, B, H, capacity, D); `length` columns are in use."""

    keys: Tensor
    values: Tensor
    length: int = 0

    @classmethod
    def allocate(cls, model: Any, ads: int, capacity: int) -> "TreeCache":
        """Room for `capacity` columns of each of `ads` ads."""
        config = model.config
        width = model.model.layers[0].self_attn.head_dim
        shape = (config.num_hidden_layers, ads, config.num_key_value_heads, capacity, width)
        # Zeros: a masked column still takes part in the weighted sum, where 0 * NaN would be NaN.
        keys = torch.zeros(shape, dtype=model.dtype, device=model.device)
        return cls(keys, torch.zeros_like(keys))


def prefill(model: Any, ids: Tensor, cache: TreeCache, first_ad: int) -> None:
    """Read prefixes into the cache rows from `first_ad` on.

    Right padding needs no mask: a causal model never looks ahead. The last layer stops at its keys and values.

    Args:
        model: a LlamaForCausalLM in evaluation mode.
        ids: (b, P) int64, padded on the right with any id.
        cache: of at least P columns; columns beyond an ad's own prefix hold rubbish that `extend` must not see.
        first_ad: cache row of the first ad.
    """
    rows = slice(first_ad, first_ad + ids.shape[0])
    hidden = model.model.embed_tokens(ids)
    rotary = model.model.rotary_emb(hidden, torch.arange(ids.shape[1], device=ids.device)[None])
    for number, layer in enumerate(model.model.layers):
        query, key, value = _project(layer, hidden, rotary)
        cache.keys[number, rows, :, : ids.shape[1]] = key
        cache.values[number, rows, :, : ids.shape[1]] = value
        if number + 1 < len(model.model.layers):
            attended = scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
            hidden = _finish(layer, hidden, attended)


def extend(model: Any, ids: Tensor, positions: Tensor, visible: Tensor, cache: TreeCache) -> Tensor:
    """Append Q tokens to every ad, each seeing the columns it is told to, and return their last hidden states.

    Args:
        model: a LlamaForCausalLM in evaluation mode.
        ids: (B, Q) int64.
        positions: (B, Q) int64, place of each token in its own branch, counted from the start of the prefix.
        visible: (B, Q, cache.length + Q) bool, the columns a token attends to, its own included.
        cache: grows by Q columns.

    Returns:
        (B, Q, E), normalised, ready for `model.lm_head`.
    """
    hidden = model.model.embed_tokens(ids)
    rotary = model.model.rotary_emb(hidden, positions)
    new = slice(cache.length, cache.length + ids.shape[1])
    groups = model.config.num_attention_heads // model.config.num_key_value_heads
    mask = visible[:, None].repeat(1, 1, groups, 1)  # (B, 1, G * Q, K)
    for number, layer in enumerate(model.model.layers):
        query, key, value = _project(layer, hidden, rotary)
        cache.keys[number, :, :, new] = key
        cache.values[number, :, :, new] = value
        # Query heads of a group become further queries of their key head, so that keys are never repeated.
        folded = query.unflatten(1, (-1, groups)).flatten(2, 3)  # (B, H, G * Q, D)
        attended = scaled_dot_product_attention(
            folded, cache.keys[number, :, :, : new.stop], cache.values[number, :, :, : new.stop], attn_mask=mask
        )
        hidden = _finish(layer, hidden, attended.unflatten(2, (groups, -1)).flatten(1, 2))
    cache.length = new.stop
    return model.model.norm(hidden)


def _project(layer: Any, hidden: Tensor, rotary: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Query (B, H * G, Q, D), key and value (B, H, Q, D) of one layer, rotated to their positions."""
    attention = layer.self_attn
    normed = layer.input_layernorm(hidden)
    query, key, value = (
        projection(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
        for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    query, key = apply_rotary_pos_emb(query, key, *rotary)
    return query, key, value


def _finish(layer: Any, hidden: Tensor, attended: Tensor) -> Tensor:
    """Output projection and MLP of one layer; attended is (B, H * G, Q, D)."""
    hidden = hidden + layer.self_attn.o_proj(attended.transpose(1, 2).flatten(2))
    return hidden + layer.mlp(layer.post_attention_layernorm(hidden))
