import re
from pathlib import Path

import lightning as L
import pytest
import wandb.sdk.launch.sweeps.utils as wandb_sweeps
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.errors import MissingConfigException
from hydra.utils import instantiate
from omegaconf import OmegaConf, open_dict

from nextjob.datamodule import SessionDataModule
from nextjob.extraction import declare_features
from nextjob.extraction.lora.datamodule import AdsDataModule
from nextjob.extraction.lora.module import AdapterTraining
from nextjob.models.hybrid import HybridRecommender
from tests.paths import CONF, ROOT

OVERLAY_GROUPS = {"experiment", "hparams_search"}
EXPERIMENTS = sorted(path.stem for path in CONF.glob("experiment/*.yaml"))
SEARCHES = sorted(path.stem for path in CONF.glob("hparams_search/*.yaml"))
OF_HYDRA = sorted(path.relative_to(CONF) for path in CONF.glob("hydra/*/*.yaml"))
OVERLAYS = sorted(path for group in OVERLAY_GROUPS for path in CONF.glob(f"{group}/*.yaml"))
WANDB_SWEEP = "wandb_sweep.yaml"
PARTS = {"extractor_lora": (AdapterTraining, AdsDataModule)}
NOT_FOR = {("extract", "data", "ads")}  # an adapter is trained on them, they are not a board
NEEDS = {("extractor", "llama"): "a GPU", ("extractor", "vllm"): "a GPU", ("encoder", "openai"): "a key"}


@pytest.fixture
def composed(tmp_path):
    """Compose conf/ as train.py or extract.py would, with a run folder of the test's own."""

    def make(config, *overrides):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = compose(config, list(overrides), return_hydra_config=True)
        with open_dict(cfg):
            cfg.hydra.runtime.output_dir = str(tmp_path)
        HydraConfig.instance().set_config(cfg)
        return cfg

    Plugins.instance()
    yield make
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None


def options(group):
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def entry_points(group):
    """The configs whose defaults name the group."""
    return [name for name in ("train", "extract") if re.search(rf"^  - {group}: ", _text(CONF / f"{name}.yaml"), re.M)]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


PAIRS = [
    (entry, group.name, option)
    for group in sorted(CONF.iterdir())
    if group.is_dir() and group.name not in OVERLAY_GROUPS
    for entry in entry_points(group.name)
    for option in options(group.name)
    if (entry, group.name, option) not in NOT_FOR
]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_and_instantiates(composed, name, tmp_path):
    cfg = composed("train", f"+experiment={name}", "logger=csv", "encoder=hashing")
    assert cfg.name == name
    model, data = PARTS.get(name, (HybridRecommender, SessionDataModule))
    assert isinstance(instantiate(cfg.model), model)
    assert isinstance(instantiate(cfg.data), data)
    assert callable(instantiate(cfg.finish))
    callbacks = list(instantiate(cfg.callbacks).values())
    assert isinstance(instantiate(cfg.trainer, callbacks=callbacks, logger=instantiate(cfg.logger)), L.Trainer)


