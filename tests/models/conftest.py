from collections.abc import Callable

import lightning as L
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from nextjob.datamodule import SessionDataModule
from nextjob.models.hybrid import HybridRecommender
from tests.paths import CONF, ROOT

Make = Callable[..., HybridRecommender]


@pytest.fixture(scope="session")
def config():
    def composed(*overrides: str):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            fixed = [f"data.root={ROOT}/data/sample", "data.features=null", "encoder=hashing", "paths.cache=null"]
            return compose("train", [*fixed, "paths.run=unused", *overrides])

    return composed


@pytest.fixture(scope="session")
def datamodule(config) -> SessionDataModule:
    cfg = config()
    datamodule = instantiate(cfg.data, encoder=instantiate(cfg.encoder))
    datamodule.setup()
    return datamodule


@pytest.fixture(scope="session")
def make_model(config, datamodule) -> Make:
    """An initialised, untrained model of an experiment."""

    def make(*overrides: str) -> HybridRecommender:
        torch.manual_seed(0)
        model = instantiate(config(*overrides).model)
        model.trainer = L.Trainer(barebones=True, accelerator="cpu")
        model.trainer.datamodule = datamodule
        model.setup("fit")
        return model.eval()

    return make
