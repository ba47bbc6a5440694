"""Tables that many batches share: computed once while the parameters they come from rest."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


class Kept:
    """A table that is made from a module's parameters and buffers, anew when one of them changes or while it trains."""

    def __init__(self) -> None:
        self.state: tuple[object, ...] = ()
        self.table: Tensor | None = None

    def of(self, module: nn.Module, make: Callable[[], Tensor]) -> Tensor:
        """What ``make`` returns, or returned before."""
        if module.training:
            self.table = None
            return make()
        if torch.compiler.is_exporting():
            assert self.table is not None, "score a session before the export: the program holds the tables ready-made"
            return self.table
        state = tuple(_state((*module.parameters(), *module.buffers())))
        if self.table is None or self.state != state:
            with torch.no_grad():
                self.state, self.table = state, make()
        return self.table


def _state(tensors: Iterable[Tensor]) -> Iterable[object]:
    """What differs after a change. Tensors made in inference mode do not count changes in place, and get none."""
    return ((t.data_ptr(), t.shape, 0 if t.is_inference() else t._version, t.dtype) for t in tensors)