@pytest.mark.parametrize(("entry", "group", "option"), PAIRS)
def test_every_option_of_every_group(composed, entry, group, option, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    more = {("data", "ads"): ["model=lora"]}.get((group, option), ["data.root=anywhere"] if group == "data" else [])
    cfg = composed(entry, f"{group}={option}", *more)
    part = cfg[group]
    if group == "features":
        assert len(declare_features(OmegaConf.to_container(part))) > 0
    elif group == "trainer":
        assert isinstance(instantiate(part, accelerator="cpu", logger=False), L.Trainer)
    elif "_target_" in part and group != "data" and (group, option) not in NEEDS:
        assert instantiate(part) is not None
    elif group != "hydra":
        OmegaConf.to_container(part, resolve=True)


@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_names_keys_and_options_that_exist(composed, name):
    cfg = composed("train", "+experiment=hybrid", f"+hparams_search={name}")
    for key, values in cfg.hydra.sweeper.params.items():
        if (CONF / key).is_dir():
            assert set(values.split(",")) <= set(options(key))
        else:
            assert OmegaConf.select(cfg, key) is not None, key


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_overlays_are_small_and_say_how_to_run_them(path):
    lines = _text(path).splitlines()
    assert len(lines) <= 25
    assert lines[0] == "# @package _global_"
    assert lines[1].startswith("# python train.py ")
    assert f"+{path.parent.name}={path.stem}" in lines[1].split()


@pytest.mark.parametrize("path", OF_HYDRA, ids=str)
def test_options_of_hydra_itself(path, composed):
    override = f"{path.parent}={path.stem}"
    if path.stem == "ray_cluster":  # its plugin is in an environment of its own
        with pytest.raises(MissingConfigException, match="Could not load 'hydra/launcher/ray'"):
            composed("train", override)
    else:
        assert OmegaConf.to_container(OmegaConf.select(composed("train", override), str(path.parent).replace("/", ".")))


def test_launchers_say_when_to_use_them():
    for path in (CONF / "hydra" / "launcher").glob("*.yaml"):
        assert re.match(r"# a .+ cluster .+\(pip install .+\)\n", _text(path)), path


def test_quiet_changes_nothing_but_levels(composed):
    loud, quiet = (
        OmegaConf.to_container(composed("train", f"hydra={option}").hydra) for option in ("default", "quiet")
    )
    for part in ("job_logging", "hydra_logging"):
        assert quiet[part]["root"].pop("level") == "WARNING"
        assert loud[part]["root"].pop("level") == "INFO"
    for logger in ("nextjob", "lightning.pytorch", "lightning.fabric"):
        assert quiet["job_logging"]["loggers"][logger].pop("level") == "WARNING"
    quiet["job_logging"]["loggers"].pop("nextjob")
    assert {part: quiet[part] for part in quiet if part.endswith("logging")} == {
        part: loud[part] for part in loud if part.endswith("logging")
    }


@pytest.mark.parametrize("end", ["min", "max"])
def test_wandb_sweep_calls_train_with_keys_that_exist(composed, end):
    sweep = OmegaConf.to_container(OmegaConf.load(CONF / WANDB_SWEEP))
    chosen = {
        key: {"value": bounds[end] if end in bounds else bounds["values"][0 if end == "min" else -1]}
        for key, bounds in sweep["parameters"].items()
    }
    arguments = wandb_sweeps.create_sweep_command_args({"args": chosen})["args_no_hyphens"]
    assert sweep["command"][:3] == ["${env}", "${interpreter}", "${program}"]
    assert sweep["command"][-1] == "${args_no_hyphens}"
    assert (ROOT / sweep["program"]).is_file()
    cfg = composed("train", *sweep["command"][3:-1], *arguments)
    assert isinstance(instantiate(cfg.model), HybridRecommender)
    for key, choice in chosen.items():
        assert OmegaConf.select(cfg, key) == choice["value"]
    assert sweep["project"] == cfg.logger.project
    command = f"wandb sweep conf/{WANDB_SWEEP}"
    assert _text(CONF / WANDB_SWEEP).startswith(f"# {command}")
    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_entry_points_are_a_page_each():
    for name in ("train.py", "extract.py"):
        assert len(_text(ROOT / name).splitlines()) <= 45, name


def test_no_yaml_is_unused():
    reached = {CONF / "train.yaml", CONF / "extract.yaml", CONF / WANDB_SWEEP, *OVERLAYS}
    reached |= {CONF / path for path in OF_HYDRA}
    reached |= {CONF / group / f"{option}.yaml" for _, group, option in PAIRS}
    assert sorted(set(CONF.rglob("*.yaml")) - reached) == []


def test_keys_that_are_called_from_outside(composed):
    train, extract = (OmegaConf.to_container(composed(entry)) for entry in ("train", "extract"))
    assert {"data", "model", "seed", "refit", "logger", "trainer", "encoder"} <= set(train)
    assert {"root", "features", "fold"} <= set(train["data"])
    assert "alpha" in train["model"]
    assert "rank" in train["model"]["svd"]
    assert {"data", "extractor", "encoder", "limit", "out"} <= set(extract)
