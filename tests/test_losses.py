import pytest
import torch

import nextjob.losses
from nextjob.data.sessions import Batch
from nextjob.losses import MANY_JOBS, _SoftmaxOverJobs, coming_jobs_loss


def batch(jobs, target, later) -> Batch:
    none = torch.zeros(len(jobs), dtype=torch.int64)
    return Batch(torch.tensor(jobs), none, torch.tensor(target), none, none, none, torch.tensor(later))


def test_coming_jobs_loss_by_hand():
    """Job 3 does not compete; the second session's later job is already seen; the third has nothing to learn from."""
    given = batch([[1, 3], [2, 0], [5, 0]], [4, 5, 3], [[5], [2], [0]])
    column = torch.tensor([-1, 0, 1, -1, 2, 3])
    sessions, table = torch.randn(3, 6), torch.randn(4, 6)
    logits = sessions @ table.T
    logits[0, 0] = logits[1, 1] = logits[2, 3] = -torch.inf
    log_p = logits.log_softmax(1)
    first = -(2 / 3 * log_p[0, 2] + 1 / 3 * log_p[0, 3])
    second = -log_p[1, 3]
    assert torch.allclose(coming_jobs_loss(sessions, table, given, column), (first + second) / 2, atol=1e-6)


def test_its_gradient_is_that_of_the_formula():
    sessions = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    table = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    seen, target = torch.tensor([[0, 1], [2, -1], [-1, -1]]), torch.tensor([[2, 3], [0, 0], [5, 1]])
    weight = torch.tensor([[0.4, 0.2], [0.3, 0.0], [0.0, 0.1]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda s, t: _SoftmaxOverJobs.apply(s, t, seen, target, weight), (sessions, table))


@pytest.mark.parametrize(
    ("setting", "value", "tolerance"), [("AT_ONCE", 3, 1e-6), ("_half_is_faster", lambda _: True, 0.02)]
)
def test_neither_parts_nor_half_precision_change_what_is_learned(monkeypatch, setting, value, tolerance):
    generator = torch.Generator().manual_seed(0)
    sessions, table = (torch.randn(n, 16, generator=generator, requires_grad=True) for n in (10, 50))
    target, weight = torch.randint(40, (10, 4), generator=generator), torch.rand(10, 4, generator=generator)
    seen = torch.randint(40, 50, (10, 1), generator=generator)

    def loss_and_gradients():
        loss = _SoftmaxOverJobs.apply(sessions, table, seen, target, weight)
        return loss.detach(), *torch.autograd.grad(loss, (sessions, table))

    whole = loss_and_gradients()
    monkeypatch.setattr(nextjob.losses, setting, value)
    for found, expected in zip(loss_and_gradients(), whole, strict=True):
        assert (found - expected).norm() <= tolerance * expected.norm()


@pytest.mark.parametrize(
    ("jobs", "dtype", "instructions", "half"),
    [
        (MANY_JOBS, torch.float32, {"avx512_bf16": True}, True),
        (MANY_JOBS, torch.float32, {"amx_bf16": True, "avx512_bf16": False}, True),
        (MANY_JOBS, torch.float32, {"avx512_bf16": False, "avx2": True}, False),
        (MANY_JOBS, torch.float64, {"avx512_bf16": True}, False),
        (MANY_JOBS - 1, torch.float32, {"avx512_bf16": True}, False),
    ],
)
def test_half_precision_is_for_many_jobs_and_processors_that_know_it(monkeypatch, jobs, dtype, instructions, half):
    monkeypatch.setattr(nextjob.losses, "_capabilities", lambda: instructions)
    assert nextjob.losses._half_is_faster(torch.empty(jobs, 1, dtype=dtype)) is half
