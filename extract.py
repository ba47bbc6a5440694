"""python extract.py extractor=smollm2 limit=10: ads to a features table and an embedding table, in the folder out."""

from pathlib import Path

import hydra
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from nextjob.catalogue import EMBEDDINGS_FILE
from nextjob.cli.entry import one_line_errors, one_run, refuse_unknown_keys
from nextjob.cli.extraction import first, next_extraction, next_training, say
from nextjob.data import read_jobs
from nextjob.embedding import embed
from nextjob.extraction import AdsMissing, Shard, declare_features, estimate, extract, summarise


@one_line_errors
@hydra.main(version_base="1.3", config_path="conf", config_name="extract")
@one_run
def main(cfg: DictConfig) -> None:
    """Ads -> extractor -> features table -> encoder -> embedding table."""
    refuse_unknown_keys(cfg)
    declared = OmegaConf.to_container(cfg.features, resolve=True)
    features = declare_features(declared, cfg.only)  # type: ignore[arg-type]
    extractor, encoder, shard = instantiate(cfg.extractor), instantiate(cfg.encoder), Shard(**cfg.shard)
    jobs = first(read_jobs(cfg.data.root, cfg.data.format), cfg.limit)
    if cfg.dry_run:
        say(estimate(jobs, features, extractor, cfg.out, shard), next_extraction("dry_run"))
        return
    try:
        table = extract(jobs, features, extractor, cfg.out, shard)
    except AdsMissing as missing:
        say(str(missing))
        return
    embed(table, encoder, cfg.paths.cache).save(Path(cfg.out) / EMBEDDINGS_FILE)
    say(summarise(table), next_training(cfg.out) if cfg.limit is None else next_extraction("limit"))


if __name__ == "__main__":
    main()
