"""python extract.py extractor=smollm2 limit=10: ads to a features table and an embedding table, in the folder out."""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from nextjob.catalogue import EMBEDDINGS_FILE
from nextjob.cli.entry import one_line_errors, one_run, refuse_unknown_keys
from nextjob.data import read_jobs
from nextjob.embedding import embed
from nextjob.extraction import declare_features, extract, summarise


@one_line_errors
@hydra.main(version_base="1.3", config_path="conf", config_name="extract")
@one_run
def main(cfg: DictConfig) -> None:
    """Ads -> extractor -> features table -> encoder -> embedding table."""
    refuse_unknown_keys(cfg)
    declared = OmegaConf.to_container(cfg.features, resolve=True)
    features = declare_features(declared)  # type: ignore[arg-type]
    extractor, encoder = instantiate(cfg.extractor), instantiate(cfg.encoder)
    jobs = read_jobs(cfg.data.root, cfg.data.format)[: cfg.limit]
    table = extract(jobs, features, extractor, cfg.out)
    embed(table, encoder, cfg.paths.cache).save(Path(cfg.out) / EMBEDDINGS_FILE)

    console = Console()
    console.print(summarise(table))
    shared = [key for key in HydraConfig.get().overrides.task if key.startswith(("data", "features", "encoder"))]
    following = " ".join(["python train.py +experiment=hybrid", *shared, f"data.features={cfg.out}"])
    console.print(f"next: {following}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
