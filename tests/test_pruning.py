"""Runs that are behind the median of the finished ones stop early, and can go on."""

import json

import lightning as L
import pytest
import torch
from torch.utils.data import DataLoader

from nextjob.pruning import MedianPruning
from nextjob.sweep import why_pruned

MONITOR = "tune/score"


class Scripted(L.LightningModule):
    """Logs given values, one an epoch, None for none."""

    def __init__(self, values):
        super().__init__()
        self.layer, self.values = torch.nn.Linear(1, 1), values

    def training_step(self, batch, _):
        return self.layer(batch).sum()

    def validation_step(self, batch, _):
        value = self.values[self.current_epoch]
        if value is not None:
            self.log(MONITOR, value)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.fixture
def run(tmp_path):
    """Trains a run of a multirun in the folder of its name; the epochs it took."""

    def train(name, values, startup_runs=2, pruning=True, ckpt_path=None):
        folder = tmp_path / name
        callbacks = [MedianPruning(str(folder), str(tmp_path), MONITOR, startup_runs)] if pruning else []
        off = dict.fromkeys(("logger", "enable_progress_bar", "enable_model_summary", "enable_checkpointing"), False)
        trainer = L.Trainer(
            accelerator="cpu", max_epochs=len(values), callbacks=callbacks, num_sanity_val_steps=0, **off
        )
        data = DataLoader(torch.ones(2, 1))
        trainer.fit(Scripted(values), data, data, ckpt_path=ckpt_path, weights_only=True if ckpt_path else None)
        trainer.save_checkpoint(folder / "last.ckpt")
        return trainer.current_epoch

    return train


def test_a_run_behind_the_median_of_finished_runs_is_stopped(run, tmp_path):
    assert run("0", [None, 0.50, 0.60, 0.70]) == 4
    assert run("1", [None, 0.10, 0.10, 0.10]) == 4  # one finished run is too few to judge by
    assert run("2", [None, 0.29, 0.90, 0.90]) == 2  # the median after two epochs is 0.30
    assert run("3", [None, 0.31, 0.20, 0.90]) == 3  # its best, 0.31, is below the median 0.35 after three
    assert run("4", [None, 0.31, 0.36, 0.36]) == 4  # below 0.40 after four, but then it is through
    assert run("5", [None, 0.30, 0.90, 0.90]) == 2  # the median of 0.5, 0.1 and 0.31
    assert [why_pruned(tmp_path / number) is None for number in "012345"] == [True, True, False, False, True, False]
    assert why_pruned(tmp_path / "2") == (
        "after 2 epochs: tune/score 0.2900, below 0.3000, the median of 2 finished runs"
    )
    assert json.loads((tmp_path / "3" / "pruning.json").read_text())["values"] == pytest.approx({"1": 0.31, "2": 0.2})


@pytest.mark.parametrize("pruning", [True, False])
def test_a_pruned_run_can_go_on(run, tmp_path, pruning):
    for number in "01":
        run(number, [0.5, 0.5, 0.5])
    assert run("2", [0.1, 0.2, 0.6], startup_runs=2) == 1
    last = tmp_path / "2" / "last.ckpt"
    assert run("again", [0.1, 0.2, 0.6], startup_runs=9, pruning=pruning, ckpt_path=last) == 3
    if pruning:
        assert json.loads((tmp_path / "again" / "pruning.json").read_text()) == {
            "values": pytest.approx({"0": 0.1, "1": 0.2, "2": 0.6}),
            "pruned": None,
        }


def test_no_trace_of_an_earlier_run_in_the_folder(run, tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "pruning.json").write_text('{"values": {}, "pruned": "long ago"}')
    run("0", [0.1])
    assert why_pruned(tmp_path / "0") is None
