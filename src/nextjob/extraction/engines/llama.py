"""A Llama forward pass over a tree: one prefix per ad, branches that share its keys and values.

Shapes: B ads, P prefix columns, Q new tokens of an ad, T tokens of one pass, H key/value heads, G query heads per
key/value head, D head width, E model width.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention, silu

from nextjob.errors import InputError

GPU_MULTIPLE = 64
"""Prefixes are padded to multiples of so many columns there: attention is planned anew for every shape."""
ALIGNED = 8
"""The kernels want rows of a mask that begin at multiples of so many columns."""


@dataclass
class TreeCache:
    """Keys and values of every layer, allocated once: (layers, B, H, capacity, D); `length` columns are in use."""

    keys: Tensor
    values: Tensor
    length: int = 0


class Affine(NamedTuple):
    """Weight (out, in) and bias (out) or None."""

    weight: Tensor
    bias: Tensor | None


class Layer(NamedTuple):
    """Weights of one decoder layer; what has the same input is one matrix."""

    attention_norm: Tensor
    query_key_value: Affine
    output: Affine
    mlp_norm: Tensor
    gate_up: Affine
    down: Affine


class LlamaTree:
    """Runs a transformers `LlamaForCausalLM` over prefixes and the branches that follow them.

    Args:
        model: in evaluation mode; its projections become views of fused matrices, so nothing is held twice.
        columns: of all ads of a cache together; its memory is taken once, at the first cache, and used again.
        compiled: fuse the element-wise work with `torch.compile` (half a minute, once; for a GPU).

    Raises:
        InputError: an activation other than SiLU.
    """

    def __init__(self, model: Any, columns: int, compiled: bool = False) -> None:
        self.config = model.config
        if self.config.hidden_act != "silu":
            raise InputError(f"a Llama with {self.config.hidden_act}: this extractor runs those with SiLU")
        self.model = model
        self.width = model.model.layers[0].self_attn.head_dim
        self.columns = columns
        self._memory = torch.empty(0)
        self._multiple = GPU_MULTIPLE if model.device.type == "cuda" else 1
        self.layers = [_fuse_layer(layer) for layer in model.model.layers]
        self._project = torch.compile(_project) if compiled else _project
        self._finish = torch.compile(_finish) if compiled else _finish

    def padded(self, columns: int) -> int:
        """The columns that a prefix of so many tokens takes."""
        return math.ceil(columns / self._multiple) * self._multiple

    def allocate(self, ads: int, capacity: int) -> TreeCache:
        """Room for at least `capacity` columns of each of `ads` ads; the cache before is not to be used any more."""
        capacity = math.ceil(capacity / ALIGNED) * ALIGNED
        shape = (self.config.num_hidden_layers, ads, self.config.num_key_value_heads, capacity, self.width)
        size = math.prod(shape)
        if self._memory.numel() < 2 * size:
            most = size // (ads * capacity) * max(self.columns, ads * capacity)
            self._memory = torch.empty(0)  # freed before more is taken
            self._memory = torch.empty(2 * most, dtype=self.model.dtype, device=self.model.device)
        # Zeros: a masked column still takes part in the weighted sum, where 0 * NaN would be NaN.
        keys, values = (part.view(shape).zero_() for part in (self._memory[:size], self._memory[size : 2 * size]))
        return TreeCache(keys, values)

    def shrink(self, columns: int) -> None:
        """Give the memory back, and take less the next time."""
        self.columns = columns
        self._memory = torch.empty(0)

    def prefill(self, ids: Tensor, cache: TreeCache, first_ad: int) -> None:
        """Read prefixes into the cache rows from `first_ad` on.

        Right padding needs no mask: a causal model never looks ahead. The last layer stops at its keys and values.

        Args:
            ids: (b, P) int64, padded on the right with any id.
            cache: of at least P columns; columns beyond an ad's own prefix hold rubbish that `extend` must not see.
            first_ad: cache row of the first ad.
        """
        ads, columns = ids.shape
        rows = slice(first_ad, first_ad + ads)
        hidden, cos, sin = self._embed(ids, torch.arange(columns, device=ids.device).expand(ads, -1))
        for number, layer in enumerate(self.layers):
            query, key, value = self._split(hidden, layer, cos, sin, ids.shape)
            cache.keys[number, rows, :, :columns] = key
            cache.values[number, rows, :, :columns] = value
            if number + 1 < len(self.layers):
                attended = scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
                hidden = self._finish(hidden, attended.transpose(1, 2).flatten(2).flatten(0, 1), layer, self._eps)

    def extend(self, ids: Tensor, positions: Tensor, visible: Tensor, cache: TreeCache) -> Tensor:
        """Append Q tokens to every ad, each seeing the columns it is told to, and return their last hidden states.

        Args:
            ids: (B, Q) int64.
            positions: (B, Q) int64, place of each token in its own branch, counted from the start of the prefix.
            visible: (B, Q, cache.length + Q) bool, the columns a token attends to, its own included.
            cache: grows by Q columns.

        Returns:
            (B, Q, E), normalised, ready for `logits`.
        """
        ads, new = ids.shape
        end = cache.length + new
        groups = self.config.num_attention_heads // self.config.num_key_value_heads
        # All columns, those not in use masked: so the shape stays as the answers grow.
        bias = self._mask(visible, groups, cache.keys.shape[3])
        hidden, cos, sin = self._embed(ids, positions)
        for number, layer in enumerate(self.layers):
            query, key, value = self._split(hidden, layer, cos, sin, ids.shape)
            cache.keys[number, :, :, cache.length : end] = key
            cache.values[number, :, :, cache.length : end] = value
            # Query heads of a group become further queries of their key head, so that keys are never repeated.
            folded = query.unflatten(1, (-1, groups)).flatten(2, 3)  # (B, H, G * Q, D)
            attended = scaled_dot_product_attention(folded, cache.keys[number], cache.values[number], attn_mask=bias)
            attended = attended.unflatten(2, (groups, new)).permute(0, 3, 1, 2, 4).reshape(ads * new, -1)
            hidden = self._finish(hidden, attended, layer, self._eps)
        cache.length = end
        return _normalise(hidden, self.model.model.norm.weight, self._eps).unflatten(0, (ads, new))

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores (..., vocabulary) in float32 of hidden states (..., E)."""
        return self.model.lm_head(hidden).float()

    @property
    def _eps(self) -> float:
        return self.config.rms_norm_eps

    def _embed(self, ids: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Token vectors (T, E), cosines and sines (T, 1, D) of their rotations."""
        hidden = self.model.model.embed_tokens(ids.flatten())
        cos, sin = self.model.model.rotary_emb(hidden, positions.reshape(1, -1))
        return hidden, cos[0, :, None], sin[0, :, None]

    def _split(
        self, hidden: Tensor, layer: Layer, cos: Tensor, sin: Tensor, shape: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Query (B, H * G, Q, D), key and value (B, H, Q, D) of one layer."""
        heads = (self.config.num_attention_heads, self.config.num_key_value_heads)
        parts = self._project(hidden, layer.attention_norm, layer.query_key_value, cos, sin, *heads, self._eps)
        query, key, value = (part.unflatten(0, tuple(shape)).transpose(1, 2) for part in parts)
        return query, key, value

    def _mask(self, visible: Tensor, groups: int, capacity: int) -> Tensor:
        """What attention adds to its scores, (B, 1, G * Q, capacity)."""
        ads, new, columns = visible.shape
        shape = (ads, 1, groups * new, capacity)
        bias = torch.full(shape, -torch.inf, dtype=self.model.dtype, device=visible.device)
        bias[..., :columns].masked_fill_(visible[:, None].repeat(1, 1, groups, 1), 0.0)
        return bias


def see_branches(lengths: Tensor, columns: int, branch: Tensor, step: Tensor) -> Tensor:
    """(B, S, P + S) bool: a token of a branch sees the prefix of its ad and its own branch up to itself.

    Args:
        lengths: (B,) int64, tokens of each prefix.
        columns: P, those of the longest.
        branch: (B, S) int64, the branch of each token, -1 for padding.
        step: (B, S) int64, its place in the branch.
    """
    prefix = (torch.arange(columns, device=lengths.device) < lengths[:, None])[:, None]
    own = (branch[:, :, None] == branch[:, None]) & (step[:, None] <= step[:, :, None])
    return torch.cat([prefix.expand(-1, branch.shape[1], -1), own], dim=-1)


def _project(
    hidden: Tensor, norm: Tensor, fused: Affine, cos: Tensor, sin: Tensor, heads: int, key_heads: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Query (T, H * G, D), key and value (T, H, D), rotated to their positions."""
    parts = linear(_normalise(hidden, norm, eps), *fused).unflatten(-1, (heads + 2 * key_heads, -1))
    query, key, value = parts.split([heads, key_heads, key_heads], dim=1)
    return _rotate(query, cos, sin), _rotate(key, cos, sin), value


def _finish(hidden: Tensor, attended: Tensor, layer: Layer, eps: float) -> Tensor:
    """Output projection and MLP of one layer: (T, E), (T, H * G * D) -> (T, E)."""
    hidden = hidden + linear(attended, *layer.output)
    gate, up = linear(_normalise(hidden, layer.mlp_norm, eps), *layer.gate_up).chunk(2, dim=-1)
    return hidden + linear(silu(gate) * up, *layer.down)


def _normalise(hidden: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Root mean square norm (Zhang and Sennrich 2019), in float32 inside."""
    wide = hidden.float()
    return weight * (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)).to(hidden.dtype)


def _rotate(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021), halves instead of pairs as Llama has it."""
    first, second = heads.chunk(2, dim=-1)
    return heads * cos + torch.cat([-second, first], dim=-1) * sin


def _fuse_layer(layer: Any) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    return Layer(
        layer.input_layernorm.weight,
        _fuse(attention.q_proj, attention.k_proj, attention.v_proj),
        Affine(attention.o_proj.weight, attention.o_proj.bias),
        layer.post_attention_layernorm.weight,
        _fuse(mlp.gate_proj, mlp.up_proj),
        Affine(mlp.down_proj.weight, mlp.down_proj.bias),
    )


def _fuse(*projections: nn.Linear) -> Affine:
    """One matrix of several, which become views of it."""
    weight = torch.cat([projection.weight.detach() for projection in projections])
    bias = None
    if projections[0].bias is not None:
        bias = torch.cat([projection.bias.detach() for projection in projections])
    first = 0
    for projection in projections:
        last = first + projection.out_features
        projection.weight.data = weight[first:last]
        if bias is not None:
            projection.bias.data = bias[first:last]
        first = last
    return Affine(weight, bias)
